"""What only Discourse forums do."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from monitor.errors import ConfigError
from monitor.plugins import source_plugins
from monitor.ports import Known, Seen, Standing
from monitor.post import PostRef, text_hash
from monitor.records import to_record
from monitor.sourcing import make_options
from tests.sources.discourse_world import BASE, MEDIA, FakeDiscourse
from tests.sources.worlds import MEDIA_MARK, harvest, opened_source


def answering(status: int, **options: Any) -> Callable[[httpx.Request], httpx.Response]:
    return lambda request: httpx.Response(status, **options)


@pytest.fixture
def server() -> FakeDiscourse:
    return FakeDiscourse()


async def test_a_post_becomes_a_post(server: FakeDiscourse) -> None:
    server.add(1)
    server.add_raw(
        lambda raw: raw.update(
            raw='[quote="quibdrem, post:1, topic:1"]\nhello\n[/quote]\nsee **this**',
            reply_to_post_number=1,
            locale="en",
        )
    )
    posts = {post.id: to_record(post) for post in (await server.collect()).posts}
    assert posts[f"{BASE}/p/2"] == {
        "platform": "discourse",
        "id": f"{BASE}/p/2",
        "instance": "social.example",
        "url": f"{BASE}/t/topic-1/1/2",
        "created_at": "2026-11-01T10:00:40Z",
        "first_seen_at": "2026-11-01T12:00:00Z",
        "edited_at": None,
        "author": {"id": f"{BASE}/users/9", "handle": "zorblat77", "name": "Zorblat", "bio": None},
        "title": None,
        "text": '[quote="quibdrem, post:1, topic:1"]\nhello\n[/quote]\nsee **this**',
        "tags": [],
        "community": "Maps",
        "community_description": "All maps",
        "lang": "en",
        "reply_to": f"{BASE}/p/1",
        "quotes": f"{BASE}/p/1",
        "cid": None,
        "media_count": 0,
    }
    assert posts[f"{BASE}/p/1"]["title"] == "Topic 1"


async def test_a_topic_gives_its_tags_to_its_first_post() -> None:
    server = FakeDiscourse("latest")
    server.tags = ["map", {"id": 1, "name": "sale"}, None]
    server.add(2)
    posts = {post.id: post for post in (await server.collect()).posts}
    assert [(post.title, post.tags) for post in (posts[f"{BASE}/p/1"], posts[f"{BASE}/p/2"])] == [
        ("Topic 1", ("map", "sale")),
        (None, ()),
    ]


IMAGE = f'<img src="{MEDIA}.png" alt="x">'
LIGHTBOX = (
    f'<div class="lightbox-wrapper"><a class="lightbox" href="{MEDIA}.jpeg" data-download-href="{MEDIA}">'
    f'{IMAGE}<div class="meta"><span class="filename">{MEDIA_MARK}</span><span>690 x 388</span></div></a></div>'
)
ONEBOX = (
    f'<aside class="onebox"><header class="source"><img src="{MEDIA}.ico" class="site-icon">'
    f'<a href="https://a.example/x">a.example</a></header><article><img src="{MEDIA}" class="thumbnail">'
    "<h3>A title</h3></article></aside>"
)


@pytest.mark.parametrize(
    ("fields", "text", "media"),
    [
        ({"raw": f"words ![alt|690x388](upload://{MEDIA_MARK}.jpeg)"}, "words", 1),
        ({"raw": f"words [a.pdf|attachment](upload://{MEDIA_MARK}.pdf) (12 KB)"}, "words  (12 KB)", 1),
        ({"raw": f"words {IMAGE} {MEDIA}.png"}, "words", 2),
        ({"raw": f"words <video src='{MEDIA}'></video>"}, "words </video>", 1),
        ({"raw": f"words ![x](/uploads/short-url/{MEDIA_MARK}.png) upload://{MEDIA_MARK}.mp4"}, "words", 2),
        ({"raw": None, "cooked": f"<p>words</p>{LIGHTBOX}"}, "words", None),
        ({"raw": "", "cooked": f"<p>words</p>{ONEBOX}"}, None, 1),
        (
            {"raw": None, "cooked": f'<p>words <img class="emoji" title=":map:" src="{MEDIA}.png"></p>'},
            "words :map:",
            0,
        ),
        ({"raw": None, "cooked": f'<p><img class="avatar" src="{MEDIA}.png">words {MEDIA}.png</p>'}, "words", 1),
    ],
)
async def test_no_media_passes(
    server: FakeDiscourse, fields: dict[str, Any], text: str | None, media: int | None
) -> None:
    server.add_raw(lambda raw: raw.update(fields))
    (post,) = (await server.collect()).posts
    assert MEDIA_MARK not in json.dumps(to_record(post))
    assert text is None or post.text == text
    assert post.media_count == media if media is not None else post.media_count


async def test_a_quote_in_html_is_one(server: FakeDiscourse) -> None:
    aside = '<aside class="quote no-group" data-username="x" data-post="3" data-topic="45"><div class="title">x:</div>'
    server.add_raw(lambda raw: raw.update(raw=None, cooked=f"{aside}<blockquote>a</blockquote></aside><p>b</p>"))
    assert (await server.collect()).posts[0].quotes == f"{BASE}/t/45/3"


@pytest.mark.parametrize("value", [None, "", [], {}, True, 1.5])
async def test_fields_of_another_type_do_no_harm(server: FakeDiscourse, value: Any) -> None:
    names = ("created_at", "name", "user_id", "topic_slug", "category_id", "version", "updated_at", "topic_title")
    server.add_raw(lambda raw: raw.update(dict.fromkeys(names, value)))
    (post,) = (await server.collect()).posts
    assert post.text == "Post number 1"


async def test_events_and_whispers_are_no_posts_and_what_was_taken_away_is_passed_on(server: FakeDiscourse) -> None:
    added = server.add(1)
    for changed in ({"post_type": 3}, {"post_type": 4}, {"action_code": "closed.enabled"}):
        server.add_raw(lambda raw, changed=changed: raw.update(changed))
    gone = [
        server.add_raw(lambda raw, changed=changed: raw.update(changed))
        for changed in ({"hidden": True}, {"user_deleted": True}, {"deleted_at": "2026-11-01T11:00:00Z"})
    ]
    found = await server.collect()
    assert (found.ids, found.bad) == (added, [])
    assert sorted(ref.id for ref in found.deleted) == sorted(gone)


async def test_a_step_without_public_posts_is_not_the_end(server: FakeDiscourse) -> None:
    server.add(400)
    server.posts = [post for post in server.posts if not 50 < post["id"] < 320]
    found = await server.collect()
    assert len(found.ids) == len(server.posts)
    assert sorted(found.ids) == sorted(f"{BASE}/p/{post['id']}" for post in server.posts)


async def test_after_many_steps_without_one_there_is_taken_to_be_nothing_more(server: FakeDiscourse) -> None:
    server.add(3000)
    server.posts = server.posts[-3:]
    found = await server.collect()
    assert len(found.ids) == 3
    assert len(server.requests) < 30


async def test_a_forum_that_ignores_parameters_is_read_once(server: FakeDiscourse) -> None:
    server.add(120)
    server.ignores = frozenset({"before"})
    assert len((await server.collect()).ids) == 50
    assert len(server.requests) < 5


async def test_topics_are_read_once_where_the_page_is_ignored() -> None:
    server = FakeDiscourse("latest")
    server.add(120)
    server.ignores = frozenset({"page"})
    assert len((await server.collect()).ids) == 30
    assert len(server.requests) < 12


async def test_without_its_newest_posts_a_forum_is_read_by_topics() -> None:
    server = FakeDiscourse(shows=False)
    added = server.add(95)
    first = await server.collect()
    assert sorted(first.ids) == sorted(added)
    new = server.add(12)
    again = await server.collect(first.cursor)
    assert sorted(again.ids) == sorted(new)


@pytest.mark.parametrize("values", [{"categories": "maps/7"}, {"tags": "#map"}])
async def test_categories_and_tags_are_read_by_topics(server: FakeDiscourse, values: dict[str, str]) -> None:
    added = server.add(45)
    server.options |= values
    first = await server.collect()
    assert sorted(first.ids) == sorted(added)
    new = server.add(9)
    server.edit(added[44], "something else")
    again = await server.collect(first.cursor)
    assert sorted(again.ids) == sorted([*new, added[44]])


async def test_an_edited_post_among_topics_does_not_end_a_walk() -> None:
    server = FakeDiscourse("latest")
    added = server.add(10)
    first = await server.collect()
    new = server.add(90)
    server.edit(added[0], "something else")
    server.posts.sort(key=lambda post: post["topic_id"])
    server.posts.append({**server.post(200), "topic_id": 1, "post_number": 11})
    again = await server.collect(first.cursor)
    assert sorted(again.ids) == sorted([*new, added[0], f"{BASE}/p/200"])


@pytest.mark.parametrize("by_number", [True, False])
async def test_long_topics_are_read_whole(by_number: bool) -> None:
    server = FakeDiscourse("latest")
    server.by_number = by_number
    added = server.add(95)
    for place, post in enumerate(server.posts):
        post.update(topic_id=1, post_number=place + 1)
    assert sorted((await server.collect()).ids) == sorted(added)


async def test_of_very_long_topics_the_newest_posts_are_read_and_the_rest_is_said() -> None:
    server = FakeDiscourse("latest")
    server.add(95)
    server.options["topic_posts"] = 30
    for place, post in enumerate(server.posts):
        post.update(topic_id=1, post_number=place + 1)
    found = await server.collect()
    assert sorted(found.ids) == sorted(f"{BASE}/p/{number}" for number in range(66, 96))
    assert "left out" in found.coverage[0].note


async def test_words_are_searched_for_and_found_posts_read_whole(server: FakeDiscourse) -> None:
    server.add(20)
    long = "zorb " + "and so on " * 20
    wanted = [server.add_raw(lambda raw: raw.update(raw=long)) for _ in range(60)]
    server.options["queries"] = "zorb"
    found = await server.collect()
    assert sorted(found.ids) == sorted(wanted)
    assert {post.text for post in found.posts} == {long.strip()}
    server.requests.clear()
    assert (await server.collect(found.cursor)).ids == []
    assert len(server.requests) == 2


async def test_an_excerpt_is_better_than_nothing(server: FakeDiscourse) -> None:
    server.by_number = False
    server.add_raw(lambda raw: raw.update(raw="zorb and so on, for a long, long time"))
    server.options["queries"] = "zorb"
    found = await server.collect()
    assert found.posts[0].text == "...zorb and so on, for a long, lo"
    assert "excerpt" in found.coverage[0].note


async def test_a_category_that_is_not_there_stops_no_other(server: FakeDiscourse) -> None:
    added = server.add(2)
    server.options["categories"] = "gone/9, maps/7"
    found = await server.collect()
    assert sorted(found.ids) == sorted(added)
    states = {interval.scope: interval.state for interval in found.coverage}
    assert states == {"social.example category gone/9": Seen.FAILED, "social.example category maps/7": Seen.SEEN}


async def test_too_many_requests_are_said_in_plain_text(server: FakeDiscourse) -> None:
    added = server.add(2)
    headers = {"Retry-After": "9", "Discourse-Rate-Limit-Error-Code": "ip_10_secs_limit"}
    server.faults.append(answering(429, text="Slow down, too many requests.", headers=headers))
    assert sorted((await server.collect()).ids) == sorted(added)
    assert server.time.waits == [9]


async def test_a_key_is_sent_with_its_account(server: FakeDiscourse) -> None:
    server.options["api_key"] = "s3cr3t"
    server.add(1)
    await server.collect()
    assert {(r.headers["api-key"], r.headers["api-username"]) for r in server.requests} == {("s3cr3t", "system")}


def test_a_forum_has_to_be_named() -> None:
    with pytest.raises(ConfigError, match="name a forum"):
        make_options(source_plugins()["discourse"], {}, env={})


async def test_a_recheck_tells_what_the_forum_tells(server: FakeDiscourse) -> None:
    server.add(25)
    posts = {post.id: post for post in (await server.collect()).posts}
    names = [f"{BASE}/p/{number}" for number in (1, 2, 3, 4, 5, 6, 15)]
    _, edited, user, staff, hidden, gone, _ = names
    server.edit(edited, "something else")
    server.find(user)["user_deleted"] = True
    server.find(staff)["deleted_at"] = "2026-11-01T11:59:00Z"
    server.find(hidden)["hidden"] = True
    server.delete(gone)
    known = [
        Known(ref=PostRef("discourse", name), url=posts[name].url, text_hash=text_hash(posts[name])) for name in names
    ]
    server.requests.clear()
    async with opened_source("discourse", server) as source:
        found = await source.recheck([*known, Known(ref=PostRef("discourse", "https://other.example/p/1"))])
    assert [answer.standing for answer in found] == [
        Standing.UP,
        Standing.EDITED,
        Standing.REMOVED_BY_AUTHOR,
        Standing.REMOVED_BY_MODERATOR,
        Standing.REMOVED_BY_COMMUNITY,
        Standing.UNAVAILABLE,
        Standing.UP,
        Standing.UNKNOWN,
    ]
    assert len([request for request in server.requests if request.url.path != "/site.json"]) == 4


async def test_a_post_is_no_other_version_because_it_was_read_elsewhere() -> None:
    server = FakeDiscourse("latest")
    server.add(1)
    (post,) = (await server.collect()).posts
    assert post.tags == ("map",)
    known = Known(ref=post.ref, url=post.url, text_hash=text_hash(post))
    async with opened_source("discourse", server) as source:
        assert [answer.standing for answer in await source.recheck([known])] == [Standing.UP]
        now = await source.refresh(known)
    assert now is not None
    assert text_hash(now) == text_hash(post)


@pytest.mark.parametrize("status", [403, 500])
async def test_an_error_in_a_recheck_is_unknown(server: FakeDiscourse, status: int) -> None:
    (name,) = server.add(1)
    server.faults += [answering(status, json={"errors": ["no"]})] * 9
    async with opened_source("discourse", server) as source:
        (answer,) = await source.recheck([Known(ref=PostRef("discourse", name))])
    assert answer.standing is Standing.UNKNOWN


async def test_what_is_gone_is_not_shown_again(server: FakeDiscourse) -> None:
    hidden, gone = server.add(2)
    server.find(hidden)["hidden"] = True
    server.delete(gone)
    async with opened_source("discourse", server) as source:
        assert [await source.refresh(Known(ref=PostRef("discourse", name))) for name in (hidden, gone)] == [None, None]


async def test_profiles_are_asked_for_once(server: FakeDiscourse) -> None:
    server.bios["zorblat77"] = f"<p>Collector<br>of maps <img src='{MEDIA}.png'></p>"
    server.add(3)
    server.add_raw(lambda raw: raw.update(username="shy_quib"))
    posts = (await server.collect()).posts
    server.requests.clear()
    async with opened_source("discourse", server) as source:
        await source.enrich(posts)
        enriched = await source.enrich(posts)
    assert {post.author.handle: post.author.bio for post in enriched} == {
        "zorblat77": "Collector\nof maps",
        "shy_quib": None,
    }
    assert len(server.requests) == 2


async def test_the_doctor_reads_every_listing(server: FakeDiscourse) -> None:
    server.add(3)
    server.options["categories"] = "maps/7, gone/9"
    async with opened_source("discourse", server) as source:
        found = {finding.what: finding for finding in await source.check()}
    assert found[f"forum {BASE}"].said == "Zorb forum answers"
    assert found["social.example category maps/7"].said == "3 posts on its newest page"
    assert found["social.example category gone/9"].well is None


async def test_the_first_poll_goes_back_as_far_as_wanted(server: FakeDiscourse) -> None:
    server.add(120)
    found = await harvest("discourse", server.options, server, None, batches=None, pages=None)
    assert len(found.ids) == 50


async def test_one_post_that_is_refused_where_others_are_shown_is_unavailable(server: FakeDiscourse) -> None:
    shut, *_ = server.add(3)
    server.faults += [answering(403, json={"errors": ["no"], "error_type": "invalid_access"})]
    async with opened_source("discourse", server) as source:
        (answer,) = await source.recheck([Known(ref=PostRef("discourse", shut))])
    assert answer.standing is Standing.UNAVAILABLE
    assert "to us" in answer.note
