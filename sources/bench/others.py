"""Pages of the platforms that do not answer with a page of JSON, and what reads them: frames, HTML, XML."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256
from html import escape
from html.parser import HTMLParser
from typing import Any, Final

import orjson
from coincurve import PrivateKey, PublicKeyXOnly

from monitor.drafts import Draft
from monitor.ports import Records
from sources import feed_entries as feeds
from sources import nostr_events as nostr
from sources import telegram_page as telegram
from sources.bench.pages import TEXTS
from sources.bluesky.events import Commit
from sources.bluesky.frames import read_frame
from sources.bluesky.rows import PostRows

_SEEN: Final = datetime(2026, 11, 1, 12, tzinfo=UTC)


def _text(number: int) -> str:
    return TEXTS[number % len(TEXTS)]


# Bluesky: frames of a Jetstream


def frames(posts: int) -> Sequence[bytes]:
    """Frames as a Jetstream sends them."""
    return [orjson.dumps(_frame(number)) for number in range(posts)]


def _frame(number: int) -> dict[str, Any]:
    parent = {"cid": "bafyreib2rxk3rh6kzwq", "uri": f"at://did:plc:zorblat{number % 37}/app.bsky.feed.post/3kparent"}
    record = {
        "$type": "app.bsky.feed.post",
        "createdAt": f"2026-11-01T10:{number % 60:02d}:12.104Z",
        "langs": ["en"],
        "reply": {"parent": parent, "root": parent},
        "text": _text(number),
    }
    commit = {
        "rev": f"3l{number:011d}",
        "operation": "create",
        "collection": "app.bsky.feed.post",
        "rkey": f"3k{number:011d}",
        "record": record,
        "cid": "bafyreigq2hlY2tzdW1vZmFtYXBxMmhsWTJ0emRXMXZa",
    }
    did = f"did:plc:zorblat{number % 37:017d}"
    return {"did": did, "time_us": 1_793_527_932_104_000 + number, "kind": "commit", "commit": commit}


def decode_all(page: Sequence[bytes]) -> list[Any]:
    """Every frame, decoded."""
    return [orjson.loads(frame) for frame in page]


def read_frames(page: Sequence[bytes]) -> Records:
    """The frames, as the stream's reader takes them."""
    rows = PostRows(_SEEN)
    for frame in page:
        event = read_frame(frame)
        if isinstance(event, Commit):
            rows.add(event)
    return rows.records()


# Nostr: events of a relay, signed


@cache
def events(posts: int) -> Sequence[bytes]:
    """Messages of a relay, each with a genuine event."""
    return [_event(number) for number in range(posts)]


def _event(number: int) -> bytes:
    key = PrivateKey(sha256(f"zorblat {number % 37}".encode()).digest())
    event: dict[str, Any] = {
        "pubkey": key.public_key.format()[1:].hex(),
        "created_at": 1_793_527_932 + number,
        "kind": 1,
        "tags": [["e", "5c" * 32, "wss://relay.example", "root"], ["p", "7f" * 32], ["t", "maps"]],
        "content": _text(number),
    }
    event["id"] = nostr.event_id(event)
    event["sig"] = key.sign_schnorr(bytes.fromhex(event["id"]), b"\0" * 32).hex()
    return orjson.dumps(["EVENT", "1", event])


def decode_and_verify(page: Sequence[bytes]) -> list[bool]:
    """Every message decoded, and its signature verified: less cannot be done, as relays are not trusted."""
    return [_verified(orjson.loads(message)[2]) for message in page]


def _verified(event: dict[str, str]) -> bool:
    key = PublicKeyXOnly(bytes.fromhex(event["pubkey"]))
    return key.verify(bytes.fromhex(event["sig"]), bytes.fromhex(event["id"]))


def read_events(page: Sequence[bytes]) -> Records:
    """The messages, checked and read."""
    checked = [nostr.checked(orjson.loads(message)[2]) for message in page]
    about = ("Zorblat relay", "A relay")
    return Records.of([nostr.Note(event, relay="relay.example", about=about, seen_at=_SEEN) for event in checked])


# Telegram: preview pages of a channel


