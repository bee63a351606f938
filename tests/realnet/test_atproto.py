"""Collecting from a real AT Protocol network, and asking again what became of posts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import aclosing
from typing import Any

import pytest

from monitor.clock import system_clock
from monitor.errors import RateLimitedError
from monitor.plugins import source_plugins
from monitor.ports import Known, Standing
from monitor.post import PostRef
from monitor.sourcing import make_options, open_source
from tests.realnet.atproto_net import Network, running, until
from tests.sources.worlds import Harvest

pytestmark = pytest.mark.realnet


@pytest.fixture(scope="module")
def net() -> Iterator[Network]:
    """A real network; its start takes seconds."""
    with running() as network:
        for name in ("alice", "bob", "carol"):
            network.add_user(name)
        yield network


def values(net: Network) -> dict[str, str]:
    return {"appview": net.appview, "plc": net.plc, "account_servers": "localhost", "pds": net.pds}


async def asked(net: Network, name: str, ask: Callable[[Any], Awaitable[Any]], **given: str) -> Any:
    """Opens a source over the real network stack and asks it."""
    plugin = source_plugins()[name]
    async with open_source(
        plugin,
        make_options(plugin, {**values(net), **given}, env={}),
        user_agent="handlewatch/0 (desk@operator.example)",
        clock=system_clock,
    ) as source:
        return await ask(source)


async def streamed(net: Network, cursor: Any, wanted: Callable[[Harvest], bool]) -> Harvest:
    """Reads the account server's own stream until it holds what is wanted."""

    async def ask(source: Any) -> Harvest:
        found = Harvest(cursor=cursor)
        async with aclosing(source.collect(found.cursor)) as batches:
            async for batch in batches:
                found.take(batch)
                if wanted(found):
                    break
        return found

    return await asked(net, "bluesky", ask, base_url=net.pds)


async def test_the_stream_is_found_and_replayed_from_a_cursor(net: Network) -> None:
    first = net.post("alice", "first words", tags=["map"])
    # From the beginning: a cursor before all of it.
    cursor = {"server": net.pds, "seq": 0, "time_us": 1, "here": []}
    found = await streamed(net, cursor, lambda found: first in found.ids)
    (post,) = [post for post in found.posts if post.id == first]
    assert (post.text, post.tags, post.author.id, post.lang) == ("first words", ("map",), net.dids["alice"], "en")
    assert post.cid is not None
    second = net.post("bob", "second words")
    net.delete("alice", first)
    again = await streamed(net, found.cursor, lambda found: bool(found.deleted))
    assert again.ids == [second]
    assert again.deleted == [PostRef("bluesky", first)]


async def test_search_and_feed_find_what_was_posted(net: Network) -> None:
    uris = [net.post("bob", f"zorblat number {number}") for number in range(5)]
    until(lambda: net.shown(*uris) == set(uris))

    async def collect(source: Any) -> Harvest:
        found = Harvest()
        async for batch in source.collect(None):
            found.take(batch)
        return found

    found = await asked(net, "bluesky", collect, base_url=net.appview, queries="zorblat")
    assert sorted(found.ids) == sorted(uris)
    assert {post.author.handle for post in found.posts} == {"bob.test"}
    feed = await asked(net, "bluesky-search", collect, base_url=net.appview, actors="bob.test")
    assert set(uris) <= set(feed.ids)


async def test_what_became_of_posts_and_accounts(net: Network) -> None:
    up, gone = net.post("bob", "stays"), net.post("bob", "goes")
    theirs = net.post("carol", "of an account that goes")
    until(lambda: len(net.shown(up, gone, theirs)) == 3)
    net.delete("bob", gone)
    net.take_down("carol")
    until(lambda: net.shown(up, gone, theirs) == {up})
    posts = [Known(ref=PostRef("bluesky", uri)) for uri in (up, gone, theirs)]
    found = await asked(net, "bluesky-search", lambda source: source.recheck(posts), queries="x")
    assert [one.standing for one in found] == [Standing.UP, Standing.UNAVAILABLE, Standing.ACCOUNT_GONE]
    assert "took the account down" in found[2].note


async def test_profiles_are_looked_up(net: Network) -> None:
    net.describe("alice", "Collector of maps")
    uri = net.post("alice", "with a bio")
    until(lambda: net.shown(uri))

    async def enrich(source: Any) -> Any:
        post = await source.refresh(Known(ref=PostRef("bluesky", uri)))
        return await source.enrich([post])

    until(lambda: net.bio("alice"))
    (post,) = await asked(net, "bluesky-search", enrich, queries="x")
    assert (post.author.handle, post.author.bio) == ("alice.test", "Collector of maps")


async def test_a_real_limit_is_obeyed(net: Network) -> None:
    """Sign-ins are limited to 30 in five minutes: the source says how long it has to wait."""
    net.exhaust_sign_ins("bob")

    async def collect(source: Any) -> None:
        async for _ in source.collect(None):
            pass

    given = {"handle": "bob.test", "app_password": "pw-bob", "service": net.pds}
    with pytest.raises(RateLimitedError) as caught:
        await asked(net, "bluesky-search", collect, queries="x", base_url=net.appview, **given)
    assert caught.value.retry_after is not None
    assert 0 < caught.value.retry_after <= 300
