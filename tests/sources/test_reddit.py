"""What only Reddit does."""

from __future__ import annotations

import asyncio
import json
import threading
from typing import Any

import httpx
import pytest

from monitor.errors import AuthError, ConfigError, UnreachableError
from monitor.net.errors import BadAnswerError, StatusError
from monitor.plugins import source_plugins
from monitor.ports import Finding, Known, Seen, Standing
from monitor.post import PostRef, text_hash
from monitor.records import to_record
from monitor.sourcing import make_options
from sources.reddit_posts import gone_by, read_listing
from tests.sources.reddit_world import CLIENT, TOKEN, FakeReddit
from tests.sources.worlds import MEDIA_MARK, harvest, opened_source

MEDIA = f"https://i.redd.it/{MEDIA_MARK}.png"


@pytest.fixture
def server() -> FakeReddit:
    return FakeReddit()


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """prawcore sleeps before it asks again with a new token."""
    monkeypatch.setattr("prawcore.sessions.FiniteRetryStrategy._sleep_seconds", lambda _: None)


async def test_a_submission_becomes_a_post(server: FakeReddit) -> None:
    name = server.add_raw(
        lambda raw: raw.update(
            selftext="hmu &amp; trade, see [this](https://a.example/x)",
            edited=1793534340.0,
            link_flair_text="Trade",
            crosspost_parent="t3_zz",
        )
    )
    post = (await server.collect()).posts[0]
    assert to_record(post) == {
        "platform": "reddit",
        "id": name,
        "instance": None,
        "url": "https://www.reddit.com/r/maps/comments/a0/x/",
        "created_at": "2026-11-01T10:00:00Z",
        "first_seen_at": "2026-11-01T12:00:00Z",
        "edited_at": "2026-11-01T11:59:00Z",
        "author": {"id": "t2_z", "handle": "zorblat_77", "name": None, "bio": None},
        "title": "Post number 0",
        "text": "hmu & trade, see [this](https://a.example/x)",
        "tags": ["Trade"],
        "community": "maps",
        "community_description": "All about maps",
        "lang": None,
        "reply_to": None,
        "quotes": "t3_zz",
        "cid": None,
        "media_count": 0,
    }


async def test_a_comment_replies_to_what_it_stands_under() -> None:
    server = FakeReddit(comments=True)
    server.options["subreddits"] = "r/maps"
    name = server.add_raw(lambda raw: raw.update(parent_id="t1_c9"))
    found = await server.collect()
    assert found.ids == [name] == ["t1_c0"]
    assert (found.posts[0].reply_to, found.posts[0].title) == ("t1_c9", None)
    assert {interval.scope for interval in found.coverage} == {"r/maps new", "r/maps comments"}


async def test_no_media_passes_from_any_place_where_there_can_be_some(server: FakeReddit) -> None:
    video = {"reddit_video": {"fallback_url": MEDIA, "hls_url": MEDIA}, "oembed": {"thumbnail_url": MEDIA}}
    image = {"source": {"url": MEDIA}, "resolutions": [{"url": MEDIA}], "variants": {"gif": {"source": {"url": MEDIA}}}}

    def fill(raw: dict[str, Any]) -> None:
        raw.update(
            is_self=False,
            selftext=f"words {MEDIA} and [{MEDIA}]({MEDIA}) ![img]({MEDIA})",
            url=MEDIA,
            url_overridden_by_dest=MEDIA,
            thumbnail=MEDIA,
            preview={"images": [image], "reddit_video_preview": {"fallback_url": MEDIA}},
            media=video,
            secure_media=video,
            media_embed={"content": MEDIA},
            secure_media_embed={"media_domain_url": MEDIA},
            gallery_data={"items": [{"media_id": "1"}, {"media_id": "2"}]},
            media_metadata={"1": {"s": {"u": MEDIA}}, "2": {"s": {"u": MEDIA}}},
            crosspost_parent_list=[{"url": MEDIA, "media": video, "preview": {"images": [image]}}],
            author_flair_richtext=[{"u": MEDIA}],
            link_flair_richtext=[{"u": MEDIA}],
            all_awardings=[{"icon_url": MEDIA}],
        )

    server.add_raw(fill)
    post = (await server.collect()).posts[0]
    assert MEDIA_MARK not in json.dumps(to_record(post))
    assert post.media_count == 5
    assert (post.text or "").split() == ["words", "and"]


