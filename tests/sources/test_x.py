"""X: mapping, money, re-checks."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import httpx
import pytest

from monitor.errors import AuthError, RateLimitedError
from monitor.plugins import source_plugins
from monitor.ports import Known, Seen, Standing
from monitor.post import PostRef, text_hash
from monitor.sourcing import make_options, open_source
from sources.x_posts import to_post
from tests.sources.worlds import CONTACT, MEDIA_MARK
from tests.sources.x_world import FIRST, USER, FakeX

RICH = {
    "id": "1985",
    "text": "cut short https://t.co/a1 https://t.co/m1 …",
    "note_tweet": {
        "text": "the whole of it &amp; more https://t.co/a1 https://t.co/m1",
        "entities": {
            "urls": [
                {"url": "https://t.co/a1", "expanded_url": "https://t.me/zorblat_77", "images": [{"url": MEDIA_MARK}]},
                {
                    "url": "https://t.co/m1",
                    "expanded_url": f"https://x.com/zorblat_77/status/1985/photo/1?{MEDIA_MARK}",
                    "media_key": "3_1",
                },
            ],
            "hashtags": [{"tag": "map"}, {"tag": "kik"}],
        },
    },
    "created_at": "2026-11-01T10:00:00.000Z",
    "author_id": "9",
    "lang": "und",
    "community_id": "77",
    "attachments": {"media_keys": ["3_1", "3_2"]},
    "referenced_tweets": [{"type": "replied_to", "id": "1"}, {"type": "quoted", "id": "2"}],
    "card_uri": f"card://{MEDIA_MARK}",
}


def test_a_post_is_mapped_whole_and_without_media() -> None:
    post = to_post(RICH, {"9": USER}, seen_at=FakeX().time())
    assert post.text == "the whole of it & more https://t.me/zorblat_77"
    assert (post.id, post.url) == ("1985", "https://x.com/zorblat_77/status/1985")
    assert (post.author.id, post.author.handle, post.author.name) == ("9", "zorblat_77", "Zorblat")
    assert post.author.bio == "Collector of maps https://maps.example/"
    assert (post.tags, post.lang, post.community) == (("map", "kik"), None, "77")
    assert (post.reply_to, post.quotes, post.media_count) == ("1", "2", 2)
    assert MEDIA_MARK not in repr(post)


def test_the_newer_names_of_fields_are_read_too() -> None:
    renamed = {
        **{name: value for name, value in RICH.items() if name not in {"note_tweet", "referenced_tweets"}},
        "note_post": RICH["note_tweet"],
        "referenced_posts": RICH["referenced_tweets"],
    }
    now = FakeX().time()
    assert to_post(renamed, {"9": USER}, seen_at=now) == to_post(RICH, {"9": USER}, seen_at=now)


@pytest.mark.parametrize("junk", [None, 7, "x", [], [None], {"a": 1}])
def test_fields_of_another_type_are_left_out(junk: Any) -> None:
    odd = dict.fromkeys(RICH, junk) | {"id": "1", "text": "a map"}
    post = to_post(odd, {"9": dict.fromkeys(USER, junk)}, seen_at=FakeX().time())
    assert (post.id, post.text) == ("1", "a map")


async def test_what_may_be_spent_a_day_is_kept_over_restarts() -> None:
    world = FakeX()
    world.options["usd_a_day"] = 1
    world.add(250)
    with pytest.raises(RateLimitedError, match="budget of 1 dollars"):
        await world.collect(pages=100)
    first = await world.collect(batches=1)
    assert first.cursor is not None
    assert first.cursor["budget"] == {"day": "2026-11-01", "spent": 0.51}
    world.requests.clear()
    with pytest.raises(RateLimitedError) as caught:
        await world.collect({**first.cursor, "budget": {"day": "2026-11-01", "spent": 0.999}})
    assert world.requests == []
    assert caught.value.retry_after == 12 * 3600


async def test_the_last_query_stops_first_and_the_ledger_says_so() -> None:
    world = FakeX()
    world.options |= {"queries": "map,kik", "usd_a_day": 1}
    world.add(3)
    found = await world.collect({"budget": {"day": "2026-11-01", "spent": 0.8}})
    assert {interval.scope: interval.state for interval in found.coverage} == {
        "search map": Seen.SEEN,
        "search kik": Seen.RATE_LIMITED,
    }
    assert "kept for what comes first" in found.coverage[-1].note


async def test_after_more_than_a_week_the_rest_is_out_of_reach_and_search_goes_on() -> None:
    world = FakeX()
    world.add(3)
    first = await world.collect()
    world.oldest_since = str(FIRST + 1000)
    added = world.add(2)
    second = await world.collect(first.cursor)
    assert sorted(second.ids) == added


async def test_a_refused_token_is_an_error_of_credentials() -> None:
    world = FakeX()
    world.options["bearer_token"] = "expired"
    with pytest.raises(AuthError):
        await world.collect()


async def opened(world: FakeX, call: str, *arguments: Any) -> Any:
    plugin = source_plugins()["x"]
    async with open_source(
        plugin,
        make_options(plugin, world.options, env={}),
        user_agent=CONTACT,
        clock=world.time,
        sleep=world.time.sleep,
        transport=world.transport,
    ) as source:
        return await getattr(source, call)(*arguments)


async def test_rechecks_tell_deleted_from_hidden_in_one_call() -> None:
    world = FakeX()
    world.add(3)
    posts = (await world.collect()).posts
    known = [Known(ref=post.ref, text_hash=text_hash(post)) for post in posts]
    known[1] = replace(known[1], text_hash="other")
    known += [Known(ref=PostRef("x", "5")), Known(ref=PostRef("x", "6"))]
    world.lookup_errors["6"] = "not-authorized-for-resource"
    world.requests.clear()
    found = await opened(world, "recheck", known)
    assert [one.standing for one in found] == [
        Standing.UP,
        Standing.EDITED,
        Standing.UP,
        Standing.UNAVAILABLE,
        Standing.UNKNOWN,
    ]
    assert len(world.requests) == 1


async def test_an_error_is_unknown_and_never_gone() -> None:
    world = FakeX()
    world.faults = [lambda request: httpx.Response(403, json={})] * 3
    found = await opened(world, "recheck", [Known(ref=PostRef("x", "5"))])
    assert [one.standing for one in found] == [Standing.UNKNOWN]


async def test_refreshing_shows_the_post_or_that_it_is_gone() -> None:
    world = FakeX()
    (there,) = world.add(1)
    assert (await opened(world, "refresh", Known(ref=PostRef("x", there)))).text == "Post number 0 #map"
    assert await opened(world, "refresh", Known(ref=PostRef("x", "5"))) is None
    world.lookup_errors["6"] = "not-authorized-for-resource"
    with pytest.raises(AuthError):
        await opened(world, "refresh", Known(ref=PostRef("x", "6")))


async def test_the_doctor_looks_at_token_clock_and_search() -> None:
    world = FakeX()
    world.add(2)
    found = await opened(world, "check")
    assert [finding.what for finding in found] == ["bearer token", "clock", "search", "budget"]
    world.options["bearer_token"] = "expired"
    (finding,) = await opened(world, "check")
    assert finding.well is False
