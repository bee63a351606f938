"""YouTube's listings, page by page: searches, videos, what channels show, and comments."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final

from monitor.clock import Clock
from monitor.errors import RateLimitedError
from monitor.net.errors import StatusError
from monitor.ports import BadRecord
from monitor.post import Post
from sources.shapes import as_dict, as_id, as_list, as_text
from sources.walk import Page
from sources.youtube.api import Rank, YouTubeApi
from sources.youtube.posts import (
    UnusableItemError,
    channel_post,
    comment_post,
    is_channel,
    item_id,
    uploaded,
    video_post,
)

IDS_AT_ONCE: Final = 50

_PAGE, _COMMENT_PAGE = 50, 100
_INDEXED_LATE: Final = timedelta(hours=6)
"""A video may be found by searches only so long after it was published."""
_MOST_FOUND: Final = 10
"""Pages after which a search shows no more, though there may be more."""
_THREADS_KEPT: Final = 1000
_ANEW: Final = "!"


@dataclass(frozen=True, slots=True)
class Part:
    """One listing. `server` is the quota that it is read on: listings of one quota are starved together."""

    scope: str
    server: str
    kind: str
    key: str
    rank: Rank


class Lists:
    """Reads listings.

    :param named: channels, by id or @handle, on which all comments are read anyway.
    :param reply_pages: how many pages of a comment's answers are fetched where a thread does not show them all.
    """

    def __init__(self, api: YouTubeApi, clock: Clock, *, named: Sequence[str], reply_pages: int) -> None:
        self._api, self._clock, self._named, self._reply_pages = api, clock, named, reply_pages
        self.found: dict[str, str] = {}
        self._threads: dict[str, int] = {}
        self._comments_shown = False
        self._channels: dict[str, str] = {}

    def load(self, stored: Mapping[str, Any]) -> None:
        """Goes on from what :meth:`dump` gave."""
        counts = as_dict(stored.get("threads")).items()
        self.found = {str(key): str(at) for key, at in as_dict(stored.get("found")).items()}
        self._channels = {str(name): str(key) for name, key in as_dict(stored.get("channels")).items()}
        self._threads = {str(key): count for key, count in counts if isinstance(count, int)}

    def dump(self) -> dict[str, Any]:
        """For the cursor: videos that were found, channels by handle, how many answers threads had."""
        return {"found": dict(self.found), "channels": dict(self._channels), "threads": dict(self._threads)}

    async def page(self, part: Part, older: str | None, bound: str | None) -> Page:
        """One page; see `sources.walk.Fetch`."""
        if part.kind == "search":
            return await self._search(part, older, bound)
        if part.kind == "videos":
            return await self._videos(part)
        if part.kind in {"thread", "threads"}:
            page = await self._comments(part, older)
            self._comments_shown = self._comments_shown or bool(page.posts)
            return page
        channel = await self._channel_id(part.key, part.rank)
        if part.kind == "channel":
            return self._posts(await self._details("channels", channel, part.rank), channel_post)
        return await self._uploads(part, channel, older)

    async def _listing(
        self, name: str, params: Mapping[str, str], older: str | None, rank: Rank
    ) -> tuple[list[Mapping[str, Any]], str | None]:
        """One page, and the token of the next. A token that is no longer good leads to the first page again, once."""
        anew = ""
        token = {"pageToken": older.removeprefix(_ANEW)} if older else {}
        try:
            items, answer, _ = await self._api.items(name, {**params, **token}, rank)
        except StatusError as error:
            if not older or error.name != "invalidPageToken":
                raise
            items, answer, _ = await self._api.items(name, params, rank)
            anew = _ANEW  # else the same token would look like the same page
        following = as_text(answer.get("nextPageToken"))
        return items, anew + following if following else None

    async def _details(self, name: str, keys: str, rank: Rank) -> Sequence[Mapping[str, Any]]:
        items, _, _ = await self._api.items(name, {"part": "snippet", "id": keys, "maxResults": str(_PAGE)}, rank)
        return items

    def _posts(self, items: Sequence[Mapping[str, Any]], to_post: Callable[..., Post]) -> Page:
        posts, bad, now = list[Post](), list[BadRecord](), self._clock()
        for item in items:
            try:
                posts.append(to_post(item, seen_at=now))
            except UnusableItemError as error:
                bad.append(BadRecord(where=item_id(item) or "an item", why=str(error)))
        return Page(posts=posts, bad=bad)

    # Videos

    async def _videos(self, part: Part) -> Page:
        """Named videos. Where comments on videos could be read, nothing here is only that, no failure."""
        try:
            items = await self._details("videos", part.key, part.rank)
        except StatusError as error:
            if error.status != 404 or not self._comments_shown:
                raise
            items = ()
        page = self._posts(items, video_post)
        missing = len(part.key.split(",")) - len(items)
        return replace(page, note=f"{missing} of the videos are not shown") if missing > 0 else page

    async def _search(self, part: Part, older: str | None, bound: str | None) -> Page:
        number, _, token = (older or "").partition("/")
        params = {"part": "snippet", "q": part.key, "type": "video,channel", "order": "date", "maxResults": str(_PAGE)}
        if bound:
            params["publishedAfter"] = bound
        items, following = await self._listing("search", params, token or None, part.rank)
        whole = await self._whole([item_id(item) for item in items if not is_channel(item)])

        def to_post(item: Mapping[str, Any], **options: Any) -> Post:
            if is_channel(item):
                return channel_post(item, found=True, **options)
            key = item_id(item) or ""
            return video_post(whole.get(key, item), found=key not in whole, **options)

        wanted = [item for item in items if item_id(item)]
        page = self._posts(wanted, to_post)
        posts = [post.whole() for post in page.posts]
        times = {post.id: post.created_at for post in posts if post.created_at}
        read = {*self._named, *(self._channels.get(name) for name in self._named)}
        videos = {post.id for post in posts if post.author.id != post.id and post.author.id not in read}
        self.found |= {key: at.isoformat() for key, at in times.items() if key in videos}
        pages = int(number or 0) + 1
        return replace(
            page,
            older=f"{pages}/{following}" if following else None,
            ceiling=following is None and pages >= _MOST_FOUND,
            newest=(max(times.values()) - _INDEXED_LATE).strftime("%Y-%m-%dT%H:%M:%SZ") if times else None,
        )

    async def _whole(self, videos: Sequence[str | None]) -> dict[str, Mapping[str, Any]]:
        """Videos with their whole texts and tags, by id; none where that is not to be had now."""
        keys = [video for video in videos if video]
        if not keys:
            return {}
        try:
            items = await self._details("videos", ",".join(keys), Rank(1, 2))
        except (RateLimitedError, StatusError):
            return {}
        return {key: item for item in items if (key := item_id(item))}

    async def _channel_id(self, name: str, rank: Rank) -> str:
        if not name.startswith("@"):
            return name
        if name not in self._channels:
            items, _, _ = await self._api.items("channels", {"part": "id", "forHandle": name}, rank)
            key = next(filter(None, map(item_id, items)), None)
            if key is None:
                raise StatusError(f"YouTube knows no channel {name}.", status=404, do="Check the channel's handle.")
            self._channels[name] = key
        return self._channels[name]

    async def _uploads(self, part: Part, channel: str, older: str | None) -> Page:
        """What a channel published: the playlist that every channel has."""
        params = {"part": "snippet", "playlistId": f"UU{channel[2:]}", "maxResults": str(_PAGE)}
        try:
            items, following = await self._listing("playlistItems", params, older, part.rank)
        except StatusError as error:
            if error.status != 404:
                raise
            return Page(posts=(), note="the channel shows no videos")
        shown = [uploaded(item) for item in items]
        whole = await self._whole([item_id(item) for item in shown])
        page = self._posts([whole.get(item_id(item) or "", item) for item in shown], video_post)
        return replace(page, older=following)

    # Comments

    async def _comments(self, part: Part, older: str | None) -> Page:
        params = {"part": "snippet,replies", "order": "time", "textFormat": "plainText"}
        params["maxResults"] = str(_COMMENT_PAGE)
        if part.kind == "thread":
            params["videoId"] = part.key
        else:
            params["allThreadsRelatedToChannelId"] = await self._channel_id(part.key, part.rank)
        try:
            threads, following = await self._listing("commentThreads", params, older, part.rank)
        except StatusError as error:
            if error.name == "commentsDisabled":
                return Page(posts=(), note="comments are switched off")
            if error.name == "videoNotFound" and self.found.pop(part.key, None) is not None:
                return Page(posts=(), note="the video is no longer there")
            raise
        return replace(await self._of_threads(part, threads), older=following)

    async def _of_threads(self, part: Part, threads: Sequence[Mapping[str, Any]]) -> Page:
        posts, along, bad, unread = list[Post](), list[Post](), list[BadRecord](), 0
        counts, now = dict[str, int](), self._clock()
        for thread in threads:
            snippet, answers = as_dict(thread.get("snippet")), as_list(as_dict(thread.get("replies")).get("comments"))
            top = as_dict(snippet.get("topLevelComment"))
            key, total = as_id(top.get("id")), snippet.get("totalReplyCount")
            if key and isinstance(total, int) and total > len(answers) and self._threads.get(key) != total:
                more = await self._replies(key)
                unread += not more
                answers = more or answers
                counts |= {key: total} if more else {}
            place = {"video": as_id(snippet.get("videoId")), "channel": as_id(snippet.get("channelId"))}
            for item, into in ((top, posts), *((as_dict(one), along) for one in answers)):
                try:
                    into.append(comment_post(item, **place, seen_at=now))
                except UnusableItemError as error:
                    where = f"comment {as_id(item.get('id')) or 'of ' + part.scope}"
                    bad.append(BadRecord(where=where, why=str(error)))
        self._threads = dict([*self._threads.items(), *counts.items()][-_THREADS_KEPT:])
        note = f"of {unread} threads not all answers were read" if unread else ""
        return Page(posts=posts, along=along, bad=bad, note=note)

    async def _replies(self, thread: str) -> Sequence[Mapping[str, Any]]:
        """All answers to a comment; none where they cannot be had now."""
        found, token = list[Mapping[str, Any]](), None
        params = {"part": "snippet", "parentId": thread, "textFormat": "plainText", "maxResults": str(_COMMENT_PAGE)}
        try:
            for _ in range(self._reply_pages):
                items, following = await self._listing("comments", params, token, Rank(1, 1))
                found += items
                if following in {None, token}:
                    break
                token = following
        except (RateLimitedError, StatusError):
            return ()
        return found
