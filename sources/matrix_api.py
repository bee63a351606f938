"""The calls of Matrix's client-server API that the source makes: all of them only read; none joins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal
from urllib.parse import quote

import httpx
import orjson

from monitor.errors import AuthError
from monitor.net.errors import BadAnswerError, StatusError
from monitor.net.http import get_json
from monitor.ports import BadRecord, SourceContext
from monitor.post import Post
from sources.matrix_events import (
    ENCRYPTED,
    MESSAGE,
    REDACTION,
    Read,
    Room,
    UnusableEventError,
    events_of,
    redaction_of,
    to_post,
)
from sources.media import without_media
from sources.shapes import as_dict, as_list, as_text

PAGE: Final = 100

_API: Final = "/_matrix/client/v3"
_TYPES: Final = {"types": [MESSAGE, REDACTION, ENCRYPTED], "lazy_load_members": True}
_NOTHING: Final = {"types": list[str]()}
_MESSAGES: Final = orjson.dumps(_TYPES).decode()
_SYNC: Final = orjson.dumps(
    {
        "presence": _NOTHING,
        "account_data": _NOTHING,
        "room": {
            "timeline": {**_TYPES, "limit": PAGE},
            "state": {"types": ["m.room.member"], "lazy_load_members": True},
            "ephemeral": _NOTHING,
            "account_data": _NOTHING,
        },
    }
).decode()


class HomeServer:
    """The operator's home server, with the account's token."""

    def __init__(self, base: str, token: str, context: SourceContext) -> None:
        self._base, self._context = base, context
        self._headers = {"Authorization": f"Bearer {token}"}
        self._numbers: dict[str, str] = {}
        self._rooms: dict[str, Room] = {}

    async def take_edited(self, read: Read, room: Room, event: str, names: Mapping[str, str]) -> None:
        """Adds the newest version of an older event: the server bundles that with the event."""
        try:
            post = await self.event(room, event, names)
        except (AuthError, StatusError):
            return  # it is gone, or was never shown to us
        except UnusableEventError as error:
            read.bad.append(BadRecord(where=event, why=str(error)))
            return
        if post is not None:
            read.posts[event] = post

    async def event(self, room: Room, event: str, names: Mapping[str, str] | None = None) -> Post | None:
        """An event as it is now; None where it was redacted."""
        answer, _ = await self.get(f"/rooms/{quoted(room.id)}/event/{quoted(event)}")
        if redaction_of(as_dict(answer)) is not None:
            return None
        return to_post(as_dict(answer), room, names or {}, seen_at=self._context.clock())

    async def page(self, name: str, direction: Literal["b", "f"], place: str | None) -> tuple[Mapping[str, Any], Room]:
        """A page of a room's timeline, and the room."""
        number = await self.number(name)
        answer = await self.messages(number, direction, place)
        return answer, await self.room(number) if events_of(answer) else Room(number)

    async def messages(
        self, room: str, direction: Literal["b", "f"], place: str | None, *, to: str | None = None
    ) -> Mapping[str, Any]:
        """A page of a room's timeline from a token on, not beyond another one."""
        params = {"dir": direction, "limit": str(PAGE), "filter": _MESSAGES}
        params |= {name: token for name, token in (("from", place), ("to", to)) if token}
        answer, _ = await self.get(f"/rooms/{quoted(room)}/messages", params)
        if "chunk" not in as_dict(answer):
            raise BadAnswerError("The home server answered with no chunk of events.")
        return as_dict(answer)

    async def number(self, name: str) -> str:
        """A room's id; asked for once where it is named by an alias."""
        if name.startswith("#") and name not in self._numbers:
            answer, _ = await self.get(f"/directory/room/{quoted(name)}")
            number = as_text(as_dict(answer).get("room_id"))
            if not number:
                raise BadAnswerError("The home server does not say which room the alias is of.")
            self._numbers[name] = number
        return self._numbers.get(name, name)

    async def room(self, number: str) -> Room:
        """A room's name and topic; asked for once, left out where they are not shown."""
        if number not in self._rooms:
            title = await self._state(number, "m.room.name", "name")
            title = title or await self._state(number, "m.room.canonical_alias", "alias")
            topic = await self._state(number, "m.room.topic", "topic")
            self._rooms[number] = Room(number, title or None, topic or None)
        return self._rooms[number]

    async def _state(self, room: str, kind: str, key: str) -> str:
        try:
            answer, _ = await self.get(f"/rooms/{quoted(room)}/state/{kind}/")
        except (AuthError, StatusError):
            return ""
        return without_media(as_text(as_dict(answer).get(key)))

    async def joined(self) -> Sequence[str]:
        """The rooms that the account is in."""
        answer, _ = await self.get("/joined_rooms")
        rooms = as_dict(answer).get("joined_rooms")
        if rooms is None:
            raise BadAnswerError("The home server does not say which rooms the account is in.")
        return sorted(filter(None, map(as_text, as_list(rooms))))

    async def sync(self, since: str | None) -> Mapping[str, Any]:
        """What is new in the account's rooms; answers at once, and shows nobody that the account is there."""
        params = {"filter": _SYNC, "timeout": "0", "set_presence": "offline", **({"since": since} if since else {})}
        answer, _ = await self.get("/sync", params)
        if not as_text(as_dict(answer).get("next_batch")):
            raise BadAnswerError("The home server answered with no next_batch.")
        return as_dict(answer)

    async def get(self, path: str, params: Mapping[str, str] | None = None) -> tuple[Any, httpx.Response]:
        """Reads an address of the API. Raises what `monitor.net.http.get_json` raises."""
        url = f"{self._base}{_API}{path}"
        return await get_json(self._context.http, url, params=params, headers=self._headers)


def quoted(name: str) -> str:
    """A name as one part of a path."""
    return quote(name, safe="")
