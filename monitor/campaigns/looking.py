"""The look-ups by which a wording finds its like in the store, each one statement, and the rows that it leaves.

These run for every post that hits, so they are plain SQL with a text that never changes: the drivers keep it prepared.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from heapq import nlargest
from typing import Any, Final, NamedTuple

from sqlmodel import Session

from monitor.store.types import UtcTime

NEWEST: Final = 4
"""Wordings that a band is asked for, the newest: a band that thousands share tells little."""
RELATED: Final = 32
"""Wordings of one handle that a further one is compared with."""
MOST: Final = 48
"""Wordings that one part of a wording is compared with."""


class Row(NamedTuple):
    """What is kept of a wording; `sealed` are its words, encrypted."""

    id: int
    campaign_id: int
    sealed: bytes
    hashed: bool


class Known(NamedTuple):
    """A wording that is there; `hashed`: its words are hidden."""

    id: int
    campaign_id: int
    hashed: bool


class NewWording(NamedTuple):
    """What is kept of a wording with its handles: keyed hashes, its words encrypted, its bands."""

    variant_hash: bytes
    words_hash: bytes
    sealed: bytes
    bands: Sequence[int]


class _Texts(NamedTuple):
    """The statements as one kind of database takes them. `keep`: wording, bands and occurrence in one, where it can;
    `begin`: these and their campaign.
    """

    known: str
    near: str
    rows: str
    band: str
    restore: str
    wording: str
    keep: str
    begin: str
    campaign: str
    occurrence: str


# SQLite has no lateral join, and takes lists as JSON.
_SQLITE: Final = _Texts(
    known="SELECT 1, id, campaign_id, hashed FROM wording WHERE variant_hash = ? UNION ALL "
    "SELECT * FROM (SELECT 0, id, campaign_id, hashed FROM wording WHERE words_hash = ? ORDER BY id LIMIT 1)",
    near="SELECT asked.value, (SELECT group_concat(wording_id) FROM (SELECT wording_id FROM band "
    "WHERE band = asked.value ORDER BY wording_id DESC LIMIT ?)) FROM json_each(?) AS asked UNION ALL "
    "SELECT asked.value, (SELECT group_concat(wording_id) FROM (SELECT wording_id FROM band "
    "WHERE band = asked.value ORDER BY wording_id DESC LIMIT ?)) FROM json_each(?) AS asked",
    rows="SELECT id, campaign_id, words, hashed FROM wording WHERE id IN (SELECT value FROM json_each(?))",
    band="INSERT INTO band (wording_id, band) SELECT ?, value FROM json_each(?)",
    restore="UPDATE wording SET words = ?, hashed = FALSE WHERE id = ?",
    wording="INSERT INTO wording (campaign_id, variant_hash, words_hash, words, hashed, created_at) "
    "VALUES (?, ?, ?, ?, FALSE, ?) RETURNING id",
    keep="",
    begin="",
    campaign="INSERT INTO campaign (id, first_hash, about, created_at) VALUES (?, ?, ?, ?) "
    "ON CONFLICT DO NOTHING RETURNING id",
    occurrence="INSERT INTO occurrence (campaign_id, post_id, wording_id, state, added_at) "
    "VALUES (?, ?, ?, 'attached', ?) ON CONFLICT DO NOTHING",
)
_POSTGRESQL: Final = _Texts(
    known="SELECT 1, id, campaign_id, hashed FROM wording WHERE variant_hash = %s UNION ALL "
    "(SELECT 0, id, campaign_id, hashed FROM wording WHERE words_hash = %s ORDER BY id LIMIT 1)",
    near="WITH asked AS (SELECT * FROM unnest(%s::int[], %s::bigint[]) AS asked(part, band)), "
    "held AS (SELECT part, wording_id, count(*) AS shared FROM asked CROSS JOIN LATERAL "
    "(SELECT wording_id FROM band WHERE band.band = asked.band ORDER BY wording_id DESC "
    "LIMIT CASE WHEN asked.part = 0 THEN %s::int ELSE %s::int END) AS one "
    "GROUP BY part, wording_id), "
    "ranked AS (SELECT part, wording_id, shared, "
    "row_number() OVER (PARTITION BY part ORDER BY shared DESC, wording_id DESC) AS place FROM held), "
    "chosen AS (SELECT wording_id, bool_or(part = 0) AS related, max(shared) FILTER (WHERE part > 0) AS shared "
    "FROM ranked WHERE part = 0 OR place <= %s GROUP BY wording_id) "
    "SELECT id, campaign_id, words, hashed, related, shared FROM chosen JOIN wording ON id = wording_id",
    rows="",
    band="",
    restore="UPDATE wording SET words = %s, hashed = FALSE WHERE id = %s",
    wording="",
    keep="WITH kept AS (INSERT INTO wording (campaign_id, variant_hash, words_hash, words, hashed, created_at) "
    "VALUES (%s, %s, %s, %s, FALSE, %s) RETURNING id), "
    "spread AS (INSERT INTO band (wording_id, band) SELECT kept.id, unnest(%s::bigint[]) FROM kept), "
    "put AS (INSERT INTO occurrence (campaign_id, post_id, wording_id, state, added_at) "
    "SELECT %s, %s, kept.id, 'attached', %s FROM kept ON CONFLICT DO NOTHING) SELECT id FROM kept",
    begin="WITH begun AS (INSERT INTO campaign (id, first_hash, about, created_at) VALUES (%s, %s, %s, %s) "
    "ON CONFLICT DO NOTHING RETURNING id, created_at), "
    "kept AS (INSERT INTO wording (campaign_id, variant_hash, words_hash, words, hashed, created_at) "
    "SELECT id, %s, %s, %s, FALSE, created_at FROM begun RETURNING id, campaign_id, created_at), "
    "spread AS (INSERT INTO band (wording_id, band) SELECT kept.id, unnest(%s::bigint[]) FROM kept), "
    "put AS (INSERT INTO occurrence (campaign_id, post_id, wording_id, state, added_at) "
    "SELECT campaign_id, campaign_id, id, 'attached', created_at FROM kept ON CONFLICT DO NOTHING) "
    "SELECT id FROM kept",
    campaign="",
    occurrence="INSERT INTO occurrence (campaign_id, post_id, wording_id, state, added_at) "
    "VALUES (%s, %s, %s, 'attached', %s) ON CONFLICT DO NOTHING",
)


def _unchanged(value: Any) -> Any:
    return value


def _array(numbers: Iterable[int]) -> str:
    """Numbers as PostgreSQL writes them: the driver takes longer."""
    return f"{{{','.join(map(str, numbers))}}}"


class Looking:
    """Look-ups within one transaction."""

    def __init__(self, session: Session) -> None:
        self._connection = session.connection()
        self._sqlite = self._connection.dialect.name == "sqlite"
        self._texts = _SQLITE if self._sqlite else _POSTGRESQL
        self._time = UtcTime().bind_processor(self._connection.dialect) or _unchanged

    def known(self, variant_hash: bytes, words_hash: bytes) -> tuple[Known | None, Known | None]:
        """The very wording with the very handles; and the first of that wording, with whatever handles."""
        rows = self._connection.exec_driver_sql(self._texts.known, (variant_hash, words_hash)).all()
        found = {row[0]: Known(row[1], row[2], bool(row[3])) for row in rows}
        return found.get(1), found.get(0)

    def near(self, handles: Sequence[int], parts: Sequence[Sequence[int]]) -> tuple[list[Row], list[Row]]:
        """Wordings that share handles, the newest first; and those that share bands with the parts of a wording,
        those that share most first, then the newest.
        """
        if not handles and not parts:
            return [], []
        found = self._near_here(handles, parts) if self._sqlite else self._near_there(handles, parts)
        related = sorted((row for row, by_handle, _ in found if by_handle), key=lambda row: -row.id)
        near = sorted((one for one in found if one[2]), key=lambda one: (one[2], one[0].id), reverse=True)
        return related, [row for row, _, _ in near]

    def _near_there(self, handles: Sequence[int], parts: Sequence[Sequence[int]]) -> list[tuple[Row, bool, int]]:
        """Rows, whether they share a handle, the most bands that they share with a part: counted by the database."""
        every = (handles, *parts)
        numbers = _array(number for number, bands in enumerate(every) for _ in bands)
        bands = _array(band for bands in every for band in bands)
        rows = self._connection.exec_driver_sql(self._texts.near, (numbers, bands, RELATED, NEWEST, MOST))
        # All at once: one by one takes twice as long.
        return [(Row(*row[:4]), row[4], row[5] or 0) for row in rows.all()]

    def _near_here(self, handles: Sequence[int], parts: Sequence[Sequence[int]]) -> list[tuple[Row, bool, int]]:
        """The same, counted here."""
        values = (
            *(NEWEST, json.dumps(sorted({band for bands in parts for band in bands}))),
            *(RELATED, json.dumps(list(handles))),
        )
        rows = self._connection.exec_driver_sql(self._texts.near, values).all()
        held = {band: list(map(int, wordings.split(","))) for band, wordings in rows if wordings}
        related = {wording for band in handles if band in held for wording in held[band]}
        best: dict[int, int] = {}
        for bands in parts:
            counts = Counter([wording for band in bands if band in held for wording in held[band]])
            for shared, wording in nlargest(MOST, [(shared, wording) for wording, shared in counts.items()]):
                best[wording] = max(best.get(wording, 0), shared)
        found = self._connection.exec_driver_sql(self._texts.rows, (json.dumps([*related, *best]),)).all()
        return [(Row(*row), row[0] in related, best.get(row[0], 0)) for row in found]

    def keep(self, new: NewWording, campaign_id: int, post_id: int, at: datetime) -> int:
        """Keeps a wording that was looked for and is not there, lets it be found, and puts its post into a campaign.

        Gives the wording's id.
        """
        time = self._time(at)
        values = (campaign_id, new.variant_hash, new.words_hash, new.sealed, time)
        if not self._sqlite:
            more = (_array(new.bands), campaign_id, post_id, time)
            return self._connection.exec_driver_sql(self._texts.keep, values + more).scalar_one()
        wording = self._connection.exec_driver_sql(self._texts.wording, values).scalar_one()
        self._connection.exec_driver_sql(self._texts.band, (wording, json.dumps(list(new.bands))))
        self.add_occurrence(campaign_id, post_id, wording, at)
        return wording

    def restore_words(self, wording_id: int, sealed: bytes) -> None:
        """Gives hidden words back, when a text has them again."""
        self._connection.exec_driver_sql(self._texts.restore, (sealed, wording_id))

    def begin(self, new: NewWording, post_id: int, at: datetime, *, about: bool) -> int | None:
        """Begins a campaign with a post, and keeps its wording as :meth:`keep` does; None, and nothing was kept, where
        one began with this wording and these handles before.
        """
        values = (post_id, new.variant_hash, about, self._time(at))
        if not self._sqlite:
            more = (new.variant_hash, new.words_hash, new.sealed, _array(new.bands))
            return self._connection.exec_driver_sql(self._texts.begin, values + more).scalar()
        if self._connection.exec_driver_sql(self._texts.campaign, values).first() is None:
            return None
        return self.keep(new, post_id, post_id, at)

    def add_occurrence(self, campaign_id: int, post_id: int, wording_id: int | None, at: datetime) -> None:
        """Puts a post into a campaign."""
        values = (campaign_id, post_id, wording_id, self._time(at))
        self._connection.exec_driver_sql(self._texts.occurrence, values)
