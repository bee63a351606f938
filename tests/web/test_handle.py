"""The record of one handle on the page: by POST, masked, logged, only what was asked for or shown."""

from __future__ import annotations

import re

import httpx
import pytest
from sqlmodel import select

from alerts.handles import Linking
from alerts.web.references import LIFETIME
from monitor.post import Author
from monitor.store.database import Store
from monitor.store.tables import AuditRow
from tests.conftest import FakeClock
from tests.support.posts import hit
from tests.support.reviewing import take_in
from tests.support.site import Site, Visitor, form_of, make_site
from tests.web.test_security import assert_inert

SECRETS = ("zorblat", "quibdrem", "quibbern", "vexilorp", "taboo", "nolimits", "https://examplenet")
BOTH = "taboo nolimits, wickr: zorblat77 or wickr: quibdrem"


@pytest.fixture
def alert(site: Site) -> int:
    author = Author(id="b2", handle="vexilorp9")
    return take_in(site.store, hit(1, text=BOTH), hit(2, platform="othernet", author=author))[0]


async def ask(person: Visitor, handle: str = "zorblat77", app: str = "wickr") -> httpx.Response:
    return await person.send("/handles", "/handles", app=app, handle=handle)


async def record_of(person: Visitor, handle: str = "zorblat77") -> str:
    answer = await ask(person, handle)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def shown_tags(page: str) -> list[str]:
    return re.findall(r'name="tag" value="(H-\w{6})"', page)


def rows(site: Site) -> list[AuditRow]:
    with site.store.read() as session:
        return [row for row in session.exec(select(AuditRow)) if row.action.startswith("handle.")]


def assert_masked(text: str) -> None:
    for secret in SECRETS:
        assert secret not in text.lower(), secret


async def test_a_look_up_leads_to_a_masked_record(site: Site, alert: int) -> None:
    person = await site.person("ana")
    answer = await ask(person, "@Zorblat77")
    assert answer.status_code == 303
    assert_masked(str(answer.headers) + answer.text)
    address = answer.headers["location"]
    assert re.fullmatch(r"/handles/record/[\w-]{100,}", address)
    page = await person.get(address)
    assert page.status_code == 200
    assert_masked(page.text)
    assert_inert(page.text)
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["referrer-policy"] == "no-referrer"
    assert re.search(r"<title>Handle H-\w{6} · Handlewatch</title>", page.text)
    assert "In 2 posts on examplenet, othernet" in page.text
    assert f'<a href="/alerts/{alert}">Alert {alert}</a>' in page.text
    assert page.text.count('<rect class="more"') == 1
    (row,) = rows(site)
    assert (row.actor, row.action) == ("ana", "handle.show")
    assert_masked(f"{row.subject} {row.detail}")


async def test_it_can_be_loaded_again_for_a_while(site: Site, alert: int, clock: FakeClock) -> None:
    person = await site.person("ana")
    address = await record_of(person)
    assert (await person.get(address)).status_code == 200
    clock.advance(seconds=LIFETIME.total_seconds() - 1)
    assert (await person.get(address)).status_code == 200
    assert [row.action for row in rows(site)] == ["handle.show"] * 2  # every look is written down
    clock.advance(seconds=1)
    answer = await person.get(address)
    assert answer.status_code == 404
    assert "no longer valid" in answer.text
    assert len(rows(site)) == 2


async def test_its_address_is_for_one_session_alone(site: Site, alert: int) -> None:
    ana, ben = await site.person("ana"), await site.person("ben")
    address = await record_of(ana)
    other = address[:-1] + ("A" if address[-1] != "A" else "B")
    for who, path in ((ben, address), (ana, other), (ana, "/handles/record/x"), (ana, "/handles/record/" + "A" * 2000)):
        answer = await who.get(path)
        assert answer.status_code == 404, path
        assert "no longer valid" in answer.text
    again = await site.person("ana")  # the same person, logged in anew
    assert (await again.get(address)).status_code == 404
    assert rows(site) == []


@pytest.mark.parametrize("name", ["aud", "adm"])
async def test_it_is_not_for_roles_without_review(site: Site, alert: int, name: str) -> None:
    address = await record_of(await site.person("ana"))
    person = await site.person(name)
    page = (await person.get("/coverage")).text
    assert "/handles" not in page
    csrf = form_of(page, "/logout")
    asked = {"app": "wickr", "handle": "zorblat77", "tag": "H-000000", "reveal_reason": "x"}
    answers = [await person.get("/handles"), await person.get(address)]
    forms = ("/handles", f"/alerts/{alert}/handle", *(f"{address}/{step}" for step in ("reveal", "beside", "platform")))
    answers += [await person.client.post(path, data=csrf | asked) for path in forms]
    for answer in answers:
        assert answer.status_code == 403
        assert_masked(answer.text)
    assert rows(site) == []


@pytest.mark.parametrize("name", ["ana", "apo", "sue", "sal"])
async def test_it_is_for_all_who_review(site: Site, alert: int, name: str) -> None:
    person = await site.person(name)
    assert (await person.get(await record_of(person))).status_code == 200


