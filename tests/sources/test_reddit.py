"""What only Reddit does, and PRAW between it and our client."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import praw.config
import pytest

from monitor.errors import AuthError, ConfigError, RateLimitedError, UnreachableError
from monitor.net.errors import BadAnswerError, StatusError
from monitor.plugins import source_plugins
from monitor.ports import Known, Seen, Standing
from monitor.post import PostRef, text_hash
from monitor.records import to_record
from monitor.sourcing import make_options
from sources.reddit_posts import gone_by, read_listing
from sources.reddit_session import Login, refusal
from tests.sources.reddit_world import CLIENT, TOKEN, FakeReddit
from tests.sources.worlds import MEDIA_MARK, opened_source

MEDIA = f"https://preview.redd.it/{MEDIA_MARK}.jpg?width=64&s=0"
PAGE = f"https://www.reddit.com/media?url=https%3A%2F%2Fi.redd.it%2F{MEDIA_MARK}.png"


@pytest.fixture
def server() -> FakeReddit:
    return FakeReddit()


@pytest.fixture
def locked(server: FakeReddit) -> FakeReddit:
    """A server that wants a token."""
    server.login = True
    server.options |= CLIENT
    return server


async def test_a_submission_becomes_a_post(server: FakeReddit) -> None:
    more = {
        "selftext": "a &lt;b&gt; &amp; https://t.me/quibdrem",
        "edited": 1793527260.0,
        "link_flair_text": "Maps",
        "crosspost_parent": "t3_zz",
        "ups": 3,
    }
    server.add_raw(lambda raw: raw.update(more))
    post = (await server.collect()).posts[0]
    assert to_record(post) == {
        "platform": "reddit",
        "id": "t3_a0",
        "instance": None,
        "url": "https://www.reddit.com/r/maps/comments/a0/x/",
        "created_at": "2026-11-01T10:00:00Z",
        "first_seen_at": "2026-11-01T12:00:00Z",
        "edited_at": "2026-11-01T10:01:00Z",
        "author": {"id": "t2_z", "handle": "zorblat_77", "name": None, "bio": None},
        "title": "Post number 0",
        "text": "a <b> & https://t.me/quibdrem",
        "tags": ["Maps"],
        "community": "maps",
        "community_description": "All about maps",
        "lang": None,
        "reply_to": None,
        "quotes": "t3_zz",
        "cid": None,
        "media_count": 0,
    }


async def test_comments_are_read_beside_submissions() -> None:
    server = FakeReddit(comments=True)
    server.add(2)
    server.add_raw(lambda raw: raw.update(author="[deleted]", author_fullname=None, body="still there"))
    found = await server.collect()
    assert found.ids == ["t1_c2", "t1_c1", "t1_c0"]
    assert [post.reply_to for post in found.posts] == ["t3_a1"] * 3
    assert [post.text for post in found.posts] == ["still there", "Post number 1", "Post number 0"]
    assert (found.posts[0].author.key, found.posts[1].author.id) == (None, "t2_z")
    assert {interval.scope for interval in found.coverage} == {"r/maps new", "r/maps comments"}
    assert (await server.collect(found.cursor)).ids == []


@pytest.mark.parametrize(
    ("change", "count"),
    [
        ({"selftext": f"words {MEDIA} [{MEDIA}]({MEDIA}) ![img]({MEDIA_MARK} \"x\") [words]({PAGE}) end"}, 4),
        ({"selftext": f"x {MEDIA}", "media_metadata": {MEDIA_MARK: {"s": {"u": MEDIA}}}}, 1),
        ({"title": f"look {MEDIA}"}, 1),
        ({"is_self": False, "url": MEDIA, "url_overridden_by_dest": MEDIA, "post_hint": "image"}, 1),
        ({"is_self": False, "url": f"https://i.imgur.com/{MEDIA_MARK}"}, 1),
        ({"is_self": False, "url": f"https://v.redd.it/{MEDIA_MARK}", "is_video": True}, 1),
        ({"media": {"reddit_video": {"fallback_url": MEDIA}}, "secure_media": {"x": MEDIA}}, 1),
        ({"is_self": False, "url": "https://www.reddit.com/gallery/a0", "is_gallery": True,
          "gallery_data": {"items": [{"media_id": MEDIA_MARK}, {"media_id": "b"}]},
          "media_metadata": {MEDIA_MARK: {"p": [{"u": MEDIA}]}, "b": {}}}, 2),
        ({"crosspost_parent": "t3_zz", "crosspost_parent_list": [
            {"selftext": MEDIA, "thumbnail": MEDIA, "url": MEDIA, "media_metadata": {MEDIA_MARK: {"u": MEDIA}}}]}, 1),
        ({"thumbnail": MEDIA, "preview": {"images": [{"source": {"url": MEDIA}}]}, "media_embed": {"content": MEDIA},
          "secure_media_embed": {"media_domain_url": MEDIA}, "selftext_html": f"&lt;img src={MEDIA}&gt;",
          "author_flair_richtext": [{"u": MEDIA}], "link_flair_richtext": [{"u": MEDIA}],
          "all_awardings": [{"icon_url": MEDIA}]}, 0),
    ],
)  # fmt: skip
async def test_no_media_passes_from_any_place(server: FakeReddit, change: dict[str, Any], count: int) -> None:
    server.add_raw(lambda raw: raw.update(change))
    post = (await server.collect()).posts[0]
    assert MEDIA_MARK not in json.dumps(to_record(post))
    assert post.media_count == count


async def test_a_comment_that_is_nothing_but_media_is_a_post() -> None:
    server = FakeReddit(comments=True)
    server.add_raw(lambda raw: raw.update(body=f"![gif](giphy|{MEDIA_MARK})"))
    found = await server.collect()
    assert [(post.text, post.media_count) for post in found.posts] == [(None, 1)]
    assert found.bad == []


async def test_where_a_link_leads_is_part_of_the_text(server: FakeReddit) -> None:
    link = "https://maps.example/a?b=1&amp;c=2"
    server.add_raw(lambda raw: raw.update(is_self=False, selftext="", url=link, post_hint="link"))
    assert (await server.collect()).posts[0].text == "https://maps.example/a?b=1&c=2"


async def test_what_a_poll_asks_and_offers_is_text(server: FakeReddit) -> None:
    options = [{"text": "zorblat77 &amp; others", "id": "1"}, {"text": None}, None, {"text": MEDIA}]
    server.add_raw(lambda raw: raw.update(selftext="Which one?", poll_data={"options": options, "total_vote_count": 3}))
    assert (await server.collect()).posts[0].text == "Which one?\nzorblat77 & others"


async def test_what_reddit_writes_in_the_place_of_a_text_is_no_text(server: FakeReddit) -> None:
    why = "[ Removed by Reddit on account of violating the [content policy](/help/contentpolicy). ]"
    server.add_raw(lambda raw: raw.update(selftext=why, removed_by_category="content_takedown"))
    post = (await server.collect()).posts[0]
    assert post.title
    assert post.text is None


@pytest.mark.parametrize(
    ("record", "standing"),
    [
        ({"selftext": "words", "removed_by_category": None}, None),
        ({"selftext": "words"}, None),
        ({"selftext": "[removed]", "removed_by_category": "moderator"}, Standing.REMOVED_BY_MODERATOR),
        ({"selftext": "[removed]", "removed_by_category": "automod_filtered"}, Standing.REMOVED_BY_MODERATOR),
        ({"selftext": "[removed]", "removed_by_category": "reddit"}, Standing.REMOVED_BY_PLATFORM),
        ({"selftext": "", "removed_by_category": "content_takedown"}, Standing.REMOVED_BY_PLATFORM),
        (
            {"selftext": "[deleted]", "removed_by_category": "deleted", "author": "[deleted]"},
            Standing.REMOVED_BY_AUTHOR,
        ),
        ({"selftext": "[deleted]", "removed_by_category": "author"}, Standing.REMOVED_BY_AUTHOR),
        ({"selftext": "[removed]", "removed_by_category": "something new"}, Standing.UNAVAILABLE),
        ({"selftext": "[removed]", "removed_by_category": None, "author": "zorblat_77"}, None),
        ({"body": "[removed]", "author": "[deleted]"}, Standing.UNAVAILABLE),
        ({"body": "[removed]", "author": None}, Standing.UNAVAILABLE),
        ({"body": "[removed]", "author": "zorblat_77"}, None),
        ({"body": "[deleted]", "author": "[deleted]"}, Standing.REMOVED_BY_AUTHOR),
        ({"body": "[ Removed by Reddit ]", "author": "zorblat_77"}, Standing.REMOVED_BY_PLATFORM),
        ({"body": "words", "author": "[deleted]"}, None),
    ],
)
def test_who_removed_it_as_far_as_reddit_says(record: dict[str, Any], standing: Standing | None) -> None:
    assert gone_by(record) is standing


@pytest.mark.parametrize("value", [None, True, 0, 1e400, 10**30, "", "https://[x", [], [None], {}, {"items": 3}])
def test_fields_of_any_type_stop_nothing(server: FakeReddit, value: Any) -> None:
    names = [
        *server.thing(1), *FakeReddit(comments=True).thing(1), "media_metadata", "gallery_data", "post_hint", "media",
        "secure_media", "crosspost_parent", "crosspost_parent_list", "link_flair_text", "url_overridden_by_dest",
    ]  # fmt: skip
    things = [server.thing(1) | ({"is_self": False} if name == "url" else {}) | {name: value} for name in names]
    children = [{"kind": "t3", "data": thing} for thing in things]
    found = read_listing({"data": {"children": children}}, seen_at=server.time())
    assert len(found.posts) + len(found.bad) + len(found.deleted) == len(names)
    assert all(to_record(post) for post in found.posts)


async def test_what_its_author_deleted_is_followed_and_no_post(server: FakeReddit) -> None:
    kept, gone, moderated = server.add(3)
    first = await server.collect()
    server.find(gone).update(selftext="[deleted]", author="[deleted]", removed_by_category="deleted")
    server.find(moderated).update(selftext="[removed]", removed_by_category="moderator")
    second = await server.collect(first.cursor)
    assert second.deleted == [PostRef("reddit", gone)]
    assert [(post.id, post.title, post.text) for post in second.posts] == [(moderated, "Post number 2", None)]
    assert kept not in second.ids


async def test_what_a_search_finds_besides_is_left_out(server: FakeReddit, monkeypatch: pytest.MonkeyPatch) -> None:
    added = server.add(1)
    server.options = {"base_url": server.base, "queries": "map", "search_in": "r/maps"}
    answer = server.handle

    def more(request: httpx.Request) -> httpx.Response:
        value = answer(request).json()
        value["data"]["children"] += [{"kind": "t5", "data": {"name": "t5_x"}}, {"kind": "t3", "data": None}, None]
        return httpx.Response(200, json=value)

    monkeypatch.setattr(server, "handle", more)
    found = await server.collect()
    assert found.ids == added
    assert [bad.where for bad in found.bad] == ["entry 2", "entry 3"]
    request = server.requests[0]
    assert request.url.path == "/r/maps/search/"
    asked = dict(request.url.params)
    assert (asked["q"], asked["sort"], asked["restrict_sr"], asked["raw_json"]) == ("map", "new", "true", "1")


@pytest.mark.parametrize(
    ("login", "grant"),
    [
        ({}, "client_credentials"),
        ({"username": "zorblat_desk", "password": "pw"}, "password"),
        ({"refresh_token": "r"}, "refresh_token"),
    ],
)
async def test_tokens_are_got_for_what_is_given(locked: FakeReddit, login: dict[str, str], grant: str) -> None:
    locked.options |= login
    added = locked.add(150)
    assert sorted((await locked.collect()).ids) == sorted(added)
    assert locked.tokens == [grant]
    assert {request.headers["user-agent"] for request in locked.requests} == {
        "handlewatch/0 (abuse-desk@operator.example)"
    }


async def test_a_token_that_ran_out_is_renewed(
    locked: FakeReddit, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("prawcore.sessions.time.sleep", lambda _: None)
    added = locked.add(150)
    answer, seen = locked.handle, list[str]()

    def once_old(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/r/maps/new":
            seen.append(request.headers["authorization"])
            if len(seen) == 2:
                return httpx.Response(401, json={"message": "Unauthorized", "error": 401})
        return answer(request)

    monkeypatch.setattr(locked, "handle", once_old)
    assert sorted((await locked.collect()).ids) == sorted(added)
    assert seen == [f"bearer {TOKEN}1", f"bearer {TOKEN}1", f"bearer {TOKEN}2"]
    assert [record.name for record in caplog.records if record.name.startswith("praw")] == []


async def test_limits_that_reddit_states_are_kept(locked: FakeReddit, monkeypatch: pytest.MonkeyPatch) -> None:
    added = locked.add(150)
    spent = {"x-ratelimit-used": "100", "x-ratelimit-remaining": "0.0", "x-ratelimit-reset": "40"}
    monkeypatch.setattr(locked, "_limited", lambda answer: httpx.Response(200, json=answer, headers=spent))
    assert sorted((await locked.collect()).ids) == sorted(added)
    assert locked.time.waits == [40]


def test_credentials_are_in_no_form_that_could_be_logged() -> None:
    assert "s3cr3t" not in repr(Login(client_id="an-app", client_secret="s3cr3t"))


async def test_a_bare_refusal_is_told_apart_and_not_tried_for_ever(
    locked: FakeReddit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("prawcore.sessions.time.sleep", lambda _: None)
    locked.options["subreddits"] = "odd"
    with pytest.raises(AuthError, match="401"):
        await locked.collect()
    assert [request.url.path for request in locked.requests].count("/r/odd/new") == 2


async def test_credentials_that_are_refused_are_tried_once(locked: FakeReddit) -> None:
    locked.options |= {"client_secret": "wrong", "subreddits": "maps,talk,atlases"}
    with pytest.raises(AuthError, match="no token"):
        await locked.collect()
    assert len(locked.requests) == 1
    assert "wrong" not in repr(locked.requests[0].url)


async def test_a_refusal_that_says_ok_is_one(locked: FakeReddit) -> None:
    locked.faults.append(lambda _: httpx.Response(200, json={"error": "invalid_grant"}))
    with pytest.raises(AuthError, match="no token"):
        await locked.collect()


@pytest.mark.parametrize(
    "fault",
    [
        lambda _: httpx.Response(503),
        lambda _: httpx.Response(429, headers={"Retry-After": "7"}),
        lambda _: httpx.Response(200, html="<p>We are busy</p>"),
        lambda _: httpx.Response(200, headers={"Content-Type": "application/json"}, content=b'{"access_to'),
        lambda _: httpx.Response(200, json={}),
    ],
)  # fmt: skip
async def test_passing_troubles_with_tokens_are_waited_out(
    locked: FakeReddit, fault: Callable[[httpx.Request], httpx.Response]
) -> None:
    added = locked.add(3)
    locked.faults += [fault] * 3
    assert sorted((await locked.collect()).ids) == sorted(added)


async def test_lasting_troubles_with_tokens_end(locked: FakeReddit) -> None:
    locked.faults += [lambda _: httpx.Response(500)] * 99
    with pytest.raises(UnreachableError):
        await locked.collect()
    assert len(locked.requests) == 5
    locked.faults[:] = [lambda _: httpx.Response(429, headers={"Retry-After": "3600"})] * 9
    locked.time.waits.clear()
    with pytest.raises(RateLimitedError) as caught:
        await locked.collect()
    assert caught.value.retry_after == pytest.approx(3600)
    assert (len(locked.faults), locked.time.waits) == (8, [])


async def test_communities_that_are_not_open_stop_no_other(server: FakeReddit) -> None:
    added = server.add(2)
    server.options["subreddits"] = "shut,nowhere,odd,ended,maps"
    found = await server.collect()
    assert sorted(found.ids) == sorted(added)
    states = {interval.scope.removeprefix("r/").removesuffix(" new"): interval for interval in found.coverage}
    assert {name: interval.state for name, interval in states.items()} == {
        "shut": Seen.OUT_OF_REACH,
        "nowhere": Seen.FAILED,
        "odd": Seen.OUT_OF_REACH,
        "ended": Seen.FAILED,
        "maps": Seen.SEEN,
    }
    assert states["shut"].note == "the community is private (403)."
    assert "no such community" in states["nowhere"].note
    assert "banned" in states["ended"].note


async def test_a_listing_is_followed_to_its_other_spelling(server: FakeReddit, monkeypatch: pytest.MonkeyPatch) -> None:
    added = server.add(120)
    server.options["subreddits"] = "Maps"
    answer = server.handle

    def spelt(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/r/Maps/new":
            to = request.url.copy_with(path="/r/maps/new/")
            return httpx.Response(301, headers={"Location": str(to)})
        return answer(request)

    monkeypatch.setattr(server, "handle", spelt)
    assert sorted((await server.collect()).ids) == sorted(added)


async def test_what_lies_beyond_what_reddit_shows_is_out_of_reach(server: FakeReddit) -> None:
    server.time.now = server.time.now.replace(hour=10, minute=1)
    server.add(3)
    first = await server.collect()
    server.add(1300)
    server.time.now = server.time.now.replace(hour=18)
    second = await server.collect(first.cursor, limit=None)
    assert len(second.posts) == 1000
    (gap,) = [interval for interval in second.coverage if interval.state is Seen.OUT_OF_REACH]
    assert gap.start is not None
    assert gap.start < gap.end


async def test_a_first_walk_to_the_ceiling_misses_nothing_that_was_promised(server: FakeReddit) -> None:
    server.add(1200)
    found = await server.collect(limit=None)
    assert len(found.ids) == 1000
    assert {interval.state for interval in found.coverage} == {Seen.SEEN}


async def test_a_server_that_ignores_parameters_is_read_once(
    server: FakeReddit, monkeypatch: pytest.MonkeyPatch
) -> None:
    added = server.add(130)
    answer = server.handle
    monkeypatch.setattr(
        server, "handle", lambda request: answer(httpx.Request("GET", request.url.copy_with(query=b"limit=100")))
    )
    assert sorted((await server.collect()).ids) == sorted(added[30:])
    assert len(server.requests) == 2


async def test_reading_stops_when_it_is_stopped(server: FakeReddit, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, ended = asyncio.Event(), list[str]()

    async def never(request: httpx.Request) -> httpx.Response:
        begun.set()
        try:
            await asyncio.sleep(60)
        finally:
            ended.append(request.url.path)
        raise AssertionError

    monkeypatch.setattr(FakeReddit, "transport", httpx.MockTransport(never))
    reading = asyncio.ensure_future(server.collect())
    await asyncio.wait_for(begun.wait(), 20)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(reading, 5)
    assert ended == ["/r/maps/new"]


async def test_nothing_that_lies_around_changes_where_credentials_go(
    locked: FakeReddit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ini = "[DEFAULT]\noauth_url=https://elsewhere.example\nreddit_url=https://elsewhere.example\ntimeout=x\n"
    (tmp_path / "praw.ini").write_text(ini)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(praw.config.Config, "CONFIG", None)
    monkeypatch.setenv("praw_username", "somebody")
    monkeypatch.setenv("praw_password", "else")
    added = locked.add(2)
    assert sorted((await locked.collect()).ids) == sorted(added)
    assert {request.url.host for request in locked.requests} == {"social.example"}
    assert locked.tokens == ["client_credentials"]


async def test_reddit_itself_is_not_asked_without_credentials(server: FakeReddit) -> None:
    del server.options["base_url"]
    with pytest.raises(AuthError, match="application's credentials"):
        await server.collect()
    assert server.requests == []


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"subreddits": "a b"},
        {"subreddits": "https://www.reddit.com/"},
        {"queries": ["x" * 513]},
        {"subreddits": "maps", "username": "zorblat_desk"},
    ],
)
def test_options_that_cannot_be_used_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        make_options(source_plugins()["reddit"], options, env={})


def test_a_community_is_read_once_however_it_is_written() -> None:
    given = "maps, r/Maps, /r/maps/, https://www.reddit.com/r/maps/new/, maps+atlases"
    options = make_options(source_plugins()["reddit"], {"subreddits": given}, env={"praw_client_id": "x"})
    assert options.subreddits == ("maps", "maps+atlases")
    assert options.tokens_from == "https://www.reddit.com"
    assert options.client_id.get_secret_value() == "x"


async def test_a_recheck_is_one_call_for_a_hundred(server: FakeReddit) -> None:
    added = server.add(150)
    before = {post.id: text_hash(post) for post in (await server.collect()).posts}
    up, edited, omitted, deleted, moderated, strange, nobody = added[:7]
    server.edit(edited, "something else")
    server.delete(omitted)
    server.find(deleted).update(selftext="[deleted]", author="[deleted]", removed_by_category="deleted")
    server.find(moderated).update(selftext="[removed]", removed_by_category="moderator")
    for field in ("title", "selftext"):
        server.find(strange).pop(field)
    server.find(nobody).update(author="[deleted]", author_fullname=None)
    names = [up, edited, omitted, deleted, moderated, strange, nobody, "nonsense", *added[10:]]
    server.requests.clear()
    async with opened_source("reddit", server) as source:
        found = await source.recheck([Known(ref=PostRef("reddit", name), text_hash=before.get(name)) for name in names])
    assert [answer.standing for answer in found[:8]] == [
        Standing.UP,
        Standing.EDITED,
        Standing.UNAVAILABLE,
        Standing.REMOVED_BY_AUTHOR,
        Standing.REMOVED_BY_MODERATOR,
        Standing.UNKNOWN,
        Standing.UP,
        Standing.UNKNOWN,
    ]
    assert {answer.standing for answer in found[8:]} == {Standing.UP}
    assert [answer.ref.id for answer in found] == names
    assert [request.url.path for request in server.requests] == ["/api/info/", "/api/info/"]


@pytest.mark.parametrize("status", [401, 403, 404, 500])
async def test_an_error_in_a_recheck_is_unknown(server: FakeReddit, status: int) -> None:
    added = server.add(2)
    server.faults += [lambda request: httpx.Response(status)] * 9
    async with opened_source("reddit", server) as source:
        found = await source.recheck([Known(ref=PostRef("reddit", name)) for name in added])
    assert {answer.standing for answer in found} == {Standing.UNKNOWN}


async def test_a_post_is_shown_again_as_it_is_now(server: FakeReddit) -> None:
    edited, omitted, removed, strange = server.add(4)
    server.edit(edited, "something else")
    server.delete(omitted)
    server.find(removed).update(selftext="[removed]", removed_by_category="reddit")
    server.find(strange).update(title=None, selftext=None)
    async with opened_source("reddit", server) as source:
        now = await source.refresh(Known(ref=PostRef("reddit", edited)))
        assert now is not None
        assert now.text == "something else"
        assert await source.refresh(Known(ref=PostRef("reddit", omitted))) is None
        assert await source.refresh(Known(ref=PostRef("reddit", removed))) is None
        for unknown in (strange, "nonsense"):
            with pytest.raises(BadAnswerError):
                await source.refresh(Known(ref=PostRef("reddit", unknown)))
        server.faults += [lambda request: httpx.Response(410)]
        with pytest.raises(StatusError):
            await source.refresh(Known(ref=PostRef("reddit", edited)))


async def test_bios_are_fetched_once_an_author(server: FakeReddit) -> None:
    server.add(2)
    server.add_raw(lambda raw: raw.update(author="quibdrem", author_fullname="t2_q"))
    server.add_raw(lambda raw: raw.update(author="vexolin", author_fullname="t2_v"))
    bio = f"maps &amp; more {MEDIA}"
    about = {"name": "zorblat_77", "icon_img": MEDIA, "subreddit": {"public_description": bio, "icon_img": MEDIA}}
    server.about["/user/zorblat_77/about"] = {"kind": "t2", "data": about}
    server.about["/user/quibdrem/about"] = {"kind": "t2", "data": {"name": "quibdrem", "is_suspended": True}}
    posts = (await server.collect()).posts
    server.requests.clear()
    async with opened_source("reddit", server) as source:
        for _ in range(2):
            found = await source.enrich(posts)
            assert [post.author.bio for post in found] == [None, None, "maps & more ", "maps & more "]
        assert len(server.requests) == 3
        server.faults += [lambda request: httpx.Response(403)] * 9
    async with opened_source("reddit", server) as source:
        assert await source.enrich(posts) == posts
    assert len(server.faults) == 8


async def test_the_doctor_looks_at_credentials_and_every_listing(
    locked: FakeReddit, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked.add(3)
    locked.options |= {"subreddits": "maps,shut", "queries": "map"}
    answer = locked.handle

    def late(request: httpx.Request) -> httpx.Response:
        response = answer(request)
        response.headers["Date"] = "Sun, 01 Nov 2026 11:50:00 GMT"
        return response

    monkeypatch.setattr(locked, "handle", late)
    async with opened_source("reddit", locked) as source:
        found = {finding.what: finding.well for finding in await source.check()}
    assert found == {
        "credentials": True,
        "scope read": True,
        "clock": False,
        "r/maps new": True,
        "r/shut new": False,
        "search 'map'": True,
    }
    locked.options["client_secret"] = "wrong"
    async with opened_source("reddit", locked) as source:
        assert [(finding.what, finding.well) for finding in await source.check()] == [("credentials", False)]
    del locked.options["base_url"], locked.options["client_id"]
    async with opened_source("reddit", locked) as source:
        assert [(finding.what, finding.well) for finding in await source.check()] == [("credentials", False)]


@pytest.mark.parametrize(
    ("to", "kind", "said"),
    [
        ("/login/?dest=x", AuthError, "login wall"),
        ("/subreddits/search?q=x", StatusError, "no such community"),
        ("/r/other", StatusError, "elsewhere"),
    ],
)
def test_what_a_redirect_means_is_said(to: str, kind: type[Exception], said: str) -> None:
    request = httpx.Request("GET", "https://oauth.reddit.com/r/maps/new")
    error = refusal(httpx.Response(302, headers={"Location": f"https://www.reddit.com{to}"}, request=request))
    assert isinstance(error, kind)
    assert said in error.brief


async def test_a_comment_whose_words_are_gone_is_no_bad_record_whoever_is_named(server: FakeReddit) -> None:
    gone = server.add_raw(lambda raw: raw.update(body="[removed]", author="zorblat_77", title=None))
    found = await server.collect()
    assert (found.bad, [ref.id for ref in found.deleted]) == ([], [gone])
    async with opened_source("reddit", server) as source:
        (answer,) = await source.recheck([Known(ref=PostRef("reddit", gone))])
    assert answer.standing is Standing.UNAVAILABLE
