from __future__ import annotations

import os
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import event, text
from sqlalchemy.exc import StatementError
from sqlmodel import select

from monitor.errors import ConfigError, StoreError
from monitor.store import migrate
from monitor.store.database import Store, open_store, sqlite_url
from monitor.store.keys import KEY_FILE, KEY_VARIABLE, Keyring, load_keyring, new_key, write_key_file
from monitor.store.tables import Account, Identity, SourceRow, Switch


def identity(clock_time: datetime, handle: str = "zorblat_77") -> Identity:
    return Identity(app="wickr", key_hash=b"h" * 32, handle=handle, first_seen_at=clock_time, last_seen_at=clock_time)


def test_migrations_make_exactly_the_tables_of_the_code(store: Store) -> None:
    with store.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        assert compare_metadata(context, SourceRow.metadata) == []


def test_values_come_back_as_they_went_in(store: Store) -> None:
    odd = "look \ud800 \0 \u202e 𝓣 \N{COMBINING ACUTE ACCENT}"
    now = datetime(2026, 11, 1, 12, 0, 0, 123456, tzinfo=UTC)
    with store.write() as session:
        session.add(identity(now, odd))
        session.add(Account(platform="p", key_hash=b"a", author={"handle": odd}, first_seen_at=now))
    with store.read() as session:
        found = session.exec(select(Identity)).one()
        assert (found.handle, found.first_seen_at) == (odd, now)
        assert session.exec(select(Account)).one().author == {"handle": odd}


def test_nothing_encrypted_is_readable_in_the_file(sqlite_store: Store, tmp_path: Path) -> None:
    with sqlite_store.write() as session:
        session.add(identity(sqlite_store.now()))
    sqlite_store.close()
    for file in tmp_path.iterdir():
        assert b"zorblat" not in file.read_bytes()
    assert (tmp_path / "test.db").stat().st_mode & 0o077 == 0


def test_another_key_and_a_moved_value_are_refused(store: Store, database_url: str) -> None:
    with store.write() as session:
        session.add(identity(store.now()))
    for upgrade in (False, True):
        with pytest.raises(StoreError, match="not the one that this database is written with"):
            open_store(database_url, Keyring(b"x" * 32), upgrade=upgrade)
    with store.write() as session:  # a database from before the mark: its values are refused one by one
        session.execute(text("DELETE FROM key_mark"))
    other = open_store(database_url, Keyring(b"x" * 32))
    with pytest.raises(StoreError, match="not the one it was written with"), other.read() as session:
        session.exec(select(Identity)).all()
    other.close()
    sealed = store.keyring.seal(b"x", "post.record")
    assert store.keyring.open(sealed, "post.record") == b"x"
    with pytest.raises(StoreError):
        store.keyring.open(sealed, "alert.explanation")


def test_a_failed_transaction_leaves_nothing(store: Store) -> None:
    with pytest.raises(ZeroDivisionError), store.write() as session:
        session.add(identity(store.now()))
        session.flush()
        raise ZeroDivisionError
    with store.read() as session:
        assert session.exec(select(Identity)).all() == []


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Tokyo"])
def test_the_ends_of_time_come_back_whatever_the_zone_of_the_server(
    database_url: str, keyring: Keyring, zone: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGTZ", zone)
    ends = [datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)]
    store = open_store(database_url, keyring, upgrade=True)
    with store.write() as session:
        session.add_all(SourceRow(name=f"s{end.year}", plugin="p", enabled_at=end) for end in ends)
    with store.read() as session:
        assert sorted(session.exec(select(SourceRow.enabled_at))) == ends
    store.close()


def test_a_naive_time_is_refused(store: Store) -> None:
    with pytest.raises(StatementError, match="without a timezone") as caught, store.write() as session:
        session.add(identity(datetime(2026, 11, 1)))  # noqa: DTZ001
    assert "zorblat" not in str(caught.value)  # errors end up in logs: they never carry values


def test_a_database_of_a_newer_version_is_refused(store: Store, database_url: str) -> None:
    with store.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    for upgrade in (False, True):
        with pytest.raises(StoreError, match="newer than this program"):
            open_store(database_url, store.keyring, upgrade=upgrade)


