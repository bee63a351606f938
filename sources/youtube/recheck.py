"""Asking YouTube about single things again: whether they are up, how they read now, whose they are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from monitor.clock import Clock
from monitor.errors import HandlewatchError
from monitor.net.errors import BadAnswerError, StatusError
from monitor.ports import Known, Recheck, Standing
from monitor.post import Post, PostRef, text_hash
from sources.media import without_media
from sources.shapes import as_dict, as_text
from sources.youtube.api import YouTubeApi
from sources.youtube.posts import UnusableItemError, channel_post, comment_post, item_id, video_post

_AT_ONCE: Final = 50
_ACCOUNT_REASONS: Final = frozenset({"uploaderAccountClosed", "uploaderAccountSuspended"})
_GONE: Final = "not shown any more; by whom is not said"


class Asker:
    """Looks up videos, channels and comments by their ids, fifty a call."""

    def __init__(self, api: YouTubeApi, clock: Clock) -> None:
        self._api, self._clock = api, clock
        self._bios: dict[str, Mapping[str, Any]] = {}

    async def recheck(self, posts: Sequence[Known]) -> Sequence[Recheck]:
        """One answer a post; see `Rechecking`."""
        kinds: defaultdict[str, list[Known]] = defaultdict(list)
        for known in posts:
            kinds[_kind(known)].append(known)
        answers: dict[PostRef, Recheck] = {}
        for kind, several in kinds.items():
            for start in range(0, len(several), _AT_ONCE):
                some = several[start : start + _AT_ONCE]
                try:
                    found = await self._look_up(kind, [known.ref.id for known in some])
                except HandlewatchError as error:
                    unknown = (Recheck(ref=one.ref, standing=Standing.UNKNOWN, note=error.brief) for one in some)
                    answers |= {answer.ref: answer for answer in unknown}
                    continue
                for known in some:
                    answers[known.ref] = self._standing(known, kind, found.get(known.ref.id))
        return [answers[known.ref] for known in posts]

    async def refresh(self, post: Known) -> Post | None:
        """The post as it is now; see `Refreshing`."""
        kind = _kind(post)
        item = (await self._look_up(kind, [post.ref.id])).get(post.ref.id)
        try:
            return None if item is None else self._post(post, kind, item)
        except UnusableItemError as error:
            raise BadAnswerError(f"It has {error}.") from error

    async def enrich(self, posts: Sequence[Post]) -> Sequence[Post]:
        """Posts with their authors' bios; see `Enriching`."""
        bare = {post.author.id for post in posts if post.author.id and not post.author.bio}
        wanted = sorted(bare - set(self._bios))
        for start in range(0, len(wanted), _AT_ONCE):
            some = wanted[start : start + _AT_ONCE]
            try:
                found = await self._look_up("channels", some)
            except HandlewatchError:
                break
            self._bios |= {channel: as_dict(as_dict(found.get(channel)).get("snippet")) for channel in some}
        return [self._with_bio(post) for post in posts]

    def _with_bio(self, post: Post) -> Post:
        snippet = self._bios.get(post.author.id or "")
        if not snippet or post.author.bio:
            return post
        author = post.author
        handle = author.handle or as_text(snippet.get("customUrl")) or None
        name = author.name or without_media(as_text(snippet.get("title"))) or None
        bio = without_media(as_text(snippet.get("description"))) or None
        return replace(post, author=replace(author, handle=handle, name=name, bio=bio))

    async def _look_up(self, kind: str, keys: Sequence[str]) -> dict[str, Mapping[str, Any]]:
        params = {"part": "snippet,status" if kind == "videos" else "snippet", "id": ",".join(keys)}
        params |= {"textFormat": "plainText"} if kind == "comments" else {"maxResults": str(_AT_ONCE)}
        try:
            items, _, _ = await self._api.items(kind, params)
        except StatusError as error:
            if error.status != 404 or not error.name.lower().endswith("notfound"):
                raise  # a 404 that is not YouTube's own says nothing
            if len(keys) > 1:  # one of them is not there, and the others are not shown for it
                return {key: item for one in keys for key, item in (await self._look_up(kind, [one])).items()}
            return {}
        return {key: item for item in items if (key := item_id(item))}

    def _post(self, known: Known, kind: str, item: Mapping[str, Any]) -> Post:
        if kind == "videos":
            return video_post(item, seen_at=self._clock())
        if kind == "channels":
            return channel_post(item, seen_at=self._clock())
        video = (known.url or "").partition("?v=")[2].partition("&")[0] or None
        return comment_post(item, video=video, channel=None, seen_at=self._clock())

    def _standing(self, known: Known, kind: str, item: Mapping[str, Any] | None) -> Recheck:
        if item is None:
            return Recheck(ref=known.ref, standing=Standing.UNAVAILABLE, note=_GONE)
        status = as_dict(item.get("status"))
        reason = as_text(status.get("rejectionReason"))
        if status.get("uploadStatus") == "rejected":
            standing = Standing.ACCOUNT_GONE if reason in _ACCOUNT_REASONS else Standing.REMOVED_BY_PLATFORM
            return Recheck(ref=known.ref, standing=standing, note=f"rejected: {reason or 'no reason given'}")
        if status.get("uploadStatus") == "deleted" or status.get("privacyStatus") == "private":
            return Recheck(ref=known.ref, standing=Standing.UNAVAILABLE, note=_GONE)
        try:
            now = text_hash(self._post(known, kind, item))
        except UnusableItemError as error:
            return Recheck(ref=known.ref, standing=Standing.UNKNOWN, note=f"it has {error}")
        edited = known.text_hash is not None and now != known.text_hash
        return Recheck(ref=known.ref, standing=Standing.EDITED if edited else Standing.UP, note="shown")


def _kind(known: Known) -> str:
    """Which list a thing is in: by its address, else by the form of its id."""
    address, key = known.url or "", known.ref.id
    if "lc=" in address:
        return "comments"
    if "/channel/" in address or (not address and len(key) == 24 and key.startswith("UC")):
        return "channels"
    return "videos" if "watch?v=" in address or len(key) == 11 else "comments"
