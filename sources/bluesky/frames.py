"""Jetstream's frames, and the post records in them: pure reading, both wire versions.

Facts: bluesky-social/jetstream, docs/README.md sections 5.1 and 5.2, and the lexicons
network.bsky.jetstream.subscribeEvents, app.bsky.feed.post, app.bsky.richtext.facet and app.bsky.embed.*.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple, cast

import orjson

from monitor.ports import Records
from monitor.post import Author, Post
from sources.media import drop_media_links, is_media_url
from sources.shapes import as_dict, as_list, as_text, as_time

PLATFORM: Final = "bluesky"
POSTS: Final = "app.bsky.feed.post"

_OPERATIONS: Final = frozenset({"create", "update", "delete"})
_V2: Final = "network.bsky.jetstream.subscribeEvents#"


class BadFrameError(ValueError):
    """A frame that cannot be used; the text says why, without any content."""


class Commit(NamedTuple):
    """A post was made, changed or deleted. `seq` is None on a version-1 wire."""

    seq: int | None
    time_us: int
    did: str
    operation: str
    rkey: str
    cid: str | None
    record: Mapping[str, Any] | None

    @property
    def uri(self) -> str:
        """The post's at:// URI."""
        return f"at://{self.did}/{POSTS}/{self.rkey}"


class Other(NamedTuple):
    """An event that says nothing about posts; it only moves the cursor."""

    seq: int | None
    time_us: int


class AccountDeleted(NamedTuple):
    """An account was deleted, with everything it posted."""

    seq: int | None
    time_us: int
    did: str


class Notice(NamedTuple):
    """What the server says about the stream itself (version 2): an advice, or an error that ends it."""

    name: str
    message: str
    fatal: bool


Event = Commit | AccountDeleted | Other
Frame = Event | Notice


def read_frame(data: bytes | str) -> Frame:
    """One frame of either wire. Raises `BadFrameError`."""
    try:
        frame = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise BadFrameError(f"invalid JSON at {error.pos}") from None
    if not isinstance(frame, dict):
        raise BadFrameError("not an object")
    fields = cast("dict[str, Any]", frame)
    try:
        return _version_2(fields) if "$type" in fields else _version_1(fields)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        if isinstance(error, BadFrameError):
            raise
        raise BadFrameError(f"not in the documented form ({type(error).__name__}: {_brief(error)})") from None


def _brief(error: Exception) -> str:
    """A missing field's name; other messages might quote content."""
    return str(error.args[0])[:40] if isinstance(error, KeyError) else "a field has another type"


def _version_1(frame: Mapping[str, Any]) -> Event:
    time_us = frame["time_us"]
    if type(time_us) is not int:
        raise BadFrameError("time_us is not a number")
    kind = frame["kind"]
    if kind == "commit":
        return _commit(frame["commit"], frame["did"], None, time_us)
    if kind == "account":
        return _account(frame["account"], frame["did"], None, time_us)
    return Other(None, time_us)


def _version_2(frame: Mapping[str, Any]) -> Frame:
    if frame["$type"] == "error":
        return Notice(str(frame.get("error")), str(frame.get("message") or ""), True)
    payload = frame["payload"]
    kind = str(payload["$type"]).removeprefix(_V2)
    if kind == "info":
        return Notice(str(payload.get("name")), str(payload.get("message") or ""), False)
    seq, time_us = payload["seq"], _microseconds(payload.get("witnessedAt") or payload["time"])
    if type(seq) is not int:
        raise BadFrameError("seq is not a number")
    if kind == "commit":
        return _commit(payload, payload["did"], seq, time_us)
    if kind == "account":
        return _account(payload["account"], payload["did"], seq, time_us)
    return Other(seq, time_us)


def _commit(commit: Mapping[str, Any], did: object, seq: int | None, time_us: int) -> Event:
    operation, rkey = commit["operation"], commit["rkey"]
    if commit["collection"] != POSTS or operation not in _OPERATIONS:
        return Other(seq, time_us)
    if not isinstance(did, str) or not isinstance(rkey, str):
        raise BadFrameError("did or rkey is not a text")
    return Commit(seq, time_us, did, operation, rkey, commit.get("cid"), commit.get("record"))


def _account(account: Mapping[str, Any], did: object, seq: int | None, time_us: int) -> Event:
    if account.get("active") is False and account.get("status") == "deleted":
        return AccountDeleted(seq, time_us, str(did))
    return Other(seq, time_us)


