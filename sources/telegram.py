"""Telegram: public channels that the operator lists, from their preview pages (`t.me/s/NAME`).

The pages are made for readers and are no documented interface: listed channels only, slowly, and only where the
operator's basis allows it. No account, no login, no joining; nobody's client is imitated.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Final

import httpx
from pydantic import Field, field_validator

from monitor.errors import AuthError, HandlewatchError
from monitor.net.bodies import TextType
from monitor.net.errors import BadAnswerError
from monitor.net.http import get
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
from monitor.post import Post, PostRef, text_hash
from monitor.sourcing import Address, Names, SourceOptions
from sources.findings import clock_skew, failure
from sources.scopes import Place
from sources.telegram_page import SITE, ChannelPage, read_page
from sources.terms import load_terms
from sources.walk import Bounds, Page, Walker

_ATTEMPTS: Final = 3
CHANNEL_NAME = re.compile(r"(?!joinchat$)[A-Za-z][A-Za-z0-9_]{1,63}")
_BEFORE_NAME = re.compile(r"(?:https?://)?(?:t(?:elegram)?\.me/)?(?:s/)?@?", re.IGNORECASE)
_NO_PREVIEW: Final = "there is no preview: no such channel, a private one, or its previews are switched off"


def channel_names(value: Sequence[str]) -> tuple[str, ...]:
    """Channels' names, of names and addresses; each once. Raises `ValueError`."""
    names = [_BEFORE_NAME.sub("", name.strip(), count=1).partition("/")[0] for name in value]
    if not names or not all(CHANNEL_NAME.fullmatch(name) for name in names):
        raise ValueError("needs names of public channels")
    return tuple({name.lower(): name for name in names}.values())


