"""Discord: channels that the operator lists, on servers whose owners invited the operator's bot for moderation.

Reads messages with the bot's token, forwards from where it left off (`after`); the last ones are read again, so that
edits are seen. No gateway, no joining, no message is ever sent.
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
from pydantic import Field, SecretStr, field_validator

from monitor.errors import AuthError, HandlewatchError
from monitor.net.bodies import TextType
from monitor.net.errors import BadAnswerError, StatusError
from monitor.net.http import get_json, refusal
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
from sources.discord_messages import (
    PLATFORM,
    SITE,
    Channel,
    Message,
    UnusableMessageError,
    came_empty,
    is_written,
    to_post,
)
from sources.findings import clock_skew, failure
from sources.forward import Forward, Leg
from sources.media import without_media
from sources.scopes import Place
from sources.shapes import as_dict, as_id, as_list, as_text, is_list, parsed
from sources.terms import load_terms

_API: Final = "/api/v10"
_PAGE: Final = 100
_FULL: Final = 50
"""A page as long as this may not be the last one, should a server give fewer than were asked for."""
_UNKNOWN_MESSAGE, _UNKNOWN_CHANNEL = 10008, 10003
_CONTENT_INTENT: Final = (1 << 18) | (1 << 19)
_LINK = re.compile(r"/channels/[^/]+/(\d+)/\d+")
_NO_INTENT: Final = "the bot may not see what messages say: the MESSAGE_CONTENT intent is missing"
_NO_HISTORY: Final = "no messages are shown: the channel is empty, or the bot lacks READ_MESSAGE_HISTORY"


class DiscordOptions(SourceOptions):
    """Which channels are read, and with which bot."""

    base_url: Address = Field(SITE + _API, description="The API's address.")
    channels: Names = Field(description="Ids of the channels and threads to read.")
    bot_token: SecretStr | None = Field(
        None,
        description="Token of the bot that the servers' owners invited; it needs View Channel, Read Message History.",
        json_schema_extra={"env": ["DISCORD_BOT_TOKEN"]},
    )
    first_pages: int = Field(1, ge=1, le=100, description="How many pages back (of 100) the first poll of one goes.")
    max_pages: int = Field(50, ge=1, le=1000, description="Most pages of one channel in one poll; then the next one.")

    @field_validator("channels")
    @classmethod
    def _ids(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        ids = [channel.strip().rstrip("/").rpartition("/")[2] for channel in value]
        if not ids or not all(number.isdecimal() for number in ids):
            raise ValueError("needs ids of channels")
        return tuple(dict.fromkeys(ids))

    @property
    def api(self) -> str:
        """The API's address, with its version."""
        return self.base_url if urlsplit(self.base_url).path.strip("/") else self.base_url + _API


