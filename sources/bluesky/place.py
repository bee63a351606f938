"""Where in a stream we are: what to ask for after a restart, and which events came before.

Jetstream's version 2 resumes at a sequence number, inclusively; version 1 at a time in microseconds, inclusively. Both
are of one server: on another one, whose clock saw the same events at other times, we go back a little. The network's
own stream resumes after a sequence number; another server's are of no use.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from monitor.ports import Cursor
from sources.bluesky.events import Commit, Event
from sources.bluesky.options import Wire

REWIND_US: Final = 5_000_000


@dataclass(slots=True)
class Place:
    """Where we are in the stream.

    :param server: whose sequence numbers and times these are.
    :param seq: the last event's number (version 2); `time_us`: its time on that server, 0 at the very start.
    :param here: keys of version-1 events at exactly `time_us`: they come again.
    :param by_time: resume at the time, not at the number.
    :param skipped_from: where a gap began that the next event will close.
    """

    server: str = ""
    seq: int | None = None
    time_us: int = 0
    here: list[str] = field(default_factory=list[str])
    by_time: bool = False
    skipped_from: int | None = None

    @classmethod
    def load(cls, cursor: Cursor | None) -> Place:
        """From a cursor."""
        stored = cursor or {}
        return cls(
            server=str(stored.get("server") or ""),
            seq=stored.get("seq"),
            time_us=int(stored.get("time_us") or 0),
            here=list(stored.get("here") or ()),
        )

    def dump(self) -> Cursor:
        """As a cursor."""
        return {"server": self.server, "seq": self.seq, "time_us": self.time_us, "here": self.here}

    def resume_at(self, server: str, wire: Wire) -> int | None:
        """The cursor to ask for; None at the very start, and where the stream can only go on at its live end."""
        if not self.time_us:
            return None
        if wire == "repos":
            return self.seq if server == self.server and not self.by_time else None
        if server != self.server:
            return self.time_us - REWIND_US
        if wire == "v2" and self.seq is not None and not self.by_time:
            return self.seq
        return self.time_us

    def passes(self, event: Event, *, same_server: bool) -> bool:
        """Moves to an event; False where it was seen before."""
        if same_server and self.time_us:
            if event.seq is not None and self.seq is not None:
                if event.seq <= self.seq:
                    return False
            elif event.time_us < self.time_us or (event.time_us == self.time_us and _key(event) in self.here):
                return False
        if event.time_us != self.time_us:
            self.here = []
        if event.seq is None:
            self.here.append(_key(event))
        self.seq, self.time_us = event.seq, event.time_us
        return True


def _key(event: Event) -> str:
    return f"{event.did}/{event.rkey}/{event.operation}" if isinstance(event, Commit) else type(event).__name__
