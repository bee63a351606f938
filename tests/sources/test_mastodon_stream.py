"""Streams of Mastodon-compatible servers: what is read of them, how gaps are filled, and servers that have none."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import httpx
import pytest

from monitor.errors import AuthError, UnreachableError
from monitor.net import endless
from monitor.net.errors import TooLargeError
from monitor.ports import Known, Seen, Standing
from monitor.post import PostRef
from tests.sources.mastodon_stream_world import FakeMastodonStream, event
from tests.sources.test_command import listening
from tests.sources.worlds import MEDIA_MARK, opened_source

RESET = httpx.ReadError("reset")


@pytest.fixture
def world() -> FakeMastodonStream:
    return FakeMastodonStream()


def later(world: FakeMastodonStream, count: int = 1) -> Any:
    """Posts that are made, and told, when the stream comes to them."""

    def told() -> bytes:
        world.add(count)
        return b"".join(event("update", status) for status in world.statuses[-count:])

    return told


async def test_the_past_comes_first_then_what_is_told_however_the_bytes_are_cut(world: FakeMastodonStream) -> None:
    world.add(3)
    status = world.status(3)
    status["media_attachments"] = [{"type": "image", "url": f"https://files.example/{MEDIA_MARK}.jpg"}]
    status["content"] += f'<p><img src="https://files.example/{MEDIA_MARK}.jpg"></p>'
    whole = b"".join([b":thump\n", event("update", status), b":thump\n\n", event("announcement", {"id": "1"})])
    world.bodies = [[whole[start : start + 5] for start in range(0, len(whole), 5)]]
    found = await world.collect()
    assert sorted(found.ids[:3]) == sorted(one["uri"] for one in world.statuses)
    assert found.ids[3:] == [status["uri"]]
    assert found.posts[3].media_count == 2
    assert MEDIA_MARK not in repr(found.posts)
    assert found.bad == []
    assert {interval.state for interval in found.coverage} == {Seen.SEEN}
    (request,) = world.streamed
    assert (request.url.path, request.url.params["tag"]) == ("/api/v1/streaming/hashtag", "map")
    assert request.headers["authorization"] == "Bearer t0ken"
    assert "t0ken" not in str(request.url)


async def test_edits_are_new_versions_and_deletions_are_told(world: FakeMastodonStream) -> None:
    world.add(2)
    first, second = world.statuses
    edited = world.status(2) | {"content": "<p>something else</p>", "edited_at": "2026-11-01T11:59:00.000Z"}
    world.bodies = [
        [
            event("update", world.status(2)),
            event("status.update", edited),
            event("status.update", edited),
            event("delete", second["id"]),
            event("delete", "4711"),
        ]
    ]
    found = await world.collect()
    assert [post.text for post in found.posts[2:]] == ["Post number 2 #map", "something else"]
    assert found.posts[3].edited_at is not None
    assert found.deleted == [PostRef("mastodon", second["uri"])]
    # Ids of what was seen are known after a restart, too.
    world.bodies = [[event("delete", first["id"])]]
    assert (await world.collect(found.cursor)).deleted == [PostRef("mastodon", first["uri"])]


async def test_a_boost_that_is_taken_back_deletes_nothing(world: FakeMastodonStream) -> None:
    status = world.status(1)
    world.bodies = [
        [event("update", {"id": "99", "uri": "https://x.example/99", "reblog": status}), event("delete", "99")]
    ]
    found = await world.collect()
    assert found.ids == [status["uri"]]
    assert found.deleted == []


async def test_a_connection_that_breaks_is_made_anew_and_the_gap_is_read(world: FakeMastodonStream) -> None:
    world.add(2)

    def missed() -> bytes:
        world.add(3)  # while nobody told of them
        return b":\n"

    world.bodies = [[later(world), missed, RESET], [later(world)]]
    found = await world.collect()
    assert sorted(found.ids) == sorted(status["uri"] for status in world.statuses)
    assert len(found.ids) == 7
    states = [interval.state for interval in found.coverage]
    assert states.count(Seen.FAILED) == 1
    assert states[-1] is Seen.SEEN
    assert len(world.time.waits) == 1
    assert len(world.streamed) == 2


async def test_after_a_restart_the_time_between_is_read(world: FakeMastodonStream) -> None:
    world.bodies = [[later(world, 3)]]
    first = await world.collect()
    added = world.add(90)
    second = await world.collect(first.cursor)
    assert (len(first.ids), sorted(second.ids)) == (3, sorted(added))


async def test_killed_between_what_is_told_nothing_is_lost_and_nothing_comes_twice(world: FakeMastodonStream) -> None:
    ids, cursor = list[str](), None
    for _ in range(9):
        world.bodies = [[later(world, 2), later(world, 2)]]
        part = await world.collect(cursor, batches=2)
        ids += part.ids
        cursor = part.cursor
    ids += (await world.collect(cursor)).ids
    assert sorted(ids) == sorted(status["uri"] for status in world.statuses)


async def test_a_post_that_several_streams_tell_of_is_handed_over_once(world: FakeMastodonStream) -> None:
    world.options |= {"timelines": "public:local"}
    status = event("update", world.status(1))
    world.bodies = [[status], [status]]
    found = await world.collect()
    assert found.ids == [world.status(1)["uri"]]
    assert {request.url.path for request in world.streamed} == {
        "/api/v1/streaming/hashtag",
        "/api/v1/streaming/public/local",
    }


async def test_where_the_past_cannot_be_read_nothing_is_taken_before_it_can(world: FakeMastodonStream) -> None:
    world.add(2)
    world.faults = [lambda request: httpx.Response(500)] * 5
    world.bodies = [[later(world)], [later(world)]]
    found = await world.collect()
    assert sorted(found.ids) == sorted(status["uri"] for status in world.statuses)
    assert found.coverage[0].state is Seen.FAILED


@pytest.mark.parametrize("bad", [b"{", b"[]", b"7", b"\xff\xfe", b'{"id": "1", "uri": "https://x.example/1"}'])
async def test_an_event_that_cannot_be_used_is_reported_and_stops_nothing(
    world: FakeMastodonStream, bad: bytes
) -> None:
    world.bodies = [[b"event: update\ndata: " + bad + b"\n\n", later(world)]]
    found = await world.collect()
    assert len(found.ids) == 1
    assert len(found.bad) == 1


async def test_a_server_without_streams_is_read_by_its_timelines_and_says_so() -> None:
    world = FakeMastodonStream(streams=False)
    added = world.add(50)
    found = await world.collect()
    assert sorted(found.ids) == sorted(added)
    assert all("timeline is read instead" in interval.note for interval in found.coverage)
    async with opened_source("mastodon-stream", world) as source:
        (finding,) = [one for one in await source.check() if one.what.endswith("as a stream")]
    assert finding.well is None
    assert "read instead" in finding.do


async def test_it_polls_on_where_there_is_no_stream() -> None:
    world = FakeMastodonStream(streams=False)
    world.base = "https://social.example"
    world.options |= {"base_url": world.base, "poll_seconds": 20}
    ids = list[str]()
    async with opened_source("mastodon-stream", world) as source:
        batches = source.collect(None)
        for _ in range(3):
            added = world.add(2)
            while not set(added) <= set(ids):
                ids += [post.id for post in (await anext(batches)).records]
        await batches.aclose()
    assert sorted(ids) == sorted(status["uri"] for status in world.statuses)
    assert set(world.time.waits) == {20}


async def test_a_refused_token_is_an_error_and_a_missing_one_is_not(world: FakeMastodonStream) -> None:
    world.add(2)
    world.stream_faults = [lambda request: httpx.Response(401, json={"error": "The access token is invalid"})] * 9
    with pytest.raises(AuthError):
        await world.collect()
    del world.options["access_token"]
    found = await world.collect()
    assert len(found.ids) == 2
    assert "access_token" in found.coverage[0].note


async def test_a_server_that_stays_away_is_an_error(world: FakeMastodonStream) -> None:
    def away(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("no", request=request)

    world.stream_faults = [away] * 99
    with pytest.raises(UnreachableError):
        await world.collect()


@pytest.mark.parametrize(
    ("stated", "asked"),
    [
        ("wss://streaming.social.example", "streaming.social.example"),
        ("wss://elsewhere.example", "social.example"),
        ("ws://streaming.social.example", "social.example"),
        ("wss://notsocial.example", "social.example"),
    ],
)
async def test_the_token_goes_to_the_servers_own_hosts_only(world: FakeMastodonStream, stated: str, asked: str) -> None:
    world.instance = {"configuration": {"urls": {"streaming": stated}}}
    world.base = "https://social.example"
    world.options |= {"base_url": world.base}
    await world.collect(limit=40)
    assert {request.url.host for request in world.streamed} == {asked}
    assert {request.url.scheme for request in world.streamed} == {"https"}


async def test_the_doctor_looks_at_health_timeline_and_stream(world: FakeMastodonStream) -> None:
    async with opened_source("mastodon-stream", world) as source:
        found = {finding.what: finding.well for finding in await source.check()}
        assert found["127.0.0.1:7 streams"] is True
        assert found["127.0.0.1:7 #map as a stream"] is True
        world.health = "busy"
        assert {one.what: one.well for one in await source.check()}["127.0.0.1:7 streams"] is None


async def test_posts_are_looked_up_as_by_the_timelines(world: FakeMastodonStream) -> None:
    world.base = "https://social.example"
    world.options |= {"base_url": world.base}
    (added,) = world.add(1)
    async with opened_source("mastodon-stream", world) as source:
        (answer,) = await source.recheck([Known(ref=PostRef("mastodon", added))])
        assert (await source.refresh(Known(ref=PostRef("mastodon", added)))).id == added
    assert answer.standing is Standing.UP


async def test_a_trial_ends_after_so_many_posts(handlewatch: Any) -> None:
    world = FakeMastodonStream()
    world.add(4)
    async with listening(world) as base:
        world.options["base_url"] = base
        arguments = ["sources", "try", "mastodon-stream", "--base-url", base, "--set", "tags=map", "--limit", "3"]
        done = await asyncio.to_thread(handlewatch, *arguments)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 3


async def test_an_event_without_end_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    async def lines() -> AsyncGenerator[bytes, None]:
        for _ in range(9):
            yield b"data: " + b"x" * 30

    monkeypatch.setattr(endless, "MAX_LINE_BYTES", 100)
    with pytest.raises(TooLargeError):
        [one async for one in endless.events(lines())]
