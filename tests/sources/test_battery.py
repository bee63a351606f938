"""What every source must do, whatever its platform: one battery for all of them."""

from __future__ import annotations

from typing import Any

import pytest

from monitor.ports import Seen
from tests.sources.worlds import Harvest, texts


async def test_many_pages_give_every_post_once(world: Any) -> None:
    added = world.add(95)
    found = await world.collect(limit=None)
    assert sorted(found.ids) == sorted(added)
    assert {post.platform for post in found.posts} == {world.platform}
    assert all(post.created_at and post.author.key and post.first_seen_at for post in found.posts)


async def test_a_later_run_gives_only_what_is_new(world: Any) -> None:
    world.add(50)
    first = await world.collect(limit=None)
    added = world.add(30)
    second = await world.collect(first.cursor)
    assert sorted(second.ids) == sorted(added)
    again = await world.collect(second.cursor)
    assert again.ids == []


async def test_killed_after_any_batch_nothing_is_lost_and_nothing_comes_twice(world: Any) -> None:
    added = world.add(45)
    whole = Harvest()
    for _ in range(20):
        part = await world.collect(whole.cursor, batches=1)
        whole.posts += part.posts
        whole.cursor = part.cursor
        if len(whole.posts) >= len(added):
            break
    assert sorted(whole.ids) == sorted(added)
    added += world.add(45)
    for _ in range(20):
        part = await world.collect(whole.cursor, batches=1)
        whole.posts += part.posts
        whole.cursor = part.cursor
        if len(whole.posts) >= len(added):
            break
    assert sorted(whole.ids) == sorted(added)


async def test_a_long_absence_is_made_up(world: Any) -> None:
    world.add(3)
    first = await world.collect()
    added = world.add(130)
    second = await world.collect(first.cursor, limit=None)
    assert sorted(second.ids) == sorted(added)


async def test_coverage_says_what_was_seen(world: Any) -> None:
    world.add(5)
    found = await world.collect()
    assert {interval.state for interval in found.coverage} == {Seen.SEEN}
    assert sum(interval.posts for interval in found.coverage) == 5
    assert all(interval.start is None or interval.start <= interval.end for interval in found.coverage)


async def test_unknown_fields_are_ignored(world: Any) -> None:
    added = world.add_raw(lambda raw: raw.update(brand_new={"deep": [1, None, {"x": 2}]}))
    assert (await world.collect()).ids == [added]


async def test_a_post_that_is_not_in_the_documented_form_is_reported_and_stops_nothing(world: Any) -> None:
    def break_text(raw: dict[str, Any]) -> None:
        for name in ("content", "text", "title", "selftext", *getattr(world, "text_fields", ())):
            raw.pop(name, None)

    before = world.add(2)
    world.add_raw(break_text)
    after = world.add(2)
    found = await world.collect()
    assert sorted(found.ids) == sorted([*before, *after])
    assert len(found.bad) == 1
    assert found.bad[0].where
    assert found.bad[0].why


async def test_an_edit_is_a_new_version(platform: Any) -> None:
    post_id = platform.add(3)[1]
    first = await platform.collect()
    platform.edit(post_id, "something else")
    second = await platform.collect(first.cursor)
    assert second.ids == [post_id]
    assert texts(second.posts)[0] == "something else"
    # Tumblr does not say when.
    assert (second.posts[0].edited_at is not None) is getattr(platform, "tells_edits", True)
    assert (await platform.collect(second.cursor)).ids == []


async def test_a_deleted_post_disturbs_nothing(platform: Any) -> None:
    added = platform.add(5)
    first = await platform.collect()
    for gone in added:
        platform.delete(gone)
    new = platform.add(2)
    second = await platform.collect(first.cursor)
    assert second.ids == new[::-1] or second.ids == new


async def test_nothing_is_read_but_from_the_named_server(server: Any) -> None:
    server.add(90)
    await server.collect()
    assert {request.url.host for request in server.requests} == {"social.example"}
    assert {request.method for request in server.requests} == {"GET"}
    assert {request.headers["user-agent"] for request in server.requests} == {
        "handlewatch/0 (abuse-desk@operator.example)"
    }
    assert all("image" not in request.headers["accept"] for request in server.requests)


@pytest.mark.parametrize("damage", [b"{", b"[]", b'"text"', b"\xff\xfe", b"null", b'{"$type": 7}'])
async def test_a_malformed_frame_is_reported_and_skipped(stream: Any, damage: bytes) -> None:
    stream.extra_frames.append(damage.decode("latin-1") if damage != b"\xff\xfe" else damage)
    added = stream.add(3)
    found = await stream.collect()
    assert found.ids == added
    assert len(found.bad) == 1
