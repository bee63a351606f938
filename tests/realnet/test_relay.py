"""Collecting from a real Nostr relay."""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import aclosing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from monitor.plugins import source_plugins
from monitor.ports import Known, Standing
from monitor.post import PostRef
from monitor.sourcing import make_options, open_source
from tests.realnet.relay import Relay, running
from tests.sources.nostr_world import account, signed
from tests.sources.worlds import Harvest

pytestmark = pytest.mark.realnet


@pytest.fixture
def relay(tmp_path: Path) -> Iterator[Relay]:
    """A real, empty relay."""
    with running(tmp_path / "relay") as relay:
        yield relay


async def asked(relay: Relay, ask: Callable[[Any], Awaitable[Any]]) -> Any:
    """Opens the source over the real network stack and asks it."""
    plugin = source_plugins()["nostr"]
    async with open_source(
        plugin,
        make_options(plugin, {"base_url": relay.base, "tags": "map"}, env={}),
        user_agent="handlewatch/0 (desk@operator.example)",
        clock=lambda: datetime.now(UTC),
    ) as source:
        return await ask(source)


async def collected(relay: Relay, cursor: Any = None) -> Harvest:
    """One poll."""
    found = Harvest(cursor=cursor)

    async def collect(source: Any) -> Harvest:
        async with aclosing(source.collect(cursor)) as batches:
            async for batch in batches:
                found.take(batch)
        return found

    return await asked(relay, collect)


async def test_events_are_read_once_and_deletions_followed(relay: Relay) -> None:
    now = int(time.time())
    events = [
        signed(1, f"post {number}", at=now - 600 + number, tags=[["t", "map"]], by=1 + number % 2)
        for number in range(200)
    ]
    other = signed(1, "another tag", at=now, tags=[["t", "other"]])
    assert all(await relay.publish(*events, other))
    first = await collected(relay)
    assert sorted(first.ids) == sorted(event["id"] for event in events)
    assert first.bad == []

    late = signed(1, "late", at=now - 700, tags=[["t", "map"]])
    own = signed(5, "", at=now, tags=[["e", events[198]["id"]]], by=1)
    foreign = signed(5, "", at=now, tags=[["e", events[199]["id"]]], by=1)
    assert all(await relay.publish(late, own, foreign))
    second = await collected(relay, first.cursor)
    assert second.ids == [late["id"]]
    assert [ref.id for ref in second.deleted] == [events[198]["id"]]
    third = await collected(relay, second.cursor)
    assert (third.ids, third.deleted) == ([], [])

    known = [
        Known(ref=PostRef("nostr", events[number]["id"]), account=account(1 + number % 2)[1]) for number in (198, 199)
    ]
    known.append(Known(ref=PostRef("nostr", "f" * 64)))
    found = await asked(relay, lambda source: source.recheck(known))
    assert [answer.standing for answer in found] == [Standing.REMOVED_BY_AUTHOR, Standing.UP, Standing.UNAVAILABLE]


async def test_profiles_are_found_and_a_relay_says_who_it_is(relay: Relay) -> None:
    now = int(time.time())
    profile = json.dumps({"name": "zorblat_77", "about": "Collector of maps"})
    assert all(await relay.publish(signed(0, profile, at=now), signed(1, "post", at=now, tags=[["t", "map"]])))
    posts = (await collected(relay)).posts
    assert posts[0].community
    (known,) = await asked(relay, lambda source: source.enrich(posts))
    assert (known.author.handle, known.author.bio) == ("zorblat_77", "Collector of maps")
    findings = await asked(relay, lambda source: source.check())
    assert {finding.well for finding in findings} <= {True, None}
