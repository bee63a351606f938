"""A publisher's feed, as Atom or as RSS: newest first, with ETag and Last-Modified."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from hashlib import sha256
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import httpx

from monitor.ports import Cursor
from tests.sources.worlds import MEDIA_MARK, Harvest, Opened, Timeline, harvest


class FakeFeed:
    """`rss`: as RSS 2.0 with ids that hold only within the feed."""

    platform = "feeds"
    content_type = "application/atom+xml"

    def __init__(self, *, rss: bool = False) -> None:
        self.time = Timeline()
        self.base = "https://social.example/feed.xml"
        self.options: dict[str, Any] = {"feeds": self.base}
        self.entries: list[dict[str, Any]] = []
        self.faults: list[Callable[[httpx.Request], httpx.Response]] = []
        self.requests: list[httpx.Request] = []
        self.answers: list[int] = []
        self._made, self._rss = 0, rss

    def entry(self, number: int) -> dict[str, Any]:
        at = datetime(2026, 11, 1, 10, tzinfo=UTC) + timedelta(seconds=20 * number)
        return {
            "id": f"post-{number}" if self._rss else f"https://social.example/posts/{number}",
            "title": f"Title {number}",
            "content": f'<p>Post number {number}</p><img src="https://social.example/{MEDIA_MARK}.jpg">',
            "at": at,
            "edited": at,
        }

    def id_of(self, entry: dict[str, Any]) -> str:
        return f"{self.base}#{entry['id']}" if self._rss else entry["id"]

    def add(self, count: int) -> list[str]:
        added = [self.entry(self._made + number) for number in range(count)]
        self._made += count
        self.entries += added
        return [self.id_of(entry) for entry in added]

    def add_raw(self, change: Callable[[dict[str, Any]], None]) -> str:
        (added,) = self.add(1)
        change(self.entries[-1])
        return added

    def find(self, post_id: str) -> dict[str, Any]:
        return next(entry for entry in self.entries if self.id_of(entry) == post_id)

    def edit(self, post_id: str, text: str) -> None:
        self.find(post_id).update(content=f"<p>{text}</p>", edited=datetime(2026, 11, 1, 11, 59, tzinfo=UTC))

    def delete(self, post_id: str) -> None:
        self.entries.remove(self.find(post_id))

    def body(self) -> bytes:
        entries = "".join(map(self._rss_item if self._rss else self._atom_entry, reversed(self.entries)))
        if self._rss:
            return (
                '<?xml version="1.0"?><rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/" '
                'xmlns:atom="http://www.w3.org/2005/Atom"><channel><title>Maps</title>'
                f"<description>All about maps</description><language>en</language>{entries}</channel></rss>"
            ).encode()
        return (
            '<?xml version="1.0" encoding="utf-8"?><feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en">'
            f"<title>Maps</title><subtitle>All about maps</subtitle>{entries}</feed>"
        ).encode()

    def _atom_entry(self, entry: dict[str, Any]) -> str:
        title = f"<title>{escape(entry['title'])}</title>" if "title" in entry else ""
        content = f'<content type="html">{escape(entry["content"])}</content>' if "content" in entry else ""
        new = "<new xmlns='https://new.example/'>?</new>" if "brand_new" in entry else ""
        return (
            f"<entry><id>{entry['id']}</id>{title}{content}{new}<published>{entry['at'].isoformat()}</published>"
            f"<updated>{entry['edited'].isoformat()}</updated><link href={quoteattr(entry['id'])}/>"
            "<author><name>zorblat_77</name><uri>https://social.example/@zorblat_77</uri></author>"
            f'<category term="map"/><link rel="enclosure" href="https://social.example/{MEDIA_MARK}.mp4"/></entry>'
        )

    def _rss_item(self, entry: dict[str, Any]) -> str:
        title = f"<title>{escape(entry['title'])}</title>" if "title" in entry else ""
        content = f"<description>{escape(entry['content'])}</description>" if "content" in entry else ""
        new = "<new>?</new>" if "brand_new" in entry else ""
        return (
            f'<item><guid isPermaLink="false">{entry["id"]}</guid>{title}{content}{new}'
            f"<pubDate>{format_datetime(entry['at'])}</pubDate><dc:creator>zorblat_77</dc:creator>"
            f"<atom:updated>{entry['edited'].isoformat()}</atom:updated><category>map</category>"
            f'<enclosure url="https://social.example/{MEDIA_MARK}.mp3" type="audio/mpeg" length="1"/></item>'
        )

    def handle(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if self.faults:
            return self.faults.pop(0)(request)
        body = self.body()
        etag = f'"{sha256(body).hexdigest()[:16]}"'
        headers = {"ETag": etag, "Content-Type": self.content_type, "Date": format_datetime(self.time(), usegmt=True)}
        unchanged = request.headers.get("if-none-match") == etag
        self.answers.append(304 if unchanged else 200)
        return httpx.Response(self.answers[-1], headers=headers, content=b"" if unchanged else body)

    async def collect(self, cursor: Cursor | None = None, *, batches: int | None = None, **bounds: Any) -> Harvest:
        return await harvest("feeds", self.options, self, cursor, batches=batches, **bounds)

    @property
    def transport(self) -> httpx.AsyncBaseTransport:
        return httpx.MockTransport(self.handle)


def feed_world(*, rss: bool = False) -> Opened:
    """Opens a feed."""

    @asynccontextmanager
    async def opened(_: Path) -> AsyncGenerator[FakeFeed]:
        yield FakeFeed(rss=rss)

    return opened
