"""One poll of a board: its threads, one after the other, and what was not seen of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from monitor.drafts import Draft
from monitor.errors import HandlewatchError
from monitor.net.errors import BadAnswerError, NotTextError, StatusError, TooLargeError
from monitor.ports import BadRecord, Coverage, Seen
from monitor.post import PostRef
from sources.fourchan.api import BoardsApi, Listed
from sources.fourchan.posts import PLATFORM, Board, BoardPost, UnusablePostError, number_of
from sources.fourchan.state import BoardState, ThreadState

_ONE_THREAD: Final = (BadAnswerError, NotTextError, StatusError, TooLargeError)
"""Errors that are one thread's: it stops no other, and is asked for again at the next poll."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What reading a thread gave."""

    posts: Sequence[Draft] = ()
    bad: Sequence[BadRecord] = ()
    deleted: Sequence[PostRef] = ()


class Poll:
    """Reads threads, and counts those that were read, that could not be read, and that are gone."""

    def __init__(self, api: BoardsApi, board: Board, state: BoardState) -> None:
        self._api, self._board, self._state = api, board, state
        self._catalog: Mapping[int, Listed] | None = None
        self._error: HandlewatchError | None = None
        self._left = self._cut = 0
        self.reads = self.failed = 0

    async def read(self, one: Listed) -> Found:
        """A listed thread. Where it is not to be had, what the board itself shows of it."""
        known = self._state.threads.get(one.number)
        try:
            thread = await self._api.thread(self._board, one.number, known.modified if known else "")
            shown = () if thread else one.shown or await self._shown(one.number)
        except _ONE_THREAD as error:
            return self._failure(one.number, error)
        self.reads += 1
        if thread is None and not shown:
            self._left += 1
            self._state.forget(one.number)
            return Found()
        if thread is None:
            self._cut += 1
            return self._take(one.number, one.version, shown)
        return self._take(one.number, one.version, thread.posts, modified=thread.modified, whole=True)

    async def read_last(self, number: int) -> Found:
        """A thread that its board lists no more: archived ones can be read for some days, and are, once."""
        known, found = self._state.threads[number], Found()
        if known.last:  # else it was never to be read
            try:
                thread = await self._api.thread(self._board, number, known.modified)
            except _ONE_THREAD as error:
                return self._failure(number, error)
            if thread is None:
                self._left += 1
            else:
                found = self._take(number, known.version, thread.posts, whole=True)
        self.reads += 1
        self._state.forget(number)
        return found

    def _failure(self, number: int, error: HandlewatchError) -> Found:
        self.failed += 1
        self._error = self._error or error
        return Found(bad=[BadRecord(where=self._board.id_of(number), why=error.brief)])

    async def _shown(self, number: int) -> Sequence[Mapping[str, Any]]:
        if self._catalog is None:
            try:
                self._catalog = (await self._api.catalog(self._board)).threads or {}
            except _ONE_THREAD:
                self._catalog = {}
        listed = self._catalog.get(number)
        return listed.shown if listed else ()

    def _take(
        self,
        thread: int,
        version: int,
        raws: Sequence[Mapping[str, Any]] | None,
        *,
        modified: str = "",
        whole: bool = False,
    ) -> Found:
        """What of a thread's posts is new. `raws` None: nothing changed."""
        state, now = self._state, self._api.context.clock()
        drafts, bad, numbers = list[BoardPost](), list[BadRecord](), list[int]()
        for place, raw in enumerate(raws or ()):
            number = number_of(raw)
            try:
                drafts.append(BoardPost(raw, self._board, thread, seen_at=now))
            except UnusablePostError as error:
                where = self._board.id_of(number) if number else f"{self._board.id_of(thread)}, post {place + 1}"
                bad.append(BadRecord(where=where, why=str(error)))
            numbers += [number] if number else []
        posts = state.fresh(thread, drafts)
        gone = state.removed(thread, numbers) if whole and numbers else ()
        known = state.threads.get(thread, ThreadState())
        state.threads[thread] = ThreadState(version, max([known.last, *numbers]), modified)
        state.count += len(posts)
        by_age = sorted(posts, key=lambda post: post.number)
        oldest = next((made for post in by_age if (made := post.created_at) is not None), None)
        state.since = min(filter(None, (state.since, oldest)), default=None)
        return Found(posts=posts, bad=bad, deleted=[PostRef(PLATFORM, self._board.id_of(number)) for number in gone])

    def raise_if_nothing_worked(self) -> None:
        """Where every thread failed it is the server's trouble, not theirs."""
        if self._error is not None and not self.reads:
            raise self._error

    def coverage(self, scope: str, end: datetime, *, whole: bool, lost: bool) -> list[Coverage]:
        """What this poll saw.

        :param whole: every thread was asked for.
        :param lost: nothing that was on the board at the last poll is there still: others came and went in between.
        """
        state = self._state
        if self._left and not (self.failed or state.count or state.threads):
            note = "there is no thread (any more): expired or removed"
            return [Coverage(scope=scope, start=state.until or end, end=end, state=Seen.OUT_OF_REACH, note=note)]
        notes = [
            f"{self._left} threads have left the board: expired or removed" if self._left else "",
            f"of {self._cut} threads only the newest replies are shown" if self._cut else "",
            f"{self.failed} threads could not be read" if self.failed else "",
            "" if whole else "no more was asked for",
        ]
        start = state.until
        if start is None:
            start = None if whole else min(state.since or end, end)
        gap: list[Coverage] = []
        if lost and state.until is not None:
            start = min(max(state.since or end, state.until), end)
            why = "every thread of the last poll has left the board; others may have come and gone"
            gap = [Coverage(scope=scope, start=state.until, end=start, state=Seen.OUT_OF_REACH, note=why)]
        note = "; ".join(filter(None, notes))
        return [Coverage(scope=scope, start=start, end=end, state=Seen.SEEN, posts=state.count, note=note), *gap]
