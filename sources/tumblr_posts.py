"""Tumblr's posts as posts of ours: pure mapping, tolerant; both of its forms (blocks, and the older one by type).

Facts: tumblr/docs, api.md (fields by type of post, `trail`, `reblog`) and npf-spec.md (blocks, formatting).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final, NamedTuple
from urllib.parse import unquote

from monitor.post import NOBODY, Author, Post
from sources.html import PlainText, html_to_text
from sources.media import drop_media_links, is_media_url, without_media
from sources.shapes import as_dict, as_id, as_list, as_text, as_time

PLATFORM: Final = "tumblr"

_MEDIA_BLOCKS: Final = frozenset({"image", "video", "audio"})
_OLD_TEXTS: Final = ("body", "text", "source", "caption", "description", "question", "answer", "dialogue", "photos")
_OLD_MEDIA: Final = ("video_url", "player", "audio_url", "embed_html", "image_permalink")
_LAST_TIME: Final = 253_402_300_800
"""The year 10000."""
_REDIRECT = re.compile(r"https?://(?:t\.umblr\.com/redirect\?z=|href\.li/\?)([^\s&)]+)[^\s)]*")


class UnusablePostError(ValueError):
    """A post that cannot be used; the text says why, without any content."""


class _Part(NamedTuple):
    text: str = ""
    media: int = 0


_NOTHING: Final = _Part()


def post_id(raw: Mapping[str, Any]) -> str | None:
    """The id as a text: as a number it may have lost its last digits on the way."""
    return as_id(raw.get("id_string")) or as_id(raw.get("id"))


def place_in_time(raw: Mapping[str, Any]) -> int | None:
    """What `before` pages by: when a post was featured, where that is what a listing goes by; else its time."""
    for name in ("featured_timestamp", "timestamp"):
        value = raw.get(name)
        if isinstance(value, int) and not isinstance(value, bool) and value > 0:
            return value
    moment = _time(raw)
    return int(moment.timestamp()) if moment else None


def is_public(raw: Mapping[str, Any]) -> bool:
    """Whether everybody may read it."""
    return raw.get("state", "published") in ("published", None)


class Written:
    """The draft of a post (`monitor.drafts`), with those that it passes on, each by the blog that wrote it (`trail`).

    :param blog: whose listing it is from; empty where it is from no blog's.
    :raises UnusablePostError: no id, or nothing that could hold text (the form has changed).
    """

    __slots__ = ("_author", "_blog", "_media", "_quoted", "_raw", "_seen_at", "created_at", "id", "texts", "trail")

    def __init__(self, raw: Mapping[str, Any], blog: Mapping[str, Any], *, seen_at: datetime) -> None:
        self._raw, self._seen_at = raw, seen_at
        number = post_id(raw)
        if number is None:
            raise UnusablePostError("no id")
        name = as_text(raw.get("blog_name"))
        self._blog = own_blog = as_dict(raw.get("blog")) or (blog if as_text(blog.get("name")) in {name, ""} else {})
        others = list[Mapping[str, Any]]()
        trail = [as_dict(item) for item in as_list(raw["trail"])] if raw.get("trail") else []
        if trail:
            others = [item for item in trail if not _is_own(item, number)]
        community, described = _community(raw["community"]) if raw.get("community") else ("", "")
        content = raw.get("content")
        if isinstance(content, list):
            title, root, own = "", _NOTHING, _blocks(content, as_list(raw.get("layout")))  # pyright: ignore[reportUnknownArgumentType]
        else:
            title, own, root = _old_form(raw, number, trail, others)
        self.trail = [*_trail(others, root, seen_at=seen_at)] if others else ()
        self._quoted = post_id(as_dict(others[-1].get("post"))) if others else None
        self.id, self.created_at, self._media = number, _time(raw), own.media
        self._author = author = _author(own_blog, name)
        tags = _tags(raw)
        tags = "\n".join(tags) if tags else ""
        handle, shown, about = author.handle or "", author.name or "", author.bio or ""
        self.texts = (title, own.text, tags, community, described, handle, shown, about)

    def whole(self) -> Post:
        """The post."""
        raw, texts = self._raw, self.texts
        url = as_text(raw.get("post_url")) or _address(self._blog, as_text(raw.get("blog_name")), self.id)
        return Post(
            platform=PLATFORM,
            id=self.id,
            url=url,
            created_at=self.created_at,
            first_seen_at=self._seen_at,
            author=self._author,
            title=texts[0] or None,
            text=texts[1],
            tags=tuple(_tags(raw)),
            community=texts[3] or None,
            community_description=texts[4] or None,
            quotes=as_id(raw.get("reblogged_from_id")) or self._quoted,
            media_count=self._media,
        )


def _tags(raw: Mapping[str, Any]) -> list[str]:
    named = [without_media(tag) for tag in as_list(raw.get("tags")) if isinstance(tag, str)]
    return [tag for tag in named if tag]


def _is_own(item: Mapping[str, Any], number: str) -> bool:
    return item.get("is_current_item") is True or post_id(as_dict(item.get("post"))) == number


def _time(raw: Mapping[str, Any]) -> datetime | None:
    stamp = raw.get("timestamp")
    if type(stamp) is int and 0 < stamp < _LAST_TIME:
        return datetime.fromtimestamp(stamp, UTC)
    return as_time(stamp) or as_time(as_text(raw.get("date")).replace(" GMT", "+00:00"))


def _community(value: object) -> tuple[str, str]:
    if isinstance(value, str):
        return value, ""
    told = as_dict(value)
    name = as_text(told.get("title")) or as_text(told.get("name"))
    return name, html_to_text(as_text(told.get("description"))).text


def _author(blog: Mapping[str, Any], name: str) -> Author:
    get = blog.get
    return _blog_author(
        name or as_text(get("name")), as_text(get("uuid")), as_text(get("title")), as_text(get("description"))
    )


@lru_cache(maxsize=512)
def _blog_author(handle: str, number: str, title: str, about: str) -> Author:
    """The same blogs write many posts."""
    if not (handle or number):
        return NOBODY
    return Author(
        id=number or handle,
        handle=handle or None,
        name=without_media(title) or None,
        bio=(about_text(about) or None) if about else None,
    )


@lru_cache(maxsize=512)
def about_text(html: str) -> str:
    """A blog's description as text; it is the same on all its posts."""
    return drop_media_links(html_to_text(html).text)[0].strip()