async def test_nobody_else_sees_anything(site: Site, alert: int) -> None:
    address = await record_of(await site.person("ana"))
    visitor = site.visitor()
    for path in ("/handles", address):
        assert (await visitor.get(path)).headers["location"].startswith("/login")
    for path in ("/handles", f"/alerts/{alert}/handle", f"{address}/reveal"):
        answer = await visitor.client.post(path, data={"csrf": "x", "handle": "zorblat77"})
        assert (answer.status_code, answer.headers["location"]) == (303, "/login")


async def test_forms_need_the_token_and_a_post(site: Site, alert: int) -> None:
    person = await site.person("ana")
    address = await record_of(person)
    for path in (
        "/handles",
        f"/alerts/{alert}/handle",
        f"{address}/reveal",
        f"{address}/beside",
        f"{address}/platform",
    ):
        answer = await person.client.post(path, data={"csrf": "x", "app": "wickr", "handle": "zorblat77"})
        assert answer.status_code == 403
    for path in (f"/alerts/{alert}/handle", f"{address}/reveal", f"{address}/beside"):
        assert (await person.get(path)).status_code == 405
    # What stands in an address is not looked at.
    assert_masked((await person.get("/handles?app=wickr&handle=zorblat77")).text)
    assert rows(site) == []


@pytest.mark.parametrize("handle", ["", "zorb*", "zorblat%", "zorblat77,quibdrem", "zorblat77 quibdrem", "z" * 301])
async def test_no_wildcards_no_lists(site: Site, alert: int, handle: str) -> None:
    person = await site.person("ana")
    answer = await ask(person, handle)
    assert answer.status_code == 422
    assert "one at a time" in answer.text
    assert answer.headers["hx-push-url"] == "false"
    assert f'value="{handle}"' in answer.text  # to mend it: only to who typed it
    assert rows(site) == []


async def test_an_app_must_be_chosen(site: Site) -> None:
    person = await site.person("ana")
    assert "Choose the app" in (await ask(person, "zorblat77", app="")).text
    answer = await ask(person, "zorblat77", app="<wikcr>")
    assert answer.status_code == 422
    assert "&lt;wikcr&gt;" in answer.text


async def test_what_was_never_seen_is_said_and_written_down(site: Site, alert: int) -> None:
    person = await site.person("ana")
    page = (await person.get(await record_of(person, "vexilorp9"))).text
    assert "Not seen, as far as this record may look" in page
    assert "says nothing about posts that were not collected" in page
    assert "/reveal" not in page
    assert [row.action for row in rows(site)] == ["handle.show"]


async def test_a_reveal_needs_a_reason_and_is_logged(site: Site, alert: int) -> None:
    person = await site.person("ana")
    address = await record_of(person)
    refused = await person.send(address, f"{address}/reveal", reveal_reason=" ")
    assert refused.status_code == 422
    assert "say why" in refused.text
    assert_masked(refused.text)
    page = await person.send(address, f"{address}/reveal", reveal_reason="compare the names")
    assert page.status_code == 200
    assert page.headers["hx-push-url"] == "false"
    assert page.headers["cache-control"] == "no-store"
    assert '<mark class="handle"><bdi hx-disable>zorblat77</bdi></mark>' in page.text
    assert "vexilorp9" in page.text
    assert "<title>Handle H-" in page.text
    assert "zorblat77" not in page.text.split("</title>")[0]
    reveals = [row for row in rows(site) if row.action == "handle.reveal"]
    assert [row.actor for row in reveals] == ["ana"]
    assert_masked(f"{reveals[0].subject} {reveals[0].detail}")
    assert_masked((await person.get(address)).text)


async def test_an_alert_leads_to_the_records_of_its_handles(site: Site, alert: int) -> None:
    person = await site.person("ana")
    page = (await person.get(f"/alerts/{alert}")).text
    tags = shown_tags(page)
    assert len(tags) == 2
    answer = await person.send(f"/alerts/{alert}", f"/alerts/{alert}/handle", tag=tags[1])
    record = await person.get(answer.headers["location"])
    assert f"Handle {tags[1]}" in record.text
    assert f'<a href="/alerts/{alert}">Back to alert {alert}</a>' in record.text
    (row,) = rows(site)
    assert (row.subject, row.detail["through"]) == (f"handle:{tags[1]}", f"alert:{alert}")


async def test_a_tag_opens_nothing_but_through_what_shows_it(site: Site, alert: int) -> None:
    other = take_in(
        site.store, hit(7, text="anyone into taboo things, nolimits, wickr: vexilorp9", author=Author(id="a9"))
    )[0]
    person = await site.person("ana")
    (foreign,) = shown_tags((await person.get(f"/alerts/{other}")).text)
    address = await record_of(person)
    for page, action in ((f"/alerts/{alert}", f"/alerts/{alert}/handle"), (address, f"{address}/beside")):
        for values in (
            {"tag": foreign},
            {"tag": "H-000000"},
            {"tag": "*"},
            {"tag": ""},
            {"tag": foreign, "app": "kik"},
        ):
            answer = await person.send(page, action, **values)
            assert answer.status_code == 404
            assert "does not show that handle" in answer.text
    assert (
        await person.client.post("/alerts/999/handle", data=form_of((await person.get("/handles")).text, "/handles"))
    ).status_code == 404