@pytest.mark.parametrize(
    ("record", "by"),
    [
        ({"selftext": "[removed]", "removed_by_category": "moderator"}, Standing.REMOVED_BY_MODERATOR),
        ({"selftext": "[removed]", "removed_by_category": "automod_filtered"}, Standing.REMOVED_BY_MODERATOR),
        ({"selftext": "[removed]", "removed_by_category": "reddit"}, Standing.REMOVED_BY_PLATFORM),
        ({"selftext": "", "removed_by_category": "content_takedown"}, Standing.REMOVED_BY_PLATFORM),
        ({"selftext": "[deleted]", "removed_by_category": "deleted"}, Standing.REMOVED_BY_AUTHOR),
        ({"selftext": "x", "removed_by_category": "something new"}, Standing.UNAVAILABLE),
        ({"selftext": "[removed]", "removed_by_category": None, "author": "zorblat_77"}, None),
        ({"selftext": "[removed]", "author": "zorblat_77"}, Standing.UNAVAILABLE),
        ({"selftext": "words", "author": "[deleted]"}, None),
        ({"body": "[deleted]", "author": "[deleted]"}, Standing.REMOVED_BY_AUTHOR),
        ({"body": "[removed]", "author": None}, Standing.UNAVAILABLE),
        ({"body": "[ Removed by Reddit ]", "author": "[deleted]"}, Standing.REMOVED_BY_PLATFORM),
        ({"body": "[removed]", "author": "zorblat_77"}, None),
        ({"body": "words", "author": "[deleted]"}, None),
    ],
)
def test_who_removed_it_as_far_as_reddit_says(record: dict[str, Any], by: Standing | None) -> None:
    assert gone_by(record) is by


async def test_what_was_deleted_is_followed_and_what_keeps_its_title_is_read(server: FakeReddit) -> None:
    deleted = server.add_raw(
        lambda raw: raw.update(selftext="[deleted]", author="[deleted]", removed_by_category="deleted")
    )
    removed = server.add_raw(lambda raw: raw.update(selftext="[removed]", removed_by_category="moderator"))
    found = await server.collect()
    assert found.deleted == [PostRef("reddit", deleted)]
    assert (found.ids, found.posts[0].text, found.bad) == ([removed], None, [])


@pytest.mark.parametrize("junk", [None, 7, "text", [], {"a": 1}, True])
def test_fields_of_another_type_are_no_crash(junk: Any) -> None:
    whole = FakeReddit().thing(1)
    children = [{"kind": "t3", "data": whole | {name: junk}} for name in whole]
    listing = {"data": {"children": [*children, junk, {"kind": junk, "data": junk}, {"kind": "t5", "data": whole}]}}
    found = read_listing(listing, seen_at=FakeReddit().time.now)
    assert len(found.posts) >= len(children) - 2
    assert len(found.posts) + len(found.bad) + len(found.removed) in {len(children) + 1, len(children) + 2}


async def test_searches_find_submissions_everywhere_or_in_listed_communities(server: FakeReddit) -> None:
    added = server.add(3)
    server.options = {"base_url": server.base, "queries": "wickr,kik", "search_in": "maps"}
    found = await server.collect()
    assert sorted(found.ids) == added  # found twice, given once
    assert [request.url.path for request in server.requests] == ["/r/maps/search/"] * 2
    assert server.requests[0].url.params["q"] == "wickr"
    assert (server.requests[0].url.params["sort"], server.requests[0].url.params["restrict_sr"]) == ("new", "true")
    server.options.pop("search_in")
    assert sorted((await server.collect()).ids) == added
    assert server.requests[-1].url.path == "/r/all/search/"


