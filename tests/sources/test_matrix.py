"""What only Matrix does."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from monitor.errors import AuthError, ConfigError
from monitor.net.errors import BadAnswerError
from monitor.plugins import source_plugins
from monitor.ports import Known, Seen, Standing
from monitor.post import PostRef, text_hash
from monitor.records import to_record
from monitor.sourcing import make_options
from sources.matrix_events import parse_post_id, post_id
from tests.sources.matrix_world import ALIAS, CLOSED, ROOM, USER, FakeMatrix
from tests.sources.worlds import MEDIA_MARK, harvest, opened_source

MEDIA = f"mxc://social.example/{MEDIA_MARK}"
IMAGE = f"https://files.example/{MEDIA_MARK}.png"


@pytest.fixture
def server() -> FakeMatrix:
    return FakeMatrix()


async def test_an_event_becomes_a_post(server: FakeMatrix) -> None:
    content = {
        "msgtype": "m.text",
        "body": "> <@quibdrem:far.example> not mine\n\nadd me",
        "format": "org.matrix.custom.html",
        "formatted_body": "<mx-reply><blockquote>not mine</blockquote></mx-reply>add <b>me</b><br>"
        '<a href="https://t.me/zorblat77">here</a>',
        "m.relates_to": {"m.in_reply_to": {"event_id": "$e0"}},
    }
    name = server.add_raw(lambda raw: raw.update(content=content))
    post = (await server.collect()).posts[0]
    assert to_record(post) == {
        "platform": "matrix",
        "id": name,
        "instance": "social.example",
        "url": f"https://matrix.to/#/{ROOM}/$e1",
        "created_at": "2026-11-01T10:00:20Z",
        "first_seen_at": "2026-11-01T12:00:00Z",
        "edited_at": None,
        "author": {"id": USER, "handle": USER, "name": "Zorblat", "bio": None},
        "title": None,
        "text": "add me\nhere (https://t.me/zorblat77)",
        "tags": [],
        "community": "Maps",
        "community_description": "All about maps",
        "lang": None,
        "reply_to": "matrix:roomid/maps:social.example/e/e0",
        "quotes": None,
        "cid": None,
        "media_count": 0,
    }


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ({"msgtype": "m.image", "body": f"{MEDIA_MARK}.png", "url": MEDIA, "info": {"thumbnail_url": MEDIA}}, ""),
        ({"msgtype": "m.video", "body": "a caption", "filename": f"{MEDIA_MARK}.mp4", "url": MEDIA}, "a caption"),
        ({"msgtype": "m.file", "body": "x", "filename": "x", "file": {"url": MEDIA, "key": {"k": MEDIA_MARK}}}, ""),
        ({"msgtype": "m.text", "body": f"words {IMAGE}"}, "words"),
        ({"msgtype": "m.text", "body": f"words {MEDIA}"}, "words"),
        (
            {
                "msgtype": "m.text",
                "body": MEDIA,
                "format": "org.matrix.custom.html",
                "formatted_body": f'words <img src="{MEDIA}" alt="{MEDIA_MARK}">',
            },
            "words",
        ),
    ],
)
async def test_no_media_passes_from_any_place_where_there_can_be_some(
    server: FakeMatrix, content: dict[str, Any], text: str
) -> None:
    server.add_raw(lambda raw: raw.update(content=content))
    post = (await server.collect()).posts[0]
    assert MEDIA_MARK not in json.dumps(to_record(post))
    assert (post.text, post.media_count) == (text, 1)


async def test_a_thread_and_a_plain_reply(server: FakeMatrix) -> None:
    plain = {"body": "> <@a:b> not mine\n> more\n\nmine", "m.relates_to": {"m.in_reply_to": {"event_id": "$e7"}}}
    server.add_raw(lambda raw: raw.update(content=plain))
    thread = {"body": "> mine", "m.relates_to": {"rel_type": "m.thread", "event_id": "$e8"}}
    server.add_raw(lambda raw: raw.update(content=thread))
    posts = (await server.collect()).posts
    assert [post.text for post in posts] == ["mine", "> mine"]
    assert [post.reply_to for post in posts] == [post_id(ROOM, "$e7"), post_id(ROOM, "$e8")]


async def test_a_redaction_is_passed_on(server: FakeMatrix) -> None:
    added = server.add(3)
    first = await server.collect()
    server.delete(added[1], by="@moderator:social.example")
    server.event("m.room.redaction", {}, redacts="$e1")
    second = await server.collect(first.cursor)
    assert [ref.id for ref in second.deleted] == [added[1], added[0]]
    assert second.posts == []
    assert (await server.collect()).ids == [added[2]]


async def test_edits_on_one_page_are_one_version(server: FakeMatrix) -> None:
    server.add(1)
    first = await server.collect()
    added = server.add(2)
    server.edit(added[0], "second")
    server.edit(added[0], "third")
    del server.find(added[0])["unsigned"]  # a server that bundles nothing
    found = await server.collect(first.cursor)
    assert [(post.id, post.text) for post in found.posts] == [(added[0], "third"), (added[1], "Post number 1")]


async def test_nobody_edits_what_another_said(server: FakeMatrix) -> None:
    added = server.add(1)
    server.edit(added[0], "not mine")
    server.timeline[-1]["sender"] = "@quibdrem:far.example"
    found = await server.collect()
    assert [post.text for post in found.posts] == ["Post number 0"]


async def test_an_edit_of_what_is_gone_disturbs_nothing(server: FakeMatrix) -> None:
    added = server.add(2)
    first = await server.collect()
    server.edit(added[0], "something else")
    server.timeline.pop(0)
    server.timeline.insert(0, {"type": "m.other", "event_id": "$x"})
    found = await server.collect(first.cursor)
    assert (found.ids, found.bad) == ([], [])


async def test_encrypted_messages_do_not_read_as_nothing_there(server: FakeMatrix) -> None:
    for _ in range(2):
        server.event("m.room.encrypted", {"ciphertext": "x"})
    found = await server.collect()
    assert found.coverage[0].state is Seen.OUT_OF_REACH
    assert found.coverage[0].note == "2 messages are encrypted and cannot be read"
    server.add(1)
    assert (await server.collect()).coverage[0].state is Seen.SEEN


async def test_a_room_is_found_by_its_alias_and_a_closed_one_stops_no_other(server: FakeMatrix) -> None:
    added = server.add(2)
    server.options["rooms"] = f"{CLOSED},{ALIAS}"
    found = await server.collect()
    assert found.ids == added
    assert {interval.scope: interval.state for interval in found.coverage} == {
        CLOSED: Seen.OUT_OF_REACH,
        ALIAS: Seen.SEEN,
    }


async def test_without_rooms_the_accounts_own_are_read(server: FakeMatrix) -> None:
    added = server.add(2)
    del server.options["rooms"]
    assert (await server.collect()).ids == added
    server.joined = []
    assert (await server.collect()).posts == []


@pytest.fixture
def own() -> FakeMatrix:
    return FakeMatrix(own=True)


async def test_own_rooms_are_read_together_by_sync(own: FakeMatrix) -> None:
    own.add(2)
    first = await own.collect()
    assert [interval.scope for interval in first.coverage] == ["the account's rooms", ROOM]
    own.requests.clear()
    assert (await own.collect(first.cursor)).posts == []
    assert [request.url.path for request in own.requests] == ["/_matrix/client/v3/sync"]
    assert own.requests[0].url.params["set_presence"] == "offline"


async def test_more_than_sync_gives_is_read_before_anything_newer(own: FakeMatrix) -> None:
    own.add(3)
    cursor = (await own.collect()).cursor
    added = own.add(250)
    own.edit(added[0], "something else")
    part = await own.collect(cursor, batches=1)  # killed with two pages left
    assert part.cursor is not None
    assert len(part.cursor["gaps"]) == 1
    newer = own.add(1)
    rest = await own.collect(part.cursor)
    assert sorted({*part.ids, *rest.ids}) == sorted([*added, *newer])
    assert rest.ids[-1] == newer[0]
    whole = await own.collect(cursor)
    assert sorted(whole.ids) == sorted([*added, *newer])
    assert {post.text for post in whole.posts if post.id == added[0]} == {"something else"}


async def test_more_than_may_be_read_of_own_rooms_is_out_of_reach(own: FakeMatrix) -> None:
    own.options["max_pages"] = 1
    own.add(3)
    first = await own.collect()
    own.add(400)
    found = await own.collect(first.cursor)
    assert len(found.posts) == 200
    assert [interval.state for interval in found.coverage] == [Seen.SEEN, Seen.SEEN, Seen.OUT_OF_REACH]
    assert found.coverage[-1].start == first.coverage[0].end


async def test_a_room_that_the_account_was_put_out_of_stops_nothing(own: FakeMatrix) -> None:
    added = own.add(2)
    at = own.time.now.isoformat()
    found = await own.collect({"since": None, "until": None, "gaps": [[CLOSED, "t9", "s1", at, at, 5], "damaged"]})
    assert sorted(found.ids) == sorted(added)
    assert (found.coverage[0].scope, found.coverage[0].state) == (CLOSED, Seen.OUT_OF_REACH)


async def test_encrypted_messages_of_own_rooms_are_told(own: FakeMatrix) -> None:
    own.event("m.room.encrypted", {"ciphertext": "x"})
    found = await own.collect()
    assert found.coverage[0].state is Seen.OUT_OF_REACH
    assert found.coverage[0].note == f"{ROOM}: 1 messages are encrypted and cannot be read"


async def test_a_limit_bounds_the_first_poll_of_own_rooms(own: FakeMatrix) -> None:
    own.add(500)
    found = await harvest("matrix", own.options, own, None, batches=None, pages=None, limit=150)
    assert len(found.posts) == 200
    found = await harvest("matrix", own.options, own, None, batches=None, pages=None)
    assert len(found.posts) == 100


async def test_a_room_without_a_name_is_named_by_its_alias(server: FakeMatrix) -> None:
    server.state = {"m.room.canonical_alias": {"alias": ALIAS}}
    server.add(1)
    post = (await server.collect()).posts[0]
    assert (post.community, post.community_description) == (ALIAS, None)


async def test_nothing_but_reading_is_asked_for(server: FakeMatrix) -> None:
    server.add(150)
    await server.collect()
    assert {request.method for request in server.requests} == {"GET"}
    assert not any("join/" in str(request.url) or str(request.url).endswith("/join") for request in server.requests)


async def test_the_first_poll_is_one_page_and_the_next_one_goes_on(server: FakeMatrix) -> None:
    server.add(150)
    first = await harvest("matrix", server.options, server, None, batches=None, pages=None)
    assert len(first.posts) == 100
    added = server.add(3)
    assert (await harvest("matrix", server.options, server, first.cursor, batches=None, pages=None)).ids == added


@pytest.mark.parametrize("values", [{}, {"base_url": "social.example", "rooms": "maps"}, {"rooms": ROOM}])
def test_unusable_options_are_named(values: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match=r"base_url|rooms"):
        make_options(source_plugins()["matrix"], values | {"access_token": "x"}, env={})


async def test_a_refused_token(server: FakeMatrix) -> None:
    server.options["access_token"] = "old"
    with pytest.raises(AuthError):
        await server.collect()


async def test_what_a_recheck_tells(server: FakeMatrix) -> None:
    added = server.add(5)
    before = {post.id: text_hash(post) for post in (await server.collect()).posts}
    server.edit(added[1], "something else")
    server.delete(added[2])
    server.delete(added[3], by="@moderator:social.example")
    names = [*added, post_id(ROOM, "$unheard"), post_id(CLOSED, "$e1"), post_id("!other:far.example", "$e1"), "x"]
    known = [Known(ref=PostRef("matrix", name), text_hash=before.get(name)) for name in names]
    async with opened_source("matrix", server) as source:
        found = [answer.standing for answer in await source.recheck(known)]
        now = [await source.refresh(one) for one in (known[1], known[2], known[5])]
        with pytest.raises(BadAnswerError):
            await source.refresh(known[-1])
    assert found == [
        Standing.UP,
        Standing.EDITED,
        Standing.REMOVED_BY_AUTHOR,
        Standing.REMOVED_BY_MODERATOR,
        Standing.UP,
        Standing.UNAVAILABLE,
        Standing.UNKNOWN,
        Standing.UNKNOWN,
        Standing.UNKNOWN,
    ]
    assert now[0] is not None
    assert (now[0].text, now[1], now[2]) == ("something else", None, None)


async def test_an_error_in_a_recheck_is_unknown(server: FakeMatrix) -> None:
    (added,) = server.add(1)
    server.faults += [lambda request: httpx.Response(500)] * 9
    async with opened_source("matrix", server) as source:
        (answer,) = await source.recheck([Known(ref=PostRef("matrix", added))])
    assert answer.standing is Standing.UNKNOWN


async def test_the_doctor_looks_at_token_and_rooms(server: FakeMatrix) -> None:
    server.add(2)
    server.options["rooms"] = f"{ROOM},{CLOSED}"
    async with opened_source("matrix", server) as source:
        found = {finding.what: finding.well for finding in await source.check()}
    assert found == {"access token": True, "clock": None, f"room {ROOM}": True, f"room {CLOSED}": False}
    server.options["access_token"] = "old"
    async with opened_source("matrix", server) as source:
        assert [finding.well for finding in await source.check()] == [False]


def test_an_event_has_an_address() -> None:
    assert parse_post_id(post_id(ROOM, "$e1")) == (ROOM, "$e1")
    assert parse_post_id("matrix:roomid/x") is None
