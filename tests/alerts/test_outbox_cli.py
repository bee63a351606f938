from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from alerts.channels.configured import open_channels
from alerts.outbox.reports import ReportState
from monitor.settings import load_settings
from monitor.store.database import Store
from monitor.store.tables import AuditRow, Report, Reveal
from tests.support.posts import hit
from tests.support.reporting import Mailbox, configured, decide, mail_server_beside, reports, router, states

S = ReportState


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture
def desk(installed: Store, home: Path, mailbox: Mailbox) -> Iterator[Store]:
    """An installation with a mail channel to a real server, and one decided alert of two posts."""
    with mail_server_beside(mailbox) as port:
        with (home / "handlewatch.toml").open("a") as file:
            file.write(
                f'[channels.desk]\nplugin = "mail"\nto = "desk@example.org"\nhost = "127.0.0.1"\nport = {port}\n'
                'security = "none"\n'
            )
        channels = open_channels(load_settings(home), None)  # type: ignore[arg-type]
        decide(installed, router(installed, channels), hit(1), hit(2, "vexilorp", url=None))
        yield installed


def run(handlewatch: Any, *arguments: str, code: int = 0) -> Any:
    done = handlewatch("reports", *arguments)
    assert done.returncode == code, (arguments, done.stdout, done.stderr)
    assert "Traceback" not in done.stderr
    return done


def test_from_the_queue_to_the_desk(handlewatch: Any, desk: Store, mailbox: Mailbox) -> None:
    mailed, manual = reports(desk)
    listed = run(handlewatch, "list")
    for said in (mailed.id[:8], manual.id[:8], "undo window", "desk", "examplenet", "Waiting for a person: 1 manual."):
        assert said in listed.stdout
    found = json.loads(run(handlewatch, "list", "--json", "--state", "manual").stdout)
    assert found["sending"] is True
    assert [line["id"] for line in found["reports"]] == [manual.id]

    masked = run(handlewatch, "show", mailed.id[:8])
    assert "What leaves, masked" in masked.stdout
    shown = run(handlewatch, "show", manual.id[:8])
    for secret in ("zorblat", "vexilorp", "quibbern", "post-1", "post-2"):
        assert secret not in masked.stdout + shown.stdout + listed.stdout
    run(handlewatch, "show", mailed.id[:8], "--reveal", code=2)
    run(handlewatch, "show", mailed.id[:8], "--reveal", "--as", "aud", "--reason", "x", code=4)
    clear = run(handlewatch, "show", mailed.id[:8], "--reveal", "--as", "ana", "--reason", "to compare")
    assert "wickr:zorblat77" in clear.stdout
    assert "handlewatch-" in clear.stdout
    with desk.read() as session:
        (reveal,) = session.exec(select(Reveal))
        assert (reveal.user, reveal.reason) == ("ana", "to compare")
        assert len(session.exec(select(AuditRow).where(AuditRow.action == "report.reveal")).all()) == 1

    run(handlewatch, "send", mailed.id[:8], "--as", "ana", code=4)
    run(handlewatch, "send", "--as", "mo", code=2)
    sent = json.loads(run(handlewatch, "send", mailed.id[:8], "--as", "mo", "--deliver", "--json").stdout)
    assert (sent["due"], sent["attempts"]) == ([mailed.id], 1)
    assert len(mailbox.mails) == 1
    assert mailed.id.encode() in mailbox.mails[0]
    run(handlewatch, "send", mailed.id[:8], "--as", "mo", code=7)
    run(handlewatch, "withdraw", mailed.id[:8], "--as", "mo", "--reason", "late", code=7)
    run(handlewatch, "mark-filed", manual.id[:8], "--as", "mo", "--reference", "2026-771")
    assert states(desk) == [S.ACCEPTED, S.FILED]
    assert "2026-771" in run(handlewatch, "show", manual.id[:8]).stdout


def test_withdraw_and_mistakes(handlewatch: Any, desk: Store) -> None:
    mailed, manual = reports(desk)
    withdrawn = json.loads(
        run(handlewatch, "withdraw", mailed.id[:8], "--as", "mo", "--reason", "wrong", "--json").stdout
    )
    assert withdrawn == {"id": mailed.id, "state": "withdrawn"}
    several = run(handlewatch, "send", mailed.id[:8], manual.id[:8], "--as", "mo", code=1)
    assert several.stderr.count("handlewatch: ") == 2
    run(handlewatch, "show", "nothing", code=7)
    assert "Did you mean 'uncertain'" in run(handlewatch, "list", "--state", "uncertan", code=2).stderr


