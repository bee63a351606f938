"""Preview pages of a public Telegram channel, as t.me builds them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from html import escape
from pathlib import Path
from typing import Any

import httpx

from monitor.ports import Cursor
from tests.sources.worlds import MEDIA_MARK, Harvest, Opened, Timeline, harvest

MEDIA = f"https://cdn4.telesco.example/file/{MEDIA_MARK}.jpg"
PAGE_SIZE = 20


class FakeTelegram:
    """One channel's pages: 20 messages each, oldest first, `before` and `after` a number."""

    platform = "telegram"
    content_type = "text/html; charset=utf-8"

    def __init__(self) -> None:
        self.time = Timeline()
        self.base = "https://social.example"
        self.channel = "zorblat_news"
        self.options: dict[str, Any] = {"base_url": self.base, "channels": self.channel}
        self.messages: list[dict[str, Any]] = []
        self.faults: list[Callable[[httpx.Request], httpx.Response]] = []
        self.requests: list[httpx.Request] = []
        self.ignores_parameters = False
        self._made = 0

    def add(self, count: int) -> list[str]:
        added: list[dict[str, Any]] = []
        for _ in range(count):
            self._made += 1
            at = datetime(2026, 11, 1, 10, tzinfo=UTC) + timedelta(seconds=20 * self._made)
            added.append({"number": self._made, "text": f"Post number {self._made}", "at": at.isoformat()})
        self.messages += added
        return [self.id_of(message) for message in added]

    def id_of(self, message: dict[str, Any]) -> str:
        return f"{self.channel}/{message['number']}"

    def add_raw(self, change: Callable[[dict[str, Any]], None]) -> str:
        self.add(1)
        change(self.messages[-1])
        return self.id_of(self.messages[-1])

    def find(self, post_id: str) -> dict[str, Any]:
        return next(message for message in self.messages if self.id_of(message) == post_id)

    def edit(self, post_id: str, text: str) -> None:
        self.find(post_id).update(text=text, edited=True)

    def delete(self, post_id: str) -> None:
        self.messages.remove(self.find(post_id))

    def handle(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if self.faults:
            return self.faults.pop(0)(request)
        if request.url.path == f"/s/{self.channel}":
            return httpx.Response(200, html=self.page(dict(request.url.params)))
        if request.url.path.startswith("/s/"):
            return httpx.Response(302, headers={"Location": request.url.path.removeprefix("/s")})
        return httpx.Response(200, html='<html><body><div class="tgme_page">Contact</div></body></html>')

    def page(self, asked: dict[str, str]) -> str:
        shown = self.messages
        if "before" in asked and not self.ignores_parameters:
            shown = [message for message in shown if message["number"] < int(asked["before"])]
        return _PAGE.format(media=MEDIA, messages="".join(map(self.message, shown[-PAGE_SIZE:])))

    def message(self, raw: dict[str, Any]) -> str:
        """One message; `body` replaces what is between its frame and its foot, `name` its data-post."""
        text = f'<div class="tgme_widget_message_text js-message_text" dir="auto">{escape(raw.get("text", ""))}</div>'
        body = raw.get("body", text if "text" in raw else "")
        time = f'<time datetime="{raw["at"]}" class="time">10:00</time>' if raw.get("at") else ""
        return _MESSAGE.format(
            post=raw.get("name", self.id_of(raw)),
            body=body,
            time=time,
            media=MEDIA,
            more=raw.get("more", ""),
            edited="edited &nbsp;" if raw.get("edited") else "",
        )

    async def collect(self, cursor: Cursor | None = None, *, batches: int | None = None, **bounds: Any) -> Harvest:
        return await harvest("telegram", self.options, self, cursor, batches=batches, **bounds)

    @property
    def transport(self) -> httpx.AsyncBaseTransport:
        return httpx.MockTransport(self.handle)


_PAGE = """<!DOCTYPE html>
<html><head><meta charset="utf-8"><meta property="og:title" content="Zorblat &amp; news">
<meta property="og:image" content="{media}"><link rel="canonical" href="/s/zorblat_news?before=1"></head>
<body class="widget_frame_base tgme_webpreview_layout"><header class="tgme_header"></header>
<div class="tgme_channel_info"><div class="tgme_channel_info_header">
<i class="tgme_page_photo_image"><img src="{media}"></i>
<div class="tgme_channel_info_header_title"><span dir="auto">Zorblat &amp; news</span></div>
<div class="tgme_channel_info_header_username"><a href="https://t.me/zorblat_news">@zorblat_news</a></div></div>
<div class="tgme_channel_info_description">All about maps<br/>Ask <a href="https://t.me/quibdrem">@quibdrem</a></div>
</div><main class="tgme_main"><section class="tgme_channel_history js-message_history">{messages}</section></main>
<script>var x = "</div><div class='tgme_widget_message'>";</script>
</body></html>
<!-- page generated in 12.3ms -->
"""

_MESSAGE = """<div class="tgme_widget_message_wrap js-widget_message_wrap">
<div class="tgme_widget_message text_not_supported_wrap js-widget_message" data-post="{post}" data-view="eyJ" {more}>
<div class="tgme_widget_message_user"><a href="https://t.me/zorblat_news"><i class="tgme_widget_message_user_photo">
<img src="{media}"></i></a></div><div class="tgme_widget_message_bubble">
<div class="tgme_widget_message_author accent_color"><a class="tgme_widget_message_owner_name"
href="https://t.me/zorblat_news"><span dir="auto">Zorblat &amp; news</span></a></div>
{body}
<div class="tgme_widget_message_footer compact js-message_footer"><div class="tgme_widget_message_info short">
<span class="tgme_widget_message_views">1.2K</span><span class="copyonly"> views</span>
<span class="tgme_widget_message_meta">{edited}<a class="tgme_widget_message_date" href="https://t.me/{post}">
{time}</a></span></div></div></div></div></div>
"""


def telegram_world() -> Opened:
    """Opens a channel."""

    @asynccontextmanager
    async def opened(_: Path) -> AsyncIterator[FakeTelegram]:
        yield FakeTelegram()

    return opened
