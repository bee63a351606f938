"""Matrix's room events as posts: pure mapping, tolerant.

Facts: the client-server specification, m.room.message and its msgtypes, event replacements (m.replace), rich
replies, redactions (`redacts`, since room version 11 in the content), captions (`filename`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from monitor.ports import BadRecord
from monitor.post import Author, Post, PostRef
from sources.html import html_to_text
from sources.media import drop_media_links
from sources.shapes import as_dict, as_list, as_text

PLATFORM: Final = "matrix"
MESSAGE: Final = "m.room.message"
REDACTION: Final = "m.room.redaction"
ENCRYPTED: Final = "m.room.encrypted"

_MEDIA: Final = frozenset({"m.image", "m.video", "m.audio", "m.file", "m.sticker"})
_HTML: Final = "org.matrix.custom.html"
_REPLY_HTML = re.compile(r"<mx-reply>.*?</mx-reply>", re.DOTALL | re.IGNORECASE)
_REPLY_LINES = re.compile(r"\A(?:> ?[^\n]*\n)+\n?")
_MATRIX_MEDIA = re.compile(r"\bmxc://\S+", re.IGNORECASE)
_URI = re.compile(r"matrix:roomid/([^/]+)/e/([^/]+)")


class UnusableEventError(ValueError):
    """An event that cannot be used; the text says why, without any content."""


@dataclass(frozen=True, slots=True)
class Room:
    """A room's id, name and topic."""

    id: str
    name: str | None = None
    topic: str | None = None


def post_id(room: str, event: str) -> str:
    """An event's URI (the `matrix:` scheme)."""
    return f"matrix:roomid/{room.removeprefix('!')}/e/{event.removeprefix('$')}"


def parse_post_id(name: str) -> tuple[str, str] | None:
    """The room and the event that a URI names."""
    found = _URI.fullmatch(name)
    return (f"!{found[1]}", f"${found[2]}") if found else None


@dataclass(slots=True)
class Read:
    """What a stretch of a room's timeline held.

    :param edits: events that are not in it and were replaced.
    :param encrypted: how many messages cannot be read.
    """

    posts: dict[str, Post] = field(default_factory=dict[str, Post])
    deleted: list[PostRef] = field(default_factory=list[PostRef])
    edits: list[str] = field(default_factory=list[str])
    bad: list[BadRecord] = field(default_factory=list[BadRecord])
    encrypted: int = 0

    @property
    def note(self) -> str:
        """What the coverage ledger should say of it."""
        return f"{self.encrypted} messages are encrypted and cannot be read" if self.encrypted else ""

    @property
    def unseen(self) -> bool:
        """Whether something is there, and nothing of it can be read."""
        return bool(self.encrypted) and not self.posts


def read_events(
    events: Sequence[Mapping[str, Any]], room: Room, names: Mapping[str, str], *, seen_at: datetime
) -> Read:
    """Reads events, oldest first.

    :param names: user id -> the name shown in this room.
    """
    read, originals = Read(), dict[str, Mapping[str, Any]]()
    for place, event in enumerate(events):
        name = as_text(event.get("event_id"))
        kind = event.get("type")
        if kind == REDACTION:
            gone = as_text(event.get("redacts")) or as_text(as_dict(event.get("content")).get("redacts"))
            if gone:
                read.deleted.append(PostRef(PLATFORM, post_id(room.id, gone)))
                read.posts.pop(gone, None)
            continue
        if kind == ENCRYPTED:
            read.encrypted += 1
            continue
        if kind != MESSAGE or redaction_of(event) is not None:
            continue
        try:
            replaced = _replaced(event)
            if replaced is None:
                originals[name] = event
                read.posts[name] = to_post(event, room, names, seen_at=seen_at)
            elif replaced in originals:
                _replace(read, originals, replaced, event, (room, names, seen_at))
            elif replaced not in read.edits:
                read.edits.append(replaced)
        except UnusableEventError as error:
            read.bad.append(BadRecord(where=name or f"event {place} of {room.id}", why=str(error)))
    return read


