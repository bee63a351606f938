"""Asking about single posts of Discourse forums again: whether they are up, how they read now, who wrote them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final
from urllib.parse import quote, urlsplit

from monitor.clock import Clock
from monitor.errors import AuthError, HandlewatchError
from monitor.net.errors import BadAnswerError, StatusError
from monitor.ports import Known, Recheck, Standing
from monitor.post import Post
from sources.discourse.posts import NO_TOPIC, State, Topic, UnusablePostError, number_of, state_of, to_post, versions
from sources.discourse.reader import Raw, Reader
from sources.shapes import as_id

_BIOS_AT_ONCE: Final = 20
_BIOS_KEPT: Final = 5000
_ID = re.compile(r"(https?://.+)/p/(\d{1,15})")
_PLACE = re.compile(r"/t/(?:[^/]*/)?(\d+)/(\d+)/?$")
_STANDINGS: Final = {
    State.DELETED_BY_AUTHOR: Standing.REMOVED_BY_AUTHOR,
    State.DELETED: Standing.REMOVED_BY_MODERATOR,
    State.HIDDEN: Standing.REMOVED_BY_COMMUNITY,
}


class Again:
    """Asks the forums of a source.

    :param readers: by the forum's address.
    """

    def __init__(self, readers: Mapping[str, Reader], clock: Clock) -> None:
        self._readers = readers
        self._clock = clock
        self._bios: dict[tuple[str, str], str | None] = {}

    async def enrich(self, posts: Sequence[Post]) -> Sequence[Post]:
        """The posts with what their authors' profiles say; at most 20 new profiles at once."""
        left = _BIOS_AT_ONCE
        for post in posts:
            server, username = self._server_of(post), post.author.handle
            if server is None or not username or (server, username) in self._bios or not left:
                continue
            left -= 1
            try:
                if len(self._bios) >= _BIOS_KEPT:
                    self._bios.clear()
                self._bios[server, username] = await self._readers[server].bio(quote(username, safe=""))
            except (AuthError, StatusError):
                self._bios[server, username] = None
            except HandlewatchError:
                break
        return [self._with_bio(post) for post in posts]

    def _with_bio(self, post: Post) -> Post:
        bio = self._bios.get((self._server_of(post) or "", post.author.handle or ""))
        return replace(post, author=replace(post.author, bio=bio)) if bio else post

    def _server_of(self, post: Post) -> str | None:
        match = _ID.fullmatch(post.id)
        return match[1] if match and match[1] in self._readers else None

    async def recheck(self, posts: Sequence[Known]) -> Sequence[Recheck]:
        """Posts of one topic in one call of 20, the others, and those that it did not show, one by one."""
        grouped: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
        for known in posts:
            own, place = _ID.fullmatch(known.ref.id), _PLACE.search(urlsplit(known.url or "").path)
            if own and place and own[1] in self._readers:
                grouped[own[1], place[1]].append(int(own[2]))
        seen: dict[str, Raw] = {}
        for (server, topic), numbers in grouped.items():
            if len(numbers) > 1:
                try:
                    raws = await self._readers[server].posts(topic, numbers)
                except HandlewatchError:
                    continue
                seen |= {f"{server}/p/{number_of(raw)}": raw for raw in raws}
        open_forums: dict[str, bool] = {}
        return [await self._recheck(known, seen.get(known.ref.id), open_forums) for known in posts]

    async def _recheck(self, known: Known, raw: Raw | None, open_forums: dict[str, bool]) -> Recheck:
        ref, own = known.ref, _ID.fullmatch(known.ref.id)
        if own is None or own[1] not in self._readers:
            return Recheck(ref=ref, standing=Standing.UNKNOWN, note="not of a forum that is read")
        reader = self._readers[own[1]]
        try:
            raw = raw or await reader.post(int(own[2]))
            if raw is None:
                return Recheck(ref=ref, standing=Standing.UNAVAILABLE, note="not there; by whom is not said")
            if (state := state_of(raw)) is not State.UP:
                return Recheck(ref=ref, standing=_STANDINGS[state], note=state.value)
            same = known.text_hash is None or await self._is_version(reader, raw, known.text_hash)
        except (HandlewatchError, UnusablePostError) as error:
            if isinstance(error, AuthError) and "(403)" in error.brief and await self._is_open(reader, open_forums):
                note = "its forum shows posts, but not this one to us"
                return Recheck(ref=ref, standing=Standing.UNAVAILABLE, note=note)
            why = error.brief if isinstance(error, HandlewatchError) else f"it has {error}"
            return Recheck(ref=ref, standing=Standing.UNKNOWN, note=why)
        return Recheck(ref=ref, standing=Standing.UP if same else Standing.EDITED, note="on its forum")

    async def _is_open(self, reader: Reader, known: dict[str, bool]) -> bool:
        """Whether a forum shows anything: else that it refuses one post says nothing of that post."""
        if reader.base not in known:
            try:
                known[reader.base] = bool(await reader.newest(None))
            except HandlewatchError:
                known[reader.base] = False
        return known[reader.base]

    async def _is_version(self, reader: Reader, raw: Raw, stored: str) -> bool:
        forum, now = await reader.forum(), self._clock()
        topic = await self._topic_of(reader, raw)
        return stored in versions(raw, forum, topic, seen_at=now)

    async def _topic_of(self, reader: Reader, raw: Raw) -> Topic:
        """A first post's topic, which holds its title."""
        number = as_id(raw.get("topic_id"))
        if raw.get("post_number") != 1 or number is None:
            return NO_TOPIC
        return (await reader.topic(number))[0]

    async def refresh(self, post: Known) -> Post | None:
        """The post as it is now."""
        own = _ID.fullmatch(post.ref.id)
        if own is None or own[1] not in self._readers:
            raise BadAnswerError("The post is not of a forum that is read.")
        reader = self._readers[own[1]]
        raw = await reader.post(int(own[2]))
        if raw is None or state_of(raw) is not State.UP:
            return None
        try:
            topic = await self._topic_of(reader, raw)
            return to_post(raw, await reader.forum(), topic, seen_at=self._clock())
        except UnusablePostError as error:
            raise BadAnswerError(f"The post has {error}.") from error
