"""What only YouTube does."""

from __future__ import annotations

import contextlib
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from monitor.errors import AuthError, ConfigError, RateLimitedError
from monitor.net.errors import StatusError
from monitor.plugins import source_plugins
from monitor.ports import Known, Seen, Standing
from monitor.post import Post, PostRef, text_hash
from monitor.records import to_record
from monitor.sourcing import make_options
from sources.youtube.posts import UnusableItemError, channel_post, comment_post, uploaded, video_post
from tests.sources.oddities import oddities
from tests.sources.worlds import MEDIA_MARK, harvest, opened_source
from tests.sources.youtube_world import CHANNEL, KEY, VIDEO, FakeYouTube, refusal

MEDIA = f"https://i.ytimg.com/vi/x/{MEDIA_MARK}.jpg"


@pytest.fixture
def server() -> FakeYouTube:
    return FakeYouTube()


@pytest.fixture
def search() -> FakeYouTube:
    return FakeYouTube(found=True)


def asked(server: FakeYouTube, name: str) -> list[dict[str, str]]:
    return [dict(request.url.params) for request in server.requests if request.url.path.endswith(f"/{name}")]


async def test_a_comment_becomes_a_post(server: FakeYouTube) -> None:
    key = server.add_raw(lambda raw: raw.update(textDisplay="hmu on zorblat77", updatedAt="2026-11-01T11:00:00Z"))
    assert to_record((await server.collect()).posts[0]) == {
        "platform": "youtube",
        "id": key,
        "instance": None,
        "url": f"https://www.youtube.com/watch?v={VIDEO}&lc={key}",
        "created_at": "2026-11-01T10:00:00Z",
        "first_seen_at": "2026-11-01T12:00:00Z",
        "edited_at": "2026-11-01T11:00:00Z",
        "author": {"id": "UCauthor", "handle": "@zorblat_77", "name": None, "bio": None},
        "title": None,
        "text": "hmu on zorblat77",
        "tags": [],
        "community": CHANNEL,
        "community_description": None,
        "lang": None,
        "reply_to": None,
        "quotes": None,
        "cid": None,
        "media_count": 0,
    }
    params = asked(server, "commentThreads")[0]
    assert (params["textFormat"], params["order"], params["maxResults"]) == ("plainText", "time", "100")


async def test_a_found_video_is_given_with_its_whole_text_and_tags(search: FakeYouTube) -> None:
    key = search.add_raw(lambda raw: raw.update(title="A & B", description="a text that a search cuts short"))
    post = (await search.collect()).posts[0]
    assert (post.id, post.url) == (key, f"https://www.youtube.com/watch?v={key}")
    assert (post.title, post.text) == ("A & B", "a text that a search cuts short")
    assert (post.tags, post.lang, post.community) == (("map", "old maps"), "en", CHANNEL)
    assert (post.author.id, post.author.name) == (CHANNEL, "Zorblat's maps")


async def test_where_no_units_are_left_a_search_shows_what_it_has(search: FakeYouTube) -> None:
    search.spent.add("units")
    search.add_raw(lambda raw: raw.update(description="a text that a search cuts short"))
    post = (await search.collect()).posts[0]
    assert (post.title, post.text) == ("A & B", "a text that a searc"[:20] + "h")


async def test_a_found_channel_is_a_post_too(search: FakeYouTube) -> None:
    search.found_channels.append(search.channel())
    post = (await search.collect()).posts[0]
    assert (post.id, post.title, post.text) == (CHANNEL, "Zorblat", "Collector of maps")
    assert post.url == f"https://www.youtube.com/channel/{CHANNEL}"
    assert post.author.id == CHANNEL


async def test_answers_are_read_all_of_them_and_once(server: FakeYouTube) -> None:
    (key,) = server.add(1)
    server.replies[key] = [server.comment(f"{key}.r{number}", number, parentId=key) for number in range(130)]
    found = await server.collect()
    assert len(found.posts) == 131
    assert {post.reply_to for post in found.posts} == {None, key}
    assert len(asked(server, "comments")) == 2
    again = await server.collect(found.cursor)
    assert again.posts == []
    assert len(asked(server, "comments")) == 2
    server.replies[key].append(server.comment(f"{key}.new", 200, parentId=key))
    assert (await server.collect(again.cursor)).ids == [f"{key}.new"]


async def test_answers_that_are_not_fetched_are_told(server: FakeYouTube) -> None:
    server.options["all_replies"] = "false"
    (key,) = server.add(1)
    server.replies[key] = [server.comment(f"{key}.r{number}", number, parentId=key) for number in range(5)]
    found = await server.collect()
    assert len(found.posts) == 3
    assert "not all answers" in found.coverage[0].note