def _replace(
    read: Read,
    originals: Mapping[str, Mapping[str, Any]],
    replaced: str,
    event: Mapping[str, Any],
    about: tuple[Room, Mapping[str, str], datetime],
) -> None:
    room, names, seen_at = about
    if originals[replaced].get("sender") == event.get("sender") and replaced in read.posts:
        with_edit = {**originals[replaced], "unsigned": {"m.relations": {"m.replace": event}}}
        read.posts[replaced] = to_post(with_edit, room, names, seen_at=seen_at)


def redaction_of(event: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """What redacted an event; None where it is as it was sent."""
    return (
        as_dict(as_dict(event.get("unsigned")).get("redacted_because"))
        or as_dict(event.get("redacted_because"))
        or None
    )


def _replaced(event: Mapping[str, Any]) -> str | None:
    relation = as_dict(as_dict(event.get("content")).get("m.relates_to"))
    return as_text(relation.get("event_id")) or None if relation.get("rel_type") == "m.replace" else None


def to_post(event: Mapping[str, Any], room: Room, names: Mapping[str, str], *, seen_at: datetime) -> Post:
    """One message as a post, in its newest version where the server bundles that with it.

    :raises UnusableEventError: no id, no sender or no body (the form has changed).
    """
    name, sender = as_text(event.get("event_id")), as_text(event.get("sender"))
    content = as_dict(event.get("content"))
    if not name:
        raise UnusableEventError("no event_id")
    if not sender:
        raise UnusableEventError("no sender")
    edit = _bundled_edit(event, sender)
    shown = (as_dict(as_dict(edit.get("content")).get("m.new_content")) if edit else None) or content
    if not isinstance(shown.get("body"), str):
        raise UnusableEventError("no body")
    replied = thread = ""
    if relation := as_dict(content.get("m.relates_to")):
        replied = as_text(as_dict(relation.get("m.in_reply_to")).get("event_id"))
        thread = as_text(relation.get("event_id")) if relation.get("rel_type") == "m.thread" else ""
    text, media = _words(shown, reply=bool(replied))
    above = replied or thread
    return Post(
        platform=PLATFORM,
        id=post_id(room.id, name),
        instance=sender.partition(":")[2] or None,
        url=f"https://matrix.to/#/{room.id}/{name}",
        created_at=_time(event),
        first_seen_at=seen_at,
        edited_at=_time(edit) if edit else None,
        author=Author(id=sender, handle=sender, name=names.get(sender)),
        text=text,
        community=room.name,
        community_description=room.topic,
        reply_to=post_id(room.id, above) if above else None,
        media_count=media,
    )


def _bundled_edit(event: Mapping[str, Any], sender: str) -> Mapping[str, Any]:
    relations = as_dict(event.get("unsigned")).get("m.relations")
    edit = as_dict(as_dict(relations).get("m.replace") if relations else None)
    return edit if edit.get("sender") == sender else {}


def _time(event: Mapping[str, Any]) -> datetime | None:
    stated = event.get("origin_server_ts")
    if not isinstance(stated, int) or isinstance(stated, bool):
        return None
    try:
        return datetime.fromtimestamp(stated / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _words(content: Mapping[str, Any], *, reply: bool) -> tuple[str, int]:
    body, media = as_text(content.get("body")), 0
    if content.get("msgtype") in _MEDIA:
        # The body is the file's name, unless that is told apart from it: then it is a caption.
        media = 1
        if as_text(content.get("filename")) in {"", body}:
            return "", media
    html = as_text(content.get("formatted_body")) if content.get("format") == _HTML else ""
    if html:
        read = html_to_text(_REPLY_HTML.sub("", html) if "mx-reply" in html else html)
        body, media = read.text, media + read.media
    elif reply:
        body = _REPLY_LINES.sub("", body)
    text, dropped = drop_media_links(body)
    text, inner = _MATRIX_MEDIA.subn("", text) if "mxc:" in text.lower() else (text, 0)
    return text.strip(), media + dropped + inner


def shown_names(events: Sequence[Any]) -> dict[str, str]:
    """User id -> name, of membership events."""
    names: dict[str, str] = {}
    for event in map(as_dict, events):
        shown = as_text(as_dict(event.get("content")).get("displayname"))
        if event.get("type") == "m.room.member" and shown:
            names[as_text(event.get("state_key"))] = shown
    return names


def events_of(answer: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The events of a `/messages` answer, in its order."""
    return [event for event in map(as_dict, as_list(answer.get("chunk"))) if event]
