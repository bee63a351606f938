"""Discord's messages as posts: pure mapping, tolerant.

Facts: discord-api-docs, resources/message (message object, types, snapshots, embeds), reference (snowflakes).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from monitor.post import NOBODY, Author, Post
from sources.media import drop_media_links, is_media_url
from sources.shapes import as_dict, as_id, as_list, as_text, as_time

PLATFORM: Final = "discord"
SITE: Final = "https://discord.com"

_WRITTEN: Final = frozenset({0, 18, 19, 20, 21, 23, 24})
"""Types of message that somebody wrote; the others tell of joins, pins, boosts and the like."""
_FORWARD: Final = 1
_EPOCH_MS: Final = 1_420_070_400_000
_BODIES: Final = ("attachments", "embeds", "sticker_items", "stickers", "components", "message_snapshots")
_EMBEDDED: Final = ("image", "thumbnail", "video")
_MEDIA_EMBEDS: Final = frozenset({"image", "video", "gifv"})
_DEEPEST: Final = 5


class UnusableMessageError(ValueError):
    """A message that cannot be used; the text says why, without any content."""


@dataclass(frozen=True, slots=True)
class Channel:
    """What is known of a channel: its server's id, a name for both, and its topic."""

    id: str
    guild: str | None = None
    name: str | None = None
    topic: str | None = None
    last_message: str | None = None


def snowflake_time(number: str) -> datetime | None:
    """When an id was made."""
    if not number.isdecimal() or len(number) > 20:
        return None
    return datetime.fromtimestamp(((int(number) >> 22) + _EPOCH_MS) / 1000, UTC)


def is_written(message: Mapping[str, Any]) -> bool:
    """Whether somebody wrote it; what only tells of an event is left out."""
    return message.get("type", 0) in _WRITTEN or bool(message.get("content"))


def came_empty(message: Mapping[str, Any]) -> bool:
    """Whether nothing at all is in it: so messages come where the bot may not see their content."""
    return message.get("content") == "" and not message.get("poll") and not any(map(message.get, _BODIES))


def to_post(message: Mapping[str, Any], channel: Channel, *, seen_at: datetime) -> Post:
    """One message as a post.

    :raises UnusableMessageError: no id, or no content field (the form has changed).
    """
    number = as_id(message.get("id"))
    if number is None:
        raise UnusableMessageError("no id")
    snapshots = [as_dict(as_dict(one).get("message")) for one in as_list(message.get("message_snapshots"))]
    content = message.get("content")
    if not isinstance(content, str):
        if not any("content" in one for one in snapshots):
            raise UnusableMessageError("no content field")
        content = ""
    media = 0
    if message.get("poll") or any(map(message.get, _BODIES)):  # most messages have none
        lines = list[str]()
        for part in (message, *snapshots):
            lines += _texts(part)
            media += _media(part)
        content = "\n".join(filter(None, lines))
    text, dropped = drop_media_links(content)
    created = as_time(message.get("timestamp")) or snowflake_time(number)
    reference = as_dict(message.get("message_reference"))
    referred = as_id(reference.get("message_id"))
    forwarded = reference.get("type") == _FORWARD or bool(snapshots)
    where = as_id(message.get("channel_id")) or channel.id
    return Post(
        platform=PLATFORM,
        id=number,
        url=f"{SITE}/channels/{channel.guild}/{where}/{number}" if channel.guild else None,
        created_at=created,
        first_seen_at=seen_at,
        edited_at=as_time(message.get("edited_timestamp")),
        author=_author(message.get("author")),
        text=text.strip(),
        community=channel.name,
        community_description=channel.topic,
        reply_to=None if forwarded else referred,
        quotes=referred if forwarded else None,
        media_count=media + dropped,
    )


def _author(value: object) -> Author:
    user = as_dict(value)
    if not user:
        return NOBODY
    handle, number = as_text(user.get("username")), as_text(user.get("discriminator"))
    # Applications keep the old names, with a number.
    handle = f"{handle}#{number}" if handle and number.strip("0") else handle
    return Author(id=as_id(user.get("id")), handle=handle or None, name=as_text(user.get("global_name")) or None)


def _texts(message: Mapping[str, Any]) -> Iterator[str]:
    content = as_text(message.get("content"))
    yield content
    for embed in map(as_dict, as_list(message.get("embeds"))):
        yield from _embed(embed, content)
    poll = as_dict(message.get("poll"))
    yield as_text(as_dict(poll.get("question")).get("text"))
    for answer in as_list(poll.get("answers")):
        yield as_text(as_dict(as_dict(answer).get("poll_media")).get("text"))
    yield from _components(as_list(message.get("components")), _DEEPEST)


def _embed(embed: Mapping[str, Any], content: str) -> Iterator[str]:
    for name in ("title", "description"):
        yield as_text(embed.get(name))
    for entry in map(as_dict, as_list(embed.get("fields"))):
        yield ": ".join(filter(None, (as_text(entry.get("name")), as_text(entry.get("value")))))
    yield as_text(as_dict(embed.get("footer")).get("text"))
    address = as_text(embed.get("url"))
    if address and embed.get("type") not in _MEDIA_EMBEDS and not is_media_url(address) and address not in content:
        yield address


def _components(components: Sequence[Any], deep: int) -> Iterator[str]:
    """Texts of the newer layout parts, and the labels of buttons."""
    for part in map(as_dict, components):
        yield as_text(part.get("content"))
        yield as_text(part.get("label"))
        if deep:
            yield from _components(as_list(part.get("components")), deep - 1)


def _media(message: Mapping[str, Any]) -> int:
    stickers = as_list(message.get("sticker_items")) or as_list(message.get("stickers"))
    count = len(as_list(message.get("attachments"))) + len(stickers)
    for embed in map(as_dict, as_list(message.get("embeds"))):
        count += sum(bool(embed.get(name)) for name in _EMBEDDED)
    return count + _media_components(as_list(message.get("components")), _DEEPEST)


def _media_components(components: Sequence[Any], deep: int) -> int:
    count = 0
    for part in map(as_dict, components):
        count += len(as_list(part.get("items"))) + bool(part.get("media")) + bool(part.get("file"))
        accessory = as_dict(part.get("accessory"))
        inner = [*as_list(part.get("components")), *([accessory] if accessory else [])]
        count += _media_components(inner, deep - 1) if deep else 0
    return count