class TelegramOptions(SourceOptions):
    """Which channels are read."""

    base_url: Address = Field(SITE, description="The server that shows the preview pages.")
    channels: Names = Field(description="Public channels to read, by name: zorblat_news, or https://t.me/zorblat_news.")
    pause_seconds: float = Field(
        3.0, ge=1, le=600, description="Seconds between two pages. Nothing on loopback, where tests are."
    )
    first_pages: int = Field(1, ge=1, le=100, description="How many pages back (of 20) the first poll of one goes.")
    max_pages: int = Field(50, ge=1, le=1000, description="Most pages of one channel in one poll.")

    @field_validator("channels")
    @classmethod
    def _names(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return channel_names(value)


class TelegramSource:
    """See the module. Made by :data:`PLUGIN`."""

    def __init__(self, options: TelegramOptions, context: SourceContext) -> None:
        self._options = options
        self._context = context
        self._asked = False

    async def collect(self, cursor: Cursor | None) -> AsyncGenerator[Batch, None]:
        """One poll of every channel."""
        bounds = Bounds(first_pages=self._options.first_pages, max_pages=self._options.max_pages)
        places = [Place(name, self._options.base_url, name) for name in self._options.channels]
        async for batch in Walker(self._context, places, self._fetch, bounds).collect(cursor):
            yield batch

    async def _fetch(self, place: Place, older: str | None, _: str | None) -> Page:
        page, _response = await self._page(place.key, older)
        if not page.shown:
            raise AuthError(
                f"{place.key}: {_NO_PREVIEW}.", do="Check the name; or leave it out.", brief=f"{_NO_PREVIEW}."
            )
        lowest = page.lowest
        below = None if lowest is None or lowest <= 1 else str(lowest)
        return Page(posts=page.posts, older=below, bad=page.bad)

    async def _page(self, channel: str, before: str | None) -> tuple[ChannelPage, httpx.Response]:
        """One page; one that is cut off, or is some other page, is asked for again."""
        params = {"before": before} if before else {}
        for attempt in range(_ATTEMPTS):
            if self._asked and not self._context.loopback:
                await self._context.sleep(self._options.pause_seconds)
            self._asked = True
            response = await get(self._context.http, f"{self._options.base_url}/s/{channel}", params=params)
            try:
                return read_page(response.text, channel, seen_at=self._context.clock()), response
            except BadAnswerError:
                if attempt == _ATTEMPTS - 1:
                    raise
        raise AssertionError("the last attempt returns or raises")

    async def check(self) -> Sequence[Finding]:
        """One page of every channel."""
        found: list[Finding] = []
        for number, name in enumerate(self._options.channels):
            try:
                page, response = await self._page(name, None)
            except HandlewatchError as error:
                found.append(failure(f"channel {name}", error))
                continue
            if not number:
                found.append(clock_skew(response, self._context.clock))
            do = "" if page.shown else "Check the name; or leave it out."
            said = f"{len(page.posts)} posts on its newest page" if page.shown else _NO_PREVIEW
            found.append(Finding(what=f"channel {name}", well=page.shown, said=said, do=do))
        return found

    async def recheck(self, posts: Sequence[Known]) -> Sequence[Recheck]:
        """Whether posts are on their channel's pages; a page of 20 answers for all posts that it spans."""
        wanted: defaultdict[str, dict[int, Known]] = defaultdict(dict)
        for known in posts:
            channel, _, number = known.ref.id.rpartition("/")
            if CHANNEL_NAME.fullmatch(channel) and number.isdecimal():
                wanted[channel][int(number)] = known
        answers: dict[PostRef, Recheck] = {}
        for channel, numbers in wanted.items():
            await self._recheck_channel(channel, numbers, answers)
        strange = [Recheck(ref=known.ref, standing=Standing.UNKNOWN, note="not a post of a channel") for known in posts]
        return [answers.get(known.ref, other) for known, other in zip(posts, strange, strict=True)]

    async def _recheck_channel(
        self, channel: str, numbers: Mapping[int, Known], answers: dict[PostRef, Recheck]
    ) -> None:
        left = sorted(numbers, reverse=True)
        while left:
            top, error, page = left[0], "", ChannelPage(shown=False)
            try:
                page, _ = await self._page(channel, str(top + 1))
            except HandlewatchError as raised:
                error = raised.brief
            if error or not page.shown:
                for number in left:
                    ref = numbers[number].ref
                    answers[ref] = Recheck(ref=ref, standing=Standing.UNKNOWN, note=error or _NO_PREVIEW)
                return
            lowest = page.lowest
            spanned = [number for number in left if lowest is None or number >= lowest] or left[:1]
            for number in spanned:
                answers[numbers[number].ref] = _standing(numbers[number], number, page)
            left = left[len(spanned) :]

    async def refresh(self, post: Known) -> Post | None:
        """The post as its channel's page shows it now."""
        channel, _, number = post.ref.id.rpartition("/")
        if not CHANNEL_NAME.fullmatch(channel) or not number.isdecimal():
            raise BadAnswerError("It is not a post of a channel.")
        page, _ = await self._page(channel, str(int(number) + 1))
        if not page.shown:
            raise AuthError(f"{channel}: {_NO_PREVIEW}.", brief=f"{_NO_PREVIEW}.")
        found = _standing(post, int(number), page)
        if found.standing is Standing.UNKNOWN:
            raise BadAnswerError(f"Whether the post is there cannot be told: {found.note}.")
        return next((one for one in page.posts if one.id.rpartition("/")[2] == number), None)


def _standing(known: Known, number: int, page: ChannelPage) -> Recheck:
    shown = next((post for post in page.posts if post.id.rpartition("/")[2] == str(number)), None)
    if shown is not None:
        edited = known.text_hash is not None and text_hash(shown) != known.text_hash
        return Recheck(ref=known.ref, standing=Standing.EDITED if edited else Standing.UP, note="on its channel's page")
    if number in page.numbers:
        return Recheck(ref=known.ref, standing=Standing.UNKNOWN, note="it is there and could not be read")
    if page.lowest is not None and page.lowest > number:
        return Recheck(ref=known.ref, standing=Standing.UNKNOWN, note="the server gave another page")
    return Recheck(ref=known.ref, standing=Standing.UNAVAILABLE, note="not on its channel's page; by whom is not said")


PLUGIN: Final = SourcePlugin(
    name="telegram",
    summary="Listed public Telegram channels, from their preview pages.",
    pace=Pace.POLL,
    options=TelegramOptions,
    open=TelegramSource,
    terms=load_terms()["telegram"],
    accepts=frozenset({TextType.HTML}),
    example="""\
[sources.telegram]
plugin = "telegram"
channels = ["zorblat_news"]
every = 600
basis = "Listed public channels, read slowly; our counsel cleared the terms on 2026-11-24."
""",
)