async def test_a_closed_community_stops_no_other(server: FakeReddit) -> None:
    added = server.add(2)
    server.options |= {"subreddits": "shut,nowhere,odd,ended,/r/maps/"}
    found = await server.collect()
    assert sorted(found.ids) == added
    told = {interval.scope: (interval.state, interval.note) for interval in found.coverage}
    assert told["r/shut new"] == (Seen.OUT_OF_REACH, "the community is private (403).")
    assert told["r/nowhere new"] == (Seen.FAILED, "social.example has no such community (302).")
    assert told["r/odd new"][0] is Seen.OUT_OF_REACH
    assert told["r/ended new"] == (Seen.FAILED, "the community is banned (404).")
    assert told["r/maps new"][0] is Seen.SEEN


async def test_beyond_the_newest_thousand_is_out_of_reach(server: FakeReddit) -> None:
    server.add(3)
    first = await server.collect()
    server.time.now = server.time.now.replace(hour=23)
    server.add(2200)
    second = await server.collect(first.cursor)
    assert len(second.ids) == 1000
    assert [interval.state for interval in second.coverage].count(Seen.OUT_OF_REACH) == 1
    assert (await server.collect(second.cursor)).ids == []


async def test_a_page_that_comes_again_ends_the_walk(server: FakeReddit) -> None:
    server.add(120)
    page = server._page({"limit": "100"}, "t3")
    server.faults += [lambda request: httpx.Response(200, json=page)] * 9
    found = await server.collect()
    assert len(found.ids) == 100
    assert len(server.requests) == 2


async def test_with_an_application_a_token_is_got_once_and_used(server: FakeReddit) -> None:
    server.login = True
    server.options |= CLIENT
    added = server.add(150)
    found = await server.collect()
    assert sorted(found.ids) == sorted(added)
    assert server.tokens == ["client_credentials"]
    assert {request.headers["authorization"] for request in server.requests[1:]} == {f"bearer {TOKEN}1"}
    assert {request.headers["user-agent"] for request in server.requests} == {
        "handlewatch/0 (abuse-desk@operator.example)"
    }


@pytest.mark.parametrize(
    ("values", "grant"),
    [
        ({"username": "desk", "password": "pw"}, "password"),
        ({"refresh_token": "r"}, "refresh_token"),
    ],
)
async def test_an_account_may_be_used(server: FakeReddit, values: dict[str, str], grant: str) -> None:
    server.login = True
    server.options |= CLIENT | values
    server.add(1)
    await server.collect()
    assert server.tokens == [grant]


async def test_a_token_that_ran_out_is_got_anew(server: FakeReddit, quick: None) -> None:
    server.login = True
    server.options |= CLIENT
    server.add(3)
    async with opened_source("reddit", server) as source:
        await source.recheck([Known(ref=PostRef("reddit", "t3_a0"))])
        server.tokens.append("another one is the current one")
        answers = await source.recheck([Known(ref=PostRef("reddit", "t3_a0"))])
    assert [answer.standing for answer in answers] == [Standing.UP]
    assert len(server.tokens) == 3


async def test_refused_credentials_are_told_and_not_tried_again(server: FakeReddit) -> None:
    server.login = True
    server.options |= CLIENT | {"client_secret": "old", "subreddits": "maps"}
    with pytest.raises(AuthError, match="no token"):
        await server.collect()
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(401, json={"message": "Unauthorized"}),
        httpx.Response(401, headers={"www-authenticate": 'Bearer realm="reddit", error="brand_new"'}),
        httpx.Response(403, headers={"www-authenticate": 'Bearer realm="reddit", error="insufficient_scope"'}),
        httpx.Response(403, html="<p>blocked</p>"),
    ],
)
async def test_a_refused_read_is_one_of_credentials(server: FakeReddit, quick: None, answer: httpx.Response) -> None:
    server.options |= CLIENT
    token = httpx.Response(200, json={"access_token": "a", "expires_in": 3600, "scope": "read"})
    server.handle = lambda request: token if request.method == "POST" else answer
    with pytest.raises(AuthError) as caught:
        await server.collect()
    assert ("scope" in caught.value.brief) == ("insufficient" in str(answer.headers))


