"""Telegram's API through Telethon: mapping, cursors, waits, and that nothing but reading can be asked.

No Telegram is there to test against: the client is a fake that answers with Telethon's own documented objects, and the
list of requests is held against Telethon's own client, at the method through which all of its requests go.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from telethon import TelegramClient, errors, functions, types
from telethon.sessions import StringSession

from monitor.errors import AuthError, ConfigError, RateLimitedError, RefusedError, UnreachableError
from monitor.net.errors import BadAnswerError
from monitor.plugins import source_plugins
from monitor.ports import Known, Seen, SourceContext, Standing
from monitor.post import PostRef, text_hash
from monitor.sourcing import make_options
from sources import telegram_api, telegram_client
from sources.telegram_messages import About, to_post
from tests.sources.worlds import MEDIA_MARK, Harvest, Timeline

SECRETS = {"api_id": "4711", "api_hash": "planted-hash", "session": "planted-session"}
NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)


def message(number: int, text: str = "", **more: Any) -> Any:
    peer, at = types.PeerChannel(7), NOON - timedelta(hours=1) + timedelta(seconds=number)
    return types.Message(id=number, peer_id=peer, date=at, message=text or f"Post number {number}", **more)


class FakeClient:
    """Answers as Telethon's client does; `faults` are raised first."""

    def __init__(self) -> None:
        self.time = Timeline()
        self.messages: dict[int, Any] = {}
        self.faults: list[Exception] = []
        self.channels = {"zorblat_news"}
        self.restricted: list[Any] = []
        self.asked: list[tuple[str, Any]] = []

    def add(self, count: int) -> list[str]:
        first = max(self.messages, default=0) + 1
        self.messages |= {number: message(number) for number in range(first, first + count)}
        return [f"zorblat_news/{number}" for number in range(first, first + count)]

    def _fault(self, what: str, which: Any) -> None:
        self.asked.append((what, which))
        if self.faults:
            raise self.faults.pop(0)

    async def get_entity(self, name: str) -> Any:
        self._fault("entity", name)
        if name not in self.channels:
            raise errors.UsernameNotOccupiedError(request=None)
        return types.Channel(
            id=7,
            title="Zorblat news",
            photo=None,
            date=NOON,
            broadcast=True,
            username=name,
            restriction_reason=self.restricted,
        )

    async def about_of(self, _: Any) -> str:
        self._fault("about", None)
        return f"maps daily https://i.imgur.com/{MEDIA_MARK}.png"

    async def get_messages(self, _: Any, **which: Any) -> list[Any]:
        self._fault("messages", which)
        if "ids" in which:
            return [self.messages.get(number) for number in which["ids"]]
        newest = sorted(self.messages.values(), key=lambda one: -one.id)
        if which.get("reverse"):
            return [one for one in reversed(newest) if one.id > which["min_id"]][: which["limit"]]
        return newest[: which["limit"]]

    def source(self, **values: Any) -> Any:
        @asynccontextmanager
        async def connect(**_: Any) -> AsyncGenerator[FakeClient]:
            yield self

        plugin = source_plugins()["telegram-api"]
        options = make_options(plugin, {"channels": "zorblat_news", **SECRETS, **values}, env={})
        context = SourceContext(http=Any, clock=self.time, user_agent="handlewatch/0", sleep=self.time.sleep)  # type: ignore[arg-type]
        return telegram_api.TelegramApiSource(options, context, connect)

    async def collect(self, cursor: Any = None, *, batches: int | None = None, **values: Any) -> Harvest:
        found = Harvest(cursor=cursor)
        collected = self.source(**values).collect(cursor)
        async for batch in collected:
            found.take(batch)
            if found.batches == batches:
                break
        await collected.aclose()
        return found


@pytest.fixture
def client() -> FakeClient:
    return FakeClient()


def test_a_message_is_mapped_and_nothing_of_its_media() -> None:
    text = "😀 dm me #map"
    entities = [
        types.MessageEntityHashtag(offset=9, length=4),
        types.MessageEntityTextUrl(offset=3, length=2, url="https://t.me/zorblat77"),
        types.MessageEntityTextUrl(offset=3, length=2, url=f"https://files.example/{MEDIA_MARK}.jpg"),
    ]
    post = to_post(
        message(
            5,
            text,
            entities=entities,
            media=types.MessageMediaPhoto(),
            edit_date=NOON,
            post_author="Ada",
            reply_to=types.MessageReplyHeader(reply_to_msg_id=3),
            fwd_from=types.MessageFwdHeader(date=NOON, from_id=types.PeerChannel(9), channel_post=2),
        ),
        About("zorblat_news", "Zorblat news", "maps daily"),
        seen_at=NOON,
    )
    assert (post.id, post.url) == ("zorblat_news/5", "https://t.me/zorblat_news/5")
    assert post.text == f"{text}\nhttps://t.me/zorblat77"
    assert (post.tags, post.media_count) == (("map",), 2)
    assert (post.author.id, post.author.name, post.author.bio) == ("zorblat_news", "Zorblat news (Ada)", "maps daily")
    assert (post.created_at, post.edited_at) == (NOON - timedelta(minutes=59, seconds=55), NOON)
    assert (post.reply_to, post.quotes) == ("zorblat_news/3", "9/2")
    assert MEDIA_MARK not in repr(post)