async def test_comments_on_what_was_found_are_read(search: FakeYouTube) -> None:
    search.options["comment_videos"] = "2"
    keys = search.add(4)
    await search.collect()
    assert [params["videoId"] for params in asked(search, "commentThreads")] == [keys[3], keys[2]]


async def test_a_found_video_that_is_gone_is_asked_about_no_more(search: FakeYouTube) -> None:
    search.options["comment_videos"] = "5"
    key = search.add(1)[0]
    found = await search.collect()
    search.delete(key)
    found = await search.collect(found.cursor)
    assert "no longer there" in next(one.note for one in found.coverage if one.scope == f"comments on {key}")
    search.requests.clear()
    await search.collect(found.cursor)
    assert asked(search, "commentThreads") == []


async def test_no_media_passes_from_any_place_where_there_can_be_some(server: FakeYouTube) -> None:
    server.options["channels"] = CHANNEL
    server.videos[VIDEO] = server.video(VIDEO, 1)
    server.videos[VIDEO]["snippet"].update(title=f"t {MEDIA}", description=f"words {MEDIA} https://a.example/x")
    server.videos[VIDEO]["player"] = {"embedHtml": f"<iframe src='{MEDIA}'>"}
    server.channels[CHANNEL] = server.channel()
    server.add_raw(lambda raw: raw.update(textDisplay=f"see {MEDIA}", textOriginal=f"see {MEDIA}"))
    found = await server.collect()
    posts = {post.id: post for post in found.posts}
    assert MEDIA_MARK not in json.dumps([to_record(post) for post in found.posts])
    assert (posts[VIDEO].text, posts[VIDEO].media_count) == ("words  https://a.example/x", 2)
    assert CHANNEL in posts


async def test_where_markup_was_given_what_was_written_is_taken(server: FakeYouTube) -> None:
    marked = '<a href="https://www.youtube.com/watch?v=x&amp;t=10">0:10</a> hmu'
    server.add_raw(lambda raw: raw.update(textDisplay=marked, textOriginal="0:10 hmu"))
    (post,) = (await server.collect()).posts
    assert post.text == "0:10 hmu"


async def test_markup_that_was_not_asked_for_is_understood(server: FakeYouTube) -> None:
    server.add_raw(
        lambda raw: raw.update(textDisplay="a &amp; b<br>c", textOriginal=None, authorChannelId=None, updatedAt=None)
    )
    server.add_raw(lambda raw: raw.update(textDisplay="a < b", authorDisplayName="Zorblat Q"))
    second, first = (await server.collect()).posts
    assert first.text == "a & b\nc"
    assert (second.text, second.author.name) == ("a < b", "Zorblat Q")


async def test_a_named_channel_is_read_with_its_videos_and_comments(server: FakeYouTube) -> None:
    server.options = {"base_url": server.base, "api_key": KEY, "channels": "https://www.youtube.com/@zorblat_77/videos"}
    server.channels[CHANNEL] = server.channel()
    server.videos[VIDEO] = server.video(VIDEO, 1)
    added = server.add(2)
    found = await server.collect()
    assert sorted(found.ids) == sorted([*added, VIDEO, CHANNEL])
    assert asked(server, "playlistItems")[0]["playlistId"] == f"UU{CHANNEL[2:]}"
    assert asked(server, "commentThreads")[0]["allThreadsRelatedToChannelId"] == CHANNEL
    assert {interval.state for interval in found.coverage} == {Seen.SEEN}
    await server.collect(found.cursor)
    assert len([params for params in asked(server, "channels") if "forHandle" in params]) == 1


async def test_comments_that_are_switched_off_are_no_refusal(server: FakeYouTube) -> None:
    server.options["videos"] = f"{VIDEO},quibdrem001"
    server.off.add("quibdrem001")
    added = server.add(2)
    found = await server.collect()
    assert sorted(found.ids) == sorted(added)
    told = {interval.scope: interval for interval in found.coverage}
    assert told["comments on quibdrem001"].state is Seen.SEEN
    assert told["comments on quibdrem001"].note == "comments are switched off"


async def test_a_missing_video_stops_nothing_else(server: FakeYouTube) -> None:
    server.options["videos"] = f"nothere0001,https://youtu.be/{VIDEO}?si=x"
    added = server.add(2)
    found = await server.collect()
    assert sorted(found.ids) == sorted(added)
    states = {interval.scope: interval.state for interval in found.coverage}
    assert states["comments on nothere0001"] is Seen.FAILED


