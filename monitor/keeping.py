"""The sink that keeps: runs, leases and batches go to the store. Runs on the store's thread only."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import select

from monitor import coverage
from monitor.errors import RefusedError
from monitor.intake import Committed, Intake, Screened
from monitor.pauses import Pauses
from monitor.ports import Coverage, Cursor
from monitor.store import leases
from monitor.store.database import Store
from monitor.store.tables import CursorRow, Run, SourceRow


class Keeping:
    """Keeps what the sources bring (`monitor.collecting.Sink`).

    :param holder: this process, in the lease rows.
    :param alone: no other monitor works on this database (the run lock of a SQLite file is held).
    :param intake: commits what they bring; None for one that was told nothing.
    :param pauses: remembers when platforms let us ask again; None: nothing is remembered.
    """

    def __init__(
        self, store: Store, *, holder: str, alone: bool, intake: Intake | None = None, pauses: Pauses | None = None
    ) -> None:
        self._store = store
        self._intake = intake or Intake(store)
        self._holder = holder
        self._alone = alone
        self._pauses = pauses
        self._marks: dict[str, str] = {}
        self._held: dict[str, leases.Held] = {}
        self._runs: dict[str, int] = {}

    def register(self, name: str, *, plugin: str, basis: str | None, mark: str = "") -> None:
        """Notes that a source is enabled, and on which basis.

        :param mark: of its options: once they are changed, what the platform asked of the old ones does not hold.
        """
        self._marks[name] = f"source {name} {mark}"
        with self._store.write() as session:
            session.merge(SourceRow(name=name, plugin=plugin, basis=basis, enabled_at=self._store.now()))

    def begin(self, source: str) -> Cursor | None:
        """See `Sink.begin`."""
        if source not in self._held:
            held = leases.acquire(self._store, f"source:{source}", holder=self._holder, alone=self._alone)
            if held is None:
                raise RefusedError(f"Another monitor collects {source!r}.", do="Nothing: it is taken over when free.")
            self._held[source] = held
        with self._store.write() as session:
            for left in session.exec(select(Run).where(Run.source == source, Run.outcome == None)):  # noqa: E711
                # The lease is ours, so whoever began this run is dead.
                left.outcome, left.ended_at = "interrupted", self._store.now()
            run = Run(source=source, started_at=self._store.now())
            session.add(run)
            session.flush()
            if run.id is not None:
                self._runs[source] = run.id
            row = session.get(CursorRow, source)
            return row.value if row else None

    def take(self, source: str, screened: Screened) -> Committed:
        """See `Sink.take`."""
        try:
            return self._intake.commit(screened, source=source, run_id=self._runs[source], lease=self._held[source])
        except RefusedError:
            self._held.pop(source, None)
            raise

    def again(self, source: str) -> datetime | None:
        """When the platform lets a source ask again, as it said before this process started."""
        return self._pauses.until(self._marks[source]) if self._pauses else None

    def end(
        self, source: str, *, outcome: str, error: str | None, missed: Coverage | None, again: datetime | None = None
    ) -> None:
        """See `Sink.end`."""
        if again is not None and self._pauses is not None:
            self._pauses.write(self._marks[source], again)
        with self._store.write() as session:
            run_id = self._runs.pop(source, None)
            run = session.get(Run, run_id)
            if run is not None:
                run.ended_at, run.outcome, run.error = self._store.now(), outcome, error
                session.add(run)
            if missed is not None:
                coverage.enter(session, source, run_id, [missed])

    def beat(self) -> Sequence[str]:
        """Heartbeat of all leases in hand; returns the sources that were lost."""
        lost: list[str] = []
        for source, held in list(self._held.items()):
            try:
                with self._store.write() as session:
                    leases.keep(self._store, session, held)
            except RefusedError:
                lost.append(source)
                del self._held[source]
        return lost

    def close(self) -> None:
        """Gives all leases back."""
        for held in self._held.values():
            leases.release(self._store, held)
        self._held.clear()