def test_stop_and_resume(handlewatch: Any, desk: Store, mailbox: Mailbox) -> None:
    mailed, _ = reports(desk)
    run(handlewatch, "stop", "--as", "aud", "--reason", "x", code=4)
    assert "Sending is stopped." in run(handlewatch, "stop", "--as", "ana", "--reason", "a flood").stdout
    assert "already" in run(handlewatch, "stop", "--as", "ana", "--reason", "a flood").stdout
    assert "Sending is stopped, by ana since" in (listed := run(handlewatch, "list").stdout)
    assert "UTC: a flood" in listed
    run(handlewatch, "send", mailed.id[:8], "--as", "mo", "--deliver", code=7)
    assert mailbox.mails == []
    run(handlewatch, "resume", "--as", "ana", "--reason", " ", code=2)
    resumed = json.loads(run(handlewatch, "resume", "--as", "ana", "--reason", "over", "--json").stdout)
    assert resumed == {"sending": True, "changed": True, "under_way": 0}
    run(handlewatch, "send", "--as", "mo", "--deliver")
    assert len(mailbox.mails) == 1


def test_an_uncertain_one_asks_for_again(handlewatch: Any, desk: Store, mailbox: Mailbox) -> None:
    mailed, _ = reports(desk)
    with desk.write() as session:
        session.get_one(Report, mailed.id).state = S.UNCERTAIN
    assert "1 uncertain" in run(handlewatch, "list").stdout
    assert "--again" in run(handlewatch, "send", mailed.id[:8], "--as", "mo", code=7).stderr
    run(handlewatch, "send", mailed.id[:8], "--as", "mo", "--again", "--deliver")
    assert len(mailbox.mails) == 1


NOT_UTF8, TERMINAL = "\udcff", "\x1b[2J"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("show", NOT_UTF8), 7),
        (("show", "%%%%"), 7),
        (("show", "x" * 100_000), 7),
        (("list", "--channel", NOT_UTF8), 0),
        (("list", "--alert", str(2**63)), 2),
        (("stop", "--as", NOT_UTF8, "--reason", "x"), 4),
        (("stop", "--as", "ana", "--reason", NOT_UTF8 + TERMINAL), 0),
        (("stop", "--as", "", "--reason", "x"), 4),
    ],
)
def test_arguments_that_no_database_takes(handlewatch: Any, desk: Store, arguments: tuple[str, ...], code: int) -> None:
    done = run(handlewatch, *arguments, code=code)
    listed = run(handlewatch, "list")
    for written in (done.stdout, done.stderr, listed.stdout):
        assert "nobody foresaw" not in written
        assert "\x1b" not in written
    assert len(done.stderr) < 1000


def test_a_reference_is_kept_in_a_form_that_can_be_shown(handlewatch: Any, desk: Store) -> None:
    _, manual = reports(desk)
    run(handlewatch, "mark-filed", manual.id[:8], "--as", "mo", "--reference", f"7{NOT_UTF8}{TERMINAL}" + "x" * 9999)
    (line,) = json.loads(run(handlewatch, "list", "--state", "filed", "--json").stdout)["reports"]
    assert line["remote_id"].startswith("7[U+DCFF lone surrogate][U+001B escape][2J")
    assert len(line["remote_id"]) < 500


def test_before_init_it_says_what_to_do(handlewatch: Any) -> None:
    assert "handlewatch init" in run(handlewatch, "list", code=2).stderr


def test_the_preview_of_json_is_readable_and_masked(installed: Store, home: Path) -> None:
    from alerts.channels.mastodon import MastodonChannel, MastodonOptions
    from alerts.outbox import view as outbox_view

    options = MastodonOptions(server="https://home.example", token="t")  # type: ignore[arg-type]
    channel = MastodonChannel("fedi", options, None)  # type: ignore[arg-type]
    decide(installed, router(installed, configured(channel)))
    with installed.read() as session:
        (report,) = session.exec(select(Report))
        view = outbox_view.show(session, report.id)
    assert view.preview is not None
    assert '"category": "legal"' in view.preview
    assert "zorblat" not in view.preview
    assert "quibbern" not in view.preview
