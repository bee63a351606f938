"""Fills a store with many campaigns quickly: with the rows that placing as many posts would leave."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any, Final

from sqlalchemy import Connection, insert, text
from sqlmodel import SQLModel

from monitor.bench.sketching import drawn, made_words
from monitor.campaigns.bands import Bands, together
from monitor.campaigns.words import to_words, variant_hash, words_hash
from monitor.graph.wording import SHORT, TERM, Wording
from monitor.store.database import Store
from monitor.store.tables import Campaign, Occurrence, SourceRow, StoredPost, StoredWording

SOURCE: Final = "bench"
_AT_ONCE: Final = 10_000
_TERMS: Final = ("taboo", "perv", "nolimits", "aam")
_WORDS: Final = made_words(random.Random(11))  # noqa: S311 - the same words every time


def wording_of(words: str, number: int) -> Wording:
    """A wording as posts have it: words around a coded term; of long ones, those near it by line and sentence."""
    parts = ["0" if word.isdecimal() else word for word in words.split(" ")]
    at = min(len(parts) // 2, 12)
    whole = (*parts[:at], f"{TERM}{_TERMS[number % len(_TERMS)]}", *parts[at:])
    near = whole if len(whole) <= SHORT else whole[: 2 * at]
    return Wording(whole, near, near, short=len(whole) <= SHORT, about=False)


def words_of(number: int) -> str:
    """The words of a campaign, the same every time for its number."""
    rng = random.Random(number)  # noqa: S311 - not for secrets
    return " ".join(drawn(_WORDS, rng) for _ in range(rng.randint(8, 60)))


def identities_of(number: int) -> tuple[tuple[str, str], ...]:
    """The handle of a campaign."""
    return (("wickr", f"zor{number}blat"),)


def post_row(store: Store, name: str) -> dict[str, Any]:
    """A stored post whose words are gone: placing looks at its wording alone."""
    return {
        "platform": "bench",
        "post_id": name,
        "content_hash": name.encode(),
        "source": SOURCE,
        "record": None,
        "screening": {},
        "bundle": "sha256:0",
        "rule": "handle-and-term",
        "score": 0.9,
        "first_seen_at": store.now(),
        "state": "deleted",
    }


def fill(store: Store, start: int, end: int, tell: Callable[[str], None]) -> None:
    """Adds the campaigns of these numbers (from 1 on); each has one post, which has its number."""
    bands = Bands(store.keyring)
    with store.write() as session:
        if session.get(SourceRow, SOURCE) is None:
            session.add(SourceRow(name=SOURCE, plugin="archive", enabled_at=store.now()))
    for first in range(start, end, _AT_ONCE):
        numbers = range(first, min(first + _AT_ONCE, end))
        with store.write() as session:
            _fill(session.connection(), store, bands, numbers)
        if (first // _AT_ONCE) % 5 == 4:
            tell(f"{numbers[-1]:,} campaigns are there")
    with store.write() as session:
        if not store.is_sqlite:
            for table in ("post", "wording"):
                session.connection().execute(
                    text("SELECT setval(pg_get_serial_sequence(:table, 'id'), :last)"), {"table": table, "last": end}
                )
    settle(store)


def _fill(connection: Connection, store: Store, bands: Bands, numbers: Sequence[int]) -> None:
    now = store.now()
    posts: list[dict[str, Any]] = []
    campaigns: list[dict[str, Any]] = []
    wordings: list[dict[str, Any]] = []
    pairs: list[tuple[int, int]] = []
    for number in numbers:
        wording, handles = wording_of(words_of(number), number), identities_of(number)
        variant = variant_hash(store.keyring, wording, handles)
        posts.append({"id": number, **post_row(store, str(number))})
        campaigns.append({"id": number, "first_hash": variant, "created_at": now, "about": False})
        wordings.append(
            {
                "id": number,
                "campaign_id": number,
                "variant_hash": variant,
                "words_hash": words_hash(store.keyring, wording),
                "words": to_words(wording),
                "hashed": False,
                "created_at": now,
            }
        )
        found = together([bands.of_handles(handles), *bands.of_wording(wording)])
        pairs += [(band, number) for band in found]
    occurrences = [
        {"campaign_id": number, "post_id": number, "added_at": now, "wording_id": number, "state": "attached"}
        for number in numbers
    ]
    rows: tuple[tuple[type[SQLModel], list[dict[str, Any]]], ...] = (
        (StoredPost, posts),
        (Campaign, campaigns),
        (StoredWording, wordings),
        (Occurrence, occurrences),
    )
    for table, values in rows:
        connection.execute(insert(table), values)
    _add_bands(connection, sorted(pairs))


def _add_bands(connection: Connection, pairs: Sequence[tuple[int, int]]) -> None:
    cursor: Any = connection.connection.cursor()
    if connection.dialect.name == "sqlite":
        cursor.executemany("INSERT INTO band (band, wording_id) VALUES (?, ?)", pairs)
        return
    with cursor.copy("COPY band (band, wording_id) FROM STDIN") as copy:
        for pair in pairs:
            copy.write_row(pair)


def settle(store: Store) -> None:
    """What PostgreSQL does by itself after a while: statistics, and writing down what is in its log."""
    if not store.is_sqlite:
        with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM ANALYZE")
            connection.exec_driver_sql("CHECKPOINT")