def test_words_of_previews_and_polls_are_text() -> None:
    page = types.WebPage(id=1, url="https://maps.example", display_url="maps", hash=0, title="Maps", description="more")
    words = types.TextWithEntities
    answers = [types.PollAnswer(text=words(text=one, entities=[]), option=b"1") for one in ("yes", "no")]
    poll = types.Poll(id=1, question=words(text="anyone?", entities=[]), answers=answers, hash=0)
    results = types.PollResults()
    about = About("zorblat_news")
    preview = to_post(message(1, "look", media=types.MessageMediaWebPage(webpage=page)), about, seen_at=NOON)
    asked = to_post(message(2, " ", media=types.MessageMediaPoll(poll=poll, results=results)), about, seen_at=NOON)
    assert (preview.text, preview.media_count) == ("look\nMaps\nmore", 0)
    assert asked.text.split() == ["anyone?", "yes", "no"]


async def test_every_message_once_over_restarts_and_kills(client: FakeClient) -> None:
    added = client.add(30)
    first = await client.collect()
    assert first.ids == added
    added = client.add(250)
    part = await client.collect(first.cursor, batches=2)  # killed after two
    rest = await client.collect(part.cursor)
    assert [*part.ids, *rest.ids] == added
    assert (await client.collect(rest.cursor)).ids == []
    assert {interval.state for interval in [*part.coverage, *rest.coverage]} == {Seen.SEEN}


async def test_edits_and_deletions_of_the_last_messages_are_seen(client: FakeClient) -> None:
    client.add(5)
    client.messages[6] = types.MessageService(6, types.PeerChannel(7), NOON, types.MessageActionPinMessage())
    first = await client.collect()
    assert len(first.ids) == 5
    client.messages[4] = message(4, "something else", edit_date=NOON)
    del client.messages[2]
    second = await client.collect(first.cursor)
    assert [(post.id, post.text, post.edited_at) for post in second.posts] == [
        ("zorblat_news/4", "something else", NOON)
    ]
    assert second.deleted == [PostRef("telegram", "zorblat_news/2")]
    third = await client.collect(second.cursor)
    assert (third.ids, third.deleted) == ([], [])


async def test_short_waits_are_waited_for_and_long_ones_are_said(client: FakeClient) -> None:
    added = client.add(2)
    client.faults = [errors.FloodWaitError(request=None, capture=17)]
    assert (await client.collect()).ids == added
    assert client.time.waits == [17]
    client.faults = [errors.FloodWaitError(request=None, capture=4000)]
    with pytest.raises(RateLimitedError) as caught:
        await client.collect()
    assert caught.value.retry_after == 4000
    assert client.time.waits == [17]


async def test_a_channel_that_is_not_there_stops_no_other(client: FakeClient) -> None:
    added = client.add(2)
    found = await client.collect(channels="gone_channel,zorblat_news")
    assert found.ids == added
    assert [interval.state for interval in found.coverage] == [Seen.OUT_OF_REACH, Seen.SEEN]


@pytest.mark.parametrize(
    ("raised", "expected"),
    [
        (errors.AuthKeyUnregisteredError(request=None), AuthError),
        (errors.SessionRevokedError(request=None), AuthError),
        (errors.ChannelPrivateError(request=None), AuthError),
        (ConnectionError("planted-address"), UnreachableError),
        (errors.ServerError(request=None, message="planted-words"), UnreachableError),
        (RuntimeError("planted-words"), UnreachableError),
    ],
)
async def test_errors_are_told_apart_and_their_words_are_not_repeated(
    client: FakeClient, raised: Exception, expected: type[Exception]
) -> None:
    client.faults = [raised]
    with pytest.raises(expected) as caught:
        await client.collect()
    assert "planted" not in str(caught.value)


async def test_a_recheck_tells_edited_from_gone_and_an_error_is_unknown(client: FakeClient) -> None:
    client.add(3)
    posts = (await client.collect()).posts
    known = [Known(ref=post.ref, text_hash=text_hash(post)) for post in posts]
    known.append(Known(ref=PostRef("telegram", "gone_channel/1")))
    client.messages[2] = message(2, "something else")
    del client.messages[3]
    found = [one.standing for one in await client.source().recheck(known)]
    assert found == [Standing.UP, Standing.EDITED, Standing.UNAVAILABLE, Standing.UNKNOWN]
    assert (await client.source().refresh(known[1])).text == "something else"
    assert await client.source().refresh(known[2]) is None
    with pytest.raises(BadAnswerError):
        await client.source().refresh(Known(ref=PostRef("telegram", "nonsense")))
    client.faults = [ConnectionError()] * 9
    assert {one.standing for one in await client.source().recheck(known)} == {Standing.UNKNOWN}


