"""The look-ups by which a wording finds its like in the store, each one statement, and the rows that it leaves.

These run for every post that hits, so they are plain SQL with a text that never changes: the drivers keep it prepared.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import Any, Final, NamedTuple

from sqlmodel import Session

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


class _Texts(NamedTuple):
    """The statements as one kind of database takes them; `holding` is asked for so many of each band."""

    variant: str
    twin: str
    holding: str
    rows: str
    add: str


# SQLite has no lateral join, and takes lists as JSON.
_SQLITE: Final = _Texts(
    variant="SELECT id, campaign_id FROM wording WHERE variant_hash = ?",
    twin="SELECT id, campaign_id FROM wording WHERE words_hash = ? ORDER BY id LIMIT 1",
    holding="SELECT asked.value, (SELECT group_concat(wording_id) FROM (SELECT wording_id FROM band "
    "WHERE band = asked.value ORDER BY wording_id DESC LIMIT ?)) FROM json_each(?) AS asked",
    rows="SELECT id, campaign_id, words, hashed FROM wording WHERE id IN (SELECT value FROM json_each(?))",
    add="INSERT INTO band (wording_id, band) SELECT ?, value FROM json_each(?)",
)
_POSTGRESQL: Final = _Texts(
    variant="SELECT id, campaign_id FROM wording WHERE variant_hash = %s",
    twin="SELECT id, campaign_id FROM wording WHERE words_hash = %s ORDER BY id LIMIT 1",
    holding="SELECT asked.band, near.wording_id "
    "FROM (SELECT %s::bigint AS most, unnest(%s::bigint[]) AS band) AS asked "
    "CROSS JOIN LATERAL (SELECT wording_id FROM band WHERE band.band = asked.band "
    "ORDER BY wording_id DESC LIMIT asked.most) AS near",
    rows="SELECT id, campaign_id, words, hashed FROM wording WHERE id = ANY(%s)",
    add="INSERT INTO band (wording_id, band) SELECT %s, unnest(%s::bigint[])",
)


class Looking:
    """Look-ups within one transaction."""

    def __init__(self, session: Session) -> None:
        self._connection = session.connection()
        self._sqlite = self._connection.dialect.name == "sqlite"
        self._texts = _SQLITE if self._sqlite else _POSTGRESQL

    def variant(self, variant_hash: bytes) -> tuple[int, int] | None:
        """(wording, campaign) of this very wording with these very handles."""
        return self._first(self._texts.variant, variant_hash)

    def twin(self, words_hash: bytes) -> tuple[int, int] | None:
        """(wording, campaign) of the first of this very wording, with whatever handles."""
        return self._first(self._texts.twin, words_hash)

    def _first(self, statement: str, value: bytes) -> tuple[int, int] | None:
        row = self._connection.exec_driver_sql(statement, (value,)).first()
        return None if row is None else (row[0], row[1])

    def related(self, bands: Sequence[int]) -> list[int]:
        """Wordings that share handles, by the bands of these; the newest first."""
        found = self._holding(bands, RELATED)
        return sorted({wording for wordings in found.values() for wording in wordings}, reverse=True)

    def near(self, parts: Sequence[Sequence[int]]) -> list[int]:
        """Wordings that share bands with the parts of a wording: those that share most first, then the newest."""
        found = self._holding(sorted({band for bands in parts for band in bands}), NEWEST)
        best: Counter[int] = Counter()
        for bands in parts:
            counts = Counter(wording for band in bands for wording in found.get(band, ()))
            for wording in sorted(counts, key=lambda one: (counts[one], one), reverse=True)[:MOST]:
                best[wording] = max(best[wording], counts[wording])
        return sorted(best, key=lambda one: (best[one], one), reverse=True)

    def _holding(self, bands: Sequence[int], most: int) -> dict[int, list[int]]:
        if not bands:
            return {}
        rows = self._connection.exec_driver_sql(self._texts.holding, (most, self._list(bands)))
        found: dict[int, list[int]] = {}
        for band, wordings in rows:
            if self._sqlite:
                found[band] = [int(one) for one in wordings.split(",")] if wordings else []
            else:
                found.setdefault(band, []).append(wordings)
        return found

    def rows(self, wordings: Collection[int]) -> dict[int, Row]:
        """What is kept of wordings, by their ids."""
        if not wordings:
            return {}
        found = self._connection.exec_driver_sql(self._texts.rows, (self._list(wordings),))
        return {row[0]: Row(row[0], row[1], bytes(row[2]), bool(row[3])) for row in found}

    def add_bands(self, wording_id: int, bands: Iterable[int]) -> None:
        """Lets a wording be found by these bands."""
        self._connection.exec_driver_sql(self._texts.add, (wording_id, self._list(bands)))

    def _list(self, numbers: Iterable[int]) -> Any:
        return json.dumps(list(numbers)) if self._sqlite else list(numbers)
