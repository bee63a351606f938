"""Walking listings that give the newest first and have no cursor that leads forward.

Most read APIs are of this kind: pages go back in time from now. A walk starts at the newest page and goes back
until it meets what it knows. After every page the cursor says where to go on, so that a walk that is cut off is
taken up again and the interval below it is not lost.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Generic, TypeVar

from monitor.drafts import Draft, version_mark
from monitor.ports import BadRecord, Batch, Coverage, Cursor, Records, Seen, SourceContext
from monitor.post import PostRef
from sources.scopes import Scope, each_scope
from sources.shapes import as_dict, as_id, as_list, as_time

KNOWN_KEPT: Final = 400
"""Ids kept a scope: several pages, so that deletions among them do not hide where we left off."""

_ALONG_KEPT: Final = 1000
_NO_END: Final = 10_000

_S = TypeVar("_S", bound=Scope)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page of a listing, newest first.

    :param older: what leads to the next, older page; None where the listing ends.
    :param ceiling: it ends because the platform shows no more, though older posts may exist.
    :param newest: from a walk's first page: what the next walk may be bounded by (X's `newest_id`, a time).
    :param along: posts that those of the listing bring with them (what they pass on, answers to them): no places in
        the listing, so that they tell nothing of how far it was read.
    :param note: what the coverage ledger should say about it.
    """

    posts: Sequence[Draft]
    along: Sequence[Draft] = ()
    older: str | None = None
    ceiling: bool = False
    newest: str | None = None
    bad: Sequence[BadRecord] = ()
    deleted: Sequence[PostRef] = ()
    note: str = ""


Fetch = Callable[[_S, str | None, str | None], Awaitable[Page]]
"""Reads a page of a scope: (scope, `Page.older` of the page above or None, `Page.newest` of the last finished walk)."""


@dataclass(slots=True)
class _Walk:
    """A walk under way: begun at `begun`; what is above `at` was read; `start` is where the last one began."""

    begun: datetime
    at: datetime
    start: datetime | None
    older: str | None = None
    newest: str | None = None
    gathered: dict[str, str] = field(default_factory=dict[str, str])
    pages_left: int = 1
    first: bool = False


@dataclass(slots=True)
class _State:
    """What is known of a scope: ids (newest first) with a mark of their version, and up to when it was seen."""

    known: dict[str, str] = field(default_factory=dict[str, str])
    along: dict[str, str] = field(default_factory=dict[str, str])
    until: datetime | None = None
    newest_at: datetime | None = None
    bound: str | None = None
    walk: _Walk | None = None

    @classmethod
    def load(cls, stored: object) -> _State:
        values, walk = as_dict(stored), as_dict(as_dict(stored).get("walk"))
        state = cls(
            known=_pairs(values.get("known")),
            along=_pairs(values.get("along")),
            until=as_time(values.get("until")),
            newest_at=as_time(values.get("newest_at")),
            bound=as_id(values.get("bound")),
        )
        if (at := as_time(walk.get("at"))) is not None:
            pages = walk.get("pages_left")
            state.walk = _Walk(
                begun=as_time(walk.get("begun")) or at,
                at=at,
                start=as_time(walk.get("start")),
                older=as_id(walk.get("older")),
                newest=as_id(walk.get("newest")),
                gathered=_pairs(walk.get("gathered")),
                pages_left=pages if isinstance(pages, int) else 1,
                first=walk.get("first") is True,
            )
        return state

    def dump(self) -> dict[str, Any]:
        walk = self.walk
        return {
            "known": list(self.known.items()),
            "along": list(self.along.items()),
            "until": _iso(self.until),
            "newest_at": _iso(self.newest_at),
            "bound": self.bound,
            "walk": walk
            and {
                "begun": _iso(walk.begun),
                "at": _iso(walk.at),
                "start": _iso(walk.start),
                "older": walk.older,
                "newest": walk.newest,
                "gathered": list(walk.gathered.items()),
                "pages_left": walk.pages_left,
                "first": walk.first,
            },
        }

    def finish(self, walk: _Walk) -> None:
        """A walk has met what was known, or the listing's end."""
        merged = walk.gathered | {key: mark for key, mark in self.known.items() if key not in walk.gathered}
        self.known = dict(list(merged.items())[:KNOWN_KEPT])
        self.until, self.bound, self.walk = walk.begun, walk.newest or self.bound, None