@pytest.mark.parametrize(
    ("token", "error"),
    [
        ({"error": "invalid_grant"}, AuthError),
        ({"access_token": "a"}, BadAnswerError),
        (["x"], BadAnswerError),
    ],
)
async def test_an_answer_without_a_token_is_told(server: FakeReddit, token: Any, error: type[Exception]) -> None:
    server.options |= CLIENT
    server.handle = lambda request: httpx.Response(200, json=token)
    with pytest.raises(error):
        await server.collect()


async def test_a_passing_trouble_where_tokens_come_from_is_waited_out(server: FakeReddit) -> None:
    server.login = True
    server.options |= CLIENT
    added = server.add(2)
    server.faults += [lambda request: httpx.Response(503), lambda request: httpx.Response(200, content=b"{")]
    assert sorted((await server.collect()).ids) == added


@pytest.mark.parametrize("status", [400, 413, 414, 451])
async def test_other_refusals_are_told(server: FakeReddit, status: int) -> None:
    server.faults += [lambda request: httpx.Response(status, json={"reason": "odd", "fields": []})] * 3
    with pytest.raises(StatusError) as caught:
        await server.collect()
    assert caught.value.status == status


async def test_reddit_itself_is_not_asked_without_credentials(server: FakeReddit) -> None:
    server.options = {"subreddits": "maps"}
    with pytest.raises(AuthError, match="credentials"):
        await server.collect()
    assert server.requests == []
    async with opened_source("reddit", server) as source:
        assert [finding.well for finding in await source.check()] == [False]


def test_the_environment_of_praw_is_used_for_credentials_only() -> None:
    env = {"praw_client_id": "an-id", "REDDIT_CLIENT_SECRET": "s3cr3t", "praw_username": "private"}
    options = make_options(source_plugins()["reddit"], {"subreddits": "maps"}, env=env)
    assert options.client_id.get_secret_value() == "an-id"
    assert options.username is None
    assert "s3cr3t" not in repr(options)


