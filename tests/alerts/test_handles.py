"""The record of one handle: exact, masked, logged, within the terms, without safeguarding."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from sqlmodel import col, select

from alerts.handles import HandleRecord, HandleRecords, Linking, TooManyLookUpsError
from alerts.triage import Triage
from alerts.users import Users
from alerts.verdicts import Conduct, Risk, Verdict
from monitor.detect.bundle import load_bundle
from monitor.errors import AuthError, ConfigError
from monitor.handles import canonical_keys, find_app
from monitor.intake import Intake
from monitor.plugins import source_plugins
from monitor.ports import Recheck, Standing
from monitor.post import Author, PostRef
from monitor.rechecking import follow
from monitor.store.database import Store
from monitor.store.tables import Alert, AuditRow, Decision, Report, SourceRow, StoredPost
from tests.conftest import FakeClock
from tests.support.posts import hit, screened
from tests.support.reviewing import PEOPLE, Routed, add_people, make_triage, take_in

APPS = load_bundle().apps
OTHER: dict[str, Any] = {"author": Author(id="b2", handle="vexilorp9")}


def records(store: Store, **linking: Any) -> HandleRecords:
    return HandleRecords(store, apps=lambda: APPS, linking=Linking(**linking))


def test_only_so_many_handles_an_hour(store: Store, triage: Triage, clock: FakeClock) -> None:
    few = HandleRecords(store, apps=lambda: APPS, linking=Linking(), an_hour=2)
    for handle in ("zorblat77", "quibdrem", "zorblat77", "QUIBDREM"):  # the same ones again are not counted
        few.show("wickr", handle, user="ana")
        clock.advance(seconds=60)
    for _ in range(2):
        with pytest.raises(TooManyLookUpsError, match="2 different handles") as refused:
            few.show("wickr", "vexilorp9", user="ana")
        assert refused.value.retry_after == 3600 - 120  # the older of the two was last seen two minutes ago
    with pytest.raises(TooManyLookUpsError):
        few.reveal("wickr", "vexilorp9", user="ana", reason="one more")
    few.show("wickr", "vexilorp9", user="ben")
    few.show("wickr", "zorblat77", user="ana")
    clock.advance(seconds=3600 - 60)
    few.show("wickr", "vexilorp9", user="ana")
    with store.read() as session:
        actions = [row.action for row in session.exec(select(AuditRow).where(AuditRow.actor == "ana"))]
    assert actions == ["handle.show"] * 4 + ["handle.refused"] * 3 + ["handle.show"] * 2


def show(store: Store, handle: str = "zorblat77", *, platform: str | None = None, **linking: Any) -> HandleRecord:
    return records(store, **linking).show("wickr", handle, user="ana", platform=platform)


@pytest.fixture
def triage(store: Store) -> Triage:
    add_people(store)
    return make_triage(store, Routed())


@pytest.mark.parametrize(
    ("app", "text", "key"),
    [
        ("wickr", " @Zorblat77 ", "wickr:zorblat77"),
        ("wickr", "\uff3aorblat\uff17\uff17", "wickr:zorblat77"),
        ("telegram", "https://t.me/Zorblat_77", "telegram:zorblat_77"),
        ("telegram", "+AbCdEfGh", "telegram:+AbCdEfGh"),
        ("telegram", "t.me/+AbCdEfGh", "telegram:+AbCdEfGh"),
        ("discord", "discord.gg/zOrBlAt", "discord:discord.gg/zOrBlAt"),
        ("whatsapp", "+44 7700 900123", "whatsapp:+447700900123"),
        ("threema", "*zorbla7", "threema:*zorbla7"),
        ("xmpp", "zorblat@chat.example.org", "xmpp:zorblat@chat.example.org"),
    ],
)
def test_a_handle_is_read_as_the_screen_reads_it(app: str, text: str, key: str) -> None:
    assert canonical_keys(find_app(APPS, app), text)[0] == key


@pytest.mark.parametrize(
    "text",
    [
        "",
        "*",
        "zor*",
        "zor%",
        "zor?",
        "zorblat77,quibdrem",
        "zorblat77 quibdrem",
        "z" * 400,
        "+zorblat!",
        "[a-z]orblat",
    ],
)
def test_there_are_no_wildcards_and_no_lists(text: str) -> None:
    for app in ("wickr", "telegram", "whatsapp", "threema"):
        with pytest.raises(ConfigError) as refused:
            canonical_keys(find_app(APPS, app), text)
        assert "zorblat" not in str(refused.value)


def test_what_the_screen_stores_is_found(store: Store) -> None:
    add_people(store)
    with store.write() as session:
        session.add(SourceRow(name="live", plugin="mastodon", enabled_at=store.now()))
    Intake(store).commit(screened(hit(1, "Zorblat_77")), source="live")
    assert show(store, "zorblat_77").posts == 1


def test_an_unknown_app_names_the_closest(store: Store, triage: Triage) -> None:
    with pytest.raises(ConfigError, match="'wickr'"):
        records(store).show("wikcr", "zorblat77", user="ana")


def test_where_it_was_seen(store: Store, triage: Triage) -> None:
    later = hit(3).created_at
    assert later is not None
    first, second = take_in(
        store,
        hit(1, text="taboo nolimits, wickr: zorblat77 or wickr: quibdrem"),
        replace(hit(2, platform="othernet", **OTHER), created_at=later.replace(day=3)),
    )
    record = show(store)
    assert (record.posts, record.name, record.clear) == (2, None, False)
    assert [(one.platform, one.posts, one.unavailable) for one in record.platforms] == [
        ("examplenet", 1, 0),
        ("othernet", 1, 0),
    ]
    assert [(one.day.isoformat(), one.posts) for one in record.timeline] == [("2026-10-01", 1), ("2026-10-03", 1)]
    assert [(one.id, one.state, one.verdict, one.posts) for one in record.alerts] == [
        (second, "open", None, 1),
        (first, "open", None, 1),
    ]
    assert [(one.app, one.posts) for one in record.handles] == [("wickr", 1)]
    assert {one.platform for one in record.accounts} == {"examplenet", "othernet"}
    assert [one.platform for one in record.latest] == ["othernet", "examplenet"]
    for secret in ("zorblat", "quibdrem", "quibbern", "vexilorp", "https://", "taboo"):
        assert secret not in repr(record)


def test_what_was_never_seen_is_said_so(store: Store, triage: Triage) -> None:
    take_in(store, hit(1))
    record = show(store, "quibdrem")
    assert (record.posts, record.first_at, list(record.platforms), list(record.alerts)) == (0, None, [], [])


def test_a_reveal_is_logged_before_it_is_shown(store: Store, triage: Triage) -> None:
    take_in(store, hit(1, text="taboo nolimits, wickr: zorblat77 or wickr: quibdrem"))
    record = records(store).reveal("wickr", "zorblat77", user="ana", reason="compare the names")
    assert (record.name, record.clear) == ("zorblat77", True)
    assert [one.name for one in record.handles] == ["quibdrem"]
    assert [one.name for one in record.accounts] == ["quibbern04"]
    assert record.latest[0].url == "https://examplenet.example/post-1"
    show(store)
    with store.read() as session:
        rows = session.exec(select(AuditRow).where(AuditRow.actor == "ana").order_by(col(AuditRow.id))).all()
    assert [row.action for row in rows] == ["handle.reveal", "handle.show"]
    assert rows[0].subject == f"handle:{record.tag}"
    assert "reason" in rows[0].detail
    assert "zorblat" not in repr([(row.subject, row.detail) for row in rows])
    assert "compare" not in repr([row.detail for row in rows])


def test_only_those_who_review_may_look(store: Store, triage: Triage) -> None:
    take_in(store, hit(1))
    for name in ("aud", "adm", "nobody", ""):
        with pytest.raises(AuthError):
            records(store).show("wickr", "zorblat77", user=name)
        with pytest.raises(AuthError):
            records(store).reveal("wickr", "zorblat77", user=name, reason="curious")
    with pytest.raises(ConfigError):
        records(store).reveal("wickr", "zorblat77", user="ana", reason=" ")
    with store.read() as session:
        assert session.exec(select(AuditRow).where(col(AuditRow.action).like("handle.%"))).all() == []


def test_verdicts_and_reports_are_in_it(store: Store, triage: Triage) -> None:
    (alert,) = take_in(store, hit(1))
    triage.decide(
        alert,
        version=1,
        verdict=Verdict.REPORTABLE,
        conduct=Conduct.OFFERS_OR_ASKS_MATERIAL,
        risk=Risk.TRADE,
        reason="beside two terms",
        user="ana",
    )
    with store.write() as session:
        decision, post = session.exec(select(Decision.id)).one(), session.exec(select(StoredPost.id)).one()
        now = store.now()
        session.add(
            Report(
                id="r-1",
                decision_id=decision or 0,
                alert_id=alert,
                post_id=post or 0,
                channel="desk",
                dedupe_key="k",
                state="accepted",
                due_at=now,
                created_at=now,
                updated_at=now,
            )
        )
    record = show(store)
    assert [(one.state, one.verdict) for one in record.alerts] == [("decided", "reportable")]
    assert [(one.step, one.verdict, one.user) for one in record.verdicts] == [("verdict", "reportable", "ana")]
    assert [(one.id, one.channel, one.state, one.platform) for one in record.reports] == [
        ("r-1", "desk", "accepted", "examplenet")
    ]
    assert "beside two" not in repr(record)


def test_safeguarding_alerts_stay_out(store: Store, triage: Triage) -> None:
    take_in(store, hit(1))
    (hidden,) = take_in(store, hit(2, text="taboo elsewhere, wickr: zorblat77 or wickr: quibdrem", **OTHER))
    with store.write() as session:
        session.get_one(Alert, hidden).lane = "safeguarding"
    for user in ("ana", "sue"):
        record = records(store).reveal("wickr", "zorblat77", user=user, reason="compare")
        assert (record.posts, record.handle_count, record.account_count, record.alert_count) == (1, 0, 1, 1)
        assert records(store).show("wickr", "quibdrem", user=user).posts == 0


def test_what_may_not_be_linked_stays_on_its_platform(store: Store, triage: Triage) -> None:
    take_in(store, hit(1))
    take_in(store, hit(2, platform="othernet", text="taboo elsewhere, wickr: zorblat77 or wickr: quibdrem", **OTHER))
    closed: dict[str, Any] = {"unlinked_platforms": frozenset({"othernet"})}
    record = show(store, **closed)
    assert [one.platform for one in record.platforms] == ["examplenet"]
    assert (record.handle_count, record.account_count, record.alert_count) == (0, 1, 1)
    assert record.left_out == ["othernet"]
    own = show(store, platform="othernet", **closed)
    assert ([one.platform for one in own.platforms], own.handle_count, own.left_out) == (["othernet"], 1, [])
    only = show(store, "quibdrem", **closed)
    assert (only.posts, only.left_out) == (0, ["othernet"])
    by_source = show(store, unlinked_plugins=frozenset({"archive"}))
    assert (by_source.posts, by_source.left_out) == (0, ["examplenet", "othernet"])


def test_the_terms_of_the_installed_sources_decide() -> None:
    linking = Linking.by_terms({name: plugin.terms for name, plugin in source_plugins().items()})
    assert linking.may_link("examplenet", "mastodon")
    assert not linking.may_link("reddit", "archive")
    assert not linking.may_link("examplenet", "reddit")
    assert linking.may_profile("examplenet", "mastodon")
    assert not linking.may_profile("examplenet", "archive")


def test_accounts_are_counted_only_where_that_is_allowed(store: Store, triage: Triage) -> None:
    take_in(store, hit(1), hit(2), hit(3, platform="othernet", **OTHER))
    record = show(store, unprofiled_platforms=frozenset({"othernet"}))
    assert [(one.platform, one.posts) for one in record.accounts] == [("examplenet", 2), ("othernet", None)]


def test_returns_are_measured_by_platform(store: Store, clock: FakeClock, triage: Triage) -> None:
    def post_now(number: int, platform: str = "examplenet") -> None:
        take_in(store, hit(number, platform=platform, created_at=clock()))

    post_now(1)
    post_now(2, "othernet")
    clock.advance(days=1)
    follow(store, [Recheck(ref=PostRef("examplenet", "post-1"), standing=Standing.REMOVED_BY_PLATFORM)], actor="ana")
    clock.advance(hours=36)
    post_now(3)
    post_now(4)
    post_now(5, "othernet")
    # What was posted before and only found later did not come back.
    take_in(store, hit(6, created_at=hit(1).created_at))
    record = show(store)
    assert [(one.platform, one.days) for one in record.returns] == [("examplenet", 1.5)]
    Intake(store).commit(screened(deleted=[PostRef("examplenet", "post-3")]), source="sample")
    clock.advance(days=2)
    post_now(7)
    record = show(store)
    assert [one.days for one in record.returns] == [1.5, 2.0]
    assert [(one.platform, one.posts, one.unavailable) for one in record.platforms] == [
        ("examplenet", 5, 2),
        ("othernet", 2, 0),
    ]


def test_a_handle_of_many_posts(store: Store, triage: Triage) -> None:
    take_in(store, *(hit(n, text=f"taboo nolimits, wickr: zorblat77 or wickr: quib{n:03}x") for n in range(620)))
    record = show(store)
    assert (record.posts, record.handle_count, len(record.handles), len(record.latest)) == (620, 620, 50, 50)


def test_an_edited_post_counts_once(store: Store, triage: Triage) -> None:
    take_in(store, hit(1))
    take_in(store, hit(1, text="taboo nolimits and more, wickr: zorblat77 or wickr: quibdrem"))
    record = show(store)
    assert (record.posts, record.alert_count, [one.posts for one in record.handles]) == (1, 2, [1])


def test_on_the_command_line(handlewatch: Any, installed: Store) -> None:
    for name, role in PEOPLE.items():
        Users(installed).seed(name, role=role, password="four neutral random words", part="sample")
    take_in(installed, hit(1), hit(2, platform="reddit", **OTHER))
    shown = handlewatch("handles", "show", "wickr", "Zorblat77", "--as", "ana")
    assert (shown.returncode, "Left out: reddit." in shown.stdout) == (0, True), shown.stderr
    for secret in ("zorblat", "quibbern", "vexilorp", "https://"):
        assert secret not in shown.stdout.lower()
    piped = handlewatch("handles", "show", "wickr", "-", "--as", "ana", "--json", stdin="zorblat77\n")
    record = json.loads(piped.stdout)
    assert (record["posts"], record["left_out"], record["name"]) == (1, ["reddit"], None)
    clear = handlewatch("handles", "show", "wickr", "zorblat77", "--as", "ana", "--reveal", "--reason", "compare")
    assert "zorblat77" in clear.stdout
    assert "logged" in clear.stderr
    own = handlewatch("handles", "show", "wickr", "zorblat77", "--as", "ana", "--platform", "reddit")
    assert "on reddit alone" in own.stdout
    rows = handlewatch("audit", "list", "--action", "handle.reveal", "--json").stdout
    assert json.loads(rows)["actor"] == "ana"
    assert "zorblat" not in rows


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("wickr", "zorblat77"), 2, "--as"),
        (("wikcr", "zorblat77", "--as", "ana"), 2, "Did you mean 'wickr'"),
        (("wickr", "zor*", "--as", "ana"), 2, "without wildcards"),
        (("wickr", "zorblat77", "--as", "aud"), 4, "may not do this"),
        (("wickr", "zorblat77", "--as", "ana", "--reveal"), 2, "needs --reason"),
        (("wickr", "zorblat77", "--as", "ana", "--reason", "x"), 2, "goes with --reveal"),
    ],
)
def test_refusals(handlewatch: Any, installed: Store, arguments: tuple[str, ...], code: int, said: str) -> None:
    for name, role in PEOPLE.items():
        Users(installed).seed(name, role=role, password="four neutral random words", part="sample")
    refused = handlewatch("handles", "show", *arguments)
    assert (refused.returncode, refused.stdout) == (code, "")
    assert said in refused.stderr
