"""Collecting from a real Matrix home server."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Any

import pytest

from monitor.errors import AuthError
from monitor.plugins import source_plugins
from monitor.ports import Known, Seen, Standing
from monitor.post import PostRef, text_hash
from monitor.sourcing import make_options, open_source
from sources.matrix_events import post_id
from tests.realnet.synapse import Synapse, running
from tests.sources.worlds import Harvest

pytestmark = pytest.mark.realnet


@pytest.fixture(scope="module")
def synapse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Synapse]:
    """A real server; its start takes seconds."""
    with running(tmp_path_factory.mktemp("matrix") / "synapse") as server:
        for name in ("alice", "bob", "reader"):
            server.add_user(name)
        yield server


async def asked(synapse: Synapse, ask: Callable[[Any], Awaitable[Any]], *, by: str = "reader", **values: str) -> Any:
    """Opens the source over the real network stack and asks it."""
    plugin = source_plugins()["matrix"]
    given = {"base_url": synapse.base, "access_token": synapse.tokens[by], **values}
    async with open_source(
        plugin,
        make_options(plugin, given, env={}),
        user_agent="handlewatch/0 (desk@operator.example)",
        clock=lambda: datetime.now(UTC),
    ) as source:
        return await ask(source)


async def collected(synapse: Synapse, cursor: Any = None, *, by: str = "reader", **values: str) -> Harvest:
    """One poll."""
    found = Harvest(cursor=cursor)

    async def collect(source: Any) -> Harvest:
        async with aclosing(source.collect(cursor)) as batches:
            async for batch in batches:
                found.take(batch)
        return found

    return await asked(synapse, collect, by=by, **values)


async def test_a_readable_room_is_read_without_being_in_it(synapse: Synapse) -> None:
    room = synapse.room("alice", readable=True)
    sent = [post_id(room, synapse.send("alice", room, f"post {number}")) for number in range(130)]
    first = await collected(synapse, rooms=room)
    assert sorted(first.ids) == sorted(sent)
    post = first.posts[0]
    assert (post.author.id, post.author.name) == ("@alice:localhost", "alice")
    assert (post.community, post.community_description) == ("Maps", "All about maps")

    new = [post_id(room, synapse.send("alice", room, f"new {number}")) for number in range(120)]
    old = "$" + sent[0].rpartition("/")[2]
    synapse.send("alice", room, "something else", replaces=old)
    synapse.redact("alice", room, "$" + sent[1].rpartition("/")[2])
    second = await collected(synapse, first.cursor, rooms=room)
    assert sorted(second.ids) == sorted([*new, sent[0]])
    assert {post.text for post in second.posts if post.id == sent[0]} == {"something else"}
    assert [ref.id for ref in second.deleted] == [sent[1]]
    third = await collected(synapse, second.cursor, rooms=room)
    assert (third.ids, third.deleted) == ([], [])


async def test_own_rooms_are_read_together(synapse: Synapse) -> None:
    rooms = [synapse.room("alice", readable=False) for _ in range(2)]
    for room in rooms:
        synapse.join("bob", room)
    sent = [post_id(rooms[0], synapse.send("alice", rooms[0], f"post {number}")) for number in range(130)]
    first = await collected(synapse, by="bob")
    assert sorted(first.ids) == sorted(sent)
    new = [post_id(rooms[0], synapse.send("alice", rooms[0], f"new {number}")) for number in range(230)]
    new.append(post_id(rooms[1], synapse.send("alice", rooms[1], "in the other one")))
    second = await collected(synapse, first.cursor, by="bob")
    assert sorted(second.ids) == sorted(new)
    assert {interval.state for interval in second.coverage} == {Seen.SEEN}
    assert (await collected(synapse, second.cursor, by="bob")).ids == []


async def test_a_room_that_is_not_shown_is_out_of_reach(synapse: Synapse) -> None:
    closed, readable = synapse.room("alice", readable=False), synapse.room("alice", readable=True)
    synapse.send("alice", closed, "post")
    with pytest.raises(AuthError):
        await collected(synapse, rooms=closed)
    found = await collected(synapse, rooms=f"{closed},{readable}")
    assert {interval.scope: interval.state for interval in found.coverage} == {
        closed: Seen.OUT_OF_REACH,
        readable: Seen.SEEN,
    }


async def test_who_removed_a_message_is_told(synapse: Synapse) -> None:
    room = synapse.room("alice", readable=True)
    synapse.join("bob", room)
    events = [synapse.send("bob", room, f"post {number}") for number in range(4)]
    before = {post.id: text_hash(post) for post in (await collected(synapse, rooms=room)).posts}
    synapse.send("bob", room, "something else", replaces=events[1])
    synapse.redact("bob", room, events[2])
    synapse.redact("alice", room, events[3])
    names = [post_id(room, event) for event in (*events, "$unheard")]
    known = [Known(ref=PostRef("matrix", name), text_hash=before.get(name)) for name in names]
    found = await asked(synapse, lambda source: source.recheck(known), rooms=room)
    assert [answer.standing for answer in found] == [
        Standing.UP,
        Standing.EDITED,
        Standing.REMOVED_BY_AUTHOR,
        Standing.REMOVED_BY_MODERATOR,
        Standing.UNAVAILABLE,
    ]
