"""Mastodon-compatible servers: posts as they are made, from their streams of public timelines and tags.

A stream tells nothing of the past: whenever one was opened, its timeline is first read forwards from where it was
left off. Where a server has no streams, timelines are read alone. Only ever reads.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from monitor.drafts import Draft
from monitor.errors import AuthError, HandlewatchError, RateLimitedError, UnreachableError
from monitor.net.bodies import TextType
from monitor.net.endless import open_lines
from monitor.net.http import get
from monitor.ports import (
    BadRecord,
    Batch,
    Coverage,
    Cursor,
    Finding,
    Known,
    Pace,
    Recheck,
    Records,
    Seen,
    SourceContext,
    SourcePlugin,
)
from monitor.post import Post, PostRef
from sources.findings import failure
from sources.mastodon.doctor import Doctor
from sources.mastodon.options import MastodonStreamOptions
from sources.mastodon.pages import Page, PageReader, Taken, Timeline, take
from sources.mastodon.standing import Standings
from sources.mastodon.statuses import PLATFORM, host
from sources.mastodon.streaming import Broken, Connected, Done, Event, Follower, Happening, Poll, stream_address
from sources.mastodon.timelines import Timelines, dumped
from sources.scopes import missed
from sources.shapes import as_list, parsed
from sources.terms import load_terms

_QUEUE: Final = 1000
_GIVEN_KEPT: Final = 5000
_NAMES_KEPT: Final = 5000
_NAMES_STORED: Final = 200
_STATUSES: Final = frozenset({"update", "status.update"})

_Told = tuple[Timeline, Happening]


class _Place:
    """Where the streams are: what was seen of each timeline, and by which ids servers call the last posts."""

    def __init__(self, timelines: Timelines, cursor: Cursor | None) -> None:
        self.states = timelines.states(cursor)
        stored = [as_list(one) for one in as_list((cursor or {}).get("names"))]
        self.names = {(one[0], one[1]): one[2] for one in stored if len(one) == 3}
        # What several timelines show is handed over once, after a restart, too.
        self.given = {entry.mark: entry.edited for state in self.states.values() for entry in state.entries}
        self.open: set[str] = set()
        self.down: dict[str, HandlewatchError] = {}
        timelines.on_names = self.name

    def name(self, server: str, names: Mapping[str, str]) -> None:
        """Remembers local ids: a deletion tells nothing else."""
        self.names |= {(server, local): uri for local, uri in names.items()}

    def cursor(self) -> dict[str, Any]:
        """As it is stored; forgets what is old."""
        for kept, most in ((self.given, _GIVEN_KEPT), (self.names, _NAMES_KEPT)):
            for key in [*kept][: max(0, len(kept) - most)]:
                del kept[key]  # pyright: ignore[reportArgumentType]
        names = [[*key, uri] for key, uri in [*self.names.items()][-_NAMES_STORED:]]
        return {**dumped(self.states), "names": names}


class MastodonStreamSource:
    """See the module. Made by :data:`STREAM`."""

    def __init__(self, options: MastodonStreamOptions, context: SourceContext) -> None:
        self._options, self._context = options, context
        token = options.access_token.get_secret_value() if options.access_token else None
        self._reader = PageReader(context, token=token, named=options.addresses)
        self._timelines = Timelines(options, context, self._reader)
        self._standings = Standings(options, context, self._reader)
        self._overlap = timedelta(seconds=options.overlap_seconds)
        quick = context.loopback or context.limit is not None
        self._batch_seconds = min(options.batch_seconds, 0.2) if quick else options.batch_seconds
        self._batch_posts = min(options.batch_posts, context.limit or options.batch_posts)

    async def collect(self, cursor: Cursor | None) -> AsyncGenerator[Batch, None]:
        """Batches until cancelled; a trial ends when all streams did.

        A stream that breaks is noted in the coverage and does not stop the others; where all are down, the first
        error is raised.
        """
        place = _Place(self._timelines, cursor)
        queue: asyncio.Queue[_Told] = asyncio.Queue(_QUEUE)
        lines = self._timelines.places
        followers = [
            Follower(line, queue, options=self._options, context=self._context, reader=self._reader) for line in lines
        ]
        tasks = [asyncio.ensure_future(follower.follow()) for follower in followers]
        try:
            async with aclosing(self._batches(queue, place, {line.scope for line in lines})) as batches:
                async for batch in batches:
                    yield batch
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)

    async def _batches(self, queue: asyncio.Queue[_Told], place: _Place, live: set[str]) -> AsyncGenerator[Batch, None]:
        while live:
            some = await self._gather(queue)
            events = list[tuple[Timeline, Event]]()
            for line, happening in some:
                if isinstance(happening, Event):
                    events.append((line, happening))
                    continue
                if events:
                    yield self._taken(events, place)
                    events = []
                if isinstance(happening, Done):
                    live.discard(line.scope)
                    continue
                async with aclosing(self._met(line, happening, place)) as batches:
                    async for batch in batches:
                        yield batch
            if events or not some:
                yield self._taken(events, place)
            if live and live <= place.down.keys():
                raise next(iter(place.down.values()))

    async def _gather(self, queue: asyncio.Queue[_Told]) -> list[_Told]:
        """What goes into one batch; none where nothing came for `quiet_seconds`."""
        some = list[_Told]()
        try:
            async with asyncio.timeout(self._options.quiet_seconds):
                some.append(await queue.get())
            async with asyncio.timeout(self._batch_seconds):
                # What is no event changes what is connected, and is not waited with.
                while len(some) < self._batch_posts and isinstance(some[-1][1], Event):
                    some.append(await queue.get())
        except TimeoutError:
            pass
        return some

    async def _met(self, line: Timeline, happening: Happening, place: _Place) -> AsyncGenerator[Batch, None]:
        """What follows from a stream that was opened or broke, or of which there is none."""
        if isinstance(happening, Broken):
            place.open.discard(line.scope)
            if happening.last:
                place.down[line.scope] = happening.error
            yield missed(line.scope, place.states[line.scope].until, happening.error, clock=self._context.clock)
            return
        error: HandlewatchError | None = None
        try:
            async with aclosing(self._timelines.read(line, place.states, place.given)) as batches:
                async for batch in batches:
                    yield _noted(replace(batch, cursor=place.cursor()), happening)
        except (AuthError, RateLimitedError, UnreachableError) as raised:
            error = raised
        if isinstance(happening, Connected):
            happening.answer(error)  # an error breaks the connection off: nothing is taken from it before
        elif error is not None:
            if isinstance(error, AuthError):
                place.down[line.scope] = error
            yield missed(line.scope, place.states[line.scope].until, error, clock=self._context.clock)
        if error is None:
            place.down.pop(line.scope, None)
            place.open |= {line.scope} if isinstance(happening, Connected) else set()

    def _taken(self, events: Sequence[tuple[Timeline, Event]], place: _Place) -> Batch:
        """The events of one batch, in their order; with none, that nothing came."""
        posts, bad, deleted = list[Draft](), list[BadRecord](), list[PostRef]()
        counts = dict.fromkeys(place.open, 0)
        now = self._context.clock()
        for line, event in events:
            if event.name == "delete":
                uri = place.names.get((line.server, event.data.decode("utf-8", "replace").strip().strip('"')))
                deleted += [PostRef(PLATFORM, uri)] if uri else []
            elif event.name in _STATUSES:
                taken = self._status(line, event, place, now)
                posts += taken.posts
                bad += taken.bad
                counts[line.scope] = counts.get(line.scope, 0) + len(taken.posts)
        coverage = [self._seen(scope, count, place, now) for scope, count in counts.items()]
        deleted = list(dict.fromkeys(deleted))
        return Batch(records=Records.of(posts), cursor=place.cursor(), coverage=coverage, deleted=deleted, bad=bad)

    def _status(self, line: Timeline, event: Event, place: _Place, now: datetime) -> Taken:
        status = parsed(event.data)
        if not status:
            return Taken(bad=[BadRecord(where=f"{line.scope}, event {event.name}", why="no status")])
        state = place.states[line.scope]
        taken = take(Page([status], None, None), state.marks(), given=place.given, now=now)
        state.remember(taken.entries, overlap=self._overlap)
        place.name(line.server, taken.names)
        return taken

    def _seen(self, scope: str, count: int, place: _Place, now: datetime) -> Coverage:
        state = place.states[scope]
        start, state.until = state.until or now, now
        return Coverage(scope=scope, start=start, end=now, state=Seen.SEEN, posts=count)

    async def check(self) -> Sequence[Finding]:
        """Of every server: its clock, the token, its streams' health; and of every timeline a page and its stream."""
        doctor = Doctor(self._context, self._reader)
        found = await doctor.servers(self._options.addresses)
        for server in self._options.addresses:
            found.append(await self._health(server))
        for line in self._timelines.places:
            found += [await doctor.timeline(line), await self._check_stream(line)]
        return found

    async def _health(self, server: str) -> Finding:
        what = f"{host(server)} streams"
        url, headers = await stream_address(self._reader, Timeline(server, "", "", ""))
        try:
            response = await get(
                self._context.http, f"{url.partition('/api/')[0]}/api/v1/streaming/health", headers=headers
            )
        except HandlewatchError as error:
            return Finding(what=what, well=None, said=f"does not say that they are well: {error.what}")
        well = response.text.strip().strip('"').upper() == "OK"
        return Finding(what=what, well=well or None, said="well" if well else "says something else than OK of them")

    async def _check_stream(self, line: Timeline) -> Finding:
        what = f"{line.scope} as a stream"
        url, headers = await stream_address(self._reader, line)
        try:
            async with open_lines(self._context.http, url, silence=self._options.idle_seconds, headers=headers):
                return Finding(what=what, well=True, said="opened")
        except HandlewatchError as error:
            said = failure(what, error)
            if isinstance(error, AuthError):
                do = "" if self._reader.has_token else "Give an access_token; until then the timeline is read instead."
                return replace(said, well=False if self._reader.has_token else None, do=do or error.do)
            return said if said.offline else replace(said, do="Nothing: the timeline is read instead.")

    async def recheck(self, posts: Sequence[Known]) -> Sequence[Recheck]:
        """See `Rechecking`."""
        return await self._standings.recheck(posts)

    async def refresh(self, post: Known) -> Post | None:
        """See `Refreshing`."""
        return await self._standings.refresh(post)


def _noted(batch: Batch, happening: Happening) -> Batch:
    """With why a timeline is read alone."""
    if not isinstance(happening, Poll):
        return batch
    return replace(batch, coverage=[replace(one, note=one.note or happening.why) for one in batch.coverage])


STREAM: Final = SourcePlugin(
    name="mastodon-stream",
    summary="Streams of public timelines and tags of Mastodon-compatible servers: posts as they are made.",
    pace=Pace.STREAM,
    options=MastodonStreamOptions,
    open=MastodonStreamSource,
    terms=load_terms()["mastodon"],
    accepts=frozenset({TextType.JSON, TextType.EVENT_STREAM, TextType.PLAIN}),
    credentials=("access_token",),
    example="""\
[sources.fediverse_stream]
plugin = "mastodon-stream"
servers = ["https://mastodon.example"]
tags = ["wickr", "kik"]
basis = "Public tag timelines; the server's terms were read on 2026-11-24 and allow it."
""",
)