async def test_a_record_shows_its_linked_set_and_what_looks_like_it(site: Site, alert: int) -> None:
    take_in(site.store, hit(7, text="anyone into taboo things, nolimits, wickr: vexilorp9"))
    take_in(site.store, hit(8, text="more taboo, nolimits, wickr: z0rblat77", author=Author(id="a9")))
    person = await site.person("ana")
    address = await record_of(person)
    page = (await person.get(address)).text
    assert "Linked set" in page
    assert "letters that look alike" in page
    assert "vexilorp9" not in page
    assert "z0rblat77" not in page
    for start in ("Linked set", "Lookalikes"):
        label = shown_tags(page[page.index(start) :])[0]
        answer = await person.send(address, f"{address}/beside", tag=label)
        assert answer.status_code == 303


async def test_a_record_leads_to_the_handles_beside_it(site: Site, alert: int) -> None:
    person = await site.person("ana")
    address = await record_of(person)
    page = (await person.get(address)).text
    tag = shown_tags(page)[0]
    answer = await person.send(address, f"{address}/beside", tag=tag)
    record = await person.get(answer.headers["location"])
    assert f"Handle {tag}" in re.sub("<[^>]+>", "", record.text)
    assert "Opened from the record of H-" in record.text
    assert rows(site)[-1].subject == f"handle:{tag}"


async def test_safeguarding_stays_apart(site: Site, alert: int) -> None:
    ana, sue = await site.person("ana"), await site.person("sue")
    (tag, *_) = shown_tags((await ana.get(f"/alerts/{alert}")).text)
    child = {"verdict": "reportable", "conduct": "poster_may_be_child", "risk": "trade", "reason": "x", "then": "stay"}
    csrf = form_of((await ana.get("/handles")).text, "/handles")
    await ana.send(f"/alerts/{alert}", f"/alerts/{alert}/decide", **child)
    refused = await ana.client.post(f"/alerts/{alert}/handle", data=csrf | {"app": "wickr", "tag": tag})
    assert refused.status_code == 403
    answer = await sue.send(f"/alerts/{alert}", f"/alerts/{alert}/handle", tag=tag)
    for page in (await sue.get(answer.headers["location"]), await ana.get(await record_of(ana))):
        assert "In 1 post on othernet" in page.text
        assert f'<a href="/alerts/{alert}">Alert' not in page.text


async def test_terms_are_obeyed(sqlite_store: Store) -> None:
    site = make_site(sqlite_store, linking=Linking(unlinked_platforms=frozenset({"othernet"})))
    author = Author(id="b2", handle="vexilorp9")
    first, second = take_in(
        site.store,
        hit(1),
        hit(2, text="nolimits elsewhere, taboo, wickr: zorblat77", platform="othernet", author=author),
    )
    person = await site.person("ana")
    address = await record_of(person)
    page = (await person.get(address)).text
    assert "The terms of othernet allow no linking" in page
    assert f"/alerts/{first}" in page
    assert f"/alerts/{second}" not in page
    answer = await person.send(address, f"{address}/platform", platform="othernet")
    alone = answer.headers["location"]
    assert "othernet" not in alone
    page = (await person.get(alone)).text
    assert "on othernet alone" in page
    assert f"/alerts/{second}" in page
    assert f"/alerts/{first}" not in page
    back = await person.send(alone, f"{alone}/platform")
    assert "The terms of othernet allow no linking" in (await person.get(back.headers["location"])).text


async def test_too_many_look_ups_are_refused_in_clear_words(site: Site, alert: int, clock: FakeClock) -> None:
    person = await site.person("ana")
    first = await record_of(person, "zorblat0")
    for number in range(60):
        assert (await person.get(await record_of(person, f"zorblat{number}"))).status_code == 200
    answer = await person.get(await record_of(person, "zorblat60"))
    assert answer.status_code == 429
    assert answer.headers["retry-after"] == "3601"
    assert "60 different handles" in answer.text
    assert "Go on in 60 min" in answer.text
    assert (await person.get(first)).status_code == 200
    assert [row.action for row in rows(site)][-2:] == ["handle.refused", "handle.show"]


async def test_logs_name_neither_handle_nor_address(
    site: Site, alert: int, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    person = await site.person("ana")
    address = await record_of(person)

    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("zorblat77")

    site.app.state.desk.handles.open = broken
    answer = await person.get(address)
    assert answer.status_code == 500
    said = "".join(capsys.readouterr()) + "".join(record.getMessage() for record in caplog.records)
    assert_masked(said)
    assert address.rsplit("/", 1)[1] not in said
    assert "/handles/record/*" in said