def _pairs(value: object) -> dict[str, str]:
    return {str(key): str(mark) for key, mark in (pair for pair in as_list(value) if len(as_list(pair)) == 2)}


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How far walks go: pages of the very first, most pages of later ones, and how much is looked at again."""

    first_pages: int = 1
    max_pages: int = 50
    overlap: timedelta = timedelta(minutes=10)


class Walker(Generic[_S]):
    """Polls scopes of the newest-first kind. A source makes one and hands its `collect` on.

    A post that is known in the same version is left out; in another version it is given again.
    """

    def __init__(self, context: SourceContext, scopes: Sequence[_S], fetch: Fetch[_S], bounds: Bounds) -> None:
        self._context, self._scopes, self._fetch, self._bounds = context, scopes, fetch, bounds
        self._states: dict[str, _State] = {}
        self._given: dict[str, str] = {}

    async def collect(self, cursor: Cursor | None) -> AsyncGenerator[Batch, None]:
        """One poll of every scope; see `Source.collect`."""
        stored = as_dict((cursor or {}).get("scopes"))
        self._states = {scope.scope: _State.load(stored.get(scope.scope)) for scope in self._scopes}
        self._given = {}
        reading = each_scope(
            self._scopes, self._read, until=lambda scope: self._states[scope.scope].until, clock=self._context.clock
        )
        async for batch in reading:
            yield batch

    def cursor(self) -> Mapping[str, Any]:
        """Where to go on, of all scopes."""
        return {"scopes": {name: state.dump() for name, state in self._states.items()}}

    async def _read(self, scope: _S) -> AsyncGenerator[Batch, None]:
        state = self._states[scope.scope]
        if state.walk is not None:  # cut off: the rest of it first, its anchor gets older
            async for batch in self._go(scope, state, state.walk):
                yield batch
        async for batch in self._go(scope, state, self._begin(state)):
            yield batch

    def _begin(self, state: _State) -> _Walk:
        context, first = self._context, state.until is None
        no_end = context.limit is not None or context.loopback
        wanted = context.pages or (_NO_END if no_end else self._bounds.first_pages)
        pages = wanted if first else max(self._bounds.max_pages, context.pages or 0)
        now = context.clock()
        return _Walk(begun=now, at=now, start=state.until, pages_left=pages, first=first)

    async def _go(self, scope: _S, state: _State, walk: _Walk) -> AsyncGenerator[Batch, None]:
        floor = state.newest_at and state.newest_at - self._bounds.overlap
        newest_at, count, above = state.newest_at, 0, frozenset[str]()
        while True:
            page = await self._fetch(scope, walk.older, state.bound)
            fresh = self._fresh(page, state, walk)
            count += len(fresh)
            times = [post.created_at for post in page.posts if post.created_at is not None]
            newest_at = max(filter(None, (newest_at, *times)), default=None)
            walk.newest = walk.newest or page.newest
            walk.pages_left -= 1
            met = not walk.first and _met(page, state, floor)
            held = frozenset([*(post.id for post in page.posts), *(bad.where for bad in page.bad)])
            # A server that ignores where we are gives the same page for ever.
            ended = page.older is None or page.older == walk.older or (bool(held) and held <= above)
            above = held
            enough = walk.first and self._context.limit is not None and count >= self._context.limit
            done = met or ended or enough or walk.pages_left <= 0
            # A first poll that was cut off says nothing of what is older.
            whole = done and (ended or not walk.first)
            start = walk.start if whole else min([*times, walk.at])
            short = (ended and page.ceiling) or (not ended and not walk.first)
            coverage = self._seen(scope, walk, page, len(fresh), start=start, lost=done and not met and short)
            walk.older, walk.at = page.older, start or walk.at
            if done:
                state.finish(walk)
                state.newest_at = min(newest_at, walk.begun) if newest_at else None
            else:
                state.walk = walk
            yield Batch(
                records=Records.of(fresh),
                cursor=self.cursor(),
                coverage=coverage,
                bad=page.bad,
                deleted=page.deleted,
            )
            if done:
                return

    def _fresh(self, page: Page, state: _State, walk: _Walk) -> list[Draft]:
        fresh: list[Draft] = []
        for post in page.posts:
            mark = version_mark(post)
            known = (walk.gathered, state.known, state.along, self._given)
            if all(marks.get(post.id) != mark for marks in known):
                fresh.append(post)
            if len(walk.gathered) < KNOWN_KEPT or post.id in walk.gathered:
                walk.gathered[post.id] = mark
            self._given[post.id] = mark
        return [*fresh, *self._fresh_along(page, state, walk)]

    def _fresh_along(self, page: Page, state: _State, walk: _Walk) -> Iterator[Draft]:
        """Those that are not known from a listing, where they stand in full, nor in this version."""
        for post in page.along:
            if post.id in walk.gathered or post.id in state.known:
                continue
            mark = version_mark(post)
            if mark not in {state.along.get(post.id), self._given.get(post.id)}:
                yield post
            state.along.pop(post.id, None)
            state.along[post.id] = self._given[post.id] = mark
        while len(state.along) > _ALONG_KEPT:
            del state.along[next(iter(state.along))]

    def _seen(
        self, scope: _S, walk: _Walk, page: Page, posts: int, *, start: datetime | None, lost: bool
    ) -> Sequence[Coverage]:
        times = [post.created_at for post in page.posts if post.created_at is not None]
        read_to = min([*times, walk.at]) if lost else start
        seen = Coverage(scope=scope.scope, start=read_to, end=walk.at, state=Seen.SEEN, posts=posts, note=page.note)
        if not lost or (walk.start is not None and read_to is not None and read_to <= walk.start):
            return (seen,)
        why = "more was posted than the platform shows" if page.ceiling else "more was posted than could be read"
        gap = Coverage(scope=scope.scope, start=walk.start, end=read_to or walk.at, state=Seen.OUT_OF_REACH, note=why)
        return (seen, gap)


def _met(page: Page, state: _State, floor: datetime | None) -> bool:
    """Whether a page reaches down to what is known.

    By its last post: pinned posts stand above newer ones, and one that a moderator let through late among older ones.
    """
    if not page.posts:
        return page.older is None and not page.ceiling
    last = page.posts[-1]
    return last.id in state.known or (floor is not None and last.created_at is not None and last.created_at < floor)
