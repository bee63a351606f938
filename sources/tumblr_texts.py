"""What Tumblr's posts say, in both of its forms: blocks, and the older one by type of post. Pure, tolerant.

Facts: tumblr/docs, api.md (fields by type of post, `reblog`) and npf-spec.md (blocks, formatting).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple
from urllib.parse import unquote

from sources.html import PlainText, html_to_text
from sources.media import drop_media_links, is_media_url
from sources.shapes import as_dict, as_id, as_list, as_text

_MEDIA_BLOCKS: Final = frozenset({"image", "video", "audio"})
_OLD_TEXTS: Final = ("body", "text", "source", "caption", "description", "question", "answer", "dialogue", "photos")
_OLD_MEDIA: Final = ("video_url", "player", "audio_url", "embed_html", "image_permalink")
_REDIRECT = re.compile(r"https?://(?:t\.umblr\.com/redirect\?z=|href\.li/\?)([^\s&)]+)[^\s)]*")


class UnusablePostError(ValueError):
    """A post that cannot be used; the text says why, without any content."""


class Part(NamedTuple):
    """A text, and how many media were left out of it."""

    text: str = ""
    media: int = 0


NOTHING: Final = Part()


def post_id(raw: Mapping[str, Any]) -> str | None:
    """The id as a text: as a number it may have lost its last digits on the way."""
    return as_id(raw.get("id_string")) or as_id(raw.get("id"))


def is_own(item: Mapping[str, Any], number: str) -> bool:
    """Whether an item of a trail is the post itself."""
    return item.get("is_current_item") is True or post_id(as_dict(item.get("post"))) == number


def joined(parts: Sequence[Part]) -> Part:
    """Several as one, a line each."""
    return Part("\n".join(part.text for part in parts if part.text), sum(part.media for part in parts))


def _tidy(text: str, media: int = 0) -> Part:
    """A text without Tumblr's own redirects, and without links to media."""
    if "://" not in text:
        return Part(text, media)
    text, dropped = drop_media_links(_REDIRECT.sub(lambda found: unquote(found[1]), text))
    return Part((text.replace(" ()", "") if dropped else text).strip(), media + dropped)


def of_html(html: str) -> Part:
    """Of HTML."""
    return _tidy(*html_to_text(html)) if html else Part()


# Blocks (Neue Post Format)


def blocks_text(blocks: Sequence[Any], layout: Sequence[Any]) -> Part:
    """Of blocks (Neue Post Format)."""
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


def old_form(
    raw: Mapping[str, Any], number: str, trail: Sequence[Mapping[str, Any]], others: Sequence[Mapping[str, Any]]
) -> tuple[str, Part, Part]:
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
        return title, joined((*facts, of_html(body.strip("\n")), Part(media=media))), NOTHING
    own = next((item for item in trail if is_own(item, number)), None)
    body = as_text(as_dict(raw.get("reblog")).get("comment"))
    if own is not None:
        body = as_text(own.get("content_raw")) or as_text(own.get("content"))
    root = joined((Part(title), *facts, Part(media=media)))
    return "", of_html(body), root


def _old_facts(raw: Mapping[str, Any]) -> Iterator[Part]:
    kind = raw.get("type")
    asker = as_text(raw.get("asking_name"))
    question = as_text(raw.get("question"))
    if question:
        told: PlainText = html_to_text(question)
        yield _tidy(f"{asker} asked: {told.text}" if asker else told.text, told.media)
    for name in ("text", "source", "description"):
        yield of_html(as_text(raw.get(name)))
    address = as_text(raw.get("url")) if kind == "link" else ""
    if address and not is_media_url(address):
        yield _tidy(address)
    for photo in map(as_dict, as_list(raw.get("photos"))):
        yield of_html(as_text(photo.get("caption")))
