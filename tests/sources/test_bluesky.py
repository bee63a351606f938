"""What only Jetstream does, on both wires, against a server on loopback."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from monitor.errors import AuthError, RateLimitedError, UnreachableError
from monitor.net.errors import RedirectRefusedError, StatusError
from monitor.ports import AccountRef, Seen
from monitor.post import PostRef
from monitor.records import to_record
from sources.bluesky.events import BadFrameError, Commit, Notice, Other, moment
from sources.bluesky.frames import read_frame
from tests.sources.jetstream import DID, V1, V2, FakeJetstream, micros, serving
from tests.sources.worlds import MEDIA_MARK

IMAGE = f"https://cdn.example/{MEDIA_MARK}.jpg"


@pytest.fixture
async def v1() -> AsyncIterator[FakeJetstream]:
    async with serving(FakeJetstream(wires=(V1,))) as world:
        yield world


@pytest.fixture
async def v2() -> AsyncIterator[FakeJetstream]:
    async with serving(FakeJetstream(wires=(V2,))) as world:
        yield world


def asked(world: FakeJetstream, number: int = -1) -> dict[str, list[str]]:
    return parse_qs(urlsplit(world.requests[number].path).query)


async def test_a_record_becomes_a_post(stream: FakeJetstream) -> None:
    def fill(raw: dict[str, Any]) -> None:
        raw.update(
            text="Kärte at t.me/zorblat… #map",
            facets=[
                {
                    "index": {"byteStart": 10, "byteEnd": 24},
                    "features": [{"$type": "app.bsky.richtext.facet#link", "uri": "https://t.me/zorblat_77"}],
                },
                {"index": {}, "features": [{"$type": "app.bsky.richtext.facet#tag", "tag": "aam"}]},
            ],
            reply={"root": {"uri": "at://r"}, "parent": {"uri": "at://did:plc:x/app.bsky.feed.post/p"}},
            embed={
                "$type": "app.bsky.embed.recordWithMedia",
                "record": {"record": {"uri": "at://did:plc:x/app.bsky.feed.post/q", "cid": "c"}},
                "media": {
                    "$type": "app.bsky.embed.external",
                    "external": {"uri": "https://maps.example/a", "title": "Maps", "description": "Of towns"},
                },
            },
        )

    uri = stream.add_raw(fill)
    record = to_record((await stream.collect()).posts[0])
    assert record.pop("cid").startswith("bafy")
    assert record == {
        "platform": "bluesky",
        "id": uri,
        "instance": None,
        "url": f"https://bsky.app/profile/{DID}/post/3k00000",
        "created_at": "2026-11-01T10:00:00Z",
        "first_seen_at": "2026-11-01T12:00:00Z",
        "edited_at": None,
        "author": {"id": DID, "handle": None, "name": None, "bio": None},
        "title": None,
        "text": "Kärte at t.me/zorblat… #map\nhttps://t.me/zorblat_77\nMaps\nOf towns\nhttps://maps.example/a",
        "tags": ["map", "aam"],
        "community": None,
        "community_description": None,
        "lang": "en",
        "reply_to": "at://did:plc:x/app.bsky.feed.post/p",
        "quotes": "at://did:plc:x/app.bsky.feed.post/q",
        "media_count": 0,
    }


async def test_columns_and_posts_say_the_same(v2: FakeJetstream) -> None:
    v2.add(3)
    found = await v2.collect()
    assert [post.text for post in found.posts] == ["Post number 0", "Post number 1", "Post number 2"]


@pytest.mark.parametrize(
    ("embed", "count"),
    [
        ({"$type": "app.bsky.embed.images", "images": [{"alt": IMAGE, "image": {"ref": IMAGE}}] * 3}, 3),
        ({"$type": "app.bsky.embed.gallery", "items": [{"image": {"ref": IMAGE}}] * 2}, 2),
        ({"$type": "app.bsky.embed.video", "video": {"ref": IMAGE}, "alt": IMAGE, "captions": [IMAGE]}, 1),
        ({"$type": "app.bsky.embed.external", "external": {"uri": "https://a.example", "thumb": {"ref": IMAGE}}}, 0),
        ({"$type": "app.bsky.embed.external", "external": {"uri": IMAGE}}, 1),
        ({"$type": "x", "media": {"images": [{"image": {"ref": IMAGE}}]}, "record": {"record": {"uri": "at://q"}}}, 1),
    ],
)
async def test_no_media_passes_from_any_place_where_there_can_be_some(
    v2: FakeJetstream, embed: dict[str, Any], count: int
) -> None:
    v2.add_raw(lambda raw: raw.update(embed=embed, text=f"words {IMAGE}", blobs=[{"ref": IMAGE}]))
    post = (await v2.collect()).posts[0]
    assert MEDIA_MARK not in json.dumps(to_record(post))
    assert post.media_count == count + 1


async def test_odd_shapes_inside_a_record_lose_neither_text_nor_stream(stream: FakeJetstream) -> None:
    odd: dict[str, Any] = {
        "facets": [None, 7, {"features": [3, {"tag": 5}]}],
        "reply": "x",
        "embed": [1],
        "langs": [None, 3],
        "tags": [1, "ok"],
        "createdAt": "the year 40000",
    }
    stream.add_raw(lambda raw: raw.update(odd))
    post = (await stream.collect()).posts[0]
    assert (post.text, post.tags, post.lang, post.created_at) == ("Post number 0", ("ok",), None, None)


async def test_deletions_come_with_the_batch(stream: FakeJetstream) -> None:
    post_id = stream.add(1)[0]
    stream.delete(post_id)
    stream.account(active=False, status="suspended")
    stream.account(active=False, status="deleted")
    stream.account(active=True)
    stream.identity()
    found = await stream.collect()
    assert found.deleted == [PostRef("bluesky", post_id)]
    assert found.deleted_accounts == [AccountRef("bluesky", DID)]


async def test_only_posts_are_taken(stream: FakeJetstream) -> None:
    stream.commit("create", "l1", {"$type": "app.bsky.feed.like"}, collection="app.bsky.feed.like")
    added = stream.add(1)
    found = await stream.collect()
    assert (found.ids, found.bad) == (added, [])


async def test_each_wire_is_asked_in_its_own_words(v1: FakeJetstream, v2: FakeJetstream) -> None:
    for world in (v1, v2):
        world.options["dids"] = f"{DID},did:plc:b"
        world.add(2)
        first = await world.collect()
        world.add(1)
        await world.collect(first.cursor)
    # The server without the newer wire was asked for it once, and then the other way.
    assert [urlsplit(request.path).path for request in v1.requests] == [V2, V1] * 2
    assert asked(v1, 1) == {"wantedCollections": ["app.bsky.feed.post"], "wantedDids": [DID, "did:plc:b"]}
    assert asked(v1)["cursor"] == [str(micros(v1.events[1]["at"]))]
    assert asked(v2, 0) == {"collections": ["app.bsky.feed.post"], "dids": [DID, "did:plc:b"]}
    assert asked(v2)["cursor"] == ["2"]
    assert v2.requests[0].headers["Sec-WebSocket-Protocol"] == "xrpc.v1.json"
    assert v2.requests[0].headers["User-Agent"] == "handlewatch/0 (abuse-desk@operator.example)"


async def test_a_dropped_connection_is_made_again_where_it_was(stream: FakeJetstream) -> None:
    stream.drop_after += [3, 5, 0]
    added = stream.add(20)
    found = await stream.collect()
    assert found.ids == added
    assert Seen.FAILED in {interval.state for interval in found.coverage}


async def test_events_at_the_same_microsecond_come_once(v1: FakeJetstream) -> None:
    added = v1.add(3)
    same = v1.events[1]["at"]
    v1.events[2]["at"] = same
    first = await v1.collect(limit=2, batches=1)
    assert first.ids == added[:2]
    second = await v1.collect(first.cursor)
    assert second.ids == added[2:]


async def test_a_clamped_cursor_is_seen_by_the_first_event(v1: FakeJetstream) -> None:
    v1.add(2)
    first = await v1.collect()
    added = v1.add(30)
    v1.floor = 22
    second = await v1.collect(first.cursor)
    assert second.ids == added[20:]
    gap = next(interval for interval in second.coverage if interval.state is Seen.OUT_OF_REACH)
    assert (gap.start, gap.end) == (v1.events[1]["at"], v1.events[22]["at"])
    seen = next(interval for interval in second.coverage if interval.state is Seen.SEEN)
    assert seen.start == v1.events[22]["at"]


async def test_a_cursor_that_is_too_old_is_refused_and_resumed_by_time(v2: FakeJetstream) -> None:
    v2.add(2)
    first = await v2.collect()
    added = v2.add(30)
    v2.floor = 22
    second = await v2.collect(first.cursor)
    assert second.ids == added[20:]
    assert asked(v2)["cursor"] == [str(micros(v2.events[1]["at"]))]
    gap = next(interval for interval in second.coverage if interval.state is Seen.OUT_OF_REACH)
    assert (gap.start, gap.end) == (v2.events[1]["at"], v2.events[22]["at"])


async def test_a_number_from_another_archive_is_noticed_and_asked_again_by_time(v2: FakeJetstream) -> None:
    v2.add(2)
    cursor = {"server": v2.options["base_url"], "seq": 99, "time_us": micros(v2.events[0]["at"]), "here": []}
    found = await v2.collect(cursor)
    assert v2.events[1]["rkey"] in found.ids[-1]
    assert [asked(v2, number)["cursor"] for number in (0, 1)] == [["99"], [str(micros(v2.events[0]["at"]))]]


async def test_another_server_is_asked_by_time_a_little_earlier(v2: FakeJetstream) -> None:
    v2.add(2)
    first = await v2.collect()
    async with serving(FakeJetstream(wires=(V2,))) as other:
        # The same events, under other numbers, seen a second later by its clock.
        other.events = [{**event, "seq": event["seq"] + 1000} for event in v2.events]
        for event in other.events:
            event["at"] += timedelta(seconds=1)
        added = other.add(1)
        other.events[-1] |= {"seq": 1003}
        second = await other.collect(first.cursor)
        assert set(added) <= set(second.ids)
        assert asked(other)["cursor"] == [str(micros(v2.events[1]["at"]) - 5_000_000)]


@pytest.mark.parametrize(
    ("status", "headers", "error"),
    [
        (401, {}, AuthError),
        (403, {}, AuthError),
        (418, {}, StatusError),
        (429, {"Retry-After": "90"}, RateLimitedError),
        (500, {}, UnreachableError),
        (302, {"Location": "ws://127.0.0.1:1/elsewhere"}, RedirectRefusedError),
    ],
)
async def test_a_refused_connection_is_told_apart(
    v2: FakeJetstream, status: int, headers: dict[str, str], error: type[Exception]
) -> None:
    v2.handshakes += [(status, b'{"error": "Nope"}', headers)] * 9
    with pytest.raises(error) as caught:
        await v2.collect()
    if isinstance(caught.value, RateLimitedError):
        assert caught.value.retry_after == 90


async def test_a_server_error_that_passes_is_survived(stream: FakeJetstream) -> None:
    stream.handshakes += [(503, b"busy", {})]
    added = stream.add(2)
    assert (await stream.collect()).ids == added


async def test_an_error_frame_ends_the_stream_and_it_goes_on(v2: FakeJetstream) -> None:
    v2.extra_frames.append(json.dumps({"$type": "error", "error": "ConsumerTooSlow", "message": "drop"}))
    added = v2.add(4)
    assert (await v2.collect(limit=1)).ids == added
    assert len(v2.requests) == 2


async def test_silence_makes_the_connection_anew_without_calling_it_a_failure(v2: FakeJetstream) -> None:
    v2.options["idle_seconds"] = "0.1"
    v2.add(1)
    found = await v2.collect(until=5)
    assert len(v2.requests) > 1
    assert {interval.state for interval in found.coverage} == {Seen.SEEN}


async def test_nothing_is_ever_sent(v2: FakeJetstream) -> None:
    v2.add(2)
    received: list[Any] = []
    stream = v2.stream

    async def listening(socket: Any) -> None:
        await stream(socket)
        received.extend([message async for message in socket])

    v2.stream = listening
    await v2.collect()
    assert received == []


@pytest.mark.parametrize(
    ("frame", "kind"),
    [
        (
            {"$type": "message", "payload": {"$type": "network.bsky.jetstream.subscribeEvents#info", "name": "x"}},
            Notice,
        ),
        ({"$type": "error", "error": "x"}, Notice),
        (
            {
                "$type": "message",
                "payload": {"$type": "x#newKind", "seq": 3, "time": "2026-11-01T10:00:00.000001Z", "did": "d"},
            },
            Other,
        ),
        ({"kind": "identity", "time_us": 1, "did": "d"}, Other),
    ],
)
def test_frames_that_are_no_posts(frame: dict[str, Any], kind: type) -> None:
    assert isinstance(read_frame(json.dumps(frame)), kind)


@pytest.mark.parametrize(
    "frame",
    [
        "{",
        "7",
        '{"kind": "commit", "time_us": "soon", "did": "d"}',
        '{"kind": "commit", "time_us": 1, "did": "d"}',
        '{"kind": "commit", "time_us": 1, "did": "d", "commit": []}',
        '{"$type": "message"}',
        '{"$type": "message", "payload": {"$type": "x#commit", "seq": "1", "time": "2026-11-01T10:00:00Z"}}',
        '{"$type": "message", "payload": {"$type": "x#commit", "seq": 1, "time": "soon"}}',
    ],
)
def test_bad_frames_say_why_without_content(frame: str) -> None:
    with pytest.raises(BadFrameError) as caught:
        read_frame(frame)
    assert "soon" not in str(caught.value)


def test_microseconds_survive() -> None:
    stamp = "2026-11-01T10:00:00.329308Z"
    payload = {"$type": "network.bsky.jetstream.subscribeEvents#commit", "seq": 1, "did": "d", "time": stamp}
    payload |= {"operation": "create", "collection": "app.bsky.feed.post", "rkey": "r", "record": {}}
    event = read_frame(json.dumps({"$type": "message", "payload": payload}))
    assert isinstance(event, Commit)
    assert moment(event.time_us).isoformat() == "2026-11-01T10:00:00.329308+00:00"
