"""What only Tumblr does."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import httpx
import pytest

from monitor.errors import AuthError, ConfigError
from monitor.plugins import source_plugins
from monitor.ports import Known, Seen, Standing
from monitor.post import PostRef, text_hash
from monitor.records import to_record
from monitor.sourcing import make_options
from sources.tumblr_posts import Written, is_public
from sources.tumblr_texts import UnusablePostError
from tests.sources.oddities import oddities
from tests.sources.tumblr_world import KEY, UUID, FakeTumblr
from tests.sources.worlds import MEDIA_MARK, harvest, opened_source

MEDIA = f"https://64.media.tumblr.com/{MEDIA_MARK}/s640x960/x.png"
HIDDEN = f"https://t.umblr.com/redirect?z=https%3A%2F%2Fi.imgur.com%2F{MEDIA_MARK}.png&t=abc"
WRAPPED = "https://t.umblr.com/redirect?z=https%3A%2F%2Fa.example%2Fx&t=abc"


@pytest.fixture
def server() -> FakeTumblr:
    return FakeTumblr()


async def test_blocks_become_a_post(server: FakeTumblr) -> None:
    def fill(raw: dict[str, Any]) -> None:
        raw["content"] = [
            {"type": "text", "subtype": "heading1", "text": "Zorblat's maps"},
            {
                "type": "text",
                "text": "hmu on zorblat77, see here",
                "formatting": [
                    {"type": "bold", "start": 0, "end": 3},
                    {"type": "link", "start": 22, "end": 26, "url": WRAPPED},
                ],
            },
            {"type": "link", "url": "https://b.example/y", "title": "A title", "description": "What it is"},
            {"type": "poll", "question": "Which?", "answers": [{"answer_text": "One"}, {"answer_text": "Two"}]},
        ]

    number = server.add_raw(fill)
    assert to_record((await server.collect()).posts[0]) == {
        "platform": "tumblr",
        "id": number,
        "instance": None,
        "url": f"https://zorblat-77.tumblr.com/post/{number}/post-number",
        "created_at": "2026-11-01T06:00:00Z",
        "first_seen_at": "2026-11-01T12:00:00Z",
        "edited_at": None,
        "author": {"id": UUID, "handle": "zorblat-77", "name": "Zorblat-77", "bio": "Collector of maps"},
        "title": None,
        "text": "Zorblat's maps\nhmu on zorblat77, see here (https://a.example/x)\n"
        "A title\nWhat it is\nhttps://b.example/y\nWhich?\nOne\nTwo",
        "tags": ["map", "old maps"],
        "community": None,
        "community_description": None,
        "lang": None,
        "reply_to": None,
        "quotes": None,
        "cid": None,
        "media_count": 0,
    }


def passed_on(raw: dict[str, Any]) -> None:
    raw["content"] = [{"type": "text", "text": "my own words"}]
    raw["reblogged_from_id"] = "12"
    raw["trail"] = [
        {
            "post": {"id": "11", "timestamp": 1793000000},
            "blog": {"name": "quibdrem", "uuid": "t:quibdrem", "url": "https://quibdrem.tumblr.com/"},
            "content": [{"type": "text", "text": "first words"}, {"type": "image", "media": [{"url": MEDIA}]}],
        },
        {
            "post": {"id": "12"},
            "broken_blog_name": "vorpaldip-deactivated",
            "content": [{"type": "text", "text": "second words"}],
        },
        {"post": {"id": "13"}, "blog": {"name": "quibdrem"}, "content": [{"type": "image", "media": []}]},
    ]


async def test_what_is_passed_on_is_its_own_blogs(server: FakeTumblr) -> None:
    number = server.add_raw(passed_on)
    found = await server.collect()
    told = {post.id: (post.author.handle, post.text, post.quotes, post.media_count) for post in found.posts}
    assert told == {
        number: ("zorblat-77", "my own words", "12", 0),
        "11": ("quibdrem", "first words", None, 1),
        "12": ("vorpaldip-deactivated", "second words", "11", 0),
    }
    assert next(post.url for post in found.posts if post.id == "11") == "https://quibdrem.tumblr.com/post/11"
    assert found.coverage[0].start == found.posts[0].created_at  # not the older post's
    assert (await server.collect(found.cursor)).ids == []


async def test_a_blog_passing_on_its_own_post_gives_it_once() -> None:
    server = FakeTumblr(blog=True)
    (first,) = server.add(1)

    def fill(raw: dict[str, Any]) -> None:
        raw["trail"] = [
            {"post": {"id": first}, "blog": {"name": "zorblat-77"}, "content": [{"type": "text", "text": "t"}]}
        ]

    second = server.add_raw(fill)
    assert sorted((await server.collect()).ids) == sorted([first, second])


async def test_the_older_form_tells_whose_words_are_whose() -> None:
    server = FakeTumblr(npf=False)

    def fill(raw: dict[str, Any]) -> None:
        raw.update(
            type="answer",
            question="hmu?",
            asking_name="quibdrem",
            answer="<p>all of it, nested</p>",
            reblogged_from_id=11,
            reblog={"comment": "<p>own words</p>", "tree_html": "<p>all</p>"},
            trail=[
                {"post": {"id": "11"}, "blog": {"name": "quibdrem"}, "content_raw": "<p>first words</p>"},
            ],
        )

    number = server.add_raw(fill)
    told = {post.id: (post.author.handle, post.text) for post in (await server.collect()).posts}
    assert told == {
        number: ("zorblat-77", "own words"),
        "11": ("quibdrem", "quibdrem asked: hmu?\nfirst words"),
    }


OLD = [
    ({"type": "quote", "text": "W", "source": "<a href='https://a.example'>x</a>"}, "W\nx (https://a.example)", 0),
    ({"type": "link", "title": "T", "url": "https://b.example", "description": "<p>a</p>"}, "a\nhttps://b.example", 0),
    ({"type": "photo", "caption": "<p>cap</p>", "photos": [{"caption": "one"}, {"caption": ""}]}, "one\ncap", 2),
    ({"type": "chat", "dialogue": [{"name": "a", "label": "a:", "phrase": "hello"}]}, "hello", 0),
    ({"type": "video", "caption": "<p>cap</p>", "video_url": MEDIA, "player": [{"embed_code": MEDIA}]}, "cap", 1),
    ({"type": "audio", "caption": "<p>cap</p>", "audio_url": MEDIA, "album_art": MEDIA}, "cap", 1),
]  # fmt: skip


@pytest.mark.parametrize(("fields", "text", "media"), OLD, ids=[case[0]["type"] for case in OLD])
async def test_every_type_of_the_older_form(fields: dict[str, Any], text: str, media: int) -> None:
    server = FakeTumblr(npf=False)

    def fill(raw: dict[str, Any]) -> None:
        raw.pop("body")
        raw.update(fields)

    server.add_raw(fill)
    post = (await server.collect()).posts[0]
    assert (post.text, post.media_count) == (text, media)


async def test_no_media_passes_from_any_place_where_there_can_be_some() -> None:
    server, old = FakeTumblr(), FakeTumblr(npf=False)
    media = {"url": MEDIA, "type": "image/png"}

    def fill(raw: dict[str, Any]) -> None:
        raw["content"] = [
            {"type": "text", "text": f"see {MEDIA}"},
            {"type": "text", "text": "here", "formatting": [{"type": "link", "start": 0, "end": 4, "url": HIDDEN}]},
            {"type": "image", "media": [media], "alt_text": MEDIA_MARK, "attribution": {"url": MEDIA}},
            {"type": "video", "url": MEDIA, "media": media, "poster": [media], "embed_html": MEDIA, "embed_url": MEDIA},
            {"type": "audio", "url": MEDIA, "media": media, "poster": [media], "embed_html": MEDIA},
            {"type": "link", "url": MEDIA, "title": "t", "poster": [media]},
        ]
        raw["trail"] = [{"post": {"id": "1"}, "blog": {"name": "q", "avatar": [media]}, "content": raw["content"]}]

    def fill_old(raw: dict[str, Any]) -> None:
        raw.update(
            body=f'<p>words <img src="{MEDIA}"> <a href="{HIDDEN}">x</a></p><video src="{MEDIA}"></video>',
            photos=[{"caption": "c", "original_size": media, "alt_sizes": [media]}],
            thumbnail_url=MEDIA,
            image_permalink=MEDIA,
            link_image=MEDIA,
        )

    server.add_raw(fill)
    old.add_raw(fill_old)
    first, second = (await server.collect()).posts, (await old.collect()).posts
    assert len(first) == 2
    for post in [*first, *second]:
        assert MEDIA_MARK not in json.dumps(to_record(post))
    assert (first[0].text, first[0].media_count) == ("see \nhere\nt", 5)
    assert second[0].media_count == 4


async def test_posts_that_are_not_public_are_left_out(server: FakeTumblr) -> None:
    server.add_raw(lambda raw: raw.update(state="private"))
    assert (await server.collect()).posts == []


async def test_a_pinned_post_does_not_hide_what_is_between() -> None:
    server = FakeTumblr(blog=True)
    added = server.add(50)
    server.find(added[0])["is_pinned"] = True
    assert sorted((await server.collect()).ids) == sorted(added)


async def test_a_tag_whose_listing_stops_is_asked_again_from_further_back(server: FakeTumblr) -> None:
    server.gaps = True
    added = server.add(40)
    for post in server.posts[:15]:
        post["timestamp"] -= 7 * 3600
    assert sorted((await server.collect()).ids) == sorted(added)


async def test_twenty_posts_of_one_second_end_nothing(server: FakeTumblr) -> None:
    added = server.add(70)
    for post in server.posts[30:55]:
        post["timestamp"] = server.posts[30]["timestamp"]
    found = await server.collect()
    assert set(found.ids) <= set(added)
    assert {added[0], added[29], added[69]} <= set(found.ids)


async def test_a_server_that_ignores_where_we_are_is_not_asked_for_ever(server: FakeTumblr) -> None:
    added = server.add(20)
    server.faults += [lambda _: httpx.Response(200, json={"response": server.posts[::-1]})] * 30
    assert sorted((await server.collect()).ids) == sorted(added)
    assert len(server.requests) <= 4


async def test_the_first_poll_is_one_page_and_later_ones_lose_nothing(server: FakeTumblr) -> None:
    server.add(60)
    first = await harvest("tumblr", server.options, server, None, batches=None, pages=None)
    assert len(first.posts) == 20
    added = server.add(45)
    second = await harvest("tumblr", server.options, server, first.cursor, batches=None, pages=None)
    assert sorted(second.ids) == sorted(added)
    assert {interval.state for interval in second.coverage} == {Seen.SEEN}


async def test_a_missing_blog_stops_nothing_else(server: FakeTumblr) -> None:
    added = server.add(2)
    server.options |= {"blogs": "nobody,https://zorblat-77.tumblr.com/"}
    found = await server.collect()
    assert sorted(found.ids) == sorted(added)
    states = {interval.scope: interval.state for interval in found.coverage}
    assert states["blog nobody"] is Seen.FAILED
    assert states["#map"] is Seen.SEEN


async def test_a_refusal_in_the_body_is_one(server: FakeTumblr) -> None:
    refusal = {"meta": {"status": 401, "msg": "Unauthorized"}, "response": []}
    server.faults += [lambda _: httpx.Response(200, json=refusal)] * 3
    with pytest.raises(AuthError):
        await server.collect()


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ("zorblat-77", "zorblat-77"),
        ("@zorblat-77", "zorblat-77"),
        ("zorblat-77.tumblr.com", "zorblat-77.tumblr.com"),
        ("https://zorblat-77.tumblr.com/", "zorblat-77.tumblr.com"),
        ("https://www.tumblr.com/zorblat-77", "zorblat-77"),
        ("https://www.tumblr.com/blog/view/zorblat-77", "zorblat-77"),
    ],
)
async def test_a_blog_may_be_named_in_several_ways(server: FakeTumblr, given: str, path: str) -> None:
    server.blogs["zorblat-77.tumblr.com"] = server.about()
    server.options = {"base_url": server.base, "api_key": KEY, "blogs": given}
    await server.collect()
    assert server.requests[0].url.path == f"/v2/blog/{path}/posts"


def test_something_is_to_be_named_and_the_key_never_shown() -> None:
    plugin = source_plugins()["tumblr"]
    with pytest.raises(ConfigError, match="tags or blogs"):
        make_options(plugin, {"api_key": "s3cr3t"}, env={})
    with pytest.raises(ConfigError, match="api_key"):
        make_options(plugin, {"tags": "map"}, env={})
    options = make_options(plugin, {"tags": "map"}, env={"TUMBLR_CONSUMER_KEY": "s3cr3t"})
    assert "s3cr3t" not in repr(options)


async def test_what_a_recheck_tells(server: FakeTumblr) -> None:
    added = server.add(3)
    before = {post.id: post for post in (await server.collect()).posts}
    server.edit(added[1], "something else")
    server.delete(added[2])
    known = [
        Known(ref=PostRef("tumblr", number), url=before[number].url, account=UUID, text_hash=text_hash(before[number]))
        for number in added
    ]
    known.append(Known(ref=PostRef("tumblr", "5"), url="https://nobody.tumblr.com/post/5"))
    known.append(Known(ref=PostRef("tumblr", "nonsense")))
    async with opened_source("tumblr", server) as source:
        found = [answer.standing for answer in await source.recheck(known)]
        now, gone = await source.refresh(known[1]), await source.refresh(known[2])
        server.dashboard_only = True
        (shut,) = await source.recheck(known[:1])
    assert found == [Standing.UP, Standing.EDITED, Standing.UNAVAILABLE, Standing.ACCOUNT_GONE, Standing.UNKNOWN]
    assert (now.text, gone) == ("something else", None)
    assert shut.standing is Standing.UNKNOWN


def every_fill() -> list[dict[str, Any]]:
    server, old = FakeTumblr(), FakeTumblr(npf=False)
    server.add_raw(passed_on)
    old.add_raw(lambda raw: raw.update({name: "x" for fields, _, _ in OLD for name in fields}, question="q"))
    server.posts[0]["content"] += [
        {
            "type": "text",
            "text": "abc",
            "formatting": [{"type": "link", "start": 0, "end": 1, "url": "https://b.example"}],
        },
        {"type": "poll", "question": "q", "answers": [{"answer_text": "a"}]},
    ]
    server.posts[0] |= {
        "layout": [{"type": "ask", "attribution": {"blog": {"name": "q"}}}],
        "community": {"title": "c"},
    }
    return [*server.posts, *old.posts]


def test_fields_of_any_type_break_nothing() -> None:
    now = FakeTumblr().time()
    for post in every_fill():
        for odd in oddities(post):
            with contextlib.suppress(UnusablePostError):
                draft = Written(odd, {}, seen_at=now)
                assert all(map(to_record, (draft.whole(), *draft.trail)))
            assert is_public(odd) in {True, False}


@pytest.mark.parametrize("status", [401, 403, 404, 500])
async def test_an_error_in_a_recheck_is_unknown(server: FakeTumblr, status: int) -> None:
    (added,) = server.add(1)
    server.faults += [lambda request: httpx.Response(status, html="<p>no</p>")] * 9
    async with opened_source("tumblr", server) as source:
        (answer,) = await source.recheck([Known(ref=PostRef("tumblr", added), account=UUID)])
    assert answer.standing is Standing.UNKNOWN


async def test_bios_that_are_missing_cost_a_call_a_blog(server: FakeTumblr) -> None:
    server.add_raw(passed_on)
    posts = (await server.collect()).posts
    server.requests.clear()
    async with opened_source("tumblr", server) as source:
        told = {post.author.handle: post.author.bio for post in await source.enrich([*posts, *posts])}
    assert told["quibdrem"] == "Collector of maps"
    assert told["vorpaldip-deactivated"] is None
    assert len(server.requests) == 2


async def test_the_doctor_looks_at_the_key_and_every_listing(server: FakeTumblr) -> None:
    server.options["blogs"] = "nobody"
    async with opened_source("tumblr", server) as source:
        found = {finding.what: finding.well for finding in await source.check()}
    assert found == {"consumer key": True, "clock": None, "#map": True, "blog nobody": None}
    server.options["api_key"] = "old"
    async with opened_source("tumblr", server) as source:
        assert [(finding.what, finding.well) for finding in await source.check()] == [("consumer key", False)]


async def test_a_blog_is_asked_about_once_however_many_posts_are_missing(server: FakeTumblr) -> None:
    known = [
        Known(ref=PostRef("tumblr", str(number)), url=f"https://nobody.tumblr.com/post/{number}")
        for number in (5, 6, 7)
    ]
    async with opened_source("tumblr", server) as source:
        assert {one.standing for one in await source.recheck(known)} == {Standing.ACCOUNT_GONE}
    assert len(server.requests) == 4


async def test_words_of_a_blog_that_is_gone_are_a_post_of_its_own_however_often_passed_on(server: FakeTumblr) -> None:
    def fill(raw: dict[str, Any]) -> None:
        raw["content"] = []
        raw["trail"] = [
            {"broken_blog_name": "old-broken-blog", "content": [{"type": "text", "text": "its words"}], "layout": []},
            {"content": [{"type": "text", "text": "nobody's words"}], "layout": []},
        ]

    added = [server.add_raw(fill), server.add_raw(fill)]
    found = await server.collect()
    (gone,) = [post for post in found.posts if post.id not in added]
    assert (gone.author.handle, gone.text, gone.url) == ("old-broken-blog", "its words", None)
    async with opened_source("tumblr", server) as source:
        (answer,) = await source.recheck([Known(ref=gone.ref, account=gone.author.key)])
    assert answer.standing is Standing.UNKNOWN