def _address(blog: Mapping[str, Any], name: str, number: str) -> str | None:
    address = as_text(blog.get("url"))
    if not address:
        name = name or as_text(blog.get("name"))
        address = f"https://{name}.tumblr.com" if name else ""
    return f"{address.rstrip('/')}/post/{number}" if address else None


def _trail(items: Sequence[Mapping[str, Any]], root: _Part, *, seen_at: datetime) -> Iterator[Post]:
    """The posts that were passed on. What has no id, or says nothing, is left out."""
    for place, item in enumerate(items):
        about = as_dict(item.get("post"))
        number, blog = post_id(about), as_dict(item.get("blog"))
        if isinstance(item.get("content"), list):
            part = _blocks(as_list(item["content"]), as_list(item.get("layout")))
        else:
            part = _of_html(as_text(item.get("content_raw")) or as_text(item.get("content")))
        if place == 0:
            part = _joined((root, part))
        if number is None or not part.text:
            continue
        name = as_text(blog.get("name")) or as_text(item.get("broken_blog_name"))
        yield Post(
            platform=PLATFORM,
            id=number,
            url=_address(blog, name, number),
            created_at=as_time(about.get("timestamp")),
            first_seen_at=seen_at,
            author=_author(blog, name),
            text=part.text,
            quotes=post_id(as_dict(items[place - 1].get("post"))) if place else None,
            media_count=part.media,
        )


def _joined(parts: Sequence[_Part]) -> _Part:
    return _Part("\n".join(part.text for part in parts if part.text), sum(part.media for part in parts))


def _tidy(text: str, media: int = 0) -> _Part:
    """A text without Tumblr's own redirects, and without links to media."""
    if "://" not in text:
        return _Part(text, media)
    text, dropped = drop_media_links(_REDIRECT.sub(lambda found: unquote(found[1]), text))
    return _Part((text.replace(" ()", "") if dropped else text).strip(), media + dropped)


def _of_html(html: str) -> _Part:
    return _tidy(*html_to_text(html)) if html else _Part()


# Blocks (Neue Post Format)