async def test_searches_and_units_are_two_quotas(search: FakeYouTube) -> None:
    search.options |= {"videos": VIDEO, "queries": "map,old map"}
    search.spent.add("search")
    search.videos[VIDEO] = search.video(VIDEO, 1)
    found = await search.collect()
    assert found.ids == [VIDEO]
    told = {interval.scope: interval.state for interval in found.coverage}
    assert told["search map"] is Seen.RATE_LIMITED
    assert told["search old map"] is Seen.RATE_LIMITED
    assert len(asked(search, "search")) == 1
    # Until midnight Pacific time nothing more is asked; then it is.
    search.spent.clear()
    search.time.now += timedelta(hours=11)
    again = await search.collect(found.cursor)
    assert len(asked(search, "search")) == 1
    search.time.now = datetime(2026, 11, 2, 8, 1, tzinfo=UTC)
    await search.collect(again.cursor)
    assert len(asked(search, "search")) == 3


async def test_the_day_ends_at_midnight_pacific_time(search: FakeYouTube) -> None:
    search.spent.add("search")
    search.time.now = datetime(2026, 7, 1, 6, 0, tzinfo=UTC)  # 23:00 the day before, in summer
    with pytest.raises(RateLimitedError) as caught:
        await search.collect()
    assert caught.value.retry_after == pytest.approx(3600)


async def test_the_last_searches_are_given_up_first(search: FakeYouTube) -> None:
    search.options |= {"queries": "first,second,third", "searches_a_day": "10"}
    search.add(1)
    found = await search.collect()
    with pytest.raises(RateLimitedError):
        for _ in range(8):
            found = await search.collect(found.cursor)
    searched = [params["q"] for params in asked(search, "search")]
    assert len(searched) == 10
    assert searched.count("first") > searched.count("second") >= searched.count("third") > 0
    limited = [interval for interval in found.coverage if interval.state is Seen.RATE_LIMITED]
    assert {interval.scope for interval in limited} >= {"search second", "search third"}
    assert "budget" in limited[0].note


async def test_later_searches_ask_only_for_what_is_new(search: FakeYouTube) -> None:
    search.add(3)
    first = await search.collect()
    await search.collect(first.cursor)
    one, two = asked(search, "search")
    assert "publishedAfter" not in one
    assert two["publishedAfter"] == "2026-11-01T04:00:40Z"


async def test_a_token_that_is_too_old_starts_the_listing_again(server: FakeYouTube) -> None:
    added = server.add(250)
    part = await server.collect(batches=1)
    server.faults.append(lambda _: refusal(400, "invalidPageToken"))
    rest = await server.collect(part.cursor)
    assert {*part.ids, *rest.ids} == set(added)


REFUSALS = {
    "keyInvalid": (400, AuthError),
    "accessNotConfigured": (403, AuthError),
    "quotaExceeded": (403, RateLimitedError),
    "rateLimitExceeded": (403, RateLimitedError),
    "forbidden": (403, AuthError),
    "videoNotFound": (404, StatusError),
    "processingFailure": (400, StatusError),
}


@pytest.mark.parametrize("reason", sorted(REFUSALS))
async def test_refusals_are_told_apart_by_their_reason(server: FakeYouTube, reason: str) -> None:
    status, error = REFUSALS[reason]
    server.faults += [lambda _: refusal(status, reason)] * 9
    with pytest.raises(error):
        await server.collect()


async def test_a_quota_that_is_spent_is_a_limit_where_no_budget_is_kept(server: FakeYouTube) -> None:
    server.options["base_url"] = "http://127.0.0.1:9"
    server.faults += [lambda _: refusal(403, "quotaExceeded")] * 9
    with pytest.raises(RateLimitedError):
        await server.collect()


def test_fields_of_any_type_break_nothing() -> None:
    world, now = FakeYouTube(), FakeYouTube().time()
    mappings: list[tuple[dict[str, Any], Any]] = [
        (world.comment("a", 1), lambda item: comment_post(item, video=None, channel=None, seen_at=now)),
        (world.video("b", 1), lambda item: video_post(item, seen_at=now)),
        (world.video("b", 1), lambda item: video_post(uploaded(item), seen_at=now)),
        (world.channel(), lambda item: channel_post(item, seen_at=now, found=True)),
    ]
    for item, mapping in mappings:
        for odd in oddities(item):
            with contextlib.suppress(UnusableItemError):
                assert to_record(mapping(odd))


def test_something_is_to_be_named_and_the_key_never_shown() -> None:
    plugin = source_plugins()["youtube"]
    with pytest.raises(ConfigError, match="queries, videos or channels"):
        make_options(plugin, {"api_key": "s3cr3t"}, env={})
    with pytest.raises(ConfigError, match="channels"):
        make_options(plugin, {"api_key": "s3cr3t", "channels": "not a channel"}, env={})
    options = make_options(plugin, {"queries": "map"}, env={"YOUTUBE_API_KEY": "s3cr3t"})
    assert "s3cr3t" not in repr(options)
    assert options.api == "https://youtube.googleapis.com/youtube/v3"