async def test_what_telegram_restricts_everywhere_was_removed_by_it(client: FakeClient) -> None:
    client.add(3)
    known = [Known(ref=post.ref) for post in (await client.collect()).posts]

    def why(platform: str) -> types.RestrictionReason:
        return types.RestrictionReason(platform=platform, reason="terms", text="private words")

    client.messages[1] = message(1, restriction_reason=[why("ios"), why("all")])
    client.messages[2] = message(2, restriction_reason=[why("ios")])
    found = await client.source().recheck(known)
    assert [one.standing for one in found] == [Standing.REMOVED_BY_PLATFORM, Standing.UP, Standing.UP]
    assert await client.source().refresh(known[0]) is None
    assert await client.source().refresh(known[1]) is not None
    client.restricted = [why("all")]
    found = await client.source().recheck(known)
    assert {one.standing for one in found} == {Standing.REMOVED_BY_PLATFORM}
    assert "private" not in repr(found)


async def test_the_doctor_looks_at_the_session_and_every_channel(client: FakeClient) -> None:
    client.add(1)
    found = await client.source(channels="zorblat_news,gone_channel").check()
    assert [(one.what, one.well) for one in found] == [
        ("session", True),
        ("channel zorblat_news", True),
        ("channel gone_channel", False),
    ]


async def test_a_data_centre_that_is_not_there_is_unreachable() -> None:
    given = {"api_id": "1", "api_hash": "x", "session": "", "named": "x", "address": "tcp://127.0.0.1:9"}
    with pytest.raises(UnreachableError):
        async with telegram_client.open_client(**given):
            pass


def every_request() -> list[type[Any]]:
    groups = [
        vars(group) for group in vars(functions).values() if getattr(group, "__name__", "").startswith("telethon")
    ]
    return [one for group in groups for name, one in group.items() if name.endswith("Request") and name != "TLRequest"]


async def test_nothing_but_listed_reads_leaves_telethons_client() -> None:
    """Every request that Telethon knows, given to the real client: none but the listed ones comes to its sender."""
    client = telegram_client.reading(TelegramClient)(StringSession(), 1, "x", receive_updates=False)
    requests = {one for one in every_request() if isinstance(one, type)}
    assert len(requests) > 500
    passed = set[str]()
    for kind in requests:
        request = object.__new__(kind)
        try:
            telegram_client.require_reading(request)
            passed.add(telegram_client.request_name(request))
        except RefusedError:
            with pytest.raises(RefusedError):
                await client(request)
            with pytest.raises(RefusedError):
                await client([functions.updates.GetStateRequest(), request])
    assert passed == telegram_client.READS
    words = ("Join", "Send", "Import", "Edit", "Delete", "Read", "File", "Vote", "Forward", "Update", "Leave", "Invite")
    assert not [name for name in passed if any(word in name.partition(".")[2] for word in words)]


@pytest.mark.parametrize(
    ("proxies", "kind", "port"),
    [
        ({"https": "http://user:p%40ss@proxy.example:3128"}, "http", 3128),
        ({"all": "socks5h://proxy.example"}, "socks5", 1080),
    ],
)
def test_the_environments_proxy_is_used(proxies: dict[str, str], kind: str, port: int) -> None:
    proxy = telegram_client.proxy_of(proxies)
    assert proxy is not None
    assert (proxy["proxy_type"], proxy["addr"], proxy["port"], proxy["rdns"]) == (kind, "proxy.example", port, True)
    assert proxy["password"] in {None, "p@ss"}


def test_a_proxy_that_cannot_be_used_is_not_gone_past() -> None:
    assert telegram_client.proxy_of({}) is None
    with pytest.raises(ConfigError) as caught:
        telegram_client.proxy_of({"https": "ftp://planted@proxy.example"})
    assert "planted" not in str(caught.value)


@pytest.mark.parametrize("wrong", [{"api_id": "planted"}, {"session": "planted"}])
async def test_credentials_of_a_wrong_form_are_refused_unrepeated(wrong: dict[str, str]) -> None:
    with pytest.raises(ConfigError) as caught:
        async with telegram_client.open_client(**{"api_id": "1", "api_hash": "x", "session": "", "named": "x"} | wrong):
            pass
    assert "planted" not in str(caught.value)


async def test_without_the_extra_it_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "telethon", None)
    with pytest.raises(ConfigError) as caught:
        async with telegram_client.open_client(**SECRETS, named="x"):
            pass
    assert "handlewatch[telethon]" in caught.value.do


def test_it_is_listed_without_loading_telethon() -> None:
    line = "import sys; from monitor.plugins import source_plugins; assert 'telegram-api' in source_plugins(); "
    line += "sys.exit('telethon' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", line], check=False, timeout=60).returncode == 0


def test_all_three_credentials_are_needed_and_none_is_shown() -> None:
    plugin = source_plugins()["telegram-api"]
    options = make_options(plugin, {"channels": "zorblat_news", **SECRETS}, env={})
    assert "planted" not in repr(options)
    with pytest.raises(ConfigError, match="session"):
        make_options(plugin, {"channels": "zorblat_news", **SECRETS, "session": ""}, env={})