def channel_page(posts: int) -> str:
    """A page as t.me builds it."""
    return _PAGE.replace("@MESSAGES", "".join(map(_message, range(posts))))


def _message(number: int) -> str:
    text = escape(_text(number)).replace(". ", ".<br/>")
    return _MESSAGE.replace("@N", str(570_400 + number)).replace("@M", f"{number % 60:02d}").replace("@TEXT", text)


def parse_html(page: str) -> None:
    """The page gone through by Python's own parser, which builds nothing of it."""
    parser = HTMLParser()
    parser.feed(page)
    parser.close()


def read_channel(page: str) -> Records:
    """The page, as it is read."""
    return Records.of(telegram.read_page(page, "zorblat_news", seen_at=_SEEN).posts)


_PAGE: Final = """<!DOCTYPE html>
<html><head><meta charset="utf-8"><meta property="og:title" content="Zorblat news"></head>
<body class="widget_frame_base tgme_webpreview_layout"><header class="tgme_header"></header>
<div class="tgme_channel_info"><div class="tgme_channel_info_header"><div class="tgme_channel_info_header_title">
<span dir="auto">Zorblat news</span></div></div><div class="tgme_channel_info_description">All about maps</div></div>
<main class="tgme_main"><section class="tgme_channel_history js-message_history">@MESSAGES</section></main>
</body></html>
"""
_MESSAGE: Final = """<div class="tgme_widget_message_wrap js-widget_message_wrap">
<div class="tgme_widget_message text_not_supported_wrap js-widget_message" data-post="zorblat_news/@N" data-view="eyJ">
<div class="tgme_widget_message_user"><a href="https://t.me/zorblat_news">
<i class="tgme_widget_message_user_photo bgcolor3" data-content="Z">
<img src="https://cdn.example/file/3f9e1c.jpg"></i></a></div><div class="tgme_widget_message_bubble">
<i class="tgme_widget_message_bubble_tail"></i><div class="tgme_widget_message_author accent_color">
<a class="tgme_widget_message_owner_name" href="https://t.me/zorblat_news"><span dir="auto">Zorblat news</span></a>
</div><div class="tgme_widget_message_text js-message_text" dir="auto">@TEXT</div>
<div class="tgme_widget_message_footer compact js-message_footer"><div class="tgme_widget_message_info short">
<span class="tgme_widget_message_views">1.2K</span><span class="copyonly"> views</span>
<span class="tgme_widget_message_meta"><a class="tgme_widget_message_date" href="https://t.me/zorblat_news/@N">
<time datetime="2026-11-01T10:@M:12+00:00" class="time">10:@M</time></a></span></div></div></div></div></div>
"""

# Feeds


def feed(posts: int) -> bytes:
    """A feed as weblogs write it."""
    return _FEED.replace("@ITEMS", "".join(map(_item, range(posts)))).encode()


def _item(number: int) -> str:
    item = _ITEM.replace("@N", str(570_400 + number)).replace("@M", f"{number % 60:02d}")
    return item.replace("@TEXT", escape(f"<p>{escape(_text(number))}</p>"))


def parse_feed(page: bytes) -> Any:
    """The feed, as feedparser understands it."""
    return feeds.parse(page, "application/rss+xml")


def read_entries(parsed: Any) -> Records:
    """The entries of a parsed feed."""
    about = parsed["feed"]
    posts: list[Draft] = [feeds.to_post(one, about, _ADDRESS, seen_at=_SEEN) for one in parsed["entries"]]
    return Records.of(posts)


_ADDRESS: Final = "https://maps.example/feed.xml"
_FEED: Final = """<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>Maps</title>
<link>https://maps.example/</link><description>All maps</description><language>en</language>@ITEMS</channel></rss>
"""
_ITEM: Final = """<item><title>Which map is this?</title><link>https://maps.example/@N</link>
<dc:creator>Zorblat</dc:creator>
<pubDate>Sun, 01 Nov 2026 10:@M:12 +0000</pubDate><category>maps</category>
<guid isPermaLink="false">tag:maps.example,@N</guid>
<description>@TEXT</description></item>
"""
