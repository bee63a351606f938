"""Matrix: rooms that everybody may read, and the rooms that the operator's own account is in.

Reads through the operator's home server, with its account's token. World-readable rooms are read without being in
them; no call here joins, knocks or sends.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from typing import Final

from pydantic import Field, SecretStr, field_validator

from monitor.errors import HandlewatchError
from monitor.net.bodies import TextType
from monitor.net.errors import BadAnswerError, StatusError
from monitor.ports import (
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
from sources.matrix_api import HomeServer, quoted
from sources.matrix_events import (
    PLATFORM,
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
from sources.matrix_sync import OwnRooms
from sources.scopes import Place
from sources.shapes import as_dict, as_list, as_text
from sources.terms import load_terms


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
        self._home = HomeServer(options.base_url, token, context)

    async def collect(self, cursor: Cursor | None) -> AsyncGenerator[Batch, None]:
        """One poll of every room: each by itself where they are named, else all that the account is in together."""
        options = self._options
        if not options.rooms:
            own = OwnRooms(self._home, self._context, first_pages=options.first_pages, max_pages=options.max_pages)
            async for batch in own.collect(cursor):
                yield batch
            return
        walk = Forward(
            self._context,
            [Place(room, options.base_url, room) for room in options.rooms],
            self,
            first_pages=options.first_pages,
            max_pages=options.max_pages,
        )
        async for batch in walk.collect(cursor):
            yield batch

    async def back(self, scope: Place, older: str | None) -> Leg:
        """The newest events of a room, or those before a token."""
        answer, room = await self._home.page(scope.key, "b", older)
        names = shown_names(as_list(answer.get("state")))
        read = read_events(events_of(answer)[::-1], room, names, seen_at=self._context.clock())
        # Events that were replaced later come with their newest version when the walk gets to them.
        return _leg(read, older=as_text(answer.get("end")) or None, newer=as_text(answer.get("start")) or None)

    async def forth(self, scope: Place, after: str) -> Leg:
        """The events of a room after a token."""
        answer, room = await self._home.page(scope.key, "f", after)
        names = shown_names(as_list(answer.get("state")))
        read = read_events(events_of(answer), room, names, seen_at=self._context.clock())
        for event in read.edits:
            await self._home.take_edited(read, room, event, names)
        end = as_text(answer.get("end"))
        return _leg(read, newer=end or None, more=bool(end))

    async def check(self) -> Sequence[Finding]:
        """The token, and the newest events of every room."""
        try:
            _, response = await self._home.get("/account/whoami")
        except HandlewatchError as error:
            return [failure("access token", error)]
        found = [Finding(what="access token", well=True, said="taken"), clock_skew(response, self._context.clock)]
        try:
            rooms = self._options.rooms or await self._home.joined()
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
            answer, _ = await self._home.get(f"/rooms/{quoted(room)}/event/{quoted(event)}")
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
                readable[room] = bool(events_of(await self._home.messages(room, "b", None)))
            except HandlewatchError:
                readable[room] = False
        return readable[room]

    async def refresh(self, post: Known) -> Post | None:
        """The event as it is now."""
        place = parse_post_id(post.ref.id)
        if place is None:
            raise BadAnswerError("It is not an event's address.")
        try:
            return await self._home.event(await self._home.room(place[0]), place[1])
        except StatusError as error:
            if error.status == 404 and await self._is_readable(place[0], {}):
                return None
            raise
        except UnusableEventError as error:
            raise BadAnswerError(f"The event has {error}.") from error


def _leg(read: Read, *, older: str | None = None, newer: str | None = None, more: bool = False) -> Leg:
    return Leg(
        posts=list(read.posts.values()),
        times=read.times,
        older=older,
        newer=newer,
        more=more,
        bad=read.bad,
        deleted=read.deleted,
        note=read.note,
        unseen=read.unseen,
    )


PLUGIN: Final = SourcePlugin(
    name=PLATFORM,
    summary="Matrix rooms that everybody may read, or that the operator's account is in.",
    pace=Pace.POLL,
    options=MatrixOptions,
    open=MatrixSource,
    terms=load_terms()["matrix"],
    accepts=frozenset({TextType.JSON}),
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