def _blocks(blocks: Sequence[Any], layout: Sequence[Any]) -> _Part:
    lines, media = list[str](), 0
    for block in map(as_dict, blocks):
        kind = as_text(block.get("type"))
        if kind == "text":
            lines.append(_text_block(block) if block.get("formatting") else as_text(block.get("text")))
        elif kind in _MEDIA_BLOCKS:
            media += 1
            lines.append(as_text(block.get("caption")))
        else:
            lines += _other_block(block)
    for part in map(as_dict, layout):
        # Who asked is told with the layout of a question.
        asker = as_dict(as_dict(part.get("attribution")).get("blog"))
        if part.get("type") == "ask" and asker:
            lines.insert(0, f"{as_text(asker.get('name'))} asked:")
    return _tidy("\n".join(filter(None, lines)), media)


def _text_block(block: Mapping[str, Any]) -> str:
    """A block's text, with the addresses that its links hide."""
    text = as_text(block.get("text"))
    formatting = block.get("formatting")
    if not formatting:
        return text
    links = list[tuple[int, str]]()
    for one in map(as_dict, as_list(formatting)):
        address, start, end = as_text(one.get("url")), one.get("start"), one.get("end")
        if one.get("type") != "link" or not address or not isinstance(start, int) or not isinstance(end, int):
            continue
        if _bare(text[start:end]) != _bare(_REDIRECT.sub(lambda found: unquote(found[1]), address)):
            links.append((end, address))
    for end, address in sorted(links, reverse=True):
        text = f"{text[:end]} ({address}){text[end:]}"
    return text


def _bare(address: str) -> str:
    return address.strip().removeprefix("https://").removeprefix("http://").removeprefix("www.").rstrip("/")


def _other_block(block: Mapping[str, Any]) -> Iterator[str]:
    """Texts of link cards, polls, paywalls, and of kinds that are not known yet."""
    for name in ("title", "text", "description", "question", "author"):
        yield as_text(block.get(name))
    for answer in map(as_dict, as_list(block.get("answers"))):
        yield as_text(answer.get("answer_text")) or as_text(answer.get("answerText"))
    address = as_text(block.get("url")) if block.get("type") == "link" else ""
    if address and not is_media_url(address):
        yield address


# The older form, by type of post


def _old_form(
    raw: Mapping[str, Any], number: str, trail: Sequence[Mapping[str, Any]], others: Sequence[Mapping[str, Any]]
) -> tuple[str, _Part, _Part]:
    """Title, own words, and what belongs to the first post of the trail.

    In the body of a passed-on post everybody's words are nested; its own are told apart under `reblog` and in the
    trail. Its title, question, address are those of the first.
    """
    if not any(name in raw for name in _OLD_TEXTS) and not (as_text(raw.get("title")) or as_text(raw.get("url"))):
        raise UnusablePostError("no text field")
    title = html_to_text(as_text(raw.get("title"))).text
    media = len(as_list(raw.get("photos")))
    media += media == 0 and any(map(raw.get, _OLD_MEDIA))
    facts, body = list(_old_facts(raw)), ""
    if not others:
        body = "\n\n".join(as_text(raw.get(name)) for name in ("body", "caption", "answer"))
        if not as_text(raw.get("body")) and raw.get("dialogue"):
            body += "\n".join(as_text(as_dict(line).get("phrase")) for line in as_list(raw.get("dialogue")))
        return title, _joined((*facts, _of_html(body.strip("\n")), _Part(media=media))), _NOTHING
    own = next((item for item in trail if _is_own(item, number)), None)
    body = as_text(as_dict(raw.get("reblog")).get("comment"))
    if own is not None:
        body = as_text(own.get("content_raw")) or as_text(own.get("content"))
    root = _joined((_Part(title), *facts, _Part(media=media)))
    return "", _of_html(body), root


def _old_facts(raw: Mapping[str, Any]) -> Iterator[_Part]:
    kind = raw.get("type")
    asker = as_text(raw.get("asking_name"))
    question = as_text(raw.get("question"))
    if question:
        told: PlainText = html_to_text(question)
        yield _tidy(f"{asker} asked: {told.text}" if asker else told.text, told.media)
    for name in ("text", "source", "description"):
        yield _of_html(as_text(raw.get(name)))
    address = as_text(raw.get("url")) if kind == "link" else ""
    if address and not is_media_url(address):
        yield _tidy(address)
    for photo in map(as_dict, as_list(raw.get("photos"))):
        yield _of_html(as_text(photo.get("caption")))
