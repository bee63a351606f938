from __future__ import annotations

import json
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import func, select

from monitor import audit
from monitor.errors import RefusedError, StoreError
from monitor.intake import Intake
from monitor.ports import AccountRef, BadRecord, Coverage, Seen
from monitor.post import Author, PostRef, storable
from monitor.store import leases
from monitor.store.database import Store, open_store
from monitor.store.tables import (
    Account,
    Alert,
    AuditRow,
    Campaign,
    CursorRow,
    Identity,
    Mention,
    Occurrence,
    SourceRow,
    StoredPost,
)
from tests.support.posts import hit, post, screened


@pytest.fixture
def intake(store: Store) -> Intake:
    with store.write() as session:
        session.add(SourceRow(name="s", plugin="archive", enabled_at=store.now()))
    return Intake(store)


def count(store: Store, table: Any) -> int:
    with store.read() as session:
        return session.exec(select(func.count()).select_from(table)).one()


def test_only_what_hits_leaves_anything_behind(intake: Intake, store: Store) -> None:
    done = intake.commit(screened(post(1), hit(2), post(3, "wickr: zorblat77"), post(4, "taboo")), source="s")
    assert (done.posts, done.hits, done.alerts, done.repeats) == (4, 1, 1, 0)
    assert [count(store, table) for table in (StoredPost, Identity, Mention, Campaign, Occurrence, Alert)] == [1] * 6


@pytest.mark.parametrize(
    "name", ["nul\0", "lone \ud800", "escape \x1b[2J", "line\r\nX: y", "".join(map(chr, range(0x4E00, 0x9E00)))]
)
def test_hostile_names_are_kept_in_a_form_that_both_databases_take(intake: Intake, store: Store, name: str) -> None:
    batch = screened(hit(1, id=name, platform=name), hit(2))
    assert (intake.commit(batch, source="s").hits, intake.commit(batch, source="s").repeats) == (2, 2)
    with store.read() as session:
        stored = session.exec(select(StoredPost).where(StoredPost.post_id != "post-2")).one()
    assert (stored.post_id + stored.platform).isprintable()
    assert stored.record
    assert stored.record["id"] == stored.post_id
    gone = screened(deleted=[PostRef(name, name)])
    assert intake.commit(gone, source="s").deleted == 1


def test_alerts_are_numbered_without_gaps_however_many_posts_they_have(intake: Intake, store: Store) -> None:
    intake.commit(screened(*[hit(number) for number in range(20)]), source="s")
    intake.commit(screened(hit(21, text="elsewhere taboo nolimits, wickr: vexilorp")), source="s")
    with store.read() as session:
        assert sorted(session.exec(select(Alert.id))) == [1, 2]


def test_names_that_are_cut_stay_different() -> None:
    assert storable("a" * 5000) != storable("a" * 5001)
    assert storable("https://social.example/@zorblat/1?q=\u00fc") == "https://social.example/@zorblat/1?q=\u00fc"


def test_the_same_batch_twice_changes_nothing(intake: Intake, store: Store) -> None:
    batch = screened(hit(1), hit(2, "vexilorp"))
    first, again = intake.commit(batch, source="s"), intake.commit(batch, source="s")
    assert (first.repeats, again.repeats, again.alerts) == (0, 2, 0)
    assert count(store, StoredPost) == 2


def test_one_template_is_one_alert_whatever_the_handle_or_account(intake: Intake, store: Store) -> None:
    intake.commit(screened(hit(1)), source="s")
    done = intake.commit(screened(hit(2, "vexilorp", author=Author(id="a2")), hit(3)), source="s")
    assert (done.alerts, count(store, Alert), count(store, Occurrence)) == (0, 1, 3)
    assert (count(store, Identity), count(store, Account)) == (2, 2)
    with store.read() as session:
        campaign = session.exec(select(Campaign)).one()
        assert campaign.id == session.exec(select(func.min(StoredPost.id))).one()


def test_an_edit_is_a_version_of_its_own(intake: Intake, store: Store) -> None:
    intake.commit(screened(hit(1)), source="s")
    edited = hit(1, text="now taboo nolimits only, wickr: zorblat77")
    assert intake.commit(screened(edited), source="s").repeats == 0
    assert count(store, StoredPost) == 2


def test_what_is_frozen_holds_no_text(intake: Intake, store: Store) -> None:
    intake.commit(screened(hit(1)), source="s")
    with store.read() as session:
        alert = session.exec(select(Alert)).one()
        assert alert.explanation["handles"][0]["app"] == "wickr"
        assert "zorblat" not in json.dumps(alert.explanation)
        for row in session.exec(select(AuditRow)):
            assert "zorblat" not in json.dumps(row.detail) + row.subject + row.actor
        stored = session.exec(select(StoredPost)).one()
        assert stored.record is not None
        assert "zorblat77" in stored.record["text"]


def test_stored_spans_refer_to_the_stored_text(intake: Intake, store: Store) -> None:
    text = f"magnet:?xt=urn:btih:{'0123456789' * 4} taboo nolimits, wickr: zorblat77"
    intake.commit(screened(hit(1, text=text)), source="s")
    with store.read() as session:
        stored = session.exec(select(StoredPost)).one()
        span = stored.screening["handles"][0]
        assert stored.record is not None
        assert stored.record["text"][span["start"] : span["end"]] == "zorblat77"
        assert "0123456789" not in stored.record["text"]


