from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, update
from sqlmodel import col, select

from monitor.campaigns.catching_up import catch_up, start_over
from monitor.detect.bundle import load_bundle
from monitor.detect.screen import Screen
from monitor.intake import Intake
from monitor.settings import CONFIG_FILE, DATABASE_FILE
from monitor.store.database import Store, open_store, sqlite_url
from monitor.store.keys import KEY_FILE, load_keyring, write_key_file
from monitor.store.tables import Band, Campaign, Occurrence, SourceRow, StoredPost, StoredWording, Suggestion
from tests.support.posts import hit, screened

SCREEN = Screen(load_bundle())
TEXT = "anyone for a long walk by the river tonight, taboo and nolimits welcome, bring a lantern, wickr: {}"
ABOUT = "warning everyone, report this account, a predator: trade taboo and nolimits here, wickr: zorblat77"


@pytest.fixture
def old(store: Store) -> Store:
    """As after an upgrade: three campaigns by their exact template, of which the first two are alike; one warns."""
    with store.write() as session:
        session.add(SourceRow(name="s", plugin="archive", enabled_at=store.now()))
    posts = [
        hit(1, text=TEXT.format("zorblat77")),
        hit(2, text=TEXT.format("vexilorp")),
        hit(3, text="trade of old maps and taboo, nolimits, only by night, wickr: brimzat9"),
        hit(4, text=ABOUT, quotes="post-9"),
        hit(5, text=TEXT.replace("a lantern", "a pencil").format("quibdrem")),
    ]
    for one in posts:
        Intake(store).commit(screened(one), source="s")
    with store.write() as session:
        session.exec(update(Occurrence).values(wording_id=None))
        session.exec(delete(Suggestion))
        session.exec(delete(Band))
        session.exec(delete(StoredWording))
        session.exec(update(Campaign).values(about=False))
        session.add(Campaign(id=5, first_hash=b"exact template", created_at=store.now()))
        session.flush()
        session.exec(update(Occurrence).where(col(Occurrence.post_id) == 5).values(campaign_id=5))
        session.get_one(StoredPost, 3).record = None
    return store


def state(store: Store) -> tuple[list[int], list[int | None], list[tuple[int, int]], list[bool]]:
    with store.read() as session:
        rows = session.exec(select(Occurrence).order_by(col(Occurrence.post_id))).all()
        suggestions = session.exec(select(Suggestion.campaign_id, Suggestion.other_id)).all()
        about = session.exec(select(Campaign.about).order_by(col(Campaign.id))).all()
        return [one.campaign_id for one in rows], [one.wording_id for one in rows], sorted(suggestions), list(about)


def test_what_is_stored_gets_its_wordings_and_stays_where_it_is(old: Store) -> None:
    told: list[tuple[int, int]] = []
    assert catch_up(old, SCREEN, lambda done, whole: told.append((done, whole))) == 4
    assert told == [(4, 4)]
    places, wordings, suggestions, about = state(old)
    assert places == [1, 1, 3, 4, 5]
    assert [one is None for one in wordings] == [False, False, True, False, False]
    assert suggestions == [(1, 5)]
    assert about == [False, False, True, False]
    assert catch_up(old, SCREEN, lambda done, whole: None) == 0
    more = screened(hit(6, text=TEXT.format("zorblat77")), hit(7, text=TEXT.format("new77zor")))
    Intake(old).commit(more, source="s")
    assert state(old)[0][5:] == [1, 1]


def test_read_again_by_other_rules(old: Store) -> None:
    catch_up(old, SCREEN, lambda done, whole: None)
    before = state(old)
    assert start_over(old, lambda done, whole: None) == 4
    with old.read() as session:
        assert session.exec(select(StoredWording)).all() == session.exec(select(Band)).all() == []
    assert catch_up(old, SCREEN, lambda done, whole: None) == 4
    places, _, suggestions, about = state(old)
    assert (places, suggestions, about) == (before[0], before[2], before[3])


def test_it_goes_on_where_it_was_stopped(old: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    class StoppedError(Exception):
        pass

    def stop(done: int, whole: int) -> None:
        raise StoppedError

    monkeypatch.setattr("monitor.campaigns.catching_up.AT_ONCE", 1)
    with pytest.raises(StoppedError):
        catch_up(old, SCREEN, stop)
    assert catch_up(old, SCREEN, lambda done, whole: None) == 3
    assert state(old)[2] == [(1, 5)]


def test_an_upgrade_reads_what_is_stored(handlewatch: Any, home: Path) -> None:
    (home / CONFIG_FILE).write_text("", "utf-8")
    write_key_file(home / KEY_FILE)
    assert handlewatch("db", "upgrade").returncode == 0
    store = open_store(sqlite_url(home / DATABASE_FILE), load_keyring(home))
    with store.write() as session:
        session.add(SourceRow(name="s", plugin="archive", enabled_at=store.now()))
    Intake(store).commit(screened(hit(1, text=TEXT.format("zorblat77"))), source="s")
    with store.write() as session:
        session.exec(update(Occurrence).values(wording_id=None))
        session.exec(delete(Band))
        session.exec(delete(StoredWording))
    done = handlewatch("db", "upgrade")
    assert done.stdout.endswith("already.\nRead the wordings of 1 stored posts.\n"), done.stderr
    assert json.loads(handlewatch("db", "upgrade", "--json").stdout)["read"] == 0
    assert json.loads(handlewatch("db", "upgrade", "--reread", "--json").stdout)["read"] == 1
    assert state(store)[1] != [None]
    store.close()
