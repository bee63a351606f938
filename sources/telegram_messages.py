"""Messages of Telegram's API, as Telethon gives them, as posts: pure mapping, by the names of their kinds.

Telethon is an extra: nothing here loads it. Ids are those of the preview pages (`channel/number`), so that a message
is one post however it was read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from monitor.post import Author, Post
from sources.media import drop_media_links, is_media_url

PLATFORM: Final = "telegram"
SITE: Final = "https://t.me"

_MEDIA: Final = frozenset(
    {
        "MessageMediaDocument",
        "MessageMediaPaidMedia",
        "MessageMediaPhoto",
        "MessageMediaStory",
        "MessageMediaVideoStream",
    }
)


@dataclass(frozen=True, slots=True)
class About:
    """A channel: its name in addresses, its title, and what it says of itself."""

    name: str
    title: str | None = None
    about: str | None = None


def kind(value: object) -> str:
    """The name of a value's type."""
    return type(value).__name__


def is_message(value: object) -> bool:
    """Whether it is something that was posted: not missing, and no notice of a change of the channel's own."""
    return kind(value) == "Message"


def is_restricted(thing: object) -> bool:
    """Whether Telegram shows a message, or a channel, in none of its programs any more."""
    return any(getattr(why, "platform", "") == "all" for why in getattr(thing, "restriction_reason", None) or ())


def to_post(message: Any, about: About, *, seen_at: datetime) -> Post:
    """One message as a post. What it lacks, or has in another form, is left out."""
    text, tags, media = _words(message)
    signed = _text(message, "post_author")
    post_id = f"{about.name}/{message.id}"
    reply = getattr(getattr(message, "reply_to", None), "reply_to_msg_id", None)
    edited = getattr(message, "edit_date", None)
    return Post(
        platform=PLATFORM,
        id=post_id,
        url=f"{SITE}/{post_id}",
        created_at=_time(getattr(message, "date", None)),
        first_seen_at=seen_at,
        # Hidden edits are changes of buttons and counters.
        edited_at=None if getattr(message, "edit_hide", None) else _time(edited),
        author=Author(
            id=about.name,
            handle=about.name,
            name=f"{about.title} ({signed})" if about.title and signed else about.title or signed or None,
            bio=about.about,
        ),
        text=text,
        tags=tags,
        community=about.title,
        community_description=about.about,
        reply_to=f"{about.name}/{reply}" if isinstance(reply, int) else None,
        quotes=_forwarded(getattr(message, "fwd_from", None)),
        media_count=media,
    )


def _words(message: Any) -> tuple[str, tuple[str, ...], int]:
    """Its text with the addresses that links hide, of a preview or a poll its words; its tags; how many media."""
    text, media = _text(message, "message"), getattr(message, "media", None)
    parts, tags = [text], list[str]()
    units = text.encode("utf-16-le", "surrogatepass")
    count = int(kind(media) in _MEDIA)
    for entity in _items(message, "entities"):
        if kind(entity) == "MessageEntityTextUrl":
            address = _text(entity, "url")
            count += is_media_url(address)
            parts.append("" if is_media_url(address) else address)
        elif kind(entity) == "MessageEntityHashtag":
            start, length = getattr(entity, "offset", 0), getattr(entity, "length", 0)
            tag = units[2 * start : 2 * (start + length)].decode("utf-16-le", "replace")
            tags.append(tag.removeprefix("#").partition("@")[0])
    if kind(media) == "MessageMediaWebPage":
        page = getattr(media, "webpage", None)
        parts += [_text(page, "title"), _text(page, "description")]
    elif kind(media) == "MessageMediaPoll":
        poll = getattr(media, "poll", None)
        parts.append(_plain(getattr(poll, "question", None)))
        parts += [_plain(getattr(answer, "text", None)) for answer in _items(poll, "answers")]
    words, dropped = drop_media_links("\n".join(filter(None, parts)))
    return words, tuple(dict.fromkeys(filter(None, tags))), count + dropped


def _forwarded(header: Any) -> str | None:
    number = getattr(header, "channel_post", None)
    channel = getattr(getattr(header, "from_id", None), "channel_id", None)
    return f"{channel}/{number}" if isinstance(number, int) and isinstance(channel, int) else None


def _plain(value: Any) -> str:
    """A text, or one with its markup beside it."""
    return value if isinstance(value, str) else _text(value, "text")


def _text(of: Any, name: str) -> str:
    value = getattr(of, name, None)
    return value if isinstance(value, str) else ""


def _items(of: Any, name: str) -> Sequence[Any]:
    value: Any = getattr(of, name, None)
    return value if isinstance(value, (list, tuple)) else ()  # pyright: ignore[reportUnknownVariableType]


def _time(value: object) -> datetime | None:
    if not isinstance(value, datetime):
        return None
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
