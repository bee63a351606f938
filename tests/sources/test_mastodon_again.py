"""Mastodon-compatible servers: searches, re-checks, and the doctor."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from monitor.errors import AuthError
from monitor.net.errors import BadAnswerError
from monitor.ports import Known, Recheck, Seen, Standing
from monitor.post import PostRef, text_hash
from tests.sources.worlds import FakeMastodon, opened_source

ACCOUNT = "https://social.example/users/zorblat"
ELSEWHERE = "https://other.example/users/quibdrem/statuses/5"


@pytest.fixture
def server() -> FakeMastodon:
    return FakeMastodon()


@pytest.fixture
def old() -> FakeMastodon:
    return FakeMastodon(several=False)


def known(uri: str, **said: Any) -> Known:
    return Known(ref=PostRef("mastodon", uri), **said)


async def recheck(server: FakeMastodon, *posts: Known) -> list[Recheck]:
    async with opened_source("mastodon", server) as source:
        return list(await source.recheck(posts))


def paths(server: FakeMastodon) -> list[str]:
    return [request.url.path for request in server.requests]


async def test_a_post_found_by_a_search_and_on_a_timeline_is_handed_over_once(server: FakeMastodon) -> None:
    server.options |= {"queries": "map", "access_token": "s3cr3t"}
    added = server.add(50)
    found = await server.collect()
    assert sorted(found.ids) == sorted(added)
    assert {one.scope for one in found.coverage} == {"social.example #map", "social.example search map"}
    assert (await server.collect(found.cursor)).ids == []


async def test_a_search_without_a_token_is_out_of_reach_and_the_timeline_is_read(server: FakeMastodon) -> None:
    server.options["queries"] = "map"
    added = server.add(3)
    found = await server.collect()
    assert sorted(found.ids) == sorted(added)
    assert {one.state for one in found.coverage if "search" in one.scope} == {Seen.OUT_OF_REACH}
    assert not any("search" in path for path in paths(server))


async def test_standings_in_one_call(server: FakeMastodon) -> None:
    up, edited, gone, private = server.add(4)
    before = {post.id: text_hash(post) for post in (await server.collect()).posts}
    server.requests.clear()
    server.edit(edited, "otherwise")
    server.delete(gone)
    server.find(private)["visibility"] = "private"
    found = await recheck(server, *(known(uri, text_hash=before[uri]) for uri in (up, edited, gone, private)))
    assert [one.standing for one in found] == [
        Standing.UP,
        Standing.EDITED,
        Standing.UNAVAILABLE,
        Standing.UNAVAILABLE,
    ]
    assert [one.ref.id for one in found] == [up, edited, gone, private]
    assert paths(server) == ["/api/v1/statuses"]


async def test_an_older_server_is_asked_one_by_one(old: FakeMastodon) -> None:
    up, gone = old.add(2)
    old.delete(gone)
    found = await recheck(old, known(up), known(gone))
    assert [one.standing for one in found] == [Standing.UP, Standing.UNAVAILABLE]
    assert paths(old) == ["/api/v1/statuses", "/api/v1/statuses/0", "/api/v1/statuses/1"]


@pytest.mark.parametrize(("unknown", "note"), [(True, "no longer knows"), (False, "suspended")])
async def test_an_account_that_is_gone_is_told_and_asked_about_once(
    server: FakeMastodon, unknown: bool, note: str
) -> None:
    uris = server.add(3)
    for uri in uris:
        server.delete(uri)
    server.gone_accounts["zorblat"] = unknown
    found = await recheck(server, *(known(uri, account=ACCOUNT) for uri in uris))
    assert {one.standing for one in found} == {Standing.ACCOUNT_GONE}
    assert note in found[0].note
    assert paths(server).count("/api/v1/accounts/lookup") == 1


async def test_an_error_is_unknown(server: FakeMastodon) -> None:
    uris = server.add(2)
    server.faults += [lambda request: httpx.Response(503)] * 99
    assert {one.standing for one in await recheck(server, *map(known, uris))} == {Standing.UNKNOWN}
    server.faults[:] = [lambda request: httpx.Response(401, json={"error": "x"})] * 9
    assert {one.standing for one in await recheck(server, known(uris[0]))} == {Standing.UNKNOWN}


async def test_another_status_under_its_id_is_not_it(server: FakeMastodon) -> None:
    (uri,) = server.add(1)
    server.find(uri)["uri"] = f"{uri}-another"
    assert (await recheck(server, known(uri)))[0].standing is Standing.UNAVAILABLE


async def test_another_server_s_post_is_asked_of_the_one_that_is_named(server: FakeMastodon) -> None:
    assert (await recheck(server, known(ELSEWHERE)))[0].standing is Standing.UNKNOWN
    assert server.requests == []
    server.options["access_token"] = "s3cr3t"
    server.add_raw(lambda raw: raw.update(uri=ELSEWHERE))
    found = await recheck(server, known(ELSEWHERE), known(f"{ELSEWHERE}0"))
    assert [one.standing for one in found] == [Standing.UP, Standing.UNKNOWN]
    assert {request.url.host for request in server.requests} == {"social.example"}


async def test_its_own_server_is_asked_where_the_operator_says_so_and_without_the_token(server: FakeMastodon) -> None:
    server.options |= {"ask_origin": True, "access_token": "s3cr3t"}
    assert (await recheck(server, known(ELSEWHERE)))[0].standing is Standing.UNAVAILABLE
    assert [request.url.host for request in server.requests] == ["other.example"]
    assert "authorization" not in server.requests[0].headers


async def test_refreshing_gives_the_text_as_it_is_now(server: FakeMastodon) -> None:
    uri, gone = server.add(2)
    server.edit(uri, "otherwise")
    server.delete(gone)
    async with opened_source("mastodon", server) as source:
        post = await source.refresh(known(uri))
        assert post is not None
        assert post.text == "otherwise"
        assert await source.refresh(known(gone)) is None
        with pytest.raises(AuthError):
            await source.refresh(known(ELSEWHERE))
    server.options["access_token"] = "s3cr3t"
    async with opened_source("mastodon", server) as source:
        with pytest.raises(BadAnswerError):
            await source.refresh(known(ELSEWHERE))


async def test_the_doctor_looks_at_server_token_timelines_and_searches(server: FakeMastodon) -> None:
    server.options |= {"queries": "map,aam", "access_token": "s3cr3t"}
    server.instance = {"version": "4.5.0", "configuration": {}}
    server.add(2)
    async with opened_source("mastodon", server) as source:
        found = await source.check()
    assert [(one.what, one.well) for one in found] == [
        ("social.example", True),
        ("social.example token", True),
        ("social.example #map", True),
        ("social.example search map", True),
        ("social.example search aam", None),
    ]


async def test_the_doctor_says_what_is_wrong(server: FakeMastodon) -> None:
    server.options |= {"access_token": "s3cr3t"}
    server.scopes = ["write"]
    levels = {"hashtag_feeds": {"local": "disabled", "remote": "disabled"}}
    server.instance = {"version": "4.5.0", "configuration": {"timelines_access": levels}}
    async with opened_source("mastodon", server) as source:
        found = {one.what: one.well for one in await source.check()}
    assert found["social.example token"] is False
    assert found["social.example #map"] is False


async def test_nothing_from_a_server_that_knows_another_name_for_ids_is_not_taken_for_gone(
    server: FakeMastodon,
) -> None:
    up, also, gone = server.add(3)
    server.delete(gone)
    server.ignores_ids = True
    found = await recheck(server, known(up), known(also), known(gone))
    assert [one.standing for one in found] == [Standing.UP, Standing.UP, Standing.UNAVAILABLE]


async def test_what_a_reply_answers_is_named_by_its_uri_where_the_page_shows_it(server: FakeMastodon) -> None:
    (asked,) = server.add(1)
    answer = server.add_raw(lambda raw: raw.update(in_reply_to_id=server.find(asked)["id"]))
    other = server.add_raw(lambda raw: raw.update(in_reply_to_id="77"))
    posts = {post.id: post.reply_to for post in (await server.collect()).posts}
    assert posts == {asked: None, answer: asked, other: "77"}
