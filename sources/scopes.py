"""Reading several scopes (timelines, communities, boards, channels) of one source: one that fails stops no other."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol, TypeVar

from monitor.clock import Clock
from monitor.errors import AuthError, HandlewatchError, RateLimitedError, UnreachableError
from monitor.net.errors import BadAnswerError, NotTextError, RedirectRefusedError, StatusError, TooLargeError
from monitor.ports import Batch, Coverage, Records, Seen


class Scope(Protocol):
    """One part of what a source reads: its name in the coverage ledger, and the server that it is on."""

    @property
    def scope(self) -> str:
        """Its name in the coverage ledger, unique within the source."""
        ...

    @property
    def server(self) -> str:
        """Where it is read; scopes of one server fail together when that is down."""
        ...


@dataclass(frozen=True, slots=True)
class Place:
    """The plainest scope: `key` is what the platform calls it (a tag, a board, a channel)."""

    scope: str
    server: str
    key: str = ""


_S = TypeVar("_S", bound=Scope)

_OF_ONE_SCOPE: Final = (
    AuthError,
    StatusError,
    BadAnswerError,
    NotTextError,
    TooLargeError,
    RedirectRefusedError,  # Reddit and Telegram send those who ask for a place that is gone to another server.
)
"""Errors that say nothing of the server's other scopes."""


async def each_scope(
    scopes: Sequence[_S],
    read: Callable[[_S], AsyncGenerator[Batch, None]],
    *,
    until: Callable[[_S], datetime | None],
    clock: Clock,
) -> AsyncGenerator[Batch, None]:
    """One poll of every scope.

    A scope that fails is noted in the coverage and does not stop the others; where all fail, the first error is
    raised. The other scopes of a server that is down, or that limits us, are not asked: they would only wait for the
    same failure.

    :param until: up to when a scope was seen already; None for never.
    """
    down: dict[str, HandlewatchError] = {}
    first: HandlewatchError | None = None
    went_well = False
    for scope in scopes:
        error = down.get(scope.server)
        if error is None:
            try:
                async for batch in read(scope):
                    yield batch
                went_well = True
                continue
            except (AuthError, RateLimitedError, UnreachableError) as raised:
                error, first = raised, first or raised
                if not isinstance(raised, _OF_ONE_SCOPE):
                    down[scope.server] = raised
        yield missed(scope.scope, until(scope), error, clock=clock)
    if first is not None and not went_well:
        raise first


def missed(scope: str, until: datetime | None, error: HandlewatchError, *, clock: Clock) -> Batch:
    """A batch that says only that a scope was not seen, and why."""
    state = Seen.RATE_LIMITED if isinstance(error, RateLimitedError) else Seen.FAILED
    if isinstance(error, AuthError):
        state = Seen.OUT_OF_REACH
    now = clock()
    gap = Coverage(scope=scope, start=until or now, end=now, state=state, note=error.brief)
    return Batch(records=Records.of(()), coverage=(gap,))
