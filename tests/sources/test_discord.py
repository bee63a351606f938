"""What only Discord does."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from monitor.errors import AuthError, ConfigError
from monitor.plugins import source_plugins
from monitor.ports import Finding, Known, Seen, Standing
from monitor.post import PostRef, text_hash
from monitor.records import to_record
from monitor.sourcing import make_options
from tests.sources.discord_world import CHANNEL, GUILD, OTHER, FakeDiscord
from tests.sources.worlds import MEDIA_MARK, harvest, opened_source

MEDIA = f"https://cdn.discordapp.com/attachments/1/2/{MEDIA_MARK}.png"


@pytest.fixture
def server() -> FakeDiscord:
    return FakeDiscord()


async def test_a_message_becomes_a_post(server: FakeDiscord) -> None:
    def fill(raw: dict[str, Any]) -> None:
        raw.update(
            type=19,
            content="hmu on zorblat77",
            edited_timestamp="2026-11-01T11:00:00.123000+00:00",
            message_reference={"type": 0, "message_id": "12", "channel_id": CHANNEL},
            referenced_message={"id": "12", "content": "not mine"},
            poll={
                "question": {"text": "Which?"},
                "answers": [{"poll_media": {"text": "One"}}, {"poll_media": {"text": "Two"}}],
            },
            embeds=[
                {"type": "rich", "title": "T", "fields": [{"name": "a", "value": "b"}], "url": "https://a.example/x"}
            ],
            components=[{"type": 17, "components": [{"type": 10, "content": "laid out"}]}],
        )

    number = server.add_raw(fill)
    post = (await server.collect()).posts[0]
    assert to_record(post) == {
        "platform": "discord",
        "id": number,
        "instance": None,
        "url": f"https://discord.com/channels/{GUILD}/{CHANNEL}/{number}",
        "created_at": "2026-11-01T10:00:00Z",
        "first_seen_at": "2026-11-01T12:00:00Z",
        "edited_at": "2026-11-01T11:00:00.123000Z",
        "author": {"id": "9", "handle": "zorblat_77", "name": "Zorblat", "bio": None},
        "title": None,
        "text": "hmu on zorblat77\nT\na: b\nhttps://a.example/x\nWhich?\nOne\nTwo\nlaid out",
        "tags": [],
        "community": "Zorblat #maps",
        "community_description": "All about maps",
        "lang": None,
        "reply_to": "12",
        "quotes": None,
        "cid": None,
        "media_count": 0,
    }


async def test_a_forwarded_message_is_read_and_told(server: FakeDiscord) -> None:
    snapshot = {"message": {"content": "passed on", "attachments": [{"url": MEDIA}]}}
    reference = {"type": 1, "message_id": "12"}
    server.add_raw(lambda raw: raw.update(content="", message_reference=reference, message_snapshots=[snapshot]))
    post = (await server.collect()).posts[0]
    assert (post.text, post.quotes, post.reply_to, post.media_count) == ("passed on", "12", None, 1)


async def test_no_media_passes_from_any_place_where_there_can_be_some(server: FakeDiscord) -> None:
    embeds = [
        {"type": "image", "url": MEDIA, "thumbnail": {"url": MEDIA, "proxy_url": MEDIA}},
        {"type": "rich", "title": "T", "image": {"url": MEDIA}, "video": {"url": MEDIA}, "author": {"icon_url": MEDIA}},
        {"type": "rich", "footer": {"text": "f", "icon_url": MEDIA}, "description": f"see {MEDIA}"},
    ]

    def fill(raw: dict[str, Any]) -> None:
        raw.update(
            content=f"words {MEDIA}",
            attachments=[{"url": MEDIA, "proxy_url": MEDIA, "filename": f"{MEDIA_MARK}.png", "description": MEDIA}],
            embeds=embeds,
            sticker_items=[{"id": "1", "name": MEDIA_MARK}],
            components=[
                {"type": 12, "items": [{"media": {"url": MEDIA}}]},
                {"type": 9, "components": [], "accessory": {"type": 11, "media": {"url": MEDIA}}},
                {"type": 13, "file": {"url": MEDIA}},
            ],
        )
        raw["author"].update(avatar=MEDIA_MARK, banner=MEDIA_MARK)

    server.add_raw(fill)
    post = (await server.collect()).posts[0]
    assert MEDIA_MARK not in json.dumps(to_record(post))
    assert post.text == "words \nT\nsee \nf"
    assert post.media_count == 10


async def test_what_only_tells_of_an_event_is_left_out(server: FakeDiscord) -> None:
    for kind in (7, 6, 8):
        server.add_raw(lambda raw, kind=kind: raw.update(type=kind, content=""))
    added = server.add_raw(lambda raw: raw.update(type=999, content="said"))
    found = await server.collect()
    assert (found.ids, found.bad) == ([added], [])


async def test_without_the_intent_nothing_seen_does_not_read_as_nothing_there(server: FakeDiscord) -> None:
    for _ in range(3):
        server.add_raw(lambda raw: raw.update(content=""))
    found = await server.collect()
    assert found.posts == []
    assert found.coverage[0].state is Seen.OUT_OF_REACH
    assert "MESSAGE_CONTENT" in found.coverage[0].note
    mentioned = server.add(1)  # messages that name the bot show their content
    found = await server.collect(found.cursor)
    assert found.ids == mentioned
    assert found.coverage[0].state is Seen.SEEN
    assert "3 of 4" in (await server.collect()).coverage[0].note


async def test_without_history_nothing_seen_does_not_read_as_nothing_there(server: FakeDiscord) -> None:
    server.history = False
    assert (await server.collect()).coverage[0].state is Seen.SEEN
    server.add(3)
    found = await server.collect()
    assert found.coverage[0].state is Seen.OUT_OF_REACH
    assert "READ_MESSAGE_HISTORY" in found.coverage[0].note


async def test_a_forbidden_channel_stops_no_other(server: FakeDiscord) -> None:
    added = server.add(2)
    server.options["channels"] = f"{OTHER},https://discord.com/channels/{GUILD}/{CHANNEL}"
    found = await server.collect()
    assert sorted(found.ids) == sorted(added)
    assert {interval.scope: interval.state for interval in found.coverage} == {
        f"channel {OTHER}": Seen.OUT_OF_REACH,
        f"channel {CHANNEL}": Seen.SEEN,
    }


async def test_a_refused_token_is_not_tried_on_every_channel(server: FakeDiscord) -> None:
    server.options |= {"bot_token": "old", "channels": f"{CHANNEL},{OTHER},7003"}
    with pytest.raises(AuthError):
        await server.collect()
    assert len(server.requests) == 1


async def test_an_application_keeps_its_number(server: FakeDiscord) -> None:
    server.add_raw(lambda raw: raw["author"].update(discriminator="1234"))
    server.add_raw(lambda raw: raw.update(author=None, timestamp=None))
    first, second = (await server.collect()).posts
    assert first.author.handle == "zorblat_77#1234"
    assert second.author.key is None
    assert second.created_at is not None


async def test_a_quiet_channel_costs_one_call(server: FakeDiscord) -> None:
    server.add(120)
    first = await server.collect()
    server.requests.clear()
    again = await server.collect(first.cursor)
    assert again.posts == []
    assert len([request for request in server.requests if "messages" in request.url.path]) == 1


async def test_the_first_poll_of_a_public_server_is_one_page(server: FakeDiscord) -> None:
    server.add(250)
    first = await harvest("discord", server.options, server, None, batches=None, pages=None)
    assert len(first.posts) == 100
    server.add(1)
    second = await harvest("discord", server.options, server, first.cursor, batches=None, pages=None)
    assert len(second.posts) == 1


async def test_more_than_one_poll_may_read_comes_with_the_next(server: FakeDiscord) -> None:
    server.options["max_pages"] = 2
    server.add(3)
    cursor, ids = (await server.collect()).cursor, list[str]()
    added = server.add(500)
    for _ in range(4):
        found = await server.collect(cursor)
        cursor, ids = found.cursor, ids + found.ids
        assert {interval.state for interval in found.coverage} == {Seen.SEEN}
    assert ids == added


@pytest.mark.parametrize("channels", ["", "maps", "12,x"])
def test_only_ids_are_taken(channels: str) -> None:
    with pytest.raises(ConfigError, match="channels"):
        make_options(source_plugins()["discord"], {"channels": channels, "bot_token": "x"}, env={})


def test_the_usual_address_gets_the_api_version() -> None:
    values = {"channels": "1", "bot_token": "x", "base_url": "http://127.0.0.1:8"}
    assert make_options(source_plugins()["discord"], values, env={}).api == "http://127.0.0.1:8/api/v10"


def test_a_token_is_needed_and_never_shown() -> None:
    with pytest.raises(ConfigError, match="bot_token"):
        make_options(source_plugins()["discord"], {"channels": "1"}, env={})
    options = make_options(source_plugins()["discord"], {"channels": "1"}, env={"DISCORD_BOT_TOKEN": "s3cr3t"})
    assert "s3cr3t" not in repr(options)


async def test_what_a_recheck_tells(server: FakeDiscord) -> None:
    added = server.add(4)
    before = {post.id: (text_hash(post), post.url) for post in (await server.collect()).posts}
    server.edit(added[1], "something else")
    server.delete(added[2])
    known = [
        Known(ref=PostRef("discord", number), url=before[number][1], text_hash=before[number][0]) for number in added
    ]
    known.append(Known(ref=PostRef("discord", "5"), url=f"https://discord.com/channels/1/{OTHER}/5"))
    known.append(Known(ref=PostRef("discord", "5"), url="https://discord.com/channels/1/7003/5"))
    known.append(Known(ref=PostRef("discord", "nonsense")))
    async with opened_source("discord", server) as source:
        found = [answer.standing for answer in await source.recheck(known)]
        now = await source.refresh(known[1])
        gone = await source.refresh(known[2])
    assert found == [
        Standing.UP,
        Standing.EDITED,
        Standing.UNAVAILABLE,
        Standing.UP,
        Standing.UNKNOWN,  # no access (any more)
        Standing.UNAVAILABLE,  # the channel is gone
        Standing.UNKNOWN,
    ]
    assert now is not None
    assert (now.text, gone) == ("something else", None)


@pytest.mark.parametrize("status", [401, 404, 410, 500])
async def test_an_error_in_a_recheck_is_unknown(server: FakeDiscord, status: int) -> None:
    (added,) = server.add(1)
    server.faults += [lambda request: httpx.Response(status, html="<p>no</p>")] * 9
    async with opened_source("discord", server) as source:
        (answer,) = await source.recheck([Known(ref=PostRef("discord", added))])
    assert answer.standing is Standing.UNKNOWN


async def _doctor(server: FakeDiscord) -> dict[str, Finding]:
    async with opened_source("discord", server) as source:
        return {finding.what: finding for finding in await source.check()}


async def test_the_doctor_looks_at_token_intent_and_channels(server: FakeDiscord) -> None:
    server.add(2)
    server.options["channels"] = f"{CHANNEL},{OTHER}"
    found = await _doctor(server)
    assert {what: finding.well for what, finding in found.items()} == {
        "bot token": True,
        "clock": None,
        "content of messages": True,
        f"channel {CHANNEL}": True,
        f"channel {OTHER}": False,
    }
    server.flags = 0
    assert (await _doctor(server))["content of messages"].well is False
    server.options["bot_token"] = "old"
    assert {what: finding.well for what, finding in (await _doctor(server)).items()} == {"bot token": False}
