"""Bluesky's search, feeds, re-checks and profiles."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import httpx
import pytest

from monitor.errors import AuthError, ConfigError
from monitor.net.errors import BadAnswerError
from monitor.plugins import source_plugins
from monitor.ports import Known, Seen, Standing
from monitor.post import Author, Post, PostRef, text_hash
from monitor.records import to_record
from monitor.sourcing import make_options, on_loopback
from tests.sources.bluesky_world import FakeAppView, refused
from tests.sources.jetstream import DID, POSTS
from tests.sources.worlds import MEDIA_MARK, opened_source


@pytest.fixture
def world() -> FakeAppView:
    return FakeAppView()


def known(uri: str, **said: Any) -> Known:
    return Known(ref=PostRef("bluesky", uri), **said)


async def recheck(world: FakeAppView, *posts: Known) -> list[tuple[Standing, str]]:
    async with opened_source("bluesky-search", world) as source:
        return [(found.standing, found.note) for found in await source.recheck(posts)]


def calls(world: FakeAppView) -> list[str]:
    return [request.url.path.rpartition(".")[2] for request in world.requests]


async def test_a_view_becomes_a_post_without_media(world: FakeAppView) -> None:
    (uri,) = world.add(1)
    (post,) = (await world.collect()).posts
    record = to_record(post)
    assert MEDIA_MARK not in json.dumps(record)
    assert record["author"] == {"id": DID, "handle": "zorblat.example", "name": "Zorblat", "bio": None}
    assert (post.id, post.cid, post.media_count, post.tags) == (uri, "bafy0", 1, ("map",))
    assert post.url == f"https://bsky.app/profile/{DID}/post/3k00000"


async def test_the_plug_in_of_the_stream_searches_where_it_is_told_to(world: FakeAppView) -> None:
    added = world.add(60)
    async with opened_source("bluesky", world) as source:
        found = [post.id async for batch in source.collect(None) for post in batch.records]
    assert sorted(found) == sorted(added)


async def test_a_bounded_search_asks_only_for_what_is_new(world: FakeAppView) -> None:
    world.add(60)
    first = await world.collect()
    world.requests.clear()
    world.add(3)
    await world.collect(first.cursor)
    assert len(world.requests) <= 3
    assert "since" in world.requests[0].url.params


async def test_without_an_account_older_posts_are_asked_for_by_time() -> None:
    world = FakeAppView(anonymous=True)
    added = world.add(90)
    found = await world.collect()
    assert sorted(found.ids) == sorted(added)
    assert sum("cursor" in request.url.params for request in world.requests) == 1
    assert {interval.state for interval in found.coverage} == {Seen.SEEN}


async def test_a_search_that_is_refused_stops_no_other(world: FakeAppView) -> None:
    world.options["queries"] = "map,aam"
    world.add(2)
    world.faults.append(lambda request: refused("AuthMissing", 403))
    found = await world.collect()
    assert len(found.ids) == 2
    assert [(one.scope, one.state) for one in found.coverage] == [
        ("search map", Seen.OUT_OF_REACH),
        ("search aam", Seen.SEEN),
    ]


async def test_the_depth_at_which_searches_end_is_said(world: FakeAppView) -> None:
    world.add(2)
    first = await world.collect()
    stored = json.loads(json.dumps(first.cursor))
    at = world.time.now.isoformat()
    walk = {"begun": at, "at": at, "start": "2026-11-01T09:00:00+00:00", "older": f"{at} 9900", "pages_left": 5}
    stored["scopes"]["search map"]["walk"] = walk
    world.faults += [lambda request: refused("InternalServerError", 502)] * 5
    found = await world.collect(stored)
    assert Seen.OUT_OF_REACH in {interval.state for interval in found.coverage}


async def test_what_an_account_passes_on_comes_along() -> None:
    world = FakeAppView(feed=True)
    world.add(3)
    items = [{"post": world.view(50), "reason": {"$type": "x#reasonRepost"}}, *({"post": v} for v in world.views)]
    world._getAuthorFeed = lambda asked, _: world._paged("feed", items, asked)  # type: ignore[method-assign]
    found = await world.collect()
    assert len(found.ids) == 4
    assert world.requests[0].url.params["filter"] == "posts_with_replies"


@pytest.mark.parametrize(
    "damage",
    [
        {"record": None},
        {"record": {"text": 7}},
        {"uri": "at://did:plc:x/app.bsky.feed.like/a"},
        {"uri": None},
        {"author": None},
        {"author": [1]},
        {"labels": 3, "embed": 4, "cid": 5, "indexedAt": 6},
    ],
)
async def test_odd_views_cost_no_other(world: FakeAppView, damage: dict[str, Any]) -> None:
    first, second = world.add(2)
    world.find(first).update(damage)
    found = await world.collect()
    assert second in found.ids
    assert len(found.posts) + len(found.bad) == 2


# Signing in


@pytest.fixture
def account(world: FakeAppView) -> FakeAppView:
    world.options |= {"handle": "desk.example", "app_password": "s3cr3t", "service": world.base}
    return world


async def test_a_session_is_made_once_and_renewed_when_it_is_over(account: FakeAppView) -> None:
    added = account.add(30)
    async with opened_source("bluesky-search", account) as source:
        found = [post.id async for batch in source.collect(None) for post in batch.records]
        account.expired.add("access1")
        await source.recheck([known(added[0])])
    assert sorted(found) == sorted(added)
    assert calls(account) == ["createSession", *["searchPosts"] * 2, "getPosts", "refreshSession", "getPosts"]
    assert account.requests[-1].headers["authorization"] == "Bearer access2"


async def test_a_wrong_password_is_tried_once(account: FakeAppView) -> None:
    account.options |= {"app_password": "wrong", "queries": "map,aam"}
    with pytest.raises(AuthError):
        await account.collect()
    assert calls(account) == ["createSession"]


# What became of posts


async def test_standings(world: FakeAppView) -> None:
    up, edited, hidden, gone = world.add(4)
    before = (await world.collect()).posts
    hashes = {post.id: text_hash(post) for post in before}
    world.edit(edited, "otherwise")
    world.hidden.add(hidden)
    world.delete(gone)
    found = await recheck(world, *(known(uri, text_hash=hashes[uri]) for uri in (up, edited, hidden, gone)))
    assert [standing for standing, _ in found] == [
        Standing.UP,
        Standing.EDITED,
        Standing.REMOVED_BY_PLATFORM,
        Standing.UNAVAILABLE,
    ]


@pytest.mark.parametrize(
    ("status", "standing"),
    [
        ("takendown", Standing.ACCOUNT_GONE),
        ("suspended", Standing.ACCOUNT_GONE),
        ("deleted", Standing.ACCOUNT_GONE),
        ("deactivated", Standing.UNAVAILABLE),
        ("brand-new", Standing.UNAVAILABLE),
    ],
)
async def test_an_account_s_standing_is_asked_for_once(world: FakeAppView, status: str, standing: Standing) -> None:
    uris = world.add(30)
    world.status = {"active": False, "status": status}
    found = await recheck(world, *map(known, uris))
    assert {one for one, _ in found} == {standing}
    assert sorted(calls(world)) == ["getPosts", "getPosts", "getRepoStatus"]


@pytest.mark.parametrize(
    ("name", "standing"),
    [
        ("RepoNotFound", Standing.ACCOUNT_GONE),
        ("RepoTakendown", Standing.ACCOUNT_GONE),
        ("RepoDeactivated", Standing.UNAVAILABLE),
        ("SomethingElse", Standing.UNKNOWN),
    ],
)
async def test_a_server_s_refusal_tells_of_the_account(world: FakeAppView, name: str, standing: Standing) -> None:
    (uri,) = world.add(1)
    world.delete(uri)
    world._getRepoStatus = lambda asked, _: refused(name)  # type: ignore[method-assign]
    ((found, _),) = await recheck(world, known(uri))
    assert found is standing


async def test_an_error_is_unknown(world: FakeAppView) -> None:
    (uri,) = world.add(1)
    world.faults += [lambda request: refused("InternalServerError", 500)] * 99
    ((found, note),) = await recheck(world, known(uri))
    assert found is Standing.UNKNOWN
    assert note


async def test_an_address_that_names_no_post_is_unknown(world: FakeAppView) -> None:
    ((found, _),) = await recheck(world, known("https://a.example"))
    assert found is Standing.UNKNOWN


async def test_labels_of_moderators_are_told_and_the_author_s_own_not(world: FakeAppView) -> None:
    labelled, own, taken_down = world.add(3)
    world.find(labelled)["labels"] = [
        {"src": "did:plc:mod", "val": "spam"},
        {"src": "did:plc:mod", "val": "x", "neg": True},
    ]
    world.find(own)["labels"] = [{"src": DID, "val": "mild"}]
    world.find(taken_down)["labels"] = [{"src": "did:plc:mod", "val": "!takedown"}]
    assert await recheck(world, known(labelled), known(own), known(taken_down)) == [
        (Standing.UP, "shown, labelled spam"),
        (Standing.UP, "shown"),
        (Standing.REMOVED_BY_PLATFORM, "labelled as taken down"),
    ]


@pytest.mark.parametrize(("domain", "asked"), [("pds.example", True), ("example", True), ("other.example", False)])
async def test_the_server_that_holds_an_account_is_looked_up_and_asked_where_it_may_be(
    world: FakeAppView, domain: str, asked: bool
) -> None:
    del world.options["pds"]
    world.options["account_servers"] = domain
    world.options["plc"] = "https://plc.example"
    (uri,) = world.add(1)
    world.delete(uri)
    inner = world.handle

    def handle(request: Any) -> Any:
        if request.url.host == "plc.example":
            assert request.url.path == f"/{DID}"
            service = {"id": "#atproto_pds", "serviceEndpoint": "https://pds.example/"}
            return httpx.Response(
                200, json={"service": [{"id": "#other", "serviceEndpoint": "https://x.example"}, service]}
            )
        return inner(request)

    world.handle = handle  # type: ignore[method-assign]
    assert [one for one, _ in await recheck(world, known(uri))] == [Standing.UNAVAILABLE]
    assert [request.url.host for request in world.requests] == ["social.example", *["pds.example"] * (2 * asked)]


async def test_an_identity_on_the_author_s_own_server_is_not_looked_up(world: FakeAppView) -> None:
    del world.options["pds"]
    ((found, note),) = await recheck(world, known(f"at://did:web:a.example/{POSTS}/r"))
    assert (found, note) == (Standing.UNAVAILABLE, "not shown; the server that holds it is not asked")


async def test_refreshing_gives_the_text_as_it_is_now(world: FakeAppView) -> None:
    uri, gone = world.add(2)
    world.edit(uri, "otherwise")
    world.delete(gone)
    async with opened_source("bluesky-search", world) as source:
        post = await source.refresh(known(uri))
        assert post is not None
        assert post.text == "otherwise"
        assert await source.refresh(known(gone)) is None


async def test_profiles_are_fetched_together_and_kept(world: FakeAppView) -> None:
    posts = [
        Post(platform="bluesky", id=f"at://did:plc:a{n}/{POSTS}/r", author=Author(id=f"did:plc:a{n}"))
        for n in range(30)
    ]
    async with opened_source("bluesky-search", world) as source:
        found = await source.enrich(posts)
        assert await source.enrich(posts[:3]) == found[:3]
        world.time.now += timedelta(hours=7)
        world.faults += [lambda request: refused("InternalServerError", 500)] * 99
        assert (await source.enrich(posts))[0].author.bio == "Collector "
    assert found[7].author == Author(id="did:plc:a7", handle="a7.example", bio="Collector ")
    assert calls(world)[:3] == ["getProfiles"] * 3
    assert MEDIA_MARK not in str(found)


# The doctor, and options


async def test_the_doctor_looks_at_every_search(world: FakeAppView) -> None:
    world.options |= {"queries": "map", "actors": "nobody.example"}
    world.add(3)
    async with opened_source("bluesky-search", world) as source:
        found = await source.check()
    assert [(one.what, one.well) for one in found] == [
        ("AppView", True),
        ("clock", None),
        ("search map", True),
        ("feed nobody.example", None),
    ]


async def test_the_doctor_says_that_the_password_is_wrong(account: FakeAppView) -> None:
    account.options["app_password"] = "wrong"
    async with opened_source("bluesky-search", account) as source:
        (found,) = await source.check()
    assert (found.what, found.well) == ("sign-in", False)


def options(name: str = "bluesky", **values: str) -> Any:
    return make_options(source_plugins()[name], values, env={})


def test_what_is_on_this_machine_reads_nothing_elsewhere() -> None:
    local = "http://127.0.0.1:1"
    for given in (options(base_url=local), options(base_url="ws://127.0.0.1:1"), options(base_url=local, queries="a")):
        assert (given.reads_from, given.holder, given.signs_in_at) == (local, local, local)
        assert on_loopback(source_plugins()["bluesky"], given)
    far = options(queries="a")
    assert (far.reads_from, far.holder, far.signs_in_at) == ("https://public.api.bsky.app", None, "https://bsky.social")


def test_the_server_that_holds_the_account_has_the_names_that_people_would_type() -> None:
    plugin, reads = source_plugins()["bluesky-search"], {"queries": "map"}
    one = make_options(plugin, reads | {"base_url": "http://127.0.0.1:9", "pds_url": "http://127.0.0.1:7"}, env={})
    assert (one.reads_from, one.holder, one.signs_in_at) == (
        "http://127.0.0.1:9", "http://127.0.0.1:7", "http://127.0.0.1:7"
    )  # fmt: skip
    assert make_options(plugin, reads | {"auth_url": "pds.example"}, env={}).signs_in_at == "https://pds.example"


@pytest.mark.parametrize(
    ("name", "values"), [("bluesky", {"queries": "a", "base_url": "ws://127.0.0.1:1"}), ("bluesky-search", {})]
)
def test_options_that_do_not_fit_together(name: str, values: dict[str, str]) -> None:
    with pytest.raises(ConfigError):
        options(name, **values)


async def test_a_post_that_is_shown_in_another_form_is_not_called_removed(world: FakeAppView) -> None:
    (uri,) = world.add(1)
    world.find(uri)["record"] = {"text": 7}
    assert await recheck(world, known(uri)) == [(Standing.UNKNOWN, "shown in a form that is not known")]
    async with opened_source("bluesky-search", world) as source:
        with pytest.raises(BadAnswerError):
            await source.refresh(known(uri))
