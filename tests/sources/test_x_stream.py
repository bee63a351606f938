"""X's filtered stream: what is read of it, how it ends, what it costs, and lines without an end."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from monitor.errors import AuthError, ConfigError, RateLimitedError, UnreachableError
from monitor.net import endless
from monitor.net.errors import NotTextError, TooLargeError
from monitor.plugins import source_plugins
from monitor.ports import Cursor, Known, Seen, Standing
from monitor.post import PostRef
from monitor.sourcing import env_names
from tests.sources.worlds import MEDIA_MARK, Harvest, harvest, opened_source
from tests.sources.x_world import USER, FakeX

JSON = {"Content-Type": "application/json; charset=utf-8"}


class _Pieces(httpx.AsyncByteStream):
    """A body in pieces; an error among them is raised."""

    def __init__(self, *pieces: bytes | Exception) -> None:
        self._pieces = pieces

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            if isinstance(piece, Exception):
                raise piece
            yield piece


def line(post: dict[str, Any], **more: Any) -> bytes:
    answer = {"data": post, "includes": {"users": [USER]}, "matching_rules": [{"id": "1", "tag": "map"}]} | more
    return json.dumps(answer).encode() + b"\r\n"


class FakeStream(FakeX):
    """The stream gives what `bodies` hold, a connection each; then it refuses."""

    def __init__(self) -> None:
        super().__init__()
        del self.options["queries"]
        self.bodies: list[list[bytes | Exception]] = []
        self.rules = 1

    def handle(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/2/tweets/search/stream/rules":
            return httpx.Response(200, json={"data": [{"id": "1", "value": "map"}] * self.rules, "meta": {}})
        if request.url.path != "/2/tweets/search/stream":
            return super().handle(request)
        self.requests.append(request)
        if self.faults:
            return self.faults.pop(0)(request)
        if not self.bodies:
            raise httpx.ConnectError("no more", request=request)
        return httpx.Response(200, headers=JSON, stream=_Pieces(*self.bodies.pop(0)))

    async def collect(self, cursor: Cursor | None = None, *, batches: int | None = None, **bounds: Any) -> Harvest:
        return await harvest("x-stream", self.options, self, cursor, batches=batches, **({"limit": 500} | bounds))


@pytest.fixture
def stream() -> FakeStream:
    return FakeStream()


async def test_posts_are_read_as_they_come_however_the_bytes_are_cut(stream: FakeStream) -> None:
    whole = b"".join([line(stream.post(1)), b"\r\n", line(stream.post(2)), b"\r\n", line(stream.post(3))])
    stream.bodies = [[whole[start : start + 7] for start in range(0, len(whole), 7)]]
    found = await stream.collect()
    assert [post.text for post in found.posts] == [f"Post number {number} #map" for number in (1, 2, 3)]
    assert found.posts[0].author.bio == "Collector of maps https://maps.example/"
    assert MEDIA_MARK not in repr(found.posts)
    assert {interval.state for interval in found.coverage} == {Seen.SEEN}
    assert stream.requests[0].url.params["tweet.fields"].count("note_tweet") == 1
    assert {request.method for request in stream.requests} == {"GET"}


async def test_a_connection_that_breaks_is_made_anew_and_the_gap_is_told(stream: FakeStream) -> None:
    broken = httpx.ReadError("reset")
    stream.bodies = [
        [line(stream.post(1)), line(stream.post(2))[:20], broken],
        [line(stream.post(2)), line(stream.post(1))],
    ]
    found = await stream.collect()
    assert [post.text for post in found.posts] == ["Post number 1 #map", "Post number 2 #map"]
    assert [interval.state for interval in found.coverage] == [Seen.SEEN, Seen.OUT_OF_REACH, Seen.SEEN]
    assert len(stream.time.waits) == 1


async def test_after_a_restart_what_was_not_connected_is_out_of_reach(stream: FakeStream) -> None:
    stream.bodies = [[line(stream.post(1))]]
    first = await stream.collect()
    stream.time.now = stream.time.now.replace(hour=15)
    stream.bodies = [[line(stream.post(1)), line(stream.post(2))]]
    second = await stream.collect(first.cursor)
    assert [post.text for post in second.posts] == ["Post number 2 #map"]
    gap = second.coverage[0]
    assert (gap.state, gap.start, gap.end) == (Seen.OUT_OF_REACH, first.coverage[-1].end, stream.time.now)


async def test_what_cannot_be_used_is_reported_and_stops_nothing(stream: FakeStream) -> None:
    textless = {name: value for name, value in stream.post(1).items() if name != "text"}
    stream.bodies = [[b"{\r\n", b"[]\r\n", b"7\r\n", line(textless), line(stream.post(2), brand_new=1)]]
    found = await stream.collect()
    assert len(found.posts) == 1
    assert len(found.bad) == 4


@pytest.mark.parametrize(
    "said",
    [
        {"errors": [{"title": "operational-disconnect", "disconnect_type": "UpstreamOperationalDisconnect"}]},
        {"title": "ConnectionException", "connection_issue": "TooManyConnections", "detail": "x"},
    ],
)
async def test_an_announced_end_is_followed_by_another_connection(stream: FakeStream, said: dict[str, Any]) -> None:
    end = json.dumps(said).encode() + b"\r\n"
    stream.bodies = [[line(stream.post(1)), end], [line(stream.post(2))]]
    assert len((await stream.collect()).posts) == 2


async def test_it_gives_up_after_several_failures_in_a_row(stream: FakeStream) -> None:
    stream.bodies = [[httpx.ReadError("reset")]] * 20
    with pytest.raises(UnreachableError):
        await stream.collect()
    assert len(stream.requests) == 3


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (401, {"title": "Unauthorized"}, AuthError),
        (403, {"title": "Forbidden"}, AuthError),
        (409, {"title": "RuleConfigurationIssue"}, ConfigError),
        (402, {"title": "CreditsDepleted"}, AuthError),
        (429, {"type": "https://api.twitter.com/2/problems/usage-capped"}, RateLimitedError),
        (503, {"title": "Service Unavailable"}, UnreachableError),
    ],
)
async def test_refusals_are_told_apart(
    stream: FakeStream, status: int, body: dict[str, Any], error: type[Exception]
) -> None:
    stream.faults = [lambda request: httpx.Response(status, json=body)] * 40
    with pytest.raises(error):
        await stream.collect()
    assert status == 503 or len(stream.requests) == 1


async def test_another_type_is_refused_unread(stream: FakeStream) -> None:
    stream.faults = [lambda request: httpx.Response(200, headers={"Content-Type": "image/png"}, content=b"\x89P")] * 40
    with pytest.raises(NotTextError):
        await stream.collect()


async def test_a_line_without_end_is_stopped(stream: FakeStream, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endless, "MAX_LINE_BYTES", 1000)
    stream.bodies = [[b"x" * 600] * 3] * 9
    with pytest.raises(TooLargeError):
        await stream.collect()


async def test_the_budget_ends_the_stream_for_the_day(stream: FakeStream) -> None:
    stream.options["usd_a_day"] = 0.02
    stream.bodies = [[line(stream.post(number)) for number in range(9)]]
    with pytest.raises(RateLimitedError, match="budget") as caught:
        await stream.collect(limit=1)
    assert caught.value.retry_after == 12 * 3600
    stream.bodies = [[line(stream.post(1))]]
    found = await stream.collect(limit=1, batches=2)
    assert found.cursor is not None
    assert found.cursor["budget"]["spent"] == pytest.approx(0.015)


async def test_quiet_time_counts_as_seen(stream: FakeStream, monkeypatch: pytest.MonkeyPatch) -> None:
    stream.options["quiet_seconds"] = 1
    stream.bodies = [[b"\r\n"]]
    monkeypatch.setattr("sources.x_stream._fill", _never)
    found = await stream.collect(batches=2)
    assert [(interval.state, interval.posts) for interval in found.coverage] == [(Seen.SEEN, 0)]


async def _never(queue: Any, lines: Any) -> None:
    return


async def test_backfill_is_asked_for_where_the_project_may(stream: FakeStream) -> None:
    stream.options["backfill_minutes"] = 5
    stream.bodies = [[line(stream.post(1))]]
    await stream.collect()
    assert stream.requests[0].url.params["backfill_minutes"] == "5"


async def test_the_doctor_looks_at_token_clock_and_rules(stream: FakeStream) -> None:
    async with opened_source("x-stream", stream) as source:
        found = {finding.what: finding.well for finding in await source.check()}
        assert found == {"bearer token": True, "clock": None, "rules": True, "budget": True}
        stream.rules = 0
        assert {finding.what: finding.well for finding in await source.check()}["rules"] is False


async def test_posts_are_looked_up_as_by_the_search(stream: FakeStream) -> None:
    (added,) = stream.add(1)
    stream.edit(added, "something else")
    async with opened_source("x-stream", stream) as source:
        (answer,) = await source.recheck([Known(ref=PostRef("x", added))])
        post = await source.refresh(Known(ref=PostRef("x", added)))
    assert answer.standing is Standing.EDITED
    assert (post.id, post.text) == (added, "something else")


async def test_an_edited_post_is_a_new_version_of_the_same(stream: FakeStream) -> None:
    (added,) = stream.add(1)
    before = stream.posts[0]
    stream.edit(added, "something else")
    stream.bodies = [[line(before)], [line(before), line(stream.posts[0])]]
    first = await stream.collect()
    second = await stream.collect(first.cursor)
    assert (first.ids, second.ids) == ([added], [added])
    assert (second.posts[0].text, second.posts[0].cid) == ("something else", stream.posts[0]["id"])


def test_the_own_variable_can_be_set_in_a_shell() -> None:
    assert env_names(source_plugins()["x-stream"], "bearer_token")[0] == "HANDLEWATCH_X_STREAM_BEARER_TOKEN"
