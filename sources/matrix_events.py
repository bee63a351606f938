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

from monitor.drafts import Draft
from monitor.ports import BadRecord
from monitor.post import Author, Post, PostRef
from sources.html import html_to_text
from sources.media import drop_media_links, without_media
from sources.shapes import as_dict, as_list, as_text

PLATFORM: Final = "matrix"
MESSAGE: Final = "m.room.message"
REDACTION: Final = "m.room.redaction"
ENCRYPTED: Final = "m.room.encrypted"

_MEDIA: Final = ("m.image", "m.video", "m.audio", "m.file", "m.sticker")
_HTML: Final = "org.matrix.custom.html"
_REPLY_HTML = re.compile(r"<mx-reply>.*?</mx-reply>", re.DOTALL | re.IGNORECASE)
_REPLY_LINES = re.compile(r"\A(?:> ?[^\n]*\n)+\n?")
_MATRIX_MEDIA = re.compile(r"\bmxc://\S+", re.IGNORECASE)
_GONE: Final = "redacted_because"
_UNCHANGED: Final[Mapping[str, Any]] = {}
_LAST_STAMP: Final = 253_402_300_800_000
"""The year 10000."""
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


class Common:
    """What messages of one stretch of a room's timeline have in common.

    :param names: user id -> the name shown in this room.
    """

    __slots__ = ("community", "described", "names", "place", "room", "seen_at")

    def __init__(self, room: Room, names: Mapping[str, str], seen_at: datetime) -> None:
        self.room, self.names, self.seen_at = room, names, seen_at
        self.place = post_id(room.id, "")
        self.community, self.described = room.name or "", room.topic or ""


@dataclass(slots=True)
class Read:
    """What a stretch of a room's timeline held.

    :param stamps: when its messages say that they were sent, in milliseconds.
    :param edits: events that are not in it and were replaced.
    :param encrypted: how many messages cannot be read.
    """

    posts: dict[str, Draft] = field(default_factory=dict[str, Draft])
    stamps: list[int] = field(default_factory=list[int])
    deleted: list[PostRef] = field(default_factory=list[PostRef])
    edits: list[str] = field(default_factory=list[str])
    bad: list[BadRecord] = field(default_factory=list[BadRecord])
    encrypted: int = 0

    @property
    def times(self) -> list[datetime]:
        """When the oldest and the newest of its messages were sent; none where that is not told."""
        ends = (min(self.stamps), max(self.stamps)) if self.stamps else ()
        return [moment for stamp in ends if (moment := _moment(stamp)) is not None]

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
    read, common = Read(), Common(room, names, seen_at)
    posts, stamps = read.posts, read.stamps
    for place, event in enumerate(events):
        if event.get("type") != MESSAGE:
            _take_other(read, event, room)
            continue
        content, unsigned = event.get("content"), event.get("unsigned")
        if (_GONE in event or (isinstance(unsigned, dict) and _GONE in unsigned)) and redaction_of(event) is not None:
            continue
        replaced = _replaced(event) if isinstance(content, dict) and "m.relates_to" in content else None
        try:
            if replaced is None:
                message = RoomMessage(event, common)
                posts[event["event_id"]] = message
                stamp = event.get("origin_server_ts")
                if type(stamp) is int and 0 <= stamp < _LAST_STAMP:
                    stamps.append(stamp)
            elif replaced in posts:
                _replace(posts, replaced, event, common)
            elif replaced not in read.edits and all(one.where != replaced for one in read.bad):
                read.edits.append(replaced)
        except UnusableEventError as error:
            where = as_text(event.get("event_id")) or f"event {place} of {room.id}"
            read.bad.append(BadRecord(where=where, why=str(error)))
    return read


def _take_other(read: Read, event: Mapping[str, Any], room: Room) -> None:
    kind = event.get("type")
    if kind == REDACTION:
        gone = as_text(event.get("redacts")) or as_text(as_dict(event.get("content")).get("redacts"))
        if gone:
            read.deleted.append(PostRef(PLATFORM, post_id(room.id, gone)))
            read.posts.pop(gone, None)
    elif kind == ENCRYPTED:
        read.encrypted += 1


def _replace(posts: dict[str, Draft], replaced: str, event: Mapping[str, Any], common: Common) -> None:
    original = posts[replaced]
    if isinstance(original, RoomMessage) and original.event.get("sender") == event.get("sender"):
        with_edit = {**original.event, "unsigned": {"m.relations": {"m.replace": event}}}
        posts[replaced] = RoomMessage(with_edit, common)


