"""The look-ups by which a wording finds its like in the store, each one statement, and the rows that it leaves.

These run for every post that hits, so they are plain SQL with a text that never changes: the drivers keep it prepared.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
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


class _Texts(NamedTuple):
    """The statements as one kind of database takes them."""

    known: str
    holding: str
    rows: str
    band: str
    restore: str
    wording: str
    campaign: str
    occurrence: str


# SQLite has no lateral join, and takes lists as JSON.
_SQLITE: Final = _Texts(
    known="SELECT 1, id, campaign_id, hashed FROM wording WHERE variant_hash = ? UNION ALL "
    "SELECT * FROM (SELECT 0, id, campaign_id, hashed FROM wording WHERE words_hash = ? ORDER BY id LIMIT 1)",
    holding="SELECT asked.value, (SELECT group_concat(wording_id) FROM (SELECT wording_id FROM band "
    "WHERE band = asked.value ORDER BY wording_id DESC LIMIT ?)) FROM json_each(?) AS asked UNION ALL "
    "SELECT asked.value, (SELECT group_concat(wording_id) FROM (SELECT wording_id FROM band "
    "WHERE band = asked.value ORDER BY wording_id DESC LIMIT ?)) FROM json_each(?) AS asked",
    rows="SELECT id, campaign_id, words, hashed FROM wording WHERE id IN (SELECT value FROM json_each(?))",
    band="INSERT INTO band (wording_id, band) SELECT ?, value FROM json_each(?)",
    restore="UPDATE wording SET words = ?, hashed = FALSE WHERE id = ?",
    wording="INSERT INTO wording (campaign_id, variant_hash, words_hash, words, hashed, created_at) "
    "VALUES (?, ?, ?, ?, FALSE, ?) RETURNING id",
    campaign="INSERT INTO campaign (id, first_hash, about, created_at) VALUES (?, ?, ?, ?) "
    "ON CONFLICT DO NOTHING RETURNING id",
    occurrence="INSERT INTO occurrence (campaign_id, post_id, wording_id, state, added_at) "
    "VALUES (?, ?, ?, 'attached', ?) ON CONFLICT DO NOTHING",
)
_POSTGRESQL: Final = _Texts(
    known="SELECT 1, id, campaign_id, hashed FROM wording WHERE variant_hash = %s UNION ALL "
    "(SELECT 0, id, campaign_id, hashed FROM wording WHERE words_hash = %s ORDER BY id LIMIT 1)",
    holding="SELECT asked.band, near.wording_id FROM (SELECT %s::bigint AS most, unnest(%s::bigint[]) AS band "
    "UNION ALL SELECT %s::bigint, unnest(%s::bigint[])) AS asked CROSS JOIN LATERAL (SELECT wording_id FROM band "
    "WHERE band.band = asked.band ORDER BY wording_id DESC LIMIT asked.most) AS near",
    rows="SELECT id, campaign_id, words, hashed FROM wording WHERE id = ANY(%s)",
    band="INSERT INTO band (wording_id, band) SELECT %s, unnest(%s::bigint[])",
    restore="UPDATE wording SET words = %s, hashed = FALSE WHERE id = %s",
    wording="INSERT INTO wording (campaign_id, variant_hash, words_hash, words, hashed, created_at) "
    "VALUES (%s, %s, %s, %s, FALSE, %s) RETURNING id",
    campaign="INSERT INTO campaign (id, first_hash, about, created_at) VALUES (%s, %s, %s, %s) "
    "ON CONFLICT DO NOTHING RETURNING id",
    occurrence="INSERT INTO occurrence (campaign_id, post_id, wording_id, state, added_at) "
    "VALUES (%s, %s, %s, 'attached', %s) ON CONFLICT DO NOTHING",
)


def _unchanged(value: Any) -> Any:
    return value


class Looking:
    """Look-ups within one transaction."""

    def __init__(self, session: Session) -> None:
        self._connection = session.connection()
        self._sqlite = self._connection.dialect.name == "sqlite"
        self._texts = _SQLITE if self._sqlite else _POSTGRESQL
        self._time = UtcTime().bind_processor(self._connection.dialect) or _unchanged

    def known(self, variant_hash: bytes, words_hash: bytes) -> tuple[Known | None, Known | None]:
        """The very wording with the very handles; and the first of that wording, with whatever handles."""
        rows = self._connection.exec_driver_sql(self._texts.known, (variant_hash, words_hash))
        found = {row[0]: Known(row[1], row[2], bool(row[3])) for row in rows}
        return found.get(1), found.get(0)

    def near(self, handles: Sequence[int], parts: Sequence[Sequence[int]]) -> tuple[list[int], list[int]]:
        """Wordings that share handles, the newest first; and those that share bands with the parts of a wording,
        those that share most first, then the newest.
        """
        found = self._holding(handles, {band for bands in parts for band in bands})
        related = sorted({wording for band in handles for wording in found.get(band, ())}, reverse=True)
        best: Counter[int] = Counter()
        for bands in parts:
            counts = Counter(wording for band in bands for wording in found.get(band, ()))
            for wording in sorted(counts, key=lambda one: (counts[one], one), reverse=True)[:MOST]:
                best[wording] = max(best[wording], counts[wording])
        return related, sorted(best, key=lambda one: (best[one], one), reverse=True)

    def _holding(self, handles: Collection[int], bands: Collection[int]) -> dict[int, list[int]]:
        """Wordings by band, the newest first."""
        values = (NEWEST, self._list(bands), RELATED, self._list(handles))
        rows = self._connection.exec_driver_sql(self._texts.holding, values)
        if self._sqlite:
            return {band: [int(one) for one in held.split(",")] for band, held in rows if held}
        found: dict[int, list[int]] = {}
        for band, wording in rows:
            found.setdefault(band, []).append(wording)
        return found

    def rows(self, wordings: Collection[int]) -> dict[int, Row]:
        """What is kept of wordings, by their ids."""
        if not wordings:
            return {}
        found = self._connection.exec_driver_sql(self._texts.rows, (self._list(wordings),))
        return {row[0]: Row(row[0], row[1], bytes(row[2]), bool(row[3])) for row in found}

    def add_wording(self, campaign_id: int, variant_hash: bytes, words_hash: bytes, sealed: bytes, at: datetime) -> int:
        """Keeps a wording that was looked for and is not there; gives its id."""
        values = (campaign_id, variant_hash, words_hash, sealed, self._time(at))
        return self._connection.exec_driver_sql(self._texts.wording, values).scalar_one()

    def restore_words(self, wording_id: int, sealed: bytes) -> None:
        """Gives hidden words back, when a text has them again."""
        self._connection.exec_driver_sql(self._texts.restore, (sealed, wording_id))

    def add_campaign(self, post_id: int, first_hash: bytes, at: datetime, *, about: bool) -> bool:
        """Begins a campaign with a post; False where one began with this wording and these handles before."""
        values = (post_id, first_hash, about, self._time(at))
        return self._connection.exec_driver_sql(self._texts.campaign, values).first() is not None

    def add_occurrence(self, campaign_id: int, post_id: int, wording_id: int | None, at: datetime) -> None:
        """Puts a post into a campaign."""
        values = (campaign_id, post_id, wording_id, self._time(at))
        self._connection.exec_driver_sql(self._texts.occurrence, values)

    def add_bands(self, wording_id: int, bands: Iterable[int]) -> None:
        """Lets a wording be found by these bands."""
        self._connection.exec_driver_sql(self._texts.band, (wording_id, self._list(bands)))

    def _list(self, numbers: Iterable[int]) -> Any:
        return json.dumps(list(numbers)) if self._sqlite else list(numbers)
