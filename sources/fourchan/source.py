"""Boards with 4chan's read-only JSON interface: threads of the boards that the operator names, whole."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Final

from pydantic import Field, field_validator, model_validator

from monitor.errors import HandlewatchError
from monitor.net.address import host_of
from monitor.net.bodies import TextType
from monitor.net.errors import BadAnswerError
from monitor.ports import (
    Batch,
    Coverage,
    Cursor,
    Finding,
    Known,
    Pace,
    Recheck,
    Records,
    SourceContext,
    SourcePlugin,
    Standing,
)
from monitor.post import Post, PostRef, text_hash
from monitor.sourcing import Address, Names, SourceOptions
from sources.findings import clock_skew, failure
from sources.fourchan.api import BoardsApi, Listed
from sources.fourchan.poll import Found, Poll
from sources.fourchan.posts import PLATFORM, SITE, Board, UnusablePostError, number_of, to_post
from sources.fourchan.state import BoardState, ThreadState
from sources.scopes import Place, each_scope
from sources.shapes import as_dict
from sources.terms import load_terms

_BOARD = re.compile(r"[A-Za-z0-9_.-]{1,40}")
_ADDRESS = re.compile(r"/([^/]+)/(?:thread|res)/(\d+)")
_NO_END: Final = 10_000


class BoardOptions(SourceOptions):
    """Which boards are read."""

    base_url: Address = Field("https://a.4cdn.org", description="The server that has the JSON files.")
    site_url: Address = Field(
        SITE, description="The site that people read, for permalinks; its host is part of the posts' ids elsewhere."
    )
    boards: Names = Field((), description="Boards to read, by their short names: po, diy.")
    threads: Names = Field(
        (), description="Single threads to read, as board/number: po/570368.", examples=[["po/570368"]]
    )
    thread_folder: str = Field(
        "thread", pattern=r"^[a-z]{1,20}$", description="Where threads are: thread, or res on sites of the vichan kind."
    )
    pause_seconds: float = Field(
        1.0, ge=1, le=600, description="Seconds between two requests. Nothing on loopback, where tests are."
    )
    first_pages: int = Field(10, ge=1, le=100, description="How many pages of a board the first poll reads.")

    @field_validator("boards")
    @classmethod
    def _boards(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        names = [name.strip().strip("/") for name in value]
        if not all(_BOARD.fullmatch(name) for name in names):
            raise ValueError("a board's name is a few letters, as in po")
        return tuple(dict.fromkeys(names))

    @field_validator("threads")
    @classmethod
    def _threads(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for name in value:
            board, _, number = name.strip().strip("/").rpartition("/")
            if not _BOARD.fullmatch(board) or not number.isdecimal():
                raise ValueError("a thread is named board/number, as in po/570368")
        return tuple(dict.fromkeys(name.strip().strip("/") for name in value))

    @model_validator(mode="after")
    def _some(self) -> BoardOptions:
        if not self.boards and not self.threads:
            raise ValueError("name a board, in boards, or a thread, in threads")
        return self


class BoardSource:
    """See the module. Made by :data:`PLUGIN`."""

    def __init__(self, options: BoardOptions, context: SourceContext) -> None:
        self._options, self._context = options, context
        self._api = BoardsApi(context, options.base_url, options.pause_seconds, options.thread_folder)
        self._states: dict[str, BoardState] = {}

    def _board(self, name: str) -> Board:
        site = self._options.site_url
        return Board(name, site, self._options.thread_folder, None if site == SITE else host_of(site))

    def _places(self) -> list[Place]:
        named = [f"/{board}/" for board in self._options.boards]
        named += [f"/{thread}" for thread in self._options.threads]
        return [Place(name, self._options.base_url, name.strip("/")) for name in named]

    async def collect(self, cursor: Cursor | None) -> AsyncGenerator[Batch, None]:
        """One poll of every board, then of the single threads."""
        stored, places = as_dict((cursor or {}).get("scopes")), self._places()
        self._states = {place.scope: BoardState.load(stored.get(place.scope)) for place in places}
        reading = each_scope(
            places, self._read, until=lambda place: self._states[place.scope].until, clock=self._context.clock
        )
        async for batch in reading:
            yield batch

    def _batch(self, found: Found, coverage: Sequence[Coverage] = ()) -> Batch:
        return Batch(
            records=Records.of(found.posts),
            cursor={"scopes": {scope: state.dump() for scope, state in self._states.items()}},
            coverage=coverage,
            deleted=found.deleted,
            bad=found.bad,
        )

    async def _read(self, place: Place) -> AsyncGenerator[Batch, None]:
        """Threads whose version is another than the one that was read; then those that left the board."""
        state, begun, limit = self._states[place.scope], self._context.clock(), self._context.limit
        name, _, single = place.key.rpartition("/")
        board = self._board(name or single)
        if name:
            modified, listed = "", {int(single): Listed(number=int(single), version=0, page=0)}
        else:
            listing = await self._api.listing(board, state.modified)
            modified, listed = listing.modified, listing.threads
        vanished = [] if listed is None else [number for number in state.threads if number not in listed]
        lost = bool(vanished) and len(vanished) == len(state.threads)
        wanted = self._wanted(state, listed or {})
        poll = Poll(self._api, board, state)
        for one in wanted:
            yield self._batch(await poll.read(one))
            if state.until is None and limit is not None and state.count >= limit:
                break
        for number in vanished:
            yield self._batch(await poll.read_last(number))
        poll.raise_if_nothing_worked()
        whole = poll.reads + poll.failed >= len(wanted) + len(vanished)
        coverage = poll.coverage(place.scope, begun, whole=whole, lost=lost)
        if whole:
            state.until, state.modified = begun, "" if poll.failed else modified
        state.count, state.since = 0, None
        yield self._batch(Found(), coverage)

    def _wanted(self, state: BoardState, listed: Mapping[int, Listed]) -> list[Listed]:
        """Threads to read, in the board's order. Those that a first poll leaves out are read once they change."""
        context, pages = self._context, _NO_END
        if state.until is None and context.limit is None:
            pages = context.pages or (_NO_END if context.loopback else self._options.first_pages)
        wanted: list[Listed] = []
        for one in listed.values():
            known = state.threads.get(one.number)
            if known is None and one.page >= pages:
                state.threads[one.number] = ThreadState(one.version)
            elif known is None or not one.version or known.version != one.version:
                wanted.append(one)
        return wanted

    async def check(self) -> Sequence[Finding]:
        """What every board lists, and one thread."""
        found: list[Finding] = []
        for name in self._options.boards:
            board = self._board(name)
            try:
                listing = await self._api.listing(board)
                threads = listing.threads or {}
                newest = next(iter(threads), None)
                thread = None if newest is None else await self._api.thread(board, newest)
            except HandlewatchError as error:
                found.append(failure(f"/{name}/", error))
                continue
            read = len(thread.posts or ()) if thread else 0
            said = f"{len(threads)} threads; {read} posts in the first of them"
            found.append(Finding(what=f"/{name}/", well=bool(read) or None, said=said))
            if len(found) == 1:
                found.append(clock_skew(listing.response, self._context.clock))
        for name in self._options.threads:
            board, number = name.split("/")
            try:
                thread = await self._api.thread(self._board(board), int(number))
            except HandlewatchError as error:
                found.append(failure(f"/{name}", error))
                continue
            said = f"{len(thread.posts or ())} posts" if thread else "not there: expired or removed"
            do = "" if thread else "Leave it out."
            found.append(Finding(what=f"/{name}", well=thread is not None, said=said, do=do))
        return found

    def _where(self, known: Known) -> tuple[str, int, int] | None:
        """A post's board, thread and number. Its thread is in its permalink only; without, it may be a first post."""
        rest, _, number = known.ref.id.rpartition("/")
        board = rest.rpartition("/")[2]
        if not number.isdecimal() or not _BOARD.fullmatch(board):
            return None
        named = _ADDRESS.search(known.url or "")
        return board, int(named[2]) if named else int(number), int(number)

    async def recheck(self, posts: Sequence[Known]) -> Sequence[Recheck]:
        """One call a thread."""
        threads: defaultdict[tuple[str, int], list[Known]] = defaultdict(list)
        answers: dict[PostRef, Recheck] = {}
        for known in posts:
            if where := self._where(known):
                threads[where[:2]].append(known)
            else:
                answers[known.ref] = Recheck(ref=known.ref, standing=Standing.UNKNOWN, note="not a post of a board")
        for (board, thread), asked in threads.items():
            try:
                found = await self._posts(board, thread)
            except HandlewatchError as error:
                for known in asked:
                    answers[known.ref] = Recheck(ref=known.ref, standing=Standing.UNKNOWN, note=error.brief)
                continue
            for known in asked:
                answers[known.ref] = _standing(known, thread, found)
        return [answers[known.ref] for known in posts]

    async def _posts(self, board: str, thread: int) -> Mapping[str, Post | None] | None:
        """A thread's posts by their ids (None: it could not be read); None where there is no such thread."""
        answer = await self._api.thread(self._board(board), thread)
        if answer is None:
            return None
        found: dict[str, Post | None] = {}
        for raw in answer.posts or ():
            try:
                post = to_post(raw, self._board(board), thread, seen_at=self._context.clock())
            except UnusablePostError:
                if number := number_of(raw):
                    found[self._board(board).id_of(number)] = None
                continue
            found[post.id] = post
        return found

    async def refresh(self, post: Known) -> Post | None:
        """The post as its thread shows it now."""
        where = self._where(post)
        if where is None:
            raise BadAnswerError("It is not a post of a board.")
        found = await self._posts(where[0], where[1])
        standing = _standing(post, where[1], found)
        if standing.standing is Standing.UNKNOWN:
            raise BadAnswerError(f"Whether the post is there cannot be told: {standing.note}.")
        return found.get(post.ref.id) if found else None