class DiscordSource:
    """See the module. Made by :data:`PLUGIN`."""

    def __init__(self, options: DiscordOptions, context: SourceContext) -> None:
        self._options = options
        self._context = context
        token = options.bot_token.get_secret_value() if options.bot_token else ""
        self._headers = {"Authorization": f"Bot {token.removeprefix('Bot ')}"}
        self._channels: dict[str, Channel] = {}
        self._refused: AuthError | None = None

    async def collect(self, cursor: Cursor | None) -> AsyncGenerator[Batch, None]:
        """One poll of every channel."""
        options = self._options
        walk = Forward(
            self._context,
            [Place(f"channel {number}", options.api, number) for number in options.channels],
            self,
            first_pages=options.first_pages,
            max_pages=options.max_pages,
            look_back=True,
        )
        async for batch in walk.collect(cursor):
            yield batch

    async def back(self, scope: Place, older: str | None) -> Leg:
        """The newest messages, or those before one."""
        messages = await self._messages(scope.key, {"before": older} if older else {})
        leg = await self._leg(scope.key, messages)
        ids = _ids(messages)
        if not messages and older is None:
            channel = await self._channel(scope.key)
            hidden = channel.last_message is not None
            return Leg(posts=(), times=(), newer="0", note=_NO_HISTORY, unseen=hidden)
        below = str(min(ids)) if len(messages) >= _FULL and ids else None
        return replace(leg, older=below, newer=str(max(ids)) if ids else None)

    async def forth(self, scope: Place, after: str) -> Leg:
        """The messages after one."""
        messages = await self._messages(scope.key, {"after": after})
        leg = await self._leg(scope.key, messages)
        newest = str(max((*_ids(messages), int(after))))
        more = len(messages) >= _FULL
        return replace(leg, newer=newest, more=more)

    async def _messages(self, channel: str, place: Mapping[str, str]) -> list[Mapping[str, Any]]:
        answer, _ = await self._get(f"/channels/{channel}/messages", {"limit": str(_PAGE), **place})
        if not is_list(answer):
            raise BadAnswerError("Discord answered with no list of messages.")
        return [message for message in map(as_dict, as_list(answer)) if message]

    async def _leg(self, channel_id: str, messages: Sequence[Mapping[str, Any]]) -> Leg:
        written = [message for message in messages if is_written(message)]
        told = [message for message in written if not came_empty(message)]
        channel = await self._channel(channel_id) if told else Channel(channel_id)
        posts, bad, now = list[Message](), list[BadRecord](), self._context.clock()
        for message in sorted(told, key=lambda one: int(_number(one) or 0)):
            try:
                posts.append(Message(message, channel, seen_at=now))
            except UnusableMessageError as error:
                bad.append(BadRecord(where=f"message {_number(message) or 'of ' + channel_id}", why=str(error)))
        empty = len(written) - len(told)
        note = f"{_NO_INTENT} ({empty} of {len(written)} came empty)" if empty else ""
        times = [post.created_at for post in posts if post.created_at is not None]
        return Leg(posts=posts, times=times, bad=bad, note=note, unseen=bool(empty) and not told)

    async def _channel(self, number: str) -> Channel:
        """A channel's names; without them where they are not shown."""
        if number not in self._channels:
            said = await self._about(f"/channels/{number}")
            guild = as_id(said.get("guild_id"))
            server = as_dict(await self._about(f"/guilds/{guild}") if guild else None)
            names = (as_text(server.get("name")), as_text(said.get("name")))
            self._channels[number] = Channel(
                number,
                guild,
                " #".join(filter(None, names)) or None,
                without_media(as_text(said.get("topic"))) or None,
                as_id(said.get("last_message_id")),
            )
        return self._channels[number]

    async def _about(self, path: str) -> Mapping[str, Any]:
        try:
            answer, _ = await self._get(path)
        except (AuthError, StatusError):
            return {}
        return as_dict(answer)

    async def _get(self, path: str, params: Mapping[str, str] | None = None) -> tuple[Any, httpx.Response]:
        """Reads an address. A token that was refused is not tried again: many refusals get an address banned."""
        if self._refused is not None:
            raise self._refused
        try:
            return await get_json(self._context.http, self._options.api + path, params=params, headers=self._headers)
        except AuthError as error:
            if "(401)" in error.brief:
                self._refused = error
            raise

    async def check(self) -> Sequence[Finding]:
        """The token, the intent, and one message of every channel."""
        found: list[Finding] = []
        try:
            _, response = await self._get("/users/@me")
        except HandlewatchError as error:
            return [failure("bot token", error)]
        found += [Finding(what="bot token", well=True, said="taken"), clock_skew(response, self._context.clock)]
        try:
            about, _ = await self._get("/applications/@me")
            flags = as_dict(about).get("flags")
            well = bool(flags & _CONTENT_INTENT) if isinstance(flags, int) else None
            do = "" if well else "Switch MESSAGE_CONTENT on in the bot's settings (developer portal)."
            said = "allowed" if well else _NO_INTENT if well is False else "not said"
            found.append(Finding(what="content of messages", well=well, said=said, do=do))
        except HandlewatchError as error:
            found.append(failure("content of messages", error))
        for number in self._options.channels:
            try:
                messages = await self._messages(number, {})
            except HandlewatchError as error:
                found.append(failure(f"channel {number}", error))
                continue
            said = f"{len(messages)} messages on its newest page" if messages else _NO_HISTORY
            found.append(Finding(what=f"channel {number}", well=True if messages else None, said=said))
        return found

    async def recheck(self, posts: Sequence[Known]) -> Sequence[Recheck]:
        """One call a message: Discord gives no several at once."""
        return [await self._recheck(known) for known in posts]

    async def _recheck(self, known: Known) -> Recheck:
        try:
            answer = await self._message(known)
        except HandlewatchError as error:
            return Recheck(ref=known.ref, standing=Standing.UNKNOWN, note=error.brief)
        if answer is None:
            return Recheck(ref=known.ref, standing=Standing.UNAVAILABLE, note="deleted; by whom is not said")
        edited = known.text_hash is not None and text_hash(answer) != known.text_hash
        return Recheck(ref=known.ref, standing=Standing.EDITED if edited else Standing.UP, note="in its channel")

    async def refresh(self, post: Known) -> Post | None:
        """The message as it is now."""
        return await self._message(post)

    async def _message(self, known: Known) -> Post | None:
        """A message; None where Discord says that it, or its channel, is not there."""
        if self._refused is not None:
            raise self._refused
        link = _LINK.search(known.url or "")
        channel = link[1] if link else self._options.channels[0] if len(self._options.channels) == 1 else None
        if channel is None or not known.ref.id.isdecimal():
            raise BadAnswerError("It is not known in which channel the message is.")
        url = f"{self._options.api}/channels/{channel}/messages/{known.ref.id}"
        response = await self._context.http.get(url, headers=self._headers)
        answer = parsed(response.content)
        if response.is_error:
            if response.status_code == 404 and answer.get("code") in {_UNKNOWN_MESSAGE, _UNKNOWN_CHANNEL}:
                return None
            raise refusal(response)
        if came_empty(answer):
            raise AuthError(f"{_NO_INTENT}.")
        try:
            return to_post(answer, await self._channel(channel), seen_at=self._context.clock())
        except UnusableMessageError as error:
            raise BadAnswerError(f"The message has {error}.") from error


def _number(message: Mapping[str, Any]) -> str | None:
    number = as_id(message.get("id"))
    return number if number and number.isdecimal() else None


def _ids(messages: Sequence[Mapping[str, Any]]) -> list[int]:
    return [int(number) for message in messages if (number := _number(message))]


PLUGIN: Final = SourcePlugin(
    name=PLATFORM,
    summary="Listed channels of Discord servers that invited the operator's bot.",
    pace=Pace.POLL,
    options=DiscordOptions,
    open=DiscordSource,
    terms=load_terms()["discord"],
    accepts=frozenset({TextType.JSON}),
    credentials=("bot_token",),
    credentials_needed=True,
    example="""\
[sources.discord]
plugin = "discord"
channels = ["112233445566778899"]
every = 60
basis = "The server's owner invited our bot for moderation on 2026-11-24; Discord approved the use."
""",
)