def test_an_upgrade_keeps_sending_stopped(database_url: str, keyring: Keyring) -> None:
    old = open_store(database_url, keyring, check_version=False)
    migrate.upgrade(old.engine, to="0002")
    with old.engine.begin() as connection:
        connection.execute(
            text("INSERT INTO switch (name, \"on\", by, reason, changed_at) VALUES ('sending', :on, 'ana', 'x', :at)"),
            {"on": False, "at": "2026-11-01 12:00:00+00:00"},
        )
    old.close()
    store = open_store(database_url, keyring, upgrade=True)
    with store.read() as session:
        (row,) = session.exec(select(Switch))
        assert (row.on, row.by, row.reason) == (False, "ana", None)
    store.close()


def test_an_empty_database_must_be_upgraded_first(database_url: str, keyring: Keyring) -> None:
    with pytest.raises(StoreError) as caught:
        open_store(database_url, keyring)
    assert "db upgrade" in caught.value.do


def test_a_missing_database_is_not_made_by_accident(tmp_path: Path, keyring: Keyring) -> None:
    with pytest.raises(StoreError, match="There is no database"):
        open_store(sqlite_url(tmp_path / "absent.db"), keyring)
    assert not (tmp_path / "absent.db").exists()


def test_a_file_that_is_no_database(tmp_path: Path, keyring: Keyring) -> None:
    (tmp_path / "x.db").write_bytes(b"this is not a database " * 100)
    with pytest.raises(StoreError) as caught:
        open_store(sqlite_url(tmp_path / "x.db"), keyring)
    assert "backup" in caught.value.do


def test_a_read_only_database_says_so(sqlite_store: Store) -> None:
    with pytest.raises(StoreError) as caught, sqlite_store.write() as session:
        session.execute(text("PRAGMA query_only=ON"))
        session.add(identity(sqlite_store.now()))
    assert "writable" in caught.value.do
    assert "left nothing behind" in caught.value.kept


def test_a_full_disk_says_so_and_loses_nothing(sqlite_store: Store) -> None:
    with sqlite_store.write() as session:
        session.add(identity(sqlite_store.now()))
    with pytest.raises(StoreError) as caught, sqlite_store.write() as session:
        pages = session.execute(text("PRAGMA page_count")).scalar_one()
        session.execute(text(f"PRAGMA max_page_count={pages}"))
        session.add(SourceRow(name="x" * 100_000, plugin="p", enabled_at=sqlite_store.now()))
    assert "Free space" in caught.value.do
    with sqlite_store.read() as session:
        assert len(session.exec(select(Identity)).all()) == 1
        assert session.exec(select(SourceRow)).all() == []


def test_sqlite_is_set_up_to_lose_nothing(sqlite_store: Store) -> None:
    with sqlite_store.read() as session:
        assert session.execute(text("PRAGMA journal_mode")).scalar_one() == "wal"
        assert session.execute(text("PRAGMA synchronous")).scalar_one() == 2
        assert session.execute(text("PRAGMA foreign_keys")).scalar_one() == 1


def test_a_reader_does_not_wait_for_a_writer(sqlite_store: Store) -> None:
    with sqlite_store.write() as writing:
        writing.add(identity(sqlite_store.now()))
        writing.flush()
        with sqlite_store.read() as reading:
            assert reading.exec(select(Identity)).all() == []


