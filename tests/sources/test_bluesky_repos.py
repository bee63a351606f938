"""The AT Protocol's own stream: its frames, and where it goes on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import libipld
import pytest

from monitor.ports import AccountRef, Seen
from monitor.post import PostRef
from sources.bluesky.events import AccountDeleted, BadFrameError, Notice, Other, Several
from sources.bluesky.repos import read_repos_frame
from tests.sources.bluesky_world import REPOS, FakeRelay, car, cid_of, error_frame, message
from tests.sources.jetstream import DID, POSTS, V1, V2, FakeJetstream, serving
from tests.sources.worlds import MEDIA_MARK

AT = "2026-11-01T10:00:00.000Z"


@pytest.fixture
async def relay() -> AsyncIterator[FakeJetstream]:
    async with serving(FakeRelay()) as world:
        yield world


def commit(*ops: dict[str, Any], blocks: bytes = b"", **changed: Any) -> bytes:
    body = {"seq": 7, "time": AT, "repo": DID, "rev": "3l3", "tooBig": False, "ops": list(ops), "blocks": blocks}
    return message("#commit", body | changed)


def op(action: str, path: str, record: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"action": action, "path": path, "cid": cid_of(libipld.encode_dag_cbor(record)) if record else None}


def test_a_commit_of_several_records_gives_its_posts() -> None:
    first, second, like = {"text": "one"}, {"text": "two"}, {"subject": "x"}
    frame = commit(
        op("create", f"{POSTS}/a", first),
        op("create", "app.bsky.feed.like/l", like),
        op("update", f"{POSTS}/b", second),
        op("delete", f"{POSTS}/c"),
        blocks=car(first, like, second),
    )
    event = read_repos_frame(frame)
    assert isinstance(event, Several)
    assert [(one.operation, one.rkey, one.record) for one in event.commits] == [
        ("create", "a", first),
        ("update", "b", second),
        ("delete", "c", None),
    ]
    assert event.commits[0].cid == libipld.encode_cid(cid_of(libipld.encode_dag_cbor(first)))
    assert (event.seq, event.bad) == (7, [])


def test_a_record_that_is_not_in_the_frame_is_reported_and_the_others_go_on() -> None:
    first, second = {"text": "one"}, {"text": "two"}
    event = read_repos_frame(
        commit(op("create", f"{POSTS}/a", first), op("create", f"{POSTS}/b", second), blocks=car(first))
    )
    assert isinstance(event, Several)
    assert [one.rkey for one in event.commits] == ["a"]
    assert event.bad == [(f"at://{DID}/{POSTS}/b", "its record is not in the frame")]


def test_only_posts_of_the_accounts_asked_for_are_unpacked() -> None:
    frame = commit(op("create", f"{POSTS}/a", {"text": "one"}), blocks=b"no CAR")
    assert isinstance(read_repos_frame(frame, dids=frozenset({"did:plc:b"})), Other)
    with pytest.raises(BadFrameError, match="invalid CAR"):
        read_repos_frame(frame, dids=frozenset({DID}))


@pytest.mark.parametrize(
    ("frame", "kind"),
    [
        (message("#identity", {"seq": 1, "time": AT, "did": DID}), Other),
        (message("#sync", {"seq": 1, "time": AT, "did": DID, "blocks": b"x"}), Other),
        (message("#brandNew", {"seq": 1, "time": AT}), Other),
        (message("#account", {"seq": 1, "time": AT, "did": DID, "active": False, "status": "takendown"}), Other),
        (message("#account", {"seq": 1, "time": AT, "did": DID, "active": False, "status": "deleted"}), AccountDeleted),
        (message("#info", {"name": "OutdatedCursor"}), Notice),
        (error_frame("ConsumerTooSlow"), Notice),
        (commit(op("create", "app.bsky.feed.like/l", {"x": 1}), blocks=b"not even read"), Other),
    ],
)
def test_frames_that_are_no_posts(frame: bytes, kind: type) -> None:
    assert isinstance(read_repos_frame(frame), kind)


@pytest.mark.parametrize(
    "frame",
    [
        "text",
        b"",
        b"\xff",
        libipld.encode_dag_cbor({"op": 1, "t": "#commit"}),
        message("#commit", {"seq": 1, "time": "soon"}),
        message("#commit", {"seq": "1", "time": AT}),
        message("#commit", {"time": AT}),
        message("#commit", {"seq": 1, "time": AT, "repo": 7, "ops": []}),
        message("#commit", {"seq": 1, "time": AT, "repo": DID}),
        libipld.encode_dag_cbor([1]) + libipld.encode_dag_cbor({}),
        b"\x81" * 100_000,
    ],
)
def test_bad_frames_say_why_without_content(frame: bytes | str) -> None:
    with pytest.raises(BadFrameError) as caught:
        read_repos_frame(frame)
    assert "soon" not in str(caught.value)


async def test_blobs_in_a_record_are_counted_and_never_shown(relay: FakeJetstream) -> None:
    blob = {"$type": "blob", "ref": cid_of(b"picture"), "mimeType": "image/png", "size": 7}
    embed = {"$type": "app.bsky.embed.images", "images": [{"alt": MEDIA_MARK, "image": blob}] * 2}
    relay.add_raw(lambda raw: raw.update(embed=embed))
    (post,) = (await relay.collect()).posts
    assert (post.text, post.media_count) == ("Post number 0", 2)
    assert post.cid is not None
    assert post.cid.startswith("bafyrei")


async def test_it_goes_on_after_the_last_event(relay: FakeJetstream) -> None:
    relay.add(2)
    first = await relay.collect()
    added = relay.add(1)
    second = await relay.collect(first.cursor)
    assert second.ids == added
    assert parse_qs(urlsplit(relay.requests[-1].path).query) == {"cursor": ["2"]}
    assert urlsplit(relay.requests[-1].path).path == REPOS


async def test_what_the_relay_no_longer_has_is_out_of_reach(relay: FakeJetstream) -> None:
    relay.add(2)
    first = await relay.collect()
    added = relay.add(30)
    relay.floor = 22
    relay.extra_frames.append(message("#info", {"name": "OutdatedCursor"}))
    second = await relay.collect(first.cursor)
    assert second.ids == added[20:]
    gap = next(interval for interval in second.coverage if interval.state is Seen.OUT_OF_REACH)
    assert (gap.start, gap.end) == (relay.events[1]["at"], relay.events[22]["at"])


async def test_numbers_of_another_server_are_not_asked_for(relay: FakeJetstream) -> None:
    relay.add(2)
    cursor = {"server": "http://elsewhere.example", "seq": 99, "time_us": 1, "here": []}
    await relay.collect(cursor)
    assert urlsplit(relay.requests[-1].path).query == ""


async def test_a_number_ahead_of_the_server_is_given_up_and_the_gap_said(relay: FakeJetstream) -> None:
    relay.add(2)
    first = await relay.collect()
    cursor = {**(first.cursor or {}), "seq": 99}
    relay.add(40)
    found = await relay.collect(cursor)
    assert [urlsplit(request.path).query for request in relay.requests[-2:]] == ["cursor=99", ""]
    assert found.ids


async def test_deletions_of_posts_and_accounts_are_followed(relay: FakeJetstream) -> None:
    (post_id,) = relay.add(1)
    relay.delete(post_id)
    relay.account(active=False, status="deleted")
    found = await relay.collect()
    assert found.deleted == [PostRef("bluesky", post_id)]
    assert found.deleted_accounts == [AccountRef("bluesky", DID)]


async def test_a_server_without_jetstream_is_found_out(relay: FakeJetstream) -> None:
    del relay.options["wire"]
    added = relay.add(2)
    assert (await relay.collect()).ids == added
    assert [urlsplit(request.path).path for request in relay.requests] == [V2, V1, REPOS]


async def test_a_named_path_says_which_stream_it_is(relay: FakeJetstream) -> None:
    del relay.options["wire"]
    relay.options["base_url"] = relay.options["base_url"].replace("http", "ws") + REPOS
    added = relay.add(2)
    assert (await relay.collect()).ids == added
    assert len(relay.requests) == 1


async def test_a_server_that_hangs_up_on_other_streams_is_found_out(relay: FakeJetstream) -> None:
    """As one that holds accounts does."""
    del relay.options["wire"]
    port = urlsplit(relay.options["base_url"]).port

    async def between(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if REPOS.encode() in head:
            theirs, ours = await asyncio.open_connection("127.0.0.1", port)
            ours.write(head)
            await asyncio.gather(pump(theirs, writer), pump(reader, ours))
            ours.close()
        writer.close()

    async def pump(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        while data := await source.read(65536):
            target.write(data)
        target.close()

    async with await asyncio.start_server(between, "127.0.0.1", 0) as server:
        relay.options["base_url"] = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        added = relay.add(2)
        assert (await relay.collect()).ids == added
    assert [urlsplit(request.path).path for request in relay.requests] == [REPOS]
