"""Reading listings forwards from where one left off, with a token (Discord's `after`, Matrix's `from`).

The very first poll goes back from the newest, as far as wanted; later ones go forwards, so that nothing is lost
however long we were away, while the platform keeps it. After every page the cursor says where to go on, in both
directions.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Generic, Protocol, TypeVar

from monitor.drafts import Draft, version_mark
from monitor.ports import BadRecord, Batch, Coverage, Cursor, Records, Seen, SourceContext
from monitor.post import PostRef
from sources.scopes import Scope, each_scope
from sources.shapes import as_dict, as_id, as_list, as_time

KNOWN_KEPT: Final = 50
"""Posts of a scope whose version is remembered: those that are looked at again."""

_NO_END: Final = 10_000

_S = TypeVar("_S", bound=Scope)
_S_contra = TypeVar("_S_contra", bound=Scope, contravariant=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """What one call gave.

    :param posts: oldest first.
    :param times: when they were made; those of the oldest and the newest will do.
    :param older: read backwards: leads to what is older; None at the beginning of the listing.
    :param newer: where to go on from after this, forwards; None leaves it where it is.
    :param more: read forwards: there may be more already.
    :param unseen: we are not shown what is there; `note` says why.
    """

    posts: Sequence[Draft]
    times: Sequence[datetime]
    older: str | None = None
    newer: str | None = None
    more: bool = False
    bad: Sequence[BadRecord] = ()
    deleted: Sequence[PostRef] = ()
    note: str = ""
    unseen: bool = False


class Reads(Protocol[_S_contra]):
    """What a source must be able to read."""

    async def back(self, scope: _S_contra, older: str | None) -> Leg:
        """The newest page (`older` None), or the one that `Leg.older` led to."""
        ...

    async def forth(self, scope: _S_contra, after: str) -> Leg:
        """What came after a place (`Leg.newer`, or with `look_back` a post's id)."""
        ...


@dataclass(slots=True)
class _State:
    """What is known of a scope. `back...`: where a first walk that is not finished goes on.

    `behind`: the last poll did not get to the end; nothing is looked at again before the next one does.
    """

    after: str | None = None
    behind: bool = False
    until: datetime | None = None
    known: dict[str, str] = field(default_factory=dict[str, str])
    back: str | None = None
    back_at: datetime | None = None
    back_pages: int = 0

    @classmethod
    def load(cls, stored: object) -> _State:
        values = as_dict(stored)
        pages = values.get("back_pages")
        pairs = [pair for pair in as_list(values.get("known")) if len(as_list(pair)) == 2]
        return cls(
            after=as_id(values.get("after")),
            behind=values.get("behind") is True,
            until=as_time(values.get("until")),
            known={str(name): str(mark) for name, mark in pairs},
            back=as_id(values.get("back")),
            back_at=as_time(values.get("back_at")),
            back_pages=pages if isinstance(pages, int) else 0,
        )

    def dump(self) -> dict[str, Any]:
        return {
            "after": self.after,
            "behind": self.behind,
            "until": self.until and self.until.isoformat(),
            "known": list(self.known.items()),
            "back": self.back,
            "back_at": self.back_at and self.back_at.isoformat(),
            "back_pages": self.back_pages,
        }

    def fresh(self, posts: Sequence[Draft]) -> list[Draft]:
        """The posts that are not known in this version; they are remembered, newest last."""
        found: list[Draft] = []
        for post in posts:
            mark = version_mark(post)
            if self.known.get(post.id) != mark:
                found.append(post)
            self.known[post.id] = mark
        while len(self.known) > KNOWN_KEPT:
            del self.known[next(iter(self.known))]
        return found


class Forward(Generic[_S]):
    """Polls scopes that can be read forwards. A source makes one and hands its `collect` on.

    :param look_back: read the last posts again at every poll, to see what was edited; posts' ids must then be
        places that can be read from.
    """

    def __init__(
        self,
        context: SourceContext,
        scopes: Sequence[_S],
        reads: Reads[_S],
        *,
        first_pages: int,
        max_pages: int,
        look_back: bool = False,
    ) -> None:
        self._context, self._scopes, self._reads = context, scopes, reads
        self._first_pages, self._max_pages, self._look_back = first_pages, max_pages, look_back
        self._states: dict[str, _State] = {}

    async def collect(self, cursor: Cursor | None) -> AsyncGenerator[Batch, None]:
        """One poll of every scope; see `Source.collect`."""
        stored = as_dict((cursor or {}).get("scopes"))
        self._states = {scope.scope: _State.load(stored.get(scope.scope)) for scope in self._scopes}
        reading = each_scope(
            self._scopes, self._read, until=lambda scope: self._states[scope.scope].until, clock=self._context.clock
        )
        async for batch in reading:
            yield batch

    async def _read(self, scope: _S) -> AsyncGenerator[Batch, None]:
        state = self._states[scope.scope]
        anew = state.after is None
        if anew or state.back is not None:
            async for batch in self._backwards(scope, state):
                yield batch
        if not anew:
            async for batch in self._forwards(scope, state):
                yield batch

    async def _backwards(self, scope: _S, state: _State) -> AsyncGenerator[Batch, None]:
        context, started, count = self._context, self._context.clock(), 0
        if state.back is None:
            no_end = context.limit is not None or context.loopback
            state.back_pages = context.pages or (_NO_END if no_end else self._first_pages)
            state.back_at = started
        while True:
            asked, at = state.back, state.back_at or started
            leg = await self._reads.back(scope, asked)
            posts = leg.posts
            if asked is None:
                posts = state.fresh(leg.posts)
                state.after, state.until = leg.newer, started
            count += len(posts)
            state.back_pages -= 1
            ended = leg.older in {None, asked}
            done = ended or state.back_pages <= 0 or (context.limit is not None and count >= context.limit)
            start = None if ended else min([at, *leg.times])
            state.back, state.back_at = (None, None) if done else (leg.older, start)
            yield self._batch(scope, leg, posts, start, at)
            if done:
                return

    async def _forwards(self, scope: _S, state: _State) -> AsyncGenerator[Batch, None]:
        started = self._context.clock()
        again = next(iter(state.known), None) if self._look_back and not state.behind else None
        after = again or state.after
        for _ in range(self._max_pages):
            if after is None:
                return
            leg = await self._reads.forth(scope, after)
            posts = state.fresh(leg.posts)
            more = leg.more and leg.newer not in {None, after}
            start = state.until
            end = min(started, max([*leg.times, start or started])) if more else started
            state.after, state.behind, state.until, after = leg.newer or state.after, more, end, leg.newer
            yield self._batch(scope, leg, posts, start, end)
            if not more:
                return

    def _batch(self, scope: _S, leg: Leg, posts: Sequence[Draft], start: datetime | None, end: datetime) -> Batch:
        seen = Seen.OUT_OF_REACH if leg.unseen else Seen.SEEN
        covered = Coverage(scope=scope.scope, start=start, end=end, state=seen, posts=len(posts), note=leg.note)
        return Batch(
            records=Records.of(posts),
            cursor={"scopes": {name: state.dump() for name, state in self._states.items()}},
            coverage=(covered,),
            bad=leg.bad,
            deleted=leg.deleted,
        )
