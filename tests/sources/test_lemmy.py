"""What only Lemmy's two APIs do."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from monitor.errors import AuthError, ConfigError, RateLimitedError
from monitor.plugins import source_plugins
from monitor.ports import Known, Seen, Standing
from monitor.post import PostRef, text_hash
from monitor.records import to_record
from monitor.sourcing import make_options
from tests.sources.lemmy_world import BASE, MEDIA, FakeLemmy
from tests.sources.worlds import MEDIA_MARK, opened_source


def answering(status: int, error: str = "") -> Callable[[httpx.Request], httpx.Response]:
    return lambda request: httpx.Response(status, json={"error": error})


@pytest.fixture(params=["v3", "v4"])
def server(request: pytest.FixtureRequest) -> FakeLemmy:
    return FakeLemmy(request.param)


async def test_a_post_becomes_a_post(server: FakeLemmy) -> None:
    post_id = server.add_raw(lambda raw: raw.update(url="https://a.example/x", body="see **this**"))
    server.views[-1]["tags"] = [{"name": "sale", "display_name": "For sale"}, {"name": "map"}]
    (post,) = (await server.collect()).posts
    assert to_record(post) == {
        "platform": "lemmy",
        "id": post_id,
        "instance": "social.example",
        "url": f"{BASE}/post/1",
        "created_at": "2026-11-01T10:00:20Z",
        "first_seen_at": "2026-11-01T12:00:00Z",
        "edited_at": None,
        "author": {
            "id": f"{BASE}/u/zorblat77",
            "handle": "zorblat77@social.example",
            "name": "Zorblat",
            "bio": "Collector of maps\nMatrix: @quibdrem:home.example",
        },
        "title": "Post number 1",
        "text": "see **this**\nhttps://a.example/x",
        "tags": ["For sale", "map"],
        "community": "maps",
        "community_description": "All maps\nBe kind",
        "lang": "en",
        "reply_to": None,
        "quotes": None,
        "cid": None,
        "media_count": 0,
    }


async def test_a_comment_names_what_it_answers() -> None:
    server = FakeLemmy("v3", "comments")
    first, second, third = server.add(3)
    server.find(second)["comment"]["path"] = "0.1.2"
    server.find(third)["comment"]["path"] = "0.77.3"
    posts = {post.id: post for post in (await server.collect()).posts}
    assert [posts[name].reply_to for name in (first, second, third)] == [
        f"{BASE}/post/500",
        first,
        f"{BASE}/comment/77",
    ]
    assert (posts[first].title, posts[first].text) == (None, "Comment number 1")


@pytest.mark.parametrize(
    ("fields", "text", "media"),
    [
        ({"url": f"{MEDIA}.jpeg", "url_content_type": "image/jpeg"}, "words", 1),
        ({"url": f"https://v.example/{MEDIA_MARK}", "url_content_type": "video/mp4"}, "words", 1),
        ({"url": f"https://x.example/api/v3/image_proxy?url={MEDIA_MARK}"}, "words", 1),
        ({"url": f"https://i.imgur.com/{MEDIA_MARK}"}, "words", 1),
        ({"url": "https://a.example/", "thumbnail_url": f"{MEDIA}.webp"}, "words\nhttps://a.example/", 1),
        ({"url": "https://a.example/", "embed_video_url": f"https://v.example/{MEDIA_MARK}"}, None, 1),
        ({"body": f"words ![alt text]({MEDIA})"}, "words", 1),
        ({"body": f'words ![a]({MEDIA}.png "title") {MEDIA} [b]({MEDIA}.gif)'}, "words", 3),
        ({"body": f"words ![](https://x.example/api/v3/image_proxy?url=https%3A%2F%2F{MEDIA_MARK}.png)"}, "words", 1),
        ({"body": f"words https://v.example/{MEDIA_MARK}.mp4"}, "words", 1),
    ],
)
async def test_no_media_passes(server: FakeLemmy, fields: dict[str, Any], text: str | None, media: int) -> None:
    server.add_raw(lambda raw: raw.update({"body": "words"} | fields))
    server.views[-1]["image_details"] = {"link": MEDIA, "width": 1}
    (post,) = (await server.collect()).posts
    assert MEDIA_MARK not in json.dumps(to_record(post))
    assert post.media_count == media
    assert text is None or (post.text or "").replace("  ", " ").strip() == text


@pytest.mark.parametrize("value", [None, 7, "", [], {}, True])
async def test_fields_of_another_type_do_no_harm(server: FakeLemmy, value: Any) -> None:
    server.add_raw(lambda raw: raw.update(published=value, published_at=value, language_id=value, url=value))
    server.views[-1].update(creator=value, community=value, tags=value)
    (post,) = (await server.collect()).posts
    assert post.text == "Text of 1"


async def test_without_a_global_id_it_is_reported(server: FakeLemmy) -> None:
    server.add_raw(lambda raw: raw.pop("ap_id"))
    added = server.add(1)
    found = await server.collect()
    assert found.ids == added
    assert [(bad.where, bad.why) for bad in found.bad] == [("post 1", "no ap_id")]


@pytest.mark.parametrize("flag", ["deleted", "removed"])
async def test_what_was_taken_away_is_no_post_and_is_passed_on(server: FakeLemmy, flag: str) -> None:
    gone = server.add_raw(lambda raw: raw.update({flag: True}))
    added = server.add(1)
    found = await server.collect()
    assert found.ids == added
    assert found.deleted == [PostRef("lemmy", gone)]


async def test_numbered_pages_are_read_where_there_are_no_cursors() -> None:
    server = FakeLemmy("v3", cursors=False)
    added = server.add(120)
    assert sorted((await server.collect()).ids) == sorted(added)


async def test_numbers_help_where_the_server_ignores_its_own_cursors() -> None:
    server = FakeLemmy("v3")
    server.ignores = frozenset({"page_cursor"})
    added = server.add(120)
    assert sorted((await server.collect()).ids) == sorted(added)


async def test_a_server_that_ignores_parameters_is_read_once(server: FakeLemmy) -> None:
    server.ignores = frozenset({"page_cursor", "page"})
    added = server.add(120)
    found = await server.collect()
    assert sorted(found.ids) == sorted(added[-50:])
    assert len(server.requests) < 8


async def test_everything_is_read_where_no_community_is_named(server: FakeLemmy) -> None:
    added = server.add(2)
    del server.options["communities"], server.options["kinds"]
    server.options["listing"] = "local"
    found = await server.collect()
    assert sorted(found.ids) == sorted(added)
    assert [interval.scope for interval in found.coverage] == [
        "social.example posts local",
        "social.example comments local",
    ]
    assert [request.url.params.get("type_") for request in server.requests][-1] == "Local"


async def test_words_are_searched_for(server: FakeLemmy) -> None:
    server.add(60)
    wanted = [server.add_raw(lambda raw: raw.update(body="the word zorb")) for _ in range(70)]
    del server.options["communities"]
    server.options["queries"] = "zorb"
    assert sorted((await server.collect()).ids) == sorted(wanted)


async def test_choices_in_small_letters_are_found_out() -> None:
    server = FakeLemmy("v4")
    server.refuses_capitals = True
    added = server.add(3)
    assert sorted((await server.collect()).ids) == sorted(added)


async def test_a_community_that_is_not_there_stops_no_other(server: FakeLemmy) -> None:
    added = server.add(2)
    server.options["communities"] = "gone, !maps"
    found = await server.collect()
    assert sorted(found.ids) == sorted(added)
    states = {interval.scope: interval.state for interval in found.coverage}
    assert states == {"social.example posts !gone": Seen.FAILED, "social.example posts !maps": Seen.SEEN}


async def test_a_server_without_comments_is_read_all_the_same_unless_they_are_wanted(
    server: FakeLemmy, monkeypatch: pytest.MonkeyPatch
) -> None:
    added, answer = server.add(2), server.handle

    def without_comments(request: httpx.Request) -> httpx.Response:
        return httpx.Response(404) if "/comment/" in request.url.path else answer(request)

    monkeypatch.setattr(server, "handle", without_comments)
    del server.options["kinds"]
    found = await server.collect()
    assert sorted(found.ids) == sorted(added)
    assert [(one.state, one.note) for one in found.coverage] == [
        (Seen.SEEN, ""),
        (Seen.SEEN, "the server has no list of comments"),
    ]
    server.options["kinds"] = "posts,comments"
    assert [one.state for one in (await server.collect()).coverage] == [Seen.SEEN, Seen.FAILED]


async def test_a_private_server_is_out_of_reach(server: FakeLemmy) -> None:
    server.faults += [answering(400, "instance_is_private")] * 3
    with pytest.raises(AuthError, match="instance_is_private"):
        await server.collect()


async def test_its_own_way_to_say_too_many_requests_is_waited_for() -> None:
    server = FakeLemmy("v3")
    added = server.add(2)
    limited = [answering(400, "rate_limit_error")]
    server.faults += limited * 2
    assert sorted((await server.collect()).ids) == sorted(added)
    assert server.time.waits == [10, 20]
    server.faults += limited * 9
    with pytest.raises(RateLimitedError):
        await server.collect()


async def test_a_token_is_sent(server: FakeLemmy) -> None:
    server.options["access_token"] = "s3cr3t"
    server.add(1)
    await server.collect()
    assert {request.headers["authorization"] for request in server.requests} == {"Bearer s3cr3t"}


@pytest.mark.parametrize("values", [{}, {"base_url": "a.example", "kinds": "votes"}, {"servers": "", "kinds": "posts"}])
def test_options_that_cannot_be_used(values: dict[str, str]) -> None:
    with pytest.raises(ConfigError):
        make_options(source_plugins()["lemmy"], values, env={})


async def test_a_recheck_tells_who_took_it_away(server: FakeLemmy) -> None:
    up, edited, deleted, removed, community, gone = server.add(6)
    hashes = {post.id: text_hash(post) for post in (await server.collect()).posts}
    server.edit(edited, "something else")
    server.find(deleted)["post"]["deleted"] = True
    server.find(removed)["post"]["removed"] = True
    server.find(community)["community"]["removed"] = True
    server.delete(gone)
    elsewhere = "https://other.example/post/9"
    names = [up, edited, deleted, removed, community, gone, elsewhere]
    known = [Known(ref=PostRef("lemmy", name), text_hash=hashes.get(name)) for name in names]
    async with opened_source("lemmy", server) as source:
        found = await source.recheck(known)
    assert [answer.standing for answer in found] == [
        Standing.UP,
        Standing.EDITED,
        Standing.REMOVED_BY_AUTHOR,
        Standing.REMOVED_BY_MODERATOR,
        Standing.REMOVED_BY_COMMUNITY,
        Standing.UNAVAILABLE,
        Standing.UNKNOWN,
    ]
    assert {request.url.host for request in server.requests} == {"social.example"}


async def test_a_post_of_another_server_is_looked_up_at_ours(server: FakeLemmy) -> None:
    server.add_raw(lambda raw: raw.update(ap_id="https://other.example/post/9"))
    async with opened_source("lemmy", server) as source:
        (answer,) = await source.recheck([Known(ref=PostRef("lemmy", "https://other.example/post/9"))])
    assert answer.standing is Standing.UP


async def test_an_error_in_a_recheck_is_unknown(server: FakeLemmy) -> None:
    (name,) = server.add(1)
    server.faults += [answering(500)] * 9
    async with opened_source("lemmy", server) as source:
        (answer,) = await source.recheck([Known(ref=PostRef("lemmy", name))])
    assert answer.standing is Standing.UNKNOWN


async def test_a_comment_is_asked_about_and_shown_again() -> None:
    server = FakeLemmy("v3", "comments")
    first, second = server.add(2)
    server.edit(first, "something else")
    server.delete(second)
    async with opened_source("lemmy", server) as source:
        now = await source.refresh(Known(ref=PostRef("lemmy", first)))
        assert now is not None
        assert now.text == "something else"
        assert await source.refresh(Known(ref=PostRef("lemmy", second))) is None


async def test_the_doctor_reads_every_listing(server: FakeLemmy) -> None:
    server.add(3)
    server.options["communities"] = "maps, gone"
    async with opened_source("lemmy", server) as source:
        found = {finding.what: finding for finding in await source.check()}
    assert found[f"server {BASE}"].said == f"Lemmy 0.19.20, read by {server.version}"
    assert found["social.example posts !maps"].said == "3 on its newest page"
    assert found["social.example posts !gone"].well is None


async def test_the_doctor_tells_of_a_server_that_is_down(server: FakeLemmy) -> None:
    server.faults += [answering(500)] * 99
    async with opened_source("lemmy", server) as source:
        found = {finding.what: finding.well for finding in await source.check()}
    assert found["social.example posts !maps"] is None


@pytest.mark.parametrize("words", [{}, {"json": {"error": "not found"}}], ids=["nothing", "words"])
@pytest.mark.parametrize("version", ["v3", "v4"])
async def test_a_server_that_says_nothing_of_itself_is_read_by_what_it_answers(
    version: str, words: dict[str, Any]
) -> None:
    server = FakeLemmy(version)
    added = server.add(60)
    handle = server.handle

    def silent(request: httpx.Request) -> httpx.Response:
        path = request.url.path
        known = path.startswith(f"/api/{version}/") and not path.endswith("/site")
        return handle(request) if known else httpx.Response(404, **words)

    server.handle = silent  # type: ignore[method-assign]
    found = await server.collect()
    assert sorted(found.ids) == sorted(added)
    assert (await server.collect(found.cursor)).ids == []
