"""Nostr's events: whether they are genuine, and as posts. Relays are not trusted.

Facts: NIP-01 (event, id, signature), NIP-10 (replies), NIP-14 and NIP-23 (titles), NIP-18 (quotes), NIP-19
(`note1...`), NIP-32 (language labels), NIP-92 (`imeta`); signatures are those of BIP-340.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Final

import orjson
from coincurve import PublicKeyXOnly

from monitor.post import Author, Post
from sources.media import drop_media_links, is_media_url, without_media
from sources.shapes import as_dict, as_list, as_text

PLATFORM: Final = "nostr"

_BECH32: Final = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_GENERATORS: Final = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_FIELDS: Final = {"id": str, "pubkey": str, "created_at": int, "kind": int, "tags": list, "content": str, "sig": str}
_MEDIA_TAGS: Final = frozenset({"imeta", "image", "thumb", "picture", "banner"})
_MEDIA_ADDRESSES: Final = ("url ", "fallback ", "image ", "thumb ")
_LANGUAGE: Final = "ISO-639-1"


def _folded(top: int) -> int:
    check = 0
    for bit, generator in enumerate(_GENERATORS):
        check ^= generator if top >> bit & 1 else 0
    return check


_FOLDED: Final = [_folded(top) for top in range(32)]


class UnusableEventError(ValueError):
    """An event that cannot be used; the text says why, without any content."""


def checked(event: Mapping[str, Any]) -> Mapping[str, Any]:
    """The event, if it is in the documented form and genuine.

    :raises UnusableEventError: a field is missing or of another type, the id is not the hash of what was signed, or
        the signature is not the author's.
    """
    for name, kind in _FIELDS.items():
        if not isinstance(event.get(name), kind) or isinstance(event.get(name), bool):
            raise UnusableEventError(f"no {name}")
    if event["id"] != event_id(event):
        raise UnusableEventError("its id is not that of its content")
    try:
        key = PublicKeyXOnly(bytes.fromhex(event["pubkey"]))
        genuine = key.verify(bytes.fromhex(event["sig"]), bytes.fromhex(event["id"]))
    except ValueError:
        genuine = False
    if not genuine:
        raise UnusableEventError("its signature is not its author's")
    return event


def event_id(event: Mapping[str, Any]) -> str:
    """The hash of what is signed."""
    signed = [0, event["pubkey"], event["created_at"], event["kind"], event["tags"], event["content"]]
    try:
        return sha256(orjson.dumps(signed)).hexdigest()
    except (TypeError, orjson.JSONEncodeError) as error:
        raise UnusableEventError("it cannot be hashed") from error


def tags_of(event: Mapping[str, Any], name: str) -> list[list[str]]:
    """The tags of a name, each as texts."""
    found = [[as_text(part) for part in as_list(tag)] for tag in as_list(event.get("tags"))]
    return [tag for tag in found if len(tag) > 1 and tag[0] == name]


class Note:
    """The draft of a genuine event (`monitor.drafts`).

    :param relay: the host that gave it. :param about: that relay's name and description.
    """

    __slots__ = ("_media", "_relay", "_seen_at", "author", "created_at", "event", "id", "texts")

    def __init__(self, event: Mapping[str, Any], *, relay: str, about: tuple[str, str], seen_at: datetime) -> None:
        self.event, self._relay, self._seen_at = event, relay, seen_at
        self.id, self.author, self.created_at = event["id"], event["pubkey"], _time(event["created_at"])
        text, self._media = _words(event)
        title = next((tag[1] for name in ("title", "subject") for tag in tags_of(event, name)), "")
        tags = "\n".join(filter(None, _hashtags(event)))
        self.texts = (title, text, tags, about[0] or relay, about[1], "", "", "")

    def whole(self) -> Post:
        """The post."""
        event, texts = self.event, self.texts
        languages = [tag[1] for tag in tags_of(event, "l") if tag[2:3] == [_LANGUAGE]]
        return Post(
            platform=PLATFORM,
            id=self.id,
            instance=self._relay,
            url=f"nostr:{bech32('note', bytes.fromhex(self.id))}",
            created_at=self.created_at,
            first_seen_at=self._seen_at,
            author=Author(id=self.author),
            title=texts[0] or None,
            text=texts[1],
            tags=_hashtags(event),
            community=texts[3],
            community_description=texts[4] or None,
            lang=languages[0] if languages else None,
            reply_to=_replied(event),
            quotes=next((tag[1] for tag in tags_of(event, "q")), None),
            media_count=self._media,
        )


def to_post(event: Mapping[str, Any], *, relay: str, about: tuple[str, str], seen_at: datetime) -> Post:
    """A genuine event as a post."""
    return Note(event, relay=relay, about=about, seen_at=seen_at).whole()


def _hashtags(event: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, (without_media(tag[1]) for tag in tags_of(event, "t")))))


def _words(event: Mapping[str, Any]) -> tuple[str, int]:
    """The content without media; `imeta` tags name some whose addresses do not look like media."""
    content: str = event["content"]
    text, media = drop_media_links(content)
    named: set[str] = set()
    for tag in as_list(event.get("tags")):
        parts = [as_text(part) for part in as_list(tag)]
        kind = parts[0] if parts else ""
        if kind not in _MEDIA_TAGS:
            continue
        addresses = {parts[1]} if kind != "imeta" and len(parts) > 1 else set[str]()
        addresses |= {part.partition(" ")[2].strip() for part in parts if part.startswith(_MEDIA_ADDRESSES)}
        # Those that look like media and stand in the content were counted there.
        media += not any(is_media_url(address) and address in content for address in addresses)
        named |= addresses
    for address in sorted(filter(None, named), key=len, reverse=True):
        text = text.replace(address, "")
    return text.strip(), media


def _replied(event: Mapping[str, Any]) -> str | None:
    named = tags_of(event, "e")
    marked = {tag[3]: tag[1] for tag in named if len(tag) > 3 and tag[3]}
    if marked:
        return marked.get("reply") or marked.get("root")
    return named[-1][1] if named else None


def _time(seconds: int) -> datetime | None:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def with_profile(post: Post, profile: Mapping[str, Any]) -> Post:
    """A post with what its author's profile (kind 0) says."""
    try:
        said = as_dict(orjson.loads(as_text(profile.get("content"))))
    except orjson.JSONDecodeError:
        return post
    shown = without_media(as_text(said.get("display_name")) or as_text(said.get("displayName")))
    bio, _ = drop_media_links("\n".join(filter(None, (as_text(said.get("about")), _website(said)))))
    author = Author(
        id=post.author.id, handle=as_text(said.get("name")) or None, name=shown or None, bio=bio.strip() or None
    )
    return replace(post, author=author)


def _website(said: Mapping[str, Any]) -> str:
    address = as_text(said.get("website"))
    return "" if is_media_url(address) else address


def bech32(prefix: str, data: bytes) -> str:
    """Bytes as NIP-19 writes them (BIP-173)."""
    number, bits = int.from_bytes(data), len(data) * 8
    padded = -(-bits // 5) * 5
    number <<= padded - bits
    values = [(number >> shift) & 31 for shift in range(padded - 5, -1, -5)]
    spread = [*(ord(char) >> 5 for char in prefix), 0, *(ord(char) & 31 for char in prefix)]
    check = 1
    for value in (*spread, *values, 0, 0, 0, 0, 0, 0):
        check = (check & 0x1FFFFFF) << 5 ^ value ^ _FOLDED[check >> 25]
    values += [((check ^ 1) >> shift) & 31 for shift in range(25, -1, -5)]
    return f"{prefix}1{''.join([_BECH32[value] for value in values])}"