async def test_nothing_that_praw_reads_by_itself_counts(
    server: FakeReddit, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "praw.ini").write_text("[DEFAULT]\nusername=private\npassword=pw\nrefresh_token=r\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("praw_site", "nonsense")
    monkeypatch.setenv("praw_password", "pw")
    monkeypatch.setenv("praw_username", "private")
    monkeypatch.setattr("praw.config.Config.CONFIG", None)
    server.login = True
    server.options |= CLIENT
    server.add(1)
    await server.collect()
    assert server.tokens == ["client_credentials"]


@pytest.mark.parametrize("values", [{}, {"subreddits": ""}, {"subreddits": "/"}])
def test_something_to_read_is_needed(values: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match="subreddits"):
        make_options(source_plugins()["reddit"], values, env={})


def test_tokens_come_from_reddit_or_the_named_server() -> None:
    plugin = source_plugins()["reddit"]
    assert make_options(plugin, {"subreddits": "maps"}, env={}).tokens_from == "https://www.reddit.com"
    trial = make_options(plugin, {"subreddits": "maps", "base_url": "http://127.0.0.1:8"}, env={})
    assert plugin.servers(trial) == ("http://127.0.0.1:8", "http://127.0.0.1:8")
    named = make_options(plugin, {"subreddits": "maps", "auth_url": "http://127.0.0.1:9"}, env={})
    assert named.tokens_from == "http://127.0.0.1:9"


async def test_it_can_be_stopped_while_it_waits(server: FakeReddit) -> None:
    asked, ended = asyncio.Event(), asyncio.Event()

    class Hanging(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            asked.set()
            try:
                await asyncio.sleep(3600)
            finally:
                ended.set()
            raise AssertionError

    before = threading.active_count()

    async def collect() -> None:
        async with opened_source("reddit", _World(server, Hanging())) as source:
            async for _ in source.collect(None):
                pass

    task = asyncio.ensure_future(collect())
    await asyncio.wait_for(asked.wait(), 20)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, 5)
    assert ended.is_set()
    assert threading.active_count() <= before + 1  # the loop keeps the idle thread


class _World:
    def __init__(self, server: FakeReddit, transport: httpx.AsyncBaseTransport) -> None:
        self.options, self.time, self.transport = server.options, server.time, transport


async def test_what_a_recheck_tells(server: FakeReddit) -> None:
    added = server.add(6)
    before = {post.id: text_hash(post) for post in (await server.collect()).posts}
    server.edit(added[1], "something else")
    server.delete(added[2])
    server.find(added[3]).update(selftext="[removed]", removed_by_category="moderator")
    server.find(added[4]).update(selftext="[deleted]", author="[deleted]", removed_by_category="deleted")
    server.find(added[5]).update(author="[deleted]", author_fullname=None)
    known = [Known(ref=PostRef("reddit", name), text_hash=before[name]) for name in added]
    known.append(Known(ref=PostRef("reddit", "nonsense,t3_a1")))
    server.requests.clear()
    async with opened_source("reddit", server) as source:
        found = [answer.standing for answer in await source.recheck(known)]
        calls = len(server.requests)
        now, gone = await source.refresh(known[1]), await source.refresh(known[3])
        missing = await source.refresh(known[2])
    assert found == [
        Standing.UP,
        Standing.EDITED,
        Standing.UNAVAILABLE,
        Standing.REMOVED_BY_MODERATOR,
        Standing.REMOVED_BY_AUTHOR,
        Standing.UP,
        Standing.UNKNOWN,
    ]
    assert calls == 1
    assert now is not None
    assert (now.text, gone, missing) == ("something else", None, None)


async def test_a_recheck_asks_for_a_hundred_at_once(server: FakeReddit) -> None:
    added = server.add(250)
    async with opened_source("reddit", server) as source:
        found = await source.recheck([Known(ref=PostRef("reddit", name)) for name in added])
    assert {answer.standing for answer in found} == {Standing.UP}
    assert [answer.ref.id for answer in found] == added
    assert len(server.requests) == 3


@pytest.mark.parametrize("status", [401, 403, 404, 500])
async def test_an_error_in_a_recheck_is_unknown(server: FakeReddit, status: int) -> None:
    server.faults += [lambda request: httpx.Response(status, html="<p>no</p>")] * 20
    async with opened_source("reddit", server) as source:
        (answer,) = await source.recheck([Known(ref=PostRef("reddit", "t3_a0"))])
        with pytest.raises((AuthError, UnreachableError)):
            await source.refresh(Known(ref=PostRef("reddit", "t3_a0")))
    assert answer.standing is Standing.UNKNOWN


async def test_bios_are_fetched_once_an_author(server: FakeReddit) -> None:
    server.add(3)
    server.add_raw(lambda raw: raw.update(author="quibdrem"))
    server.add_raw(lambda raw: raw.update(author="gone"))
    shown = {"public_description": f"add me {MEDIA}", "icon_img": MEDIA}
    server.about["/user/zorblat_77/about"] = {"kind": "t2", "data": {"subreddit": shown, "icon_img": MEDIA}}
    server.about["/user/quibdrem/about"] = {"kind": "t2", "data": {"name": "quibdrem", "is_suspended": True}}
    posts = (await server.collect()).posts
    server.requests.clear()
    async with opened_source("reddit", server) as source:
        enriched = await source.enrich(posts)
        again = await source.enrich(posts)
    assert [post.author.bio for post in enriched] == [None, None, *["add me "] * 3]
    assert again == enriched
    assert len(server.requests) == 3


async def _doctor(server: FakeReddit) -> dict[str, Finding]:
    async with opened_source("reddit", server) as source:
        return {finding.what: finding for finding in await source.check()}


async def test_the_doctor_looks_at_credentials_scope_and_listings(server: FakeReddit) -> None:
    server.add(2)
    server.login = True
    server.options |= CLIENT | {"subreddits": "maps,shut"}
    found = await _doctor(server)
    assert {what: finding.well for what, finding in found.items()} == {
        "credentials": True,
        "scope read": True,
        "clock": None,
        "r/maps new": True,
        "r/shut new": False,
    }
    server.options["client_secret"] = "old"
    assert {finding.well for finding in (await _doctor(server)).values()} == {False}


async def test_the_first_poll_of_a_public_listing_is_one_page(server: FakeReddit) -> None:
    server.add(250)
    first = await harvest("reddit", server.options, server, None, batches=None, pages=None)
    assert len(first.posts) == 100
