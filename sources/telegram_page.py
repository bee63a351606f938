"""The preview pages of public Telegram channels (`t.me/s/NAME`) as posts: pure reading, tolerant of changes.

The pages are no documented interface: what is read of them are the classes of their elements. A page is gone
through once (html.parser), into a tree that knows where each element's inside begins and ends.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from html.parser import HTMLParser
from typing import Final
from urllib.parse import unquote_plus, urlsplit

from monitor.net.errors import BadAnswerError
from monitor.ports import BadRecord
from monitor.post import Author, Post
from sources.html import html_to_text
from sources.media import drop_media_links, is_media_url
from sources.shapes import as_time

PLATFORM: Final = "telegram"
SITE: Final = "https://t.me"

_WIDGET: Final = "tgme_widget_message"
_TEXT: Final = frozenset({"js-message_text", f"{_WIDGET}_text"})
_REPLY: Final = f"{_WIDGET}_reply"
_MEDIA: Final = frozenset(
    {f"{_WIDGET}_{kind}" for kind in ("photo_wrap", "video_player", "roundvideo_player", "voice_player")}
    | {f"{_WIDGET}_{kind}" for kind in ("document_wrap", "sticker_wrap", "sticker", "videosticker", "tgsticker")}
    | {"message_media_not_supported", "link_preview_image", "link_preview_right_image", "link_preview_video"}
)
_OTHER_BODIES: Final = tuple(
    f"{_WIDGET}_{kind}" for kind in ("poll", "location", "contact", "game", "invoice", "giveaway", "story", "venue")
)
"""Kinds of message that may have no text of their own."""

_VOID: Final = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
)
_TAG_LINK = re.compile(r"""<a\b[^<>]*?\bhref=["']\?q=([^"'<>]*)["'][^<>]*>""", re.IGNORECASE)
_MENTION = re.compile(r"""<a\b[^<>]*?\bhref=["']https?://t\.me/(\w+)/?["'][^<>]*>(@\1)</a>""", re.IGNORECASE)
_EDITED = re.compile(r"\bedited\b", re.IGNORECASE)
_POST_PATH = re.compile(r"/(?:s/)?(\w+)/(\d+)/?")


@dataclass(slots=True, eq=False)
class Element:
    """One element: its attributes, its children, and its inside in the page."""

    tag: str
    attributes: dict[str, str]
    page: str
    start: int
    end: int = 0
    children: list[Element] = field(default_factory=list["Element"])

    @property
    def classes(self) -> Sequence[str]:
        """Its classes."""
        return self.attributes.get("class", "").split()

    @property
    def inside(self) -> str:
        """The HTML between its tags."""
        return self.page[self.start : self.end]

    def below(self, *, but: str = "") -> Iterator[Element]:
        """All elements below it, in the page's order; those of the class `but`, and what is in them, left out."""
        for child in self.children:
            if but and but in child.classes:
                continue
            yield child
            yield from child.below(but=but)

    def first(self, name: str, *, but: str = "") -> Element | None:
        """The first element of a class below it."""
        return next((one for one in self.below(but=but) if name in one.classes), None)


class _Tree(HTMLParser):
    """Builds the tree; forgiving in the way browsers are."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=False)
        self._page = page
        self._lines = [0, *(match.end() for match in re.finditer("\n", page))]
        self.root = Element("", {}, page, 0, len(page))
        self._open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        start = self._position() + len(self.get_starttag_text() or "")
        element = Element(tag, {name: value or "" for name, value in attrs}, self._page, start, start)
        self._open[-1].children.append(element)
        if tag not in _VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if not any(element.tag == tag for element in self._open[1:]):
            return
        here = self._position()
        while True:
            element = self._open.pop()
            element.end = here
            if element.tag == tag:
                return

    def close(self) -> None:
        super().close()
        for element in self._open[1:]:
            element.end = len(self._page)

    def _position(self) -> int:
        line, column = self.getpos()
        return self._lines[line - 1] + column


def parse(page: str) -> Element:
    """A page as a tree."""
    tree = _Tree(page)
    tree.feed(page)
    tree.close()
    return tree.root


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelPage:
    """What one preview page showed.

    :param posts: newest first.
    :param numbers: of all its messages, service messages included.
    :param shown: it is a channel's page; else the channel has no preview (or is none, or is not there).
    """

    posts: Sequence[Post] = ()
    bad: Sequence[BadRecord] = ()
    numbers: frozenset[int] = frozenset()
    shown: bool = True

    @property
    def lowest(self) -> int | None:
        """The smallest number on the page, service messages included."""
        return min(self.numbers, default=None)


def read_page(page: str, channel: str, *, seen_at: datetime) -> ChannelPage:
    """Reads a page of a channel.

    :raises BadAnswerError: it is cut off, or no page of Telegram's.
    """
    if "<html" in page[:2000].lower() and "</html>" not in page[-2000:].lower():
        raise BadAnswerError("The page breaks off.")
    root = parse(page)
    everything = list(root.below())
    messages = [one for one in everything if _is_message(one)]
    if not messages and not any(name.startswith("tgme_channel") for one in everything for name in one.classes):
        if any("tgme_page" in one.classes for one in everything):
            return ChannelPage(shown=False)
        raise BadAnswerError("The page is not one of Telegram's, or its form has changed.")
    about = _about(root)
    posts, bad, numbers = list[Post](), list[BadRecord](), set[int]()
    for place, message in enumerate(messages):
        name, _, number = message.attributes.get("data-post", "").rpartition("/")
        if not number.isdecimal():
            bad.append(BadRecord(where=f"{channel}, message {place} of a page", why="no data-post"))
            continue
        numbers.add(int(number))
        if "service_message" in message.classes:
            continue
        try:
            posts.append(_post(message, f"{name or channel}/{number}", about, seen_at))
        except ValueError as error:
            bad.append(BadRecord(where=f"{name or channel}/{number}", why=str(error)))
    posts.reverse()
    return ChannelPage(posts=posts, bad=bad, numbers=frozenset(numbers))


def _is_message(element: Element) -> bool:
    return _WIDGET in element.classes and ("data-post" in element.attributes or "js-widget_message" in element.classes)


@dataclass(frozen=True, slots=True)
class _About:
    title: str | None
    description: str | None


def _about(root: Element) -> _About:
    title = _words(root.first("tgme_channel_info_header_title") or root.first("tgme_header_title"))
    description = _words(root.first("tgme_channel_info_description"))
    metas = {one.attributes.get("property"): one.attributes.get("content") for one in root.below() if one.tag == "meta"}
    title = title or html_to_text(metas.get("og:title") or "").text
    description = description or html_to_text(metas.get("og:description") or "").text
    return _About(title or None, description or None)


def _words(element: Element | None) -> str:
    return drop_media_links(html_to_text(_plain_links(element.inside)).text)[0] if element else ""


def _plain_links(html: str) -> str:
    """Mentions and hashtags as they are written: their addresses say nothing more."""
    if "<a" not in html:
        return html
    return _TAG_LINK.sub("<a>", _MENTION.sub(r"\2", html))


def _post(message: Element, post_id: str, about: _About, seen_at: datetime) -> Post:
    parts = list(message.below(but=_REPLY))
    stated = message.first(f"{_WIDGET}_date", but=_REPLY)
    # A video's length is a time, too.
    times = [one for one in (*(stated.below() if stated else ()), *parts) if one.tag == "time"]
    created = next((at for one in times if (at := as_time(one.attributes.get("datetime")))), None)
    if created is None:
        raise ValueError("no time")
    bodies = _outermost(parts, _TEXT)
    media = len(_outermost(parts, _MEDIA))
    if not bodies and not media and not _has_other_body(parts):
        raise ValueError("neither text nor media in the known form")
    lines, tags = list[str](), list[str]()
    for body in bodies:
        read = html_to_text(_plain_links(body.inside))
        media += read.media
        lines.append(read.text)
        tags += [unquote_plus(found).removeprefix("#") for found in _TAG_LINK.findall(body.inside)]
    lines += [_words(one) for one in parts if any(name in _POLL for name in one.classes)]
    text, dropped = drop_media_links("\n".join(filter(None, lines)))
    text = text.strip()
    text, more = _with_preview(text, message)
    meta = message.first(f"{_WIDGET}_meta", but=_REPLY)
    edited = meta is not None and _EDITED.search(html_to_text(meta.inside).text) is not None
    signed = _words(message.first(f"{_WIDGET}_from_author", but=_REPLY))
    channel = post_id.partition("/")[0]
    name = f"{about.title} ({signed})" if about.title and signed else signed or about.title
    return Post(
        platform=PLATFORM,
        id=post_id,
        instance=None,
        url=f"{SITE}/{post_id}",
        created_at=created,
        first_seen_at=seen_at,
        # The page says that it was edited, not when: by now, at the latest.
        edited_at=seen_at if edited else None,
        author=Author(id=channel, handle=channel, name=name, bio=about.description),
        text=text,
        tags=tuple(dict.fromkeys(filter(None, tags))),
        community=about.title,
        community_description=about.description,
        reply_to=_linked(message.first(_REPLY)),
        quotes=_linked(message.first(f"{_WIDGET}_forwarded_from_name", but=_REPLY)),
        media_count=media + dropped + more,
    )


_POLL: Final = frozenset({f"{_WIDGET}_poll_question", f"{_WIDGET}_poll_option_text"})


def _outermost(parts: Sequence[Element], names: frozenset[str]) -> list[Element]:
    """Elements of these classes that are in no other of them (Telegram nests a text in its like)."""
    found: list[Element] = []
    for one in parts:
        if not names.isdisjoint(one.classes) and not (found and one.start < found[-1].end):
            found.append(one)
    return found


def _has_other_body(parts: Sequence[Element]) -> bool:
    return any(name.startswith(_OTHER_BODIES) for one in parts for name in one.classes)


def _with_preview(text: str, message: Element) -> tuple[str, int]:
    """The text with the words of its link preview, a line each, and how many links to media were dropped."""
    preview = message.first(f"{_WIDGET}_link_preview", but=_REPLY)
    if preview is None:
        return text, 0
    words = [_words(preview.first(f"link_preview_{part}")) for part in ("title", "description")]
    lines, dropped = [text, *(part for part in words if part not in text)], 0
    address = preview.attributes.get("href", "")
    if is_media_url(address):
        dropped += 1
    elif address.startswith(("http://", "https://")) and address not in text:
        lines.append(address)
    return "\n".join(filter(None, lines)), dropped


def _linked(element: Element | None) -> str | None:
    """The post that an element links to, as `channel/number`."""
    if element is None:
        return None
    try:
        found = _POST_PATH.fullmatch(urlsplit(element.attributes.get("href", "")).path)
    except ValueError:
        return None
    return f"{found[1]}/{found[2]}" if found else None