def test_deleted_posts_and_accounts_lose_their_text_and_keep_their_evidence(intake: Intake, store: Store) -> None:
    other = Author(id="a9", handle="x")
    intake.commit(screened(hit(1), hit(2), hit(3, author=other)), source="s")
    done = intake.commit(
        screened(deleted=[hit(1).ref, post(99).ref], deleted_accounts=[AccountRef("examplenet", "a9")]), source="s"
    )
    assert done.deleted == 2
    with store.read() as session:
        states = {row.post_id: (row.state, row.record is None) for row in session.exec(select(StoredPost))}
        assert states == {"post-1": ("deleted", True), "post-2": ("up", False), "post-3": ("deleted", True)}
        assert session.exec(select(Alert)).one().explanation["handles"]
    assert intake.commit(screened(deleted=[hit(1).ref]), source="s").deleted == 0


def test_cursor_coverage_and_counts_go_with_the_posts(intake: Intake, store: Store) -> None:
    end = store.now()
    seen = Coverage(scope="tag", start=end - timedelta(minutes=1), end=end, state=Seen.SEEN, posts=1)
    batch = screened(hit(1), cursor={"at": 7}, coverage=[seen], bad=[BadRecord(where="line 2", why="not JSON")])
    done = intake.commit(batch, source="s")
    assert done.bad == 1
    with store.read() as session:
        row = session.get(CursorRow, "s")
        assert row is not None
        assert row.value == {"at": 7}


def test_a_lost_lease_writes_nothing(intake: Intake, store: Store, clock: Any) -> None:
    held = leases.acquire(store, "source:s", holder="one")
    assert held is not None
    assert leases.acquire(store, "source:s", holder="two") is None
    clock.advance(seconds=leases.LEASE_SECONDS + 1)
    if store.is_sqlite:  # PostgreSQL's leases are on the server's own time
        taken = leases.acquire(store, "source:s", holder="two")
    else:
        taken = leases.acquire(store, "source:s", holder="two", alone=True)
    assert taken is not None
    with pytest.raises(RefusedError, match="lost"):
        intake.commit(screened(hit(1), cursor={"at": 1}), source="s", lease=held)
    assert count(store, StoredPost) == 0
    assert count(store, CursorRow) == 0
    intake.commit(screened(hit(1), cursor={"at": 1}), source="s", lease=taken)
    leases.release(store, taken)
    assert leases.acquire(store, "source:s", holder="three") is not None


def test_a_batch_that_fails_half_way_leaves_nothing(
    intake: Intake, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("monitor.intake.coverage.enter", broken)
    with pytest.raises(ZeroDivisionError):
        intake.commit(screened(hit(1), cursor={"at": 1}), source="s")
    assert [count(store, table) for table in (StoredPost, Alert, CursorRow, AuditRow)] == [0] * 4


def test_several_monitors_at_once_lose_and_double_nothing(intake: Intake, store: Store, database_url: str) -> None:
    """The same posts, in other orders, from four connections at once."""
    posts = [hit(number, f"zorblat{number % 5}", author=Author(id=f"a{number % 3}")) for number in range(30)]
    errors: list[Exception] = []

    def work(turn: int) -> None:
        own = open_store(database_url, store.keyring)
        try:
            rotated = posts[turn * 7 :] + posts[: turn * 7]
            for start in range(0, 30, 6):
                Intake(own).commit(screened(*rotated[start : start + 6]), source="s")
        except Exception as error:
            errors.append(error)
        finally:
            own.close()

    threads = [threading.Thread(target=work, args=(turn,)) for turn in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert (count(store, StoredPost), count(store, Occurrence), count(store, Mention)) == (30, 30, 30)
    assert (count(store, Identity), count(store, Account), count(store, Alert), count(store, Campaign)) == (5, 3, 1, 1)


def test_the_audit_chain_holds_and_shows_tampering(intake: Intake, store: Store) -> None:
    intake.commit(screened(hit(1), hit(2)), source="s")
    waiting = audit.verify(store).unsealed
    assert audit.seal(store) == waiting > 0
    intake.commit(screened(hit(3)), source="s")
    assert audit.seal(store, limit=1) == 1
    state = audit.verify(store)
    assert (state.sealed, state.broken_at) == (waiting + 1, None)
    with store.write() as session:
        row = session.exec(select(AuditRow).where(AuditRow.seq == 2)).one()
        row.actor = "somebody else"
        session.add(row)
    assert audit.verify(store).broken_at == 2


def test_a_database_that_vanishes_is_a_store_error(sqlite_store: Store, tmp_path: Path) -> None:
    with sqlite_store.write() as session:
        session.add(SourceRow(name="s", plugin="archive", enabled_at=sqlite_store.now()))
    with sqlite_store.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE mention")
    with pytest.raises(StoreError):
        Intake(sqlite_store).commit(screened(hit(1)), source="s")
