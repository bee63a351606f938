"""Where a timeline was left off: the ids to pass back, and what was seen since, so that re-reading repeats nothing.

Ids are opaque and local to a server; they are never compared, only passed back. A server may file a late post
under an older id (Mastodon derives ids of remote posts from their time; snac's are unordered within a second):
reading therefore goes on from a post that is at least `overlap` older than the newest one seen, and what was
seen already is left out by its uri.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple, cast

from sources.shapes import as_time

MOST_ENTRIES: Final = 400
"""At most so many statuses are remembered of a timeline: a cursor is committed with every batch."""


class Entry(NamedTuple):
    """One status seen: its local id, when it was made, a short hash of its uri, and when it was edited."""

    id: str
    at: datetime
    mark: str
    edited: str


@dataclass(slots=True)
class TimelineState:
    """One timeline of one server.

    :param until: up to here the coverage ledger has been told.
    :param full: the longest page that the server gave, which tells a last page from one that it cut short.
    :param back: where the first poll's way backwards goes on, if it is not yet at its end.
    :param back_at: how far back it has come.
    :param back_pages: how many pages of it are left.
    """

    entries: list[Entry] = field(default_factory=list[Entry])
    until: datetime | None = None
    full: int = 0
    back: str | None = None
    back_at: datetime | None = None
    back_pages: int = 0

    @classmethod
    def load(cls, value: object) -> TimelineState:
        """From a cursor; a damaged one starts anew."""
        if not isinstance(value, dict):
            return cls()
        stored = cast("Mapping[str, Any]", value)
        state = cls(
            until=as_time(stored.get("until")),
            full=int(stored.get("full") or 0),
            back=stored.get("back"),
            back_at=as_time(stored.get("back_at")),
            back_pages=int(stored.get("back_pages") or 0),
        )
        for entry in cast("list[list[str]]", stored.get("entries") or []):
            if (at := as_time(entry[1])) is not None:
                state.entries.append(Entry(entry[0], at, entry[2], entry[3]))
        return state

    def dump(self) -> dict[str, Any]:
        """As part of a cursor."""
        dumped: dict[str, Any] = {
            "entries": [[entry.id, entry.at.isoformat(), entry.mark, entry.edited] for entry in self.entries],
            "until": self.until.isoformat() if self.until else None,
            "full": self.full,
        }
        if self.back is not None:
            dumped["back"], dumped["back_pages"] = self.back, self.back_pages
            dumped["back_at"] = self.back_at.isoformat() if self.back_at else None
        return dumped

    def marks(self) -> dict[str, str]:
        """What was seen, as mark -> when it was edited ("" for never)."""
        return {entry.mark: entry.edited for entry in self.entries}

    def anchors(self, overlap: timedelta) -> list[str]:
        """Ids to go on from, best first: the newest that is `overlap` older than the newest of all, else the
        oldest known; then the others, newest first, in case the first was deleted.
        """
        if not self.entries:
            return []
        newest = max(entry.at for entry in self.entries)
        old = [entry for entry in self.entries if entry.at <= newest - overlap]
        best = max(old, key=lambda entry: entry.at) if old else self.entries[0]
        return list(dict.fromkeys([best.id, *(entry.id for entry in reversed(self.entries))]))

    def remember(self, entries: Iterable[Entry], *, overlap: timedelta) -> None:
        """Adds statuses (oldest first), and forgets those that no re-reading can meet again."""
        known = {entry.mark: entry for entry in self.entries}
        known.update({entry.mark: entry for entry in entries})
        everything = list(known.values())
        if not everything:
            return
        cutoff = max(entry.at for entry in everything) - overlap
        old = [entry for entry in everything if entry.at <= cutoff]
        anchor = max(old, key=lambda entry: entry.at) if old else None
        kept = [entry for entry in everything if entry.at > cutoff or entry is anchor]
        self.entries = kept[-MOST_ENTRIES:]


def mark(uri: str) -> str:
    """A short name for a uri: no two of a timeline's last few hundred will share one."""
    return hashlib.blake2b(uri.encode(), digest_size=9).hexdigest()