def _standing(known: Known, thread: int, found: Mapping[str, Post | None] | None) -> Recheck:
    ref, asked = known.ref, _ADDRESS.search(known.url or "")
    if found is None:
        if asked is None:
            return Recheck(ref=ref, standing=Standing.UNKNOWN, note="which thread it is in is not known")
        note = "its thread has left the board: expired or removed"
        return Recheck(ref=ref, standing=Standing.UNAVAILABLE, note=note)
    if ref.id not in found:
        note = f"missing in its thread ({thread}); by whom is not said"
        return Recheck(ref=ref, standing=Standing.UNAVAILABLE, note=note)
    now = found[ref.id]
    if now is None:
        return Recheck(ref=ref, standing=Standing.UNKNOWN, note="it is there and could not be read")
    edited = known.text_hash is not None and text_hash(now) != known.text_hash
    return Recheck(ref=ref, standing=Standing.EDITED if edited else Standing.UP, note="in its thread")


PLUGIN: Final = SourcePlugin(
    name=PLATFORM,
    aliases=("4chan",),
    summary="Threads of boards with 4chan's read-only JSON interface.",
    pace=Pace.POLL,
    options=BoardOptions,
    open=BoardSource,
    terms=load_terms()["fourchan"],
    accepts=frozenset({TextType.JSON}),
    example="""\
[sources.boards]
plugin = "fourchan"
boards = ["po", "diy"]
every = 60
basis = "Public boards, read at the site's own pace; its API's rules were read on 2026-11-24."
""",
)
