"""Matrix: rooms that everybody may read, and the rooms that the operator's own account is in.

Reads through the operator's home server, with its account's token. World-readable rooms are read without being in
them; no call here joins, knocks or sends.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any, Final, Literal
from urllib.parse import quote

import httpx
import orjson
from pydantic import Field, SecretStr, field_validator

from monitor.errors import AuthError, HandlewatchError
from monitor.net.bodies import TextType
from monitor.net.errors import BadAnswerError, StatusError
from monitor.net.http import get_json
from monitor.ports import (
    BadRecord,
    Batch,
    Cursor,
    Finding,
    Known,
    Pace,
    Recheck,
    SourceContext,
    SourcePlugin,
    Standing,
)
from monitor.post import Post, text_hash
from monitor.sourcing import Address, Names, SourceOptions
from sources.findings import clock_skew, failure
from sources.forward import Forward, Leg
from sources.matrix_events import (
    ENCRYPTED,
    MESSAGE,
    PLATFORM,
    REDACTION,
    Read,
    Room,
    UnusableEventError,
    events_of,
    parse_post_id,
    read_events,
    redaction_of,
    shown_names,
    to_post,
)
from sources.scopes import Place
from sources.shapes import as_dict, as_list, as_text
from sources.terms import load_terms

_API: Final = "/_matrix/client/v3"
_PAGE: Final = "100"
_FILTER: Final = orjson.dumps({"types": [MESSAGE, REDACTION, ENCRYPTED], "lazy_load_members": True}).decode()


class MatrixOptions(SourceOptions):
    """Which rooms are read, and through which home server."""

    base_url: Address = Field(description="The operator's home server, for example https://matrix.example.")
    rooms: Names = Field(
        (),
        description="Rooms to read, by id (!...) or alias (#...:server). Without this: all that the account is in.",
    )
    access_token: SecretStr | None = Field(
        None,
        description="Token of an account of the operator's on that server; it is used to read only.",
        json_schema_extra={"env": ["MATRIX_ACCESS_TOKEN"]},
    )
    first_pages: int = Field(1, ge=1, le=100, description="How many pages back (of 100) the first poll of one goes.")
    max_pages: int = Field(50, ge=1, le=1000, description="Most pages of one room in one poll; then the next one.")

    @field_validator("rooms")
    @classmethod
    def _named(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not all(room.startswith(("!", "#")) for room in value):
            raise ValueError("needs ids (!...) or aliases (#...:server) of rooms")
        return tuple(dict.fromkeys(value))


class MatrixSource:
    """See the module. Made by :data:`PLUGIN`."""

    def __init__(self, options: MatrixOptions, context: SourceContext) -> None:
        self._options = options
        self._context = context
        token = options.access_token.get_secret_value() if options.access_token else ""
        self._headers = {"Authorization": f"Bearer {token}"}
        self._numbers: dict[str, str] = {}
        self._rooms: dict[str, Room] = {}

    async def collect(self, cursor: Cursor | None) -> AsyncGenerator[Batch, None]:
        """One poll of every room."""
        options = self._options
        walk = Forward(
            self._context,
            [Place(room, options.base_url, room) for room in await self._wanted()],
            self,
            first_pages=options.first_pages,
            max_pages=options.max_pages,
        )
        async for batch in walk.collect(cursor):
            yield batch

    async def _wanted(self) -> Sequence[str]:
        if self._options.rooms:
            return self._options.rooms
        answer, _ = await self._get("/joined_rooms")
        rooms = as_dict(answer).get("joined_rooms")
        if rooms is None:
            raise BadAnswerError("The home server does not say which rooms the account is in.")
        return sorted(filter(None, map(as_text, as_list(rooms))))

    async def back(self, scope: Place, older: str | None) -> Leg:
        """The newest events of a room, or those before a token."""
        answer, room = await self._page(scope.key, "b", older)
        names = shown_names(as_list(answer.get("state")))
        read = read_events(events_of(answer)[::-1], room, names, seen_at=self._context.clock())
        # Events that were replaced later come with their newest version when the walk gets to them.
        return _leg(read, older=as_text(answer.get("end")) or None, newer=as_text(answer.get("start")) or None)

    async def forth(self, scope: Place, after: str) -> Leg:
        """The events of a room after a token."""
        answer, room = await self._page(scope.key, "f", after)
        names = shown_names(as_list(answer.get("state")))
        read = read_events(events_of(answer), room, names, seen_at=self._context.clock())
        for event in read.edits:
            await self._take_edited(read, room, event, names)
        end = as_text(answer.get("end"))
        return _leg(read, newer=end or None, more=bool(end))

    async def _take_edited(self, read: Read, room: Room, event: str, names: Mapping[str, str]) -> None:
        """Adds the newest version of an older event: the server bundles that with the event."""
        try:
            post = await self._event(room, event, names)
        except (AuthError, StatusError):
            return  # it is gone, or was never shown to us
        except UnusableEventError as error:
            read.bad.append(BadRecord(where=event, why=str(error)))
            return
        if post is not None:
            read.posts[event] = post

    async def _event(self, room: Room, event: str, names: Mapping[str, str] | None = None) -> Post | None:
        """An event as it is now; None where it was redacted."""
        answer, _ = await self._get(f"/rooms/{_quoted(room.id)}/event/{_quoted(event)}")
        if redaction_of(as_dict(answer)) is not None:
            return None
        return to_post(as_dict(answer), room, names or {}, seen_at=self._context.clock())

    async def _page(self, name: str, direction: Literal["b", "f"], place: str | None) -> tuple[Mapping[str, Any], Room]:
        number = await self._number(name)
        answer = await self._messages(number, direction, place)
        return answer, await self._room(number) if events_of(answer) else Room(number)

    async def _messages(self, room: str, direction: Literal["b", "f"], place: str | None) -> Mapping[str, Any]:
        params = {"dir": direction, "limit": _PAGE, "filter": _FILTER, **({"from": place} if place else {})}
        answer, _ = await self._get(f"/rooms/{_quoted(room)}/messages", params)
        if "chunk" not in as_dict(answer):
            raise BadAnswerError("The home server answered with no chunk of events.")
        return as_dict(answer)

    async def _number(self, name: str) -> str:
        """A room's id; asked for once where it is named by an alias."""
        if name.startswith("#") and name not in self._numbers:
            answer, _ = await self._get(f"/directory/room/{_quoted(name)}")
            number = as_text(as_dict(answer).get("room_id"))
            if not number:
                raise BadAnswerError("The home server does not say which room the alias is of.")
            self._numbers[name] = number
        return self._numbers.get(name, name)

    async def _room(self, number: str) -> Room:
        """A room's name and topic; asked for once, left out where they are not shown."""
        if number not in self._rooms:
            title = await self._state(number, "m.room.name", "name")
            title = title or await self._state(number, "m.room.canonical_alias", "alias")
            topic = await self._state(number, "m.room.topic", "topic")
            self._rooms[number] = Room(number, title or None, topic or None)
        return self._rooms[number]

    async def _state(self, room: str, kind: str, key: str) -> str:
        try:
            answer, _ = await self._get(f"/rooms/{_quoted(room)}/state/{kind}/")
        except (AuthError, StatusError):
            return ""
        return as_text(as_dict(answer).get(key))

    async def _get(self, path: str, params: Mapping[str, str] | None = None) -> tuple[Any, httpx.Response]:
        url = f"{self._options.base_url}{_API}{path}"
        return await get_json(self._context.http, url, params=params, headers=self._headers)

    async def check(self) -> Sequence[Finding]:
        """The token, and the newest events of every room."""
        try:
            _, response = await self._get("/account/whoami")
        except HandlewatchError as error:
            return [failure("access token", error)]
        found = [Finding(what="access token", well=True, said="taken"), clock_skew(response, self._context.clock)]
        try:
            rooms = await self._wanted()
        except HandlewatchError as error:
            return [*found, failure("rooms", error)]
        for name in rooms:
            try:
                leg = await self.back(Place(name, self._options.base_url, name), None)
            except HandlewatchError as error:
                found.append(failure(f"room {name}", error))
            else:
                said = f"{len(leg.posts)} messages on its newest page"
                found.append(Finding(what=f"room {name}", well=not leg.unseen, said=leg.note or said))
        return found or [Finding(what="rooms", well=None, said="the account is in no room")]

    async def recheck(self, posts: Sequence[Known]) -> Sequence[Recheck]:
        """One call an event; who redacted it, the room says."""
        readable: dict[str, bool] = {}
        return [await self._recheck(known, readable) for known in posts]

    async def _recheck(self, known: Known, readable: dict[str, bool]) -> Recheck:
        def said(standing: Standing, note: str) -> Recheck:
            return Recheck(ref=known.ref, standing=standing, note=note)

        place = parse_post_id(known.ref.id)
        if place is None:
            return said(Standing.UNKNOWN, "not an event's address")
        room, event = place
        try:
            answer, _ = await self._get(f"/rooms/{_quoted(room)}/event/{_quoted(event)}")
            gone = redaction_of(as_dict(answer))
            if gone is not None:
                own = as_text(gone.get("sender")) == as_text(as_dict(answer).get("sender"))
                by = Standing.REMOVED_BY_AUTHOR if own else Standing.REMOVED_BY_MODERATOR
                return said(by if gone.get("sender") else Standing.UNAVAILABLE, "redacted")
            now = to_post(as_dict(answer), Room(room), {}, seen_at=self._context.clock())
        except StatusError as error:
            if error.status == 404 and await self._is_readable(room, readable):
                return said(Standing.UNAVAILABLE, "not in its room, which can be read")
            return said(Standing.UNKNOWN, error.brief)
        except (HandlewatchError, UnusableEventError) as error:
            return said(Standing.UNKNOWN, error.brief if isinstance(error, HandlewatchError) else str(error))
        edited = known.text_hash is not None and text_hash(now) != known.text_hash
        return said(Standing.EDITED if edited else Standing.UP, "in its room")

    async def _is_readable(self, room: str, readable: dict[str, bool]) -> bool:
        """Whether the room itself is shown to us: else an event that is not found proves nothing."""
        if room not in readable:
            try:
                readable[room] = bool(events_of(await self._messages(room, "b", None)))
            except HandlewatchError:
                readable[room] = False
        return readable[room]

    async def refresh(self, post: Known) -> Post | None:
        """The event as it is now."""
        place = parse_post_id(post.ref.id)
        if place is None:
            return None
        try:
            return await self._event(await self._room(place[0]), place[1])
        except StatusError as error:
            if error.status == 404 and await self._is_readable(place[0], {}):
                return None
            raise
        except UnusableEventError as error:
            raise BadAnswerError(f"The event has {error}.") from error


def _leg(read: Read, *, older: str | None = None, newer: str | None = None, more: bool = False) -> Leg:
    note = f"{read.encrypted} messages are encrypted and cannot be read" if read.encrypted else ""
    return Leg(
        posts=list(read.posts.values()),
        older=older,
        newer=newer,
        more=more,
        bad=read.bad,
        deleted=read.deleted,
        note=note,
        unseen=bool(read.encrypted) and not read.posts,
    )


def _quoted(name: str) -> str:
    return quote(name, safe="")


def _servers(options: MatrixOptions) -> Sequence[str]:
    return (options.base_url,)


PLUGIN: Final = SourcePlugin(
    name=PLATFORM,
    summary="Matrix rooms that everybody may read, or that the operator's account is in.",
    pace=Pace.POLL,
    options=MatrixOptions,
    open=MatrixSource,
    terms=load_terms()["matrix"],
    accepts=frozenset({TextType.JSON}),
    servers=_servers,
    credentials=("access_token",),
    credentials_needed=True,
    example="""\
[sources.matrix]
plugin = "matrix"
base_url = "https://matrix.example"
rooms = ["#maps:matrix.example"]
every = 60
basis = "World-readable rooms, read through our own home server; its terms were read on 2026-11-24."
""",
)
