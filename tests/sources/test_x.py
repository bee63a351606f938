"""X: mapping, money, re-checks."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import httpx
import pytest

from monitor.errors import AuthError, ConfigError, RateLimitedError
from monitor.plugins import source_plugins
from monitor.ports import Known, Seen, SourceContext, Standing
from monitor.post import PostRef, text_hash
from monitor.sourcing import make_options
from sources.budget import DailyBudget
from sources.x_api import XApi
from sources.x_posts import authors_of, to_post
from tests.sources.worlds import MEDIA_MARK, opened_source
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

AUTHORS = authors_of({"includes": {"users": [USER]}})


def test_a_post_is_mapped_whole_and_without_media() -> None:
    post = to_post(RICH, AUTHORS, seen_at=FakeX().time())
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
    assert to_post(renamed, AUTHORS, seen_at=now) == to_post(RICH, AUTHORS, seen_at=now)


@pytest.mark.parametrize("junk", [None, 7, "x", [], [None], {"a": 1}])
def test_fields_of_another_type_are_left_out(junk: Any) -> None:
    odd = dict.fromkeys(RICH, junk) | {"id": "1", "text": "a map"}
    post = to_post(
        odd, authors_of({"includes": {"users": [dict.fromkeys(USER, junk) | {"id": "9"}]}}), seen_at=FakeX().time()
    )
    assert (post.id, post.text) == ("1", "a map")


async def test_what_may_be_spent_a_day_is_kept_over_restarts() -> None:
    world = FakeX()
    world.options["usd_a_day"] = 1
    world.add(250)
    with pytest.raises(RateLimitedError, match="budget of 1 dollars"):
        await world.collect(pages=100)
    first = await world.collect(batches=1)
    assert first.cursor is not None
    assert first.cursor["budget"] == {"day": "2026-11-01", "spent": 0.34}
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
    world.time.now += timedelta(days=9)
    world._made = 36_000  # posted days later
    del world.posts[:]
    added = world.add(150)
    second = await world.collect(first.cursor)
    assert sorted(second.ids) == added
    assert [interval.state for interval in second.coverage] == [Seen.SEEN, Seen.SEEN, Seen.OUT_OF_REACH]
    gap = second.coverage[-1]
    assert gap.start == first.coverage[-1].end
    assert gap.end == min(post.created_at for post in second.posts if post.created_at)


async def test_a_cap_that_is_used_up_is_not_waited_for() -> None:
    world = FakeX()
    problem = {"title": "UsageCapExceeded", "type": "https://api.twitter.com/2/problems/usage-capped", "detail": "x"}
    world.faults = [lambda request: httpx.Response(429, json=problem)] * 9
    with pytest.raises(RateLimitedError, match="cap") as caught:
        await world.collect()
    assert (caught.value.retry_after, world.time.waits, len(world.requests)) == (21600, [], 1)


async def test_without_credits_it_is_said_so() -> None:
    world = FakeX()
    world.faults = [lambda request: httpx.Response(402, json={"title": "CreditsDepleted"})] * 9
    with pytest.raises(AuthError, match="credits"):
        await world.collect()


async def test_no_more_is_asked_for_than_is_wanted_or_can_be_paid() -> None:
    world = FakeX()
    world.add(60)
    await world.collect(limit=5)
    assert world.requests[-1].url.params["max_results"] == "10"
    world.options["usd_a_day"] = 1
    await world.collect({"budget": {"day": "2026-11-01", "spent": 0.7}}, batches=1)
    assert world.requests[-1].url.params["max_results"] == "20"


async def test_on_loopback_nothing_costs_unless_a_budget_is_named() -> None:
    world = FakeX()
    world.options |= {"base_url": "http://127.0.0.1:8", "usd_per_post": 5}
    world.add(150)
    assert len((await world.collect()).ids) == 150
    world.options["usd_a_day"] = 10
    found = await world.collect(batches=1)
    with pytest.raises(RateLimitedError):
        await world.collect(found.cursor)


async def test_the_address_may_be_given_with_the_version() -> None:
    world = FakeX()
    world.options["base_url"] += "/2"
    added = world.add(3)
    assert sorted((await world.collect()).ids) == added


async def test_problems_beside_the_posts_stop_nothing() -> None:
    world = FakeX()
    (added,) = world.add(1)
    kind = "https://api.twitter.com/2/problems/resource-not-found"
    errors = [
        {"resource_type": "user", "value": "9", "type": kind, "title": "Not Found Error", "parameter": "author_id"}
    ]
    answer = {"data": world.posts, "errors": errors, "meta": {"result_count": 1, "newest_id": added}}
    world.faults = [lambda request: httpx.Response(200, json=answer)]
    (post,) = (await world.collect()).posts
    assert (post.author.id, post.author.handle) == ("9", None)
    assert post.url == f"https://x.com/i/status/{added}"


@pytest.mark.parametrize(
    ("text", "urls", "told", "media"),
    [
        ("see https://t.co/a and https://t.co/ab", {"a": "https://a.example/", "ab": "https://b.example/"}, 2, 0),
        ("twice https://t.co/a https://t.co/a", {"a": "https://a.example/"}, 2, 0),
        (f"pic.twitter.com/{MEDIA_MARK} words", {}, 0, 1),
        (f"https://pbs.twimg.com/media/{MEDIA_MARK}.jpg words", {}, 0, 1),
        (f"data:image/png;base64,{MEDIA_MARK} words", {}, 0, 1),
        ("words https://t.co/m", {"m": f"https://pbs.twimg.com/media/{MEDIA_MARK}.jpg"}, 0, 1),
        ("words https://t.co/m", {"m": f"https://pic.x.com/{MEDIA_MARK}"}, 0, 1),
        ("words https://t.co/unknown", {}, 0, 0),
    ],
)
def test_links_are_shown_as_where_they_lead(text: str, urls: dict[str, str], told: int, media: int) -> None:
    entities = {"urls": [{"url": f"https://t.co/{key}", "expanded_url": long} for key, long in urls.items()]}
    post = to_post({"id": "1", "text": text, "entities": entities}, {}, seen_at=FakeX().time())
    assert MEDIA_MARK not in repr(post)
    assert (post.text or "").count(".example/") == told
    assert "example/b" not in (post.text or "")
    assert post.media_count == media


def test_a_repost_of_the_stream_says_of_what() -> None:
    raw = {"id": "2", "text": "RT @quibdrem: a map", "referenced_tweets": [{"type": "retweeted", "id": "1"}]}
    assert to_post(raw, {}, seen_at=FakeX().time()).quotes == "1"


async def test_a_refused_token_is_an_error_of_credentials() -> None:
    world = FakeX()
    world.options["bearer_token"] = "expired"
    with pytest.raises(AuthError):
        await world.collect()


async def opened(world: FakeX, call: str, *arguments: Any) -> Any:
    async with opened_source("x", world) as source:
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


@pytest.mark.parametrize(("name", "values"), [("x", {"queries": "map"}), ("x-stream", {})])
def test_a_token_is_needed_and_never_shown(name: str, values: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="bearer_token"):
        make_options(source_plugins()[name], values, env={})
    assert "s3cr3t" not in repr(make_options(source_plugins()[name], values, env={"X_BEARER_TOKEN": "s3cr3t"}))


async def test_every_version_is_the_same_post_with_the_newest_id_to_report() -> None:
    world = FakeX()
    first, second = world.add(2)
    before = (await world.collect()).posts
    world.edit(first, "something else")
    found = await world.collect()
    edited = next(post for post in found.posts if post.id == first)
    newest = world.posts[-1]["id"]
    assert sorted(found.ids) == sorted([first, second])
    assert (edited.cid, edited.url) == (newest, f"https://x.com/zorblat_77/status/{newest}")
    assert edited.created_at is not None
    assert edited.edited_at is not None
    # Of the first id, which says when it was given, not of the version.
    assert (edited.created_at.year, edited.created_at.month) == (2025, 11)
    known = [Known(ref=post.ref, cid=post.cid, text_hash=text_hash(post)) for post in before]
    answers = {one.ref.id: one.standing for one in await opened(world, "recheck", known)}
    assert answers == {first: Standing.EDITED, second: Standing.UP}
    now = Known(ref=edited.ref, cid=edited.cid, text_hash=text_hash(edited))
    (answer,) = await opened(world, "recheck", [now])
    assert answer.standing is Standing.UP
    assert (await opened(world, "refresh", Known(ref=edited.ref))).text == "something else"
    world.delete(first)
    (answer,) = await opened(world, "recheck", [now])
    assert answer.standing is Standing.UNAVAILABLE


def test_of_two_versions_in_one_answer_the_newest_counts() -> None:
    world = FakeX()
    world.add(1)
    old = world.posts[0]
    world.edit(old["id"], "something else")
    answer = {"data": [world.posts[0], old], "includes": {"users": [USER]}}
    options = make_options(source_plugins()["x"], world.options, env={})
    api = XApi(options, SourceContext(http=cast("Any", None), clock=world.time, user_agent=""))
    posts, _ = api.posts(answer)
    assert [(post.id, post.whole().text) for post in posts] == [(old["id"], "something else")]


@pytest.mark.parametrize("history", [7, [], [None], ["x"], ["1", {}], "12"])
def test_a_history_of_another_form_changes_nothing(history: Any) -> None:
    raw = FakeX().post(1) | {"edit_history_tweet_ids": history}
    post = to_post(raw, {}, seen_at=datetime(2026, 11, 1, tzinfo=UTC))
    assert post.id in {raw["id"], "1"}


async def test_a_recheck_reads_no_authors_and_is_paid_from_the_day_s_budget() -> None:
    world = FakeX()
    world.options["usd_a_day"] = 0.02
    known = [Known(ref=PostRef("x", number)) for number in world.add(3)]
    async with opened_source("x", world) as source:
        assert {one.standing for one in await source.recheck(known)} == {Standing.UP}
        (asked,) = world.requests
        assert set(asked.url.params) == {"ids", "tweet.fields"}
        assert "author" not in asked.url.params["tweet.fields"]
        (answer, *_) = await source.recheck(known)
        assert (answer.standing, len(world.requests)) == (Standing.UNKNOWN, 1)
        assert "budget" in answer.note
        with pytest.raises(RateLimitedError, match="budget"):
            await source.refresh(known[0])


def test_what_a_recheck_spent_counts_when_a_poll_goes_on_from_its_cursor() -> None:
    budget = DailyBudget(1, unit="dollars", clock=FakeX().time)
    budget.spend(0.3)
    budget.load({"day": "2026-11-01", "spent": 0.2})
    assert budget.dump() == {"day": "2026-11-01", "spent": 0.3}
    budget.load({"day": "2026-11-01", "spent": 0.5})
    assert budget.dump()["spent"] == 0.5
    budget.load({"day": "2026-10-31", "spent": 0.9})
    assert budget.dump()["spent"] == 0.5