def _microseconds(stamp: str) -> int:
    moment = datetime.fromisoformat(stamp)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    # Integers throughout: a float of these seconds has no room for the microseconds.
    return (int(moment.replace(microsecond=0).timestamp()) * 1_000_000) + moment.microsecond


def moment(time_us: int) -> datetime:
    """Microseconds since 1970 as a time."""
    seconds, rest = divmod(time_us, 1_000_000)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest)


class _Texts(NamedTuple):
    text: str
    tags: tuple[str, ...]
    media: int


def _texts(record: Mapping[str, Any]) -> _Texts:
    """A post's text with the addresses that its links hide, its tags, and how many media were left out."""
    text = record.get("text")
    if not isinstance(text, str):
        raise BadFrameError("the record has no text")
    text, media = drop_media_links(text)
    parts, tags = [text], [tag for tag in as_list(record.get("tags")) if isinstance(tag, str)]
    for facet in as_list(record.get("facets")):
        for feature in as_list(as_dict(facet).get("features")):
            said = as_dict(feature)
            if (tag := as_text(said.get("tag"))) and tag not in tags:
                tags.append(tag)
            elif uri := as_text(said.get("uri")):
                media += _add_link(parts, uri)
    embed = record.get("embed")
    if embed:
        media += _add_embed(parts, as_dict(embed))
    return _Texts("\n".join(filter(None, parts)), tuple(tags), media)


def _add_link(parts: list[str], uri: str) -> int:
    """Adds a link's address where the text does not show it; 1 where it leads to media instead."""
    if is_media_url(uri):
        return 1
    bare = uri.partition("://")[2].rstrip("/") or uri
    if not any(bare in part for part in parts):
        parts.append(uri)
    return 0


def _add_embed(parts: list[str], embed: Mapping[str, Any]) -> int:
    """Adds the words and the address of a link card; counts the media."""
    attached = as_dict(embed.get("media")) or embed
    media = len(as_list(attached.get("images")) or as_list(attached.get("items"))) + ("video" in attached)
    card = as_dict(attached.get("external"))
    for words in (as_text(card.get("title")), as_text(card.get("description"))):
        if words and words not in parts:
            parts.append(words)
    if uri := as_text(card.get("uri")):
        media += _add_link(parts, uri)
    return media


def _quoted(embed: Mapping[str, Any]) -> str | None:
    """The at:// URI of the quoted record: embed.record, one level deeper where media come with it."""
    quoted = as_dict(embed.get("record"))
    return as_text(quoted.get("uri")) or as_text(as_dict(quoted.get("record")).get("uri")) or None


class PostRows:
    """Posts of a batch as columns; a `Post` is built only for the rows that somebody asks for."""

    def __init__(self, seen_at: datetime) -> None:
        self._seen_at = seen_at
        self._commits: list[Commit] = []
        self._texts: list[_Texts] = []

    def __len__(self) -> int:
        return len(self._commits)

    def add(self, commit: Commit) -> None:
        """Takes a created or updated post. Raises `BadFrameError`."""
        if not isinstance(commit.record, dict):
            raise BadFrameError("no record")
        self._texts.append(_texts(commit.record))
        self._commits.append(commit)

    def records(self) -> Records:
        """The columns."""
        columns: dict[str, Sequence[str]] = {
            "text": [texts.text for texts in self._texts],
            "tags": ["\n".join(texts.tags) for texts in self._texts],
        }
        return Records(columns, self._build)

    def _build(self, row: int) -> Post:
        commit, texts = self._commits[row], self._texts[row]
        record = as_dict(commit.record)
        parent = as_dict(as_dict(record.get("reply")).get("parent"))
        languages = [name for name in as_list(record.get("langs")) if isinstance(name, str)]
        return Post(
            platform=PLATFORM,
            id=commit.uri,
            url=f"https://bsky.app/profile/{commit.did}/post/{commit.rkey}",
            created_at=as_time(record.get("createdAt")),
            first_seen_at=self._seen_at,
            edited_at=moment(commit.time_us) if commit.operation == "update" else None,
            author=Author(id=commit.did),
            text=texts.text,
            tags=texts.tags,
            lang=languages[0] if languages else None,
            reply_to=as_text(parent.get("uri")) or None,
            quotes=_quoted(as_dict(record.get("embed"))),
            cid=as_text(commit.cid) or None,
            media_count=texts.media,
        )
