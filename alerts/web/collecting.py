"""What collectors saw and what they missed, for the banner and the coverage page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple, cast

from sqlmodel import col, func, select

from alerts.masking import masked_scope
from monitor import coverage as ledger
from monitor import volume
from monitor.ports import Seen
from monitor.settings import Settings
from monitor.store.database import Store
from monitor.store.tables import Coverage, SourceRow

SHOWN_DAYS = 7
_BANNER = timedelta(hours=24)
_PATIENCE = timedelta(minutes=15)
"""A configured source that saw nothing for this long (or three of its polls) is called late."""
_FRESH = timedelta(seconds=5)
_MOST_SHOWN = 200


class _Row(NamedTuple):
    """One scope in the ledger. `until`: when it was last seen; `tried`: when there was last word of it."""

    source: str
    scope: str
    until: datetime | None
    tried: datetime
    posts: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeSeen:
    """One timeline, stream or file of a source. `expected`: it should go on; `late`: and it did not."""

    source: str
    scope: str
    seen_until: datetime | None
    posts: int
    expected: bool
    late: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Missed:
    """An interval that was not seen, and why."""

    source: str
    scope: str
    why: str
    start: datetime | None
    end: datetime
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Collecting:
    """The state of collection. `last`: when anything was last collected."""

    scopes: Sequence[ScopeSeen]
    missed: Sequence[Missed]
    recent: Sequence[Missed]
    last: datetime | None
    idle: Sequence[str]
    """Configured sources that never saw anything."""
    alarms: Sequence[volume.Alarm] = ()

    @property
    def late(self) -> list[ScopeSeen]:
        """What should have been seen and was not."""
        return [scope for scope in self.scopes if scope.late]

    @property
    def trouble(self) -> bool:
        """Whether an empty queue must not be read as "nothing there"."""
        return bool(self.late or self.recent or self.idle or self.alarms)


class Collectors:
    """Reads the coverage ledger. Names of tags are masked: they may be coded terms."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._settings = settings
        self._fresh: tuple[datetime, Collecting] | None = None

    def state(self) -> Collecting:
        """How collection stands; read anew after some seconds, since the ledger grows long."""
        now = self._store.now()
        if self._fresh is None or now - self._fresh[0] > _FRESH:
            self._fresh = (now, self._read(now))
        return self._fresh[1]

    def _read(self, now: datetime) -> Collecting:
        seen = func.max(Coverage.ended_at).filter(col(Coverage.state) == Seen.SEEN)
        tried = func.max(Coverage.ended_at)
        with self._store.read() as session:
            asked = cast("Any", select)(Coverage.source, Coverage.scope, seen, tried, func.sum(Coverage.posts))
            found = cast("Any", session).exec(asked.group_by(Coverage.source, Coverage.scope)).all()
            rows = sorted((_Row(*one) for one in found), key=lambda row: (row.source, row.scope))
            known = set(session.exec(select(SourceRow.name)).all())
        newest: dict[str, datetime] = {}
        for row in rows:
            if row.until is not None:
                newest[row.source] = max(row.until, newest.get(row.source, row.until))
        # A source as a whole is shown only where none of its scopes is known.
        named = {row.source for row in rows if row.scope != ledger.WHOLE_SOURCE}
        shown = [row for row in rows if row.scope != ledger.WHOLE_SOURCE or row.source not in named]
        scopes = [self._scope(row, newest.get(row.source), now) for row in shown]
        gaps = ledger.gaps(self._store, since=now - timedelta(days=SHOWN_DAYS))
        missed = [self._missed(gap) for gap in gaps[:_MOST_SHOWN]]
        return Collecting(
            scopes=scopes,
            missed=missed,
            recent=[gap for gap in missed if gap.end > now - _BANNER],
            last=max((scope.seen_until for scope in scopes if scope.seen_until), default=None),
            idle=sorted(self._expected() & known - {scope.source for scope in scopes}),
            alarms=volume.alarms(self._store),
        )

    def _expected(self) -> set[str]:
        return {name for name, source in self._settings.sources.items() if source.enabled}

    def _scope(self, row: _Row, newest: datetime | None, now: datetime) -> ScopeSeen:
        """`newest`: when any scope of its source was last seen."""
        section, until = self._settings.sources.get(row.source), row.until
        # An archive is read once: only what is meant to go on can be late.
        expected = section is not None and section.enabled and section.plugin != "archive"
        patience = max(_PATIENCE, timedelta(seconds=3 * section.every)) if section else _PATIENCE
        if newest is not None and newest - row.tried > patience:
            expected = False  # its source goes on without it: taken out of the options, most likely
        return ScopeSeen(
            source=row.source,
            scope=self._masked(row.scope),
            seen_until=until,
            posts=int(row.posts or 0),
            expected=expected,
            late=expected and (until is None or now - until > patience),
        )

    def _missed(self, gap: ledger.Gap) -> Missed:
        return Missed(
            source=gap.source,
            scope=self._masked(gap.scope),
            why=gap.state.replace("_", " "),
            start=gap.started_at,
            end=gap.ended_at,
            note=self._masked(gap.note),
        )

    def _masked(self, text: str) -> str:
        return masked_scope(text, self._store.keyring)
