"""Discord's messages as posts: pure mapping, tolerant.

Facts: discord-api-docs, resources/message (message object, types, snapshots, embeds), reference (snowflakes).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from monitor.post import NOBODY, Author, Post
from sources.media import drop_media_links, is_media_url, without_media
from sources.shapes import as_dict, as_id, as_list, as_text, as_time

PLATFORM: Final = "discord"
SITE: Final = "https://discord.com"

_WRITTEN: Final = (0, 18, 19, 20, 21, 23, 24)
"""Types of message that somebody wrote; the others tell of joins, pins, boosts and the like."""
_FORWARD: Final = 1
_EPOCH_MS: Final = 1_420_070_400_000
_BODIES: Final = ("attachments", "embeds", "sticker_items", "stickers", "components", "message_snapshots")
_EMBEDDED: Final = ("image", "thumbnail", "video")
_MEDIA_EMBEDS: Final = ("image", "video", "gifv")
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


class Message:
    """The draft of a message (`monitor.drafts`).

    :raises UnusableMessageError: no id, or no content field (the form has changed).
    """

    __slots__ = ("_channel", "_media", "_message", "_seen_at", "created_at", "id", "texts")

    def __init__(self, message: Mapping[str, Any], channel: Channel, *, seen_at: datetime) -> None:
        self._message, self._channel, self._seen_at = message, channel, seen_at
        get = message.get
        number = as_id(get("id"))
        if number is None:
            raise UnusableMessageError("no id")
        content, media = get("content"), 0
        # Most messages are nothing but their content.
        if get("poll") or any(map(get, _BODIES)) or not isinstance(content, str):
            content, media = _read_parts(message)
        if ":" in content or "![" in content:
            content, dropped = drop_media_links(content)
            media += dropped
        self.id, self._media = number, media
        self.created_at = as_time(get("timestamp")) or snowflake_time(number)
        handle = name = ""
        user = get("author")
        if isinstance(user, dict):
            handle, name = _names(user)  # pyright: ignore[reportUnknownArgumentType]
        self.texts = ("", content.strip(), "", channel.name or "", channel.topic or "", handle, name, "")

    def whole(self) -> Post:
        """The post."""
        message, channel, texts = self._message, self._channel, self.texts
        user, reference = as_dict(message.get("author")), as_dict(message.get("message_reference"))
        referred = as_id(reference.get("message_id"))
        forwarded = reference.get("type") == _FORWARD or bool(as_list(message.get("message_snapshots")))
        where = as_id(message.get("channel_id")) or channel.id
        author = Author(id=as_id(user.get("id")), handle=texts[5] or None, name=texts[6] or None)
        return Post(
            platform=PLATFORM,
            id=self.id,
            url=f"{SITE}/channels/{channel.guild}/{where}/{self.id}" if channel.guild else None,
            created_at=self.created_at,
            first_seen_at=self._seen_at,
            edited_at=as_time(message.get("edited_timestamp")),
            author=author if user else NOBODY,
            text=texts[1],
            community=channel.name,
            community_description=channel.topic,
            reply_to=None if forwarded else referred,
            quotes=referred if forwarded else None,
            media_count=self._media,
        )


def to_post(message: Mapping[str, Any], channel: Channel, *, seen_at: datetime) -> Post:
    """One message as a post. Raises `UnusableMessageError`."""
    return Message(message, channel, seen_at=seen_at).whole()


def _read_parts(message: Mapping[str, Any]) -> tuple[str, int]:
    """The texts of a message that has more than its content, and how many media are in it."""
    snapshots = [as_dict(as_dict(one).get("message")) for one in as_list(message.get("message_snapshots"))]
    if not isinstance(message.get("content"), str) and not any("content" in one for one in snapshots):
        raise UnusableMessageError("no content field")
    lines, media = list[str](), 0
    for part in (message, *snapshots):
        lines += _texts(part)
        media += _media(part)
    return "\n".join(filter(None, lines)), media


def _names(user: Mapping[str, Any]) -> tuple[str, str]:
    """An account's handle, and the name that it shows."""
    handle, number, name = as_text(user.get("username")), user.get("discriminator"), user.get("global_name")
    # Applications keep the old names, with a number.
    if number != "0" and handle and isinstance(number, str) and number.strip("0"):
        handle = f"{handle}#{number}"
    return handle, without_media(name) if isinstance(name, str) else ""


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