def known(post: Post) -> Known:
    return Known(ref=post.ref, url=post.url, text_hash=text_hash(post))


async def test_what_a_recheck_tells(server: FakeYouTube) -> None:
    added = server.add(3)
    server.options["channels"] = CHANNEL
    for number, key in enumerate((VIDEO, "vid00000002", "vid00000003", "vid00000004")):
        server.videos[key] = server.video(key, number)
    server.channels[CHANNEL] = server.channel()
    before = {post.id: post for post in (await server.collect()).posts}
    server.edit(added[1], "something else")
    server.delete(added[2])
    server.videos["vid00000002"]["status"] = {"uploadStatus": "rejected", "rejectionReason": "termsOfUse"}
    server.videos["vid00000003"]["status"] = {"uploadStatus": "rejected", "rejectionReason": "uploaderAccountSuspended"}
    del server.videos["vid00000004"]
    keys = [*added, VIDEO, "vid00000002", "vid00000003", "vid00000004", CHANNEL]
    server.requests.clear()
    async with opened_source("youtube", server) as source:
        answers = await source.recheck([known(before[key]) for key in keys])
        now, gone = await source.refresh(known(before[added[1]])), await source.refresh(known(before[added[2]]))
    assert [answer.ref.id for answer in answers] == keys
    assert [answer.standing for answer in answers] == [
        Standing.UP,
        Standing.EDITED,
        Standing.UNAVAILABLE,
        Standing.UP,
        Standing.REMOVED_BY_PLATFORM,
        Standing.ACCOUNT_GONE,
        Standing.UNAVAILABLE,
        Standing.UP,
    ]
    assert len(server.requests) == 3 + 2
    assert (now.text, gone) == ("something else", None)


@pytest.mark.parametrize("status", [401, 403, 404, 500])
async def test_an_error_in_a_recheck_is_unknown(server: FakeYouTube, status: int) -> None:
    (added,) = server.add(1)
    server.faults += [lambda request: httpx.Response(status, html="<p>no</p>")] * 9
    async with opened_source("youtube", server) as source:
        (answer,) = await source.recheck([Known(ref=PostRef("youtube", added))])
    assert answer.standing is Standing.UNKNOWN


async def test_bios_cost_one_call_for_many(server: FakeYouTube) -> None:
    server.add(60)
    server.channels["UCauthor"] = server.channel("UCauthor")
    posts = (await server.collect()).posts
    server.requests.clear()
    async with opened_source("youtube", server) as source:
        told = await source.enrich(posts)
        await source.enrich(posts)
    assert {post.author.bio for post in told} == {"Collector of maps"}
    assert len(server.requests) == 1


async def test_the_doctor_looks_at_the_key_and_every_listing(server: FakeYouTube) -> None:
    server.options |= {"queries": "map,old map", "videos": f"{VIDEO},nothere0001"}
    async with opened_source("youtube", server) as source:
        found = {finding.what: finding.well for finding in await source.check()}
    assert found == {
        "API key": True,
        "clock": None,
        "search map": True,
        "videos": True,
        f"comments on {VIDEO}": True,
        "comments on nothere0001": None,
        "quotas": True,
    }
    server.options["api_key"] = "old"
    async with opened_source("youtube", server) as source:
        assert [(finding.what, finding.well) for finding in await source.check()] == [("API key", False)]


async def test_the_first_poll_of_a_public_server_is_one_page(server: FakeYouTube) -> None:
    server.add(250)
    first = await harvest("youtube", server.options, server, None, batches=None, pages=None)
    assert len(first.posts) == 100


async def test_comments_are_enough_where_nothing_is_told_of_their_video(server: FakeYouTube) -> None:
    added = server.add(3)
    real = server.handle

    def handle(request: httpx.Request) -> httpx.Response:
        return httpx.Response(404, json={}) if request.url.path.endswith("/videos") else real(request)

    server.handle = handle
    found = await server.collect()
    assert sorted(found.ids) == sorted(added)
    assert {interval.state for interval in found.coverage} == {Seen.SEEN}
    assert any("not shown" in interval.note for interval in found.coverage)


async def test_one_comment_that_is_not_found_hides_no_other(server: FakeYouTube) -> None:
    added = server.add(2)
    asked = [Known(ref=PostRef("youtube", key)) for key in added]
    server.faults += [lambda request: refusal(404, "commentNotFound")] * 2
    async with opened_source("youtube", server) as source:
        found = await source.recheck(asked)
        assert [answer.standing for answer in found] == [Standing.UNAVAILABLE, Standing.UP]
        assert len(server.requests) == 3
        server.faults += [lambda request: refusal(404, "commentNotFound")]
        assert await source.refresh(asked[0]) is None
