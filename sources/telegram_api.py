"""Telegram: public channels that the operator lists, through Telegram's API with a session of the operator's own.

Only ever reads (`sources.telegram_client`): no joining, no sending, no files. Telethon, which it needs, is an extra.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, TypeVar

from monitor.drafts import version_mark
from monitor.errors import AuthError, HandlewatchError, RateLimitedError
from monitor.net.errors import BadAnswerError
from monitor.ports import (
    Batch,
    Coverage,
    Cursor,
    Finding,
    Known,
    Pace,
    Recheck,
    Records,
    Seen,
    SourceContext,
    SourcePlugin,
    Standing,
)
from monitor.post import Post, PostRef, text_hash
from sources.findings import failure
from sources.media import without_media
from sources.scopes import Place, each_scope
from sources.shapes import as_dict, as_text, as_time
from sources.telegram import CHANNEL_NAME
from sources.telegram_api_options import SERVER, TelegramApiOptions
from sources.telegram_client import open_client, worded
from sources.telegram_messages import PLATFORM, About, is_message, is_restricted, to_post
from sources.terms import load_terms

_AT_ONCE: Final = 100
_KNOWN_KEPT: Final = 100
_SHORT_WAIT: Final = 60.0
_ATTEMPTS: Final = 3

_T = TypeVar("_T")


@dataclass(slots=True)
class _State:
    """One channel: the number of the newest message seen, and the marks of the last ones."""

    last: int = 0
    until: datetime | None = None
    marks: dict[int, str] = field(default_factory=dict[int, str])

    @classmethod
    def load(cls, value: object) -> _State:
        stored = as_dict(value)
        last = stored.get("last")
        marks = {int(key): as_text(mark) for key, mark in as_dict(stored.get("marks")).items() if key.isdecimal()}
        return cls(last if isinstance(last, int) else 0, as_time(stored.get("until")), marks)

    def dump(self) -> Mapping[str, Any]:
        self.marks = dict(sorted(self.marks.items())[-_KNOWN_KEPT:])
        until = self.until.isoformat() if self.until else None
        return {"last": self.last, "until": until, "marks": {str(key): mark for key, mark in self.marks.items()}}


class TelegramApiSource:
    """See the module. Made by :data:`PLUGIN`. :param connect: opens the client; a test gives another."""

    def __init__(
        self,
        options: TelegramApiOptions,
        context: SourceContext,
        connect: Callable[..., AbstractAsyncContextManager[Any]] | None = None,
    ) -> None:
        self._options, self._context, self._connect = options, context, connect or open_client
        self._abouts: dict[str, tuple[About, Any]] = {}

    def _opened(self) -> AbstractAsyncContextManager[Any]:
        given = {name: getattr(self._options, name) for name in PLUGIN.credentials}
        values = {name: value.get_secret_value() if value else "" for name, value in given.items()}
        address = self._options.base_url
        values["address"] = "" if address == SERVER else address
        return self._connect(**values, named=self._context.user_agent)

    async def _ask(self, call: Callable[[], Awaitable[_T]]) -> _T:
        """Asks; a short wait that Telegram wants is waited for, in full."""
        for attempt in range(_ATTEMPTS):
            try:
                return await call()
            except Exception as raised:
                error = worded(raised)
                wait = error.retry_after if isinstance(error, RateLimitedError) else None
                if wait is None or wait > _SHORT_WAIT or attempt == _ATTEMPTS - 1:
                    raise error from raised
                await self._context.sleep(wait)
        raise AssertionError("the last attempt returns or raises")

    async def _channel(self, client: Any, name: str) -> tuple[About, Any]:
        """What a channel says of itself, and what Telethon calls it; asked for once a run: look-ups are scarce."""
        if name not in self._abouts:
            entity = await self._ask(lambda: client.get_entity(name))
            if not getattr(entity, "broadcast", None) and not getattr(entity, "megagroup", None):
                raise AuthError(f"{name} is no channel.", do="Name public channels only.")
            title = as_text(getattr(entity, "title", None)) or None
            about: str | None = await self._ask(lambda: client.about_of(entity))
            known = as_text(getattr(entity, "username", None)) or name
            self._abouts[name] = (About(known, title, without_media(about or "") or None), entity)
        return self._abouts[name]

    async def _messages(self, client: Any, entity: Any, **which: Any) -> list[Any]:
        return list(await self._ask(lambda: client.get_messages(entity, **which)))

    async def collect(self, cursor: Cursor | None) -> AsyncGenerator[Batch, None]:
        """One poll of every channel."""
        stored = as_dict((cursor or {}).get("channels"))
        states = {name: _State.load(stored.get(name)) for name in self._options.channels}
        async with self._opened() as client:
            reading = each_scope(
                [Place(name, self._options.base_url, name) for name in states],
                lambda place: self._read(client, place.key, states),
                until=lambda place: states[place.key].until,
                clock=self._context.clock,
            )
            async for batch in reading:
                yield batch

    async def _read(self, client: Any, name: str, states: Mapping[str, _State]) -> AsyncGenerator[Batch, None]:
        about, entity = await self._channel(client, name)
        state, started = states[name], self._context.clock()
        if state.last and self._options.again and state.marks:
            yield await self._read_again(client, entity, about, name, states)
        first = not state.last
        for _ in range(self._options.max_pages):
            start = state.until
            if first:
                wanted = min(self._options.first_posts, self._context.limit or self._options.first_posts)
                page = await self._messages(client, entity, limit=wanted)
            else:
                page = await self._messages(client, entity, limit=_AT_ONCE, min_id=state.last, reverse=True)
            more = not first and len(page) >= _AT_ONCE
            posts = self._posts(page, about, state)
            oldest = min((post.created_at for post in posts if post.created_at), default=None)
            if not more:
                state.until = started
            end = started if not more else max((one.created_at for one in posts if one.created_at), default=started)
            seen = Coverage(scope=name, start=oldest if first else start, end=end, state=Seen.SEEN, posts=len(posts))
            yield Batch(records=Records.of(posts), cursor=_cursor(states), coverage=(seen,))
            if not more:
                return

    def _posts(self, page: Sequence[Any], about: About, state: _State) -> list[Post]:
        """The posts of a page, oldest first; the state goes on behind them."""
        posts = list[Post]()
        for message in sorted(page, key=lambda one: one.id):
            state.last = max(state.last, message.id)
            if is_message(message):
                posts.append(post := to_post(message, about, seen_at=self._context.clock()))
                state.marks[message.id] = version_mark(post)
        return posts

    async def _read_again(
        self, client: Any, entity: Any, about: About, name: str, states: Mapping[str, _State]
    ) -> Batch:
        """The last messages once more: what was edited is a new version, what is missing was deleted."""
        state = states[name]
        ids = sorted(state.marks)[-self._options.again :]
        posts, deleted = list[Post](), list[PostRef]()
        for number, message in zip(ids, await self._messages(client, entity, ids=ids), strict=False):
            if message is None:
                deleted.append(PostRef(PLATFORM, f"{about.name}/{number}"))
                del state.marks[number]
            elif is_message(message):
                post = to_post(message, about, seen_at=self._context.clock())
                if version_mark(post) != state.marks[number]:
                    state.marks[number] = version_mark(post)
                    posts.append(post)
        return Batch(records=Records.of(posts), cursor=_cursor(states), deleted=deleted)

    async def check(self) -> Sequence[Finding]:
        """Whether the session is signed in, and a message of every channel."""
        found = list[Finding]()
        try:
            async with self._opened() as client:
                found.append(Finding(what="session", well=True, said="signed in"))
                for name in self._options.channels:
                    found.append(await self._check(client, name))
        except HandlewatchError as error:
            found.append(failure("session", error))
        return found

    async def _check(self, client: Any, name: str) -> Finding:
        what = f"channel {name}"
        try:
            _, entity = await self._channel(client, name)
            page = await self._messages(client, entity, limit=1)
        except HandlewatchError as error:
            return failure(what, error)
        return Finding(what=what, well=True, said="it shows messages" if page else "it shows no message")

    async def recheck(self, posts: Sequence[Known]) -> Sequence[Recheck]:
        """A call for every hundred posts of a channel."""
        wanted: dict[str, dict[int, Known]] = {}
        for known in posts:
            channel, _, number = known.ref.id.rpartition("/")
            if CHANNEL_NAME.fullmatch(channel) and number.isdecimal():
                wanted.setdefault(channel, {})[int(number)] = known
        answers = {known.ref: _unknown(known, "not a post of a channel") for known in posts}
        try:
            async with self._opened() as client:
                for channel, numbers in wanted.items():
                    answers |= await self._recheck(client, channel, numbers)
        except HandlewatchError as error:
            answers |= {one.ref: _unknown(one, error.brief) for numbers in wanted.values() for one in numbers.values()}
        return [answers[known.ref] for known in posts]

    async def _recheck(self, client: Any, channel: str, numbers: Mapping[int, Known]) -> dict[PostRef, Recheck]:
        found = list[Recheck]()
        try:
            about, entity = await self._channel(client, channel)
            for start in range(0, len(numbers), _AT_ONCE):
                some = list(numbers)[start : start + _AT_ONCE]
                shown = await self._messages(client, entity, ids=some)
                for number, message in zip(some, shown, strict=True):
                    found.append(self._standing(numbers[number], message, about, shut=is_restricted(entity)))
        except HandlewatchError as error:
            told = {one.ref for one in found}
            found += [_unknown(known, error.brief) for known in numbers.values() if known.ref not in told]
        return {one.ref: one for one in found}

    def _standing(self, known: Known, message: Any, about: About, *, shut: bool) -> Recheck:
        if shut or is_restricted(message):
            note = f"Telegram restricts the {'channel' if shut else 'message'} everywhere"
            return Recheck(ref=known.ref, standing=Standing.REMOVED_BY_PLATFORM, note=note)
        if not is_message(message):
            note = "not in its channel any more; by whom is not said"
            return Recheck(ref=known.ref, standing=Standing.UNAVAILABLE, note=note)
        now = to_post(message, about, seen_at=self._context.clock())
        edited = known.text_hash is not None and text_hash(now) != known.text_hash
        return Recheck(ref=known.ref, standing=Standing.EDITED if edited else Standing.UP, note="looked up")

    async def refresh(self, post: Known) -> Post | None:
        """The post as it is now."""
        channel, _, number = post.ref.id.rpartition("/")
        if not CHANNEL_NAME.fullmatch(channel) or not number.isdecimal():
            raise BadAnswerError("It is not a post of a channel.")
        async with self._opened() as client:
            about, entity = await self._channel(client, channel)
            (message,) = await self._messages(client, entity, ids=[int(number)])
            there = is_message(message) and not is_restricted(entity) and not is_restricted(message)
            return to_post(message, about, seen_at=self._context.clock()) if there else None


def _unknown(known: Known, note: str) -> Recheck:
    return Recheck(ref=known.ref, standing=Standing.UNKNOWN, note=note)


def _cursor(states: Mapping[str, _State]) -> Mapping[str, Any]:
    return {"channels": {name: state.dump() for name, state in states.items()}}


PLUGIN: Final = SourcePlugin(
    name="telegram-api",
    summary="Listed public Telegram channels, through Telegram's API with a session of your own (extra telethon).",
    pace=Pace.POLL,
    options=TelegramApiOptions,
    open=TelegramApiSource,
    terms=load_terms()["telegram"],
    credentials=("api_id", "api_hash", "session"),
    credentials_needed=True,
    example="""\
[sources.telegram_api]
plugin = "telegram-api"
channels = ["zorblat_news"]
every = 600
basis = "Listed public channels, read slowly; our counsel cleared the terms on 2026-11-24."
""",
)
