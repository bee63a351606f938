from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from alerts.users import Users
from monitor import coverage
from monitor.cli.init import config_text
from monitor.ports import Coverage as Interval
from monitor.ports import Seen
from monitor.settings import CONFIG_FILE, DATABASE_FILE
from monitor.store.database import open_store, sqlite_url
from monitor.store.keys import KEY_FILE, load_keyring, write_key_file
from tests.support.posts import hit
from tests.support.reviewing import PEOPLE, take_in

REPORTABLE = ("--verdict", "reportable", "--conduct", "offers_or_asks_material", "--risk", "trade")


@pytest.fixture
def installed(home: Path) -> Path:
    """An installation with people and two alerts."""
    organisation = {
        "controller": "Example Hotline",
        "purpose": "reports of public posts",
        "legal_basis": "public task",
        "retention_days": 90,
        "escalation_contact": "duty desk, +1 555 0100",
        "contact": "desk@hotline.example",
        "reviewers": ["ana"],
    }
    (home / CONFIG_FILE).write_text(config_text(organisation), "utf-8")
    write_key_file(home / KEY_FILE)
    store = open_store(sqlite_url(home / DATABASE_FILE), load_keyring(home), upgrade=True)
    for name, role in PEOPLE.items():
        Users(store).seed(name, role=role, password="four neutral random words", part="sample")
    take_in(store, hit(1), hit(2, "vexilorp", platform="othernet"))
    take_in(store, hit(3, text="taboo nolimits elsewhere, wickr: zorblat77"))
    store.close()
    return home


def test_list_and_show_are_masked(handlewatch: Any, installed: Path) -> None:
    listed = handlewatch("alerts", "list")
    assert listed.returncode == 0, listed.stderr
    assert "strong 0.90" in listed.stdout
    shown = handlewatch("alerts", "show", "1")
    assert "[handle H-" in shown.stdout
    assert "[term T-" in shown.stdout
    as_json = handlewatch("alerts", "show", "1", "--json").stdout
    listing = json.loads(handlewatch("alerts", "list", "--json", "--limit", "1").stdout)
    assert [alert["id"] for alert in listing["alerts"]] == [1]
    rest = json.loads(handlewatch("alerts", "list", "--json", "--after", listing["after"]).stdout)
    assert ([alert["id"] for alert in rest["alerts"]], rest["after"]) == ([2], None)
    for output in (listed.stdout, shown.stdout, as_json):
        for secret in ("zorblat", "vexilorp", "quibbern", "taboo", "nolimits", "https://"):
            assert secret not in output
    view = json.loads(as_json)
    assert (view["id"], view["state"], view["version"], view["occurrence_count"]) == (1, "open", 1, 2)
    assert view["handles"][0]["name"] is None


def test_a_reveal_names_who_and_why(handlewatch: Any, installed: Path) -> None:
    refused = handlewatch("alerts", "reveal", "1", "--as", "aud", "--reason", "curious")
    assert (refused.returncode, refused.stdout) == (4, "")
    shown = handlewatch("alerts", "reveal", "1", "--as", "ana", "--reason", "compare the names")
    assert "wickr: zorblat77" in shown.stdout
    assert "logged" in shown.stderr
    row = json.loads(handlewatch("audit", "list", "--action", "alert.reveal", "--json").stdout)
    assert (row["actor"], row["subject"]) == ("ana", "alert:1")
    assert "compare" not in str(row)


def test_decide_once(handlewatch: Any, installed: Path) -> None:
    missing = handlewatch("alerts", "decide", "1", "--verdict", "reportable", "--reason", "x", "--as", "ana")
    assert missing.returncode == 2
    assert "needs a conduct and a risk" in missing.stderr
    typo = handlewatch("alerts", "decide", "1", "--verdict", "reportible", "--reason", "x", "--as", "ana")
    assert typo.returncode == 2
    assert "Did you mean 'reportable'?" in typo.stderr
    done = handlewatch("alerts", "decide", "1", *REPORTABLE, "--reason", "x", "--as", "ana", "--json")
    assert json.loads(done.stdout)["state"] == "decided"
    again = handlewatch("alerts", "decide", "1", *REPORTABLE, "--reason", "x", "--as", "ben")
    assert again.returncode == 7
    assert "already decided: reportable by ana" in again.stderr
    assert "kept:" in again.stderr
    stale = handlewatch(
        "alerts", "decide", "2", "--verdict", "not_reportable", "--reason", "x", "--as", "ben", "--version", "9"
    )
    assert stale.returncode == 7
    assert "has changed since you saw it" in stale.stderr
    decided = json.loads(handlewatch("alerts", "list", "--list", "decided", "--json").stdout)["alerts"]
    assert [(alert["id"], alert["verdict"]) for alert in decided] == [(1, "reportable")]