def redaction_of(event: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """What redacted an event; None where it is as it was sent."""
    unsigned = event.get("unsigned")
    return as_dict(as_dict(unsigned).get(_GONE)) or as_dict(event.get(_GONE)) or None


def _relation(event: Mapping[str, Any]) -> Mapping[str, Any]:
    return as_dict(as_dict(event.get("content")).get("m.relates_to"))


def _replaced(event: Mapping[str, Any]) -> str | None:
    relation = _relation(event)
    return as_text(relation.get("event_id")) or None if relation.get("rel_type") == "m.replace" else None


class RoomMessage:
    """The draft of a message (`monitor.drafts`), in its newest version where the server bundles that with it.

    :raises UnusableEventError: no id, no sender or no body (the form has changed).
    """

    __slots__ = ("_common", "_edit", "_media", "event", "id", "texts")

    def __init__(self, event: Mapping[str, Any], common: Common) -> None:
        self.event, self._common, self._edit = event, common, _UNCHANGED
        get = event.get
        name, sender, unsigned = get("event_id"), get("sender"), get("unsigned")
        if not name or not isinstance(name, str):
            raise UnusableEventError("no event_id")
        if not sender or not isinstance(sender, str):
            raise UnusableEventError("no sender")
        content = shown = as_dict(get("content"))
        if isinstance(unsigned, dict) and "m.relations" in unsigned:
            self._edit = edit = _bundled_edit(as_dict(event["unsigned"]), sender)
            shown = as_dict(as_dict(edit.get("content")).get("m.new_content")) or content
        body = shown.get("body")
        if not isinstance(body, str):
            raise UnusableEventError("no body")
        # Most messages are nothing but words.
        if "format" in shown or "m.relates_to" in content or shown.get("msgtype") != "m.text":
            text, self._media = _words(shown, body, reply=bool(_answered(_relation(event))))
        elif ":" in body or "![" in body:
            text, self._media = _without_media(body, 0)
        else:
            text, self._media = body.strip(), 0
        self.id = common.place + (name[1:] if name[0] == "$" else name)
        name = common.names.get(sender, "")
        self.texts = ("", text, "", common.community, common.described, sender, name, "")

    @property
    def created_at(self) -> datetime | None:
        """See `monitor.drafts`. Made when asked for: of a stretch, the ends matter (`Read.times`)."""
        return _moment(self.event.get("origin_server_ts"))

    def whole(self) -> Post:
        """The post."""
        event, room, sender = self.event, self._common.room, self.texts[5]
        relation = _relation(event)
        thread = as_text(relation.get("event_id")) if relation.get("rel_type") == "m.thread" else ""
        above = _answered(relation) or thread
        return Post(
            platform=PLATFORM,
            id=self.id,
            instance=sender.partition(":")[2] or None,
            url=f"https://matrix.to/#/{room.id}/{event['event_id']}",
            created_at=self.created_at,
            first_seen_at=self._common.seen_at,
            edited_at=_moment(self._edit.get("origin_server_ts")),
            author=Author(id=sender, handle=sender, name=self.texts[6] or None),
            text=self.texts[1],
            community=room.name,
            community_description=room.topic,
            reply_to=post_id(room.id, above) if above else None,
            media_count=self._media,
        )


def to_post(event: Mapping[str, Any], room: Room, names: Mapping[str, str], *, seen_at: datetime) -> Post:
    """One message as a post. Raises `UnusableEventError`."""
    return RoomMessage(event, Common(room, names, seen_at)).whole()


def _answered(relation: Mapping[str, Any]) -> str:
    return as_text(as_dict(relation.get("m.in_reply_to")).get("event_id"))


def _bundled_edit(unsigned: Mapping[str, Any], sender: str) -> Mapping[str, Any]:
    edit = as_dict(as_dict(unsigned.get("m.relations")).get("m.replace"))
    return edit if edit.get("sender") == sender else {}


def _moment(stamp: object) -> datetime | None:
    try:
        return datetime.fromtimestamp(stamp / 1000, UTC) if type(stamp) is int else None
    except (ValueError, OverflowError, OSError):
        return None


def _words(content: Mapping[str, Any], body: str, *, reply: bool) -> tuple[str, int]:
    media = 0
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
    return _without_media(body, media)


def _without_media(body: str, media: int) -> tuple[str, int]:
    text, dropped = drop_media_links(body)
    text, inner = _MATRIX_MEDIA.subn("", text) if "mxc:" in text.lower() else (text, 0)
    return text.strip(), media + dropped + inner


def shown_names(events: Sequence[Any]) -> dict[str, str]:
    """User id -> name, of membership events."""
    names: dict[str, str] = {}
    for event in map(as_dict, events):
        shown = without_media(as_text(as_dict(event.get("content")).get("displayname")))
        if event.get("type") == "m.room.member" and shown:
            names[as_text(event.get("state_key"))] = shown
    return names


def events_of(answer: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The events of a `/messages` answer, in its order."""
    return [event for event in map(as_dict, as_list(answer.get("chunk"))) if event]
