from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from monitor.settings import DATABASE_FILE
from monitor.store.database import open_store, sqlite_url
from monitor.store.keys import load_keyring
from monitor.store.tables import Suggestion
from tests.alerts.test_triage_cli import installed  # noqa: F401
from tests.support.posts import hit
from tests.support.reviewing import take_in


@pytest.fixture
def bridged(installed: Path) -> Path:  # noqa: F811
    """Three campaigns (posts 1 and 2, 3, 4); what bridges the first two is suggested."""
    store = open_store(sqlite_url(installed / DATABASE_FILE), load_keyring(installed))
    take_in(store, hit(4, text="taboo nolimits far away, wickr: brimzat9"))
    with store.write() as session:
        session.add(Suggestion(campaign_id=1, other_id=3, post_id=3, suggested_at=store.now()))
    store.close()
    return installed


def test_from_a_suggestion_to_a_merge_and_back_apart(handlewatch: Any, bridged: Path) -> None:
    listed = handlewatch("campaigns", "suggestions", "--as", "ana")
    assert "1 and 3" in listed.stdout, listed.stderr
    merged = handlewatch("campaigns", "merge", "2", "1", "--as", "ana", "--reason", "the same advert")
    assert merged.stdout == "Campaign 3 is part of campaign 1 now: 1 post moved.\n", merged.stderr
    shown = handlewatch("campaigns", "show", "c3", "--as", "ana")
    assert shown.stdout.startswith("Campaign 3 is part of campaign 1 now.\ncampaign 1, alert 1 (open)\n3 posts by ")
    assert "othernet" in shown.stdout
    for secret in ("zorblat", "vexilorp", "quibbern", "taboo", "nolimits", "https://"):
        assert secret not in shown.stdout
    apart = handlewatch("campaigns", "split", "1", "--group", "3", "--as", "ana", "--reason", "no", "--json")
    told = {"kind": "split", "campaign_id": 1, "other_id": 3, "posts": 1, "alert_id": 2, "decided": None}
    assert json.loads(apart.stdout) == told
    assert "Nothing is suggested" in handlewatch("campaigns", "suggestions", "--as", "ana").stdout
    view = json.loads(handlewatch("campaigns", "show", "1", "--as", "ana", "--json").stdout)
    assert [step["kind"] for step in view["steps"]] == ["merge", "split"]
    assert view["growth"]["posts"] == 2


def test_dismiss(handlewatch: Any, bridged: Path) -> None:
    done = handlewatch("campaigns", "dismiss", "1", "--as", "ana", "--reason", "two adverts on one page")
    assert done.stdout == "Campaigns 1 and 3 stay apart.\n", done.stderr
    assert json.loads(handlewatch("campaigns", "suggestions", "--as", "ana", "--json").stdout) == []
    assert handlewatch("campaigns", "dismiss", "1", "--as", "ana", "--reason", "x").returncode == 7


def test_what_is_refused_says_so(handlewatch: Any, bridged: Path) -> None:
    for arguments, code in (
        (("show", "x", "--as", "ana"), 2),
        (("show", "1", "--as", "adm"), 4),
        (("merge", "1", "1", "--as", "ana", "--reason", "x"), 7),
        (("split", "1", "--group", "1", "--as", "ana", "--reason", "x"), 7),
    ):
        done = handlewatch("campaigns", *arguments)
        assert (done.returncode, done.stdout) == (code, ""), done.stderr
        assert "handlewatch: " in done.stderr