def test_key_file_is_private_and_never_overwritten(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(KEY_VARIABLE, raising=False)
    with pytest.raises(StoreError, match="There is no key"):
        load_keyring(home)
    write_key_file(home / KEY_FILE)
    first = (home / KEY_FILE).read_text()
    write_key_file(home / KEY_FILE)
    assert (home / KEY_FILE).read_text() == first
    assert (home / KEY_FILE).stat().st_mode & 0o077 == 0
    assert load_keyring(home).id == load_keyring(home).id
    monkeypatch.setenv(KEY_VARIABLE, new_key())
    assert load_keyring(home).id != Keyring(b"k" * 32).id


@pytest.mark.parametrize("bad", ["!!!", "c2hvcnQ="])
def test_a_bad_key_is_named(bad: str, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_VARIABLE, bad)
    with pytest.raises(StoreError) as caught:
        load_keyring(home)
    assert KEY_VARIABLE in caught.value.do


def test_lookup_hashes_are_keyed_and_bound_to_their_place(keyring: Keyring) -> None:
    assert keyring.lookup("identity", "wickr:a") == keyring.lookup("identity", "wickr:a")
    assert keyring.lookup("identity", "wickr:a") != keyring.lookup("account", "wickr:a")
    assert keyring.lookup("identity", "wickr:a") != Keyring(os.urandom(32)).lookup("identity", "wickr:a")


def test_the_sqlite_module_is_the_one_we_rely_on() -> None:
    assert sqlite3.sqlite_version_info >= (3, 35)


def test_a_connection_that_is_in_use_when_the_store_closes_is_closed_afterwards(store: Store) -> None:
    closed: list[object] = []
    event.listen(store.engine, "close", lambda connection, _: closed.append(connection))
    with store.read() as session:
        raw = session.connection().connection.dbapi_connection
        store.close()
        assert raw not in closed
    assert raw in closed


def test_a_half_written_key_file_is_never_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_key_file(tmp_path / KEY_FILE)
    assert list(tmp_path.iterdir()) == []
    monkeypatch.undo()
    write_key_file(tmp_path / KEY_FILE)
    assert [path.name for path in tmp_path.iterdir()] == [KEY_FILE]
    assert (tmp_path / KEY_FILE).stat().st_mode & 0o777 == 0o600
    load_keyring(tmp_path)


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b"not base64!", "schl\u00fcssel".encode(), b"c2hvcnQ="])
def test_a_key_that_is_none_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / KEY_FILE).write_bytes(content)
    with pytest.raises(StoreError, match="key"):
        load_keyring(tmp_path)


def test_a_key_file_that_cannot_be_read_says_so(tmp_path: Path) -> None:
    (tmp_path / KEY_FILE).mkdir()
    with pytest.raises(StoreError, match="cannot be read"):
        load_keyring(tmp_path)


@pytest.mark.parametrize(
    "url",
    [
        "mysql://u:invented-secret@h/x",
        "foo://u:invented-secret@h",
        "no url invented-secret",
        "postgresql://u:invented-secret@h:port/x",
        "postgresql+asyncpg://u:invented-secret@h/x",
        "sqlite://",
    ],
)
def test_a_url_that_cannot_be_used_is_refused_without_repeating_it(keyring: Keyring, url: str) -> None:
    with pytest.raises(ConfigError) as caught:
        open_store(url, keyring)
    assert "invented-secret" not in str(caught.value)


@pytest.mark.parametrize("name", ["a b", "q?x", "per%20cent", "ha#sh", "col:on@at"])
def test_any_folder_can_hold_the_database(tmp_path: Path, keyring: Keyring, name: str) -> None:
    folder = tmp_path / name
    folder.mkdir()
    open_store(sqlite_url(folder / "x.db"), keyring, upgrade=True).close()
    assert (folder / "x.db").exists()


def test_a_database_of_the_first_version_is_upgraded(database_url: str, keyring: Keyring) -> None:
    old = open_store(database_url, keyring, check_version=False)
    migrate.upgrade(old.engine, to="0001")
    with old.write() as session:
        session.execute(
            text(
                "INSERT INTO identity (app, key_hash, handle, first_seen_at, last_seen_at)"
                " VALUES ('wickr', :hash, :sealed, :at, :at)"
            ),
            {
                "hash": b"1",
                "sealed": keyring.seal(b"zorblat_77", "identity.handle"),
                "at": "2026-11-01 12:00:00+00:00" if not old.is_sqlite else "2026-11-01 12:00:00.000000",
            },
        )
    old.close()
    with pytest.raises(StoreError) as caught:
        open_store(database_url, keyring)
    assert "db upgrade" in caught.value.do
    store = open_store(database_url, keyring, upgrade=True)
    with store.read() as session:
        assert session.exec(select(Identity.handle)).one() == "zorblat_77"
    store.close()