def test_claim_release_confirm_return_undo(handlewatch: Any, installed: Path) -> None:
    def run(*arguments: str) -> Any:
        done = handlewatch("alerts", *arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert "Alert 1 is yours until" in run("claim", "--next", "--as", "ana")
    assert json.loads(run("claim", "2", "--as", "ana", "--json"))["version"] == 2
    assert handlewatch("alerts", "claim", "2", "--as", "ben").returncode == 7
    assert handlewatch("alerts", "claim", "--as", "ben").returncode == 2
    assert "Nothing is free" in run("claim", "--next", "--as", "ben")
    run("release", "2", "--as", "ana")
    assert "held by ana" in run("list")
    danger = (*REPORTABLE[:-1], "danger_now")
    assert "waits for a second person" in run("decide", "1", *danger, "--reason", "x", "--as", "ana")
    assert "open again" in run("return", "1", "--reason", "no danger", "--as", "apo")
    assert "waits for a second person" in run("decide", "1", *danger, "--reason", "x", "--as", "ana")
    assert "is decided: reportable" in run("confirm", "1", "--reason", "agreed", "--as", "apo")
    assert "open again" in run("undo", "1", "--as", "apo")
    history = json.loads(run("show", "1", "--json"))["history"]
    assert [step["step"] for step in history] == ["verdict", "return", "verdict", "confirmation", "withdrawal"]


def test_the_safeguarding_lane_needs_a_name(handlewatch: Any, installed: Path) -> None:
    child = ("--verdict", "reportable", "--conduct", "poster_may_be_child", "--risk", "child_at_risk")
    done = handlewatch("alerts", "decide", "1", *child, "--reason", "x", "--as", "ana")
    assert "in the safeguarding lane" in done.stdout
    assert handlewatch("alerts", "show", "1").returncode == 4
    assert handlewatch("alerts", "show", "1", "--as", "ana").returncode == 4
    assert handlewatch("alerts", "show", "1", "--as", "sue").returncode == 0
    assert handlewatch("alerts", "list", "--lane", "safeguarding").returncode == 4


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("alerts", "list", "--after", f"1-{2**70}"), 2),
        (("alerts", "list", "--after", f"{2**70}-1"), 2),
        (("alerts", "show", str(2**70)), 2),
        (
            (
                "alerts",
                "decide",
                "1",
                "--verdict",
                "escalated",
                "--reason",
                "x",
                "--as",
                "ana",
                "--version",
                str(2**70),
            ),
            2,
        ),
        (("alerts", "decide", "1", "--verdict", "escalated", "--reason", "x", "--as", "\udcff"), 4),
        (("alerts", "decide", "1", "--verdict", "escalated", "--reason", "x", "--as", "a" * 9999), 4),
        (("alerts", "list", "--lane", "safeguarding"), 4),
        (("alerts", "list", "--list", "mine"), 4),
        (("audit", "list", "--actor", "\udcff"), 0),
        (("users", "disable", "\udcff", "--as", "adm"), 2),
        (
            (
                "batches",
                "export",
                "--format",
                "csv",
                "--reason",
                "x",
                "--as",
                "sal",
                "--since",
                "0001-01-01T00:00+14:00",
            ),
            2,
        ),
        (("batches", "export", "--format", "csv", "--reason", "x", "--as", "sal", "--out", "x" * 5000), 3),
        (("batches", "export", "--format", "csv", "--reason", "x" * 100_000, "--as", "sal"), 2),
    ],
)
def test_arguments_that_no_database_takes(
    handlewatch: Any, installed: Path, arguments: tuple[str, ...], code: int
) -> None:
    done = handlewatch(*arguments)
    assert (done.returncode, "nobody foresaw" in done.stderr) == (code, False), done.stderr
    assert len(done.stderr) < 1000


def test_names_of_tags_are_masked_in_the_coverage_too(handlewatch: Any, installed: Path) -> None:
    store = open_store(sqlite_url(installed / DATABASE_FILE), load_keyring(installed))
    now = store.now()
    scope, note = "social.example #taboo", "https://social.example/tags/x/tag/nolimits failed"
    with store.write() as session:
        for state in (Seen.SEEN, Seen.FAILED):
            interval = Interval(scope=scope, start=now, end=now, state=state, posts=1, note=note)
            coverage.enter(session, "sample", None, [interval])
    store.close()
    for arguments in ((), ("--json",)):
        done = handlewatch("coverage", *arguments)
        assert "social.example #T-" in done.stdout, done.stderr
        assert "taboo" not in done.stdout
        assert "nolimits" not in done.stdout


def test_the_audit_trail_shows_and_verifies(handlewatch: Any, installed: Path) -> None:
    handlewatch("alerts", "claim", "1", "--as", "ana")
    listed = handlewatch("audit", "list", "--actor", "ana")
    assert "alert.claim" in listed.stdout
    assert "whole" in handlewatch("audit", "verify").stdout
    from monitor import audit
    from monitor.store.tables import AuditRow

    store = open_store(sqlite_url(installed / DATABASE_FILE), load_keyring(installed))
    audit.seal(store)
    with store.write() as session:
        session.get_one(AuditRow, 2).actor = "somebody else"
    store.close()
    broken = handlewatch("audit", "verify")
    assert broken.returncode == 1
    assert "BROKEN at row 2" in broken.stderr
