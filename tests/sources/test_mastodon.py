"""What only Mastodon-compatible servers do."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from monitor.errors import ConfigError
from monitor.plugins import source_plugins
from monitor.ports import Seen
from monitor.records import to_record
from monitor.sourcing import make_options
from sources.mastodon.cursor import MOST_ENTRIES, Entry, TimelineState
from tests.sources.worlds import MEDIA_MARK, FakeMastodon, harvest

IMAGE = f"https://files.social.example/{MEDIA_MARK}.png"


@pytest.fixture
def server() -> FakeMastodon:
    return FakeMastodon()


async def test_a_status_becomes_a_post(server: FakeMastodon) -> None:
    def fill(raw: dict[str, Any]) -> None:
        raw.update(
            spoiler_text="About maps",
            content='<p>See <a href="https://t.me/zorblat_77?x=1&amp;y=2"><span class="invisible">https://</span>'
            '<span class="ellipsis">t.me/zorblat</span><span class="invisible">_77?x=1&amp;y=2</span></a><br>now</p>',
            edited_at="2026-11-01T11:00:00.000Z",
            in_reply_to_id="12",
            quote={"state": "accepted", "quoted_status": {"uri": "https://other.example/9"}},
            poll={"options": [{"title": "one"}, {"title": "two"}]},
            media_attachments=[{"url": IMAGE}, {"url": IMAGE}],
        )
        raw["account"]["fields"] = [{"name": "Wire", "value": "<b>zorblat77</b>"}]

    uri = server.add_raw(fill)
    post = (await server.collect()).posts[0]
    assert to_record(post) == {
        "platform": "mastodon",
        "id": uri,
        "instance": "social.example",
        "url": "https://social.example/@zorblat_77/0",
        "created_at": "2026-11-01T10:00:00Z",
        "first_seen_at": "2026-11-01T12:00:00Z",
        "edited_at": "2026-11-01T11:00:00Z",
        "author": {
            "id": "https://social.example/users/zorblat",
            "handle": "zorblat_77@social.example",
            "name": "Zorblat",
            "bio": "Collector of maps\nWire: zorblat77",
        },
        "title": None,
        "text": "About maps\nSee https://t.me/zorblat_77?x=1&y=2\nnow\none\ntwo",
        "tags": ["map"],
        "community": None,
        "community_description": None,
        "lang": "en",
        "reply_to": "12",
        "quotes": "https://other.example/9",
        "cid": None,
        "media_count": 2,
    }


async def test_no_media_passes_from_any_place_where_there_can_be_some(server: FakeMastodon) -> None:
    attachment = {"type": "image", "url": IMAGE, "preview_url": IMAGE, "remote_url": IMAGE, "description": IMAGE}

    def fill(raw: dict[str, Any]) -> None:
        raw.update(
            content=f'<p>words <img src="{IMAGE}"> <a href="{IMAGE}">{IMAGE}</a></p><video src="{IMAGE}">x</video>',
            media_attachments=[attachment],
            card={"image": IMAGE, "embed_url": IMAGE, "html": f"<iframe src='{IMAGE}'>", "url": "https://a.example"},
            emojis=[{"shortcode": "x", "url": IMAGE, "static_url": IMAGE}],
            quote={"quoted_status": {"uri": "https://o.example/1", "media_attachments": [attachment]}},
        )
        raw["account"].update(
            avatar=IMAGE, avatar_static=IMAGE, header=IMAGE, header_static=IMAGE, emojis=raw["emojis"]
        )

    server.add_raw(fill)
    post = (await server.collect()).posts[0]
    assert MEDIA_MARK not in json.dumps(to_record(post))
    assert post.text == "words"
    assert post.media_count == 4


async def test_a_boost_is_the_post_itself_and_counts_once(server: FakeMastodon) -> None:
    original = server.add(1)[0]

    def boost(raw: dict[str, Any]) -> None:
        raw.update(uri="https://social.example/boosts/1", content="", reblog=dict(server.statuses[0]))
        raw["account"] = {"acct": "quibbern04", "url": "https://social.example/@quibbern04"}

    server.add_raw(boost)
    found = await server.collect()
    assert found.ids == [original]
    assert found.posts[0].author.handle == "zorblat_77@social.example"


async def test_a_post_on_two_timelines_is_handed_over_once(server: FakeMastodon) -> None:
    server.options = {"base_url": server.base, "tags": "map,aam", "timelines": "public"}
    added = server.add(3)
    found = await server.collect()
    assert sorted(found.ids) == sorted(added)
    assert {interval.scope for interval in found.coverage} == {
        "social.example #map",
        "social.example #aam",
        "social.example public",
    }


async def test_the_global_id_is_the_uri_on_whatever_server_it_is_read(server: FakeMastodon) -> None:
    def remote(raw: dict[str, Any]) -> None:
        raw.update(uri="https://far.example/users/quibbern04/statuses/1", url="https://far.example/@quibbern04/1")
        raw["account"].update(acct="quibbern04@far.example", url="https://far.example/@quibbern04")

    server.add_raw(remote)
    post = (await server.collect()).posts[0]
    assert (post.id, post.instance) == ("https://far.example/users/quibbern04/statuses/1", "far.example")
    assert post.author.handle == "quibbern04@far.example"


async def test_what_is_not_public_is_left_out_whatever_a_token_shows(server: FakeMastodon) -> None:
    for visibility in ("private", "direct"):
        server.add_raw(lambda raw, shown=visibility: raw.update(visibility=shown))
    added = server.add_raw(lambda raw: raw.update(visibility="unlisted"))
    assert (await server.collect()).ids == [added]


async def test_late_posts_filed_under_older_ids_are_found_by_the_overlap(server: FakeMastodon) -> None:
    server.add(5)
    first = await server.collect()
    late = server.status(77)
    late["created_at"] = server.statuses[3]["created_at"]
    server.statuses.insert(4, late)
    second = await server.collect(first.cursor)
    assert second.ids == [late["uri"]]


async def test_a_token_is_sent_and_never_shown(server: FakeMastodon) -> None:
    server.options["access_token"] = "s3cr3t-t0ken"
    server.add(1)
    found = await server.collect()
    assert {request.headers["authorization"] for request in server.requests} == {"Bearer s3cr3t-t0ken"}
    plugin = source_plugins()["mastodon"]
    options = make_options(plugin, server.options, env={})
    assert "s3cr3t" not in repr(options) + json.dumps(found.cursor) + repr(found)


@pytest.mark.parametrize(
    ("levels", "options", "state", "note"),
    [
        (("disabled", "disabled"), {}, Seen.OUT_OF_REACH, "local and remote"),
        (("public", "disabled"), {}, Seen.SEEN, "remote"),
        (("authenticated", "authenticated"), {}, Seen.OUT_OF_REACH, "local and remote"),
        (("authenticated", "authenticated"), {"access_token": "t"}, Seen.SEEN, ""),
        (("public", "public"), {}, Seen.SEEN, ""),
    ],
)
async def test_a_switched_off_timeline_does_not_read_as_nothing_there(
    server: FakeMastodon, levels: tuple[str, str], options: dict[str, str], state: Seen, note: str
) -> None:
    local, remote = levels
    server.options |= options
    server.instance = {"configuration": {"timelines_access": {"hashtag_feeds": {"local": local, "remote": remote}}}}
    found = await server.collect()
    assert found.ids == []
    assert found.coverage[-1].state is state
    assert note in found.coverage[-1].note
    assert bool(found.coverage[-1].note) is bool(note)


async def test_one_broken_timeline_does_not_stop_the_others(server: FakeMastodon) -> None:
    server.options = {"base_url": server.base, "tags": "map,aam"}
    added = server.add(2)
    server.faults += [lambda request: httpx.Response(403, json={"error": "no"})]
    found = await server.collect()
    assert sorted(found.ids) == sorted(added)
    assert {(interval.scope, interval.state) for interval in found.coverage} == {
        ("social.example #map", Seen.OUT_OF_REACH),
        ("social.example #aam", Seen.SEEN),
    }


async def test_a_server_that_is_down_is_noted_and_the_next_one_read(
    server: FakeMastodon, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.options = {"servers": "https://down.example,https://social.example", "tags": "map,aam"}
    added = server.add(2)
    asked: list[str] = []
    answer = server.handle

    def handle(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.host)
        if request.url.host == "down.example":
            raise httpx.ConnectError("refused", request=request)
        return answer(request)

    monkeypatch.setattr(server, "handle", handle)
    found = await server.collect()
    assert sorted(found.ids) == sorted(added)
    failed = [interval for interval in found.coverage if interval.state is Seen.FAILED]
    assert [interval.scope for interval in failed] == ["down.example #map", "down.example #aam"]
    assert asked.count("down.example") == 5


async def test_the_limit_bounds_what_is_asked_for(server: FakeMastodon) -> None:
    server.add(90)
    found = await harvest("mastodon", server.options, server, None, batches=None, pages=None, limit=5)
    assert len(found.posts) == 5
    assert [request.url.params["limit"] for request in server.requests if "timelines" in request.url.path] == ["5"]


async def test_without_bounds_the_first_poll_of_a_public_server_is_one_page(server: FakeMastodon) -> None:
    server.add(90)
    found = await harvest("mastodon", server.options, server, None, batches=None, pages=None)
    assert len(found.posts) == 40
    assert found.coverage[0].start is not None


async def test_a_server_without_the_middle_and_too_much_in_it_says_so() -> None:
    server = FakeMastodon(forward=False)
    server.options["max_pages"] = 2
    server.add(3)
    first = await server.collect()
    server.add(400)
    second = await server.collect(first.cursor)
    assert Seen.OUT_OF_REACH in {interval.state for interval in second.coverage}


async def test_all_that_was_known_is_deleted_and_the_server_forgets_its_ids() -> None:
    server = FakeMastodon(ordered=False, links=False)
    gone = server.add(6)
    first = await server.collect()
    for post_id in gone:
        server.delete(post_id)
    added = server.add(3)
    assert sorted((await server.collect(first.cursor)).ids) == sorted(added)


def test_a_server_must_be_named() -> None:
    with pytest.raises(ConfigError, match="name a server"):
        make_options(source_plugins()["mastodon"], {"tags": "map"}, env={})


@pytest.mark.parametrize(
    ("values", "tags", "whole"),
    [({}, (), ("public",)), ({"tags": "a, b"}, ("a", "b"), ()), ({"timelines": "public:local"}, (), ("public:local",))],
)
def test_what_is_read_by_default(values: dict[str, str], tags: tuple[str, ...], whole: tuple[str, ...]) -> None:
    options = make_options(source_plugins()["mastodon"], {"base_url": "social.example", **values}, env={})
    assert (options.tags, options.whole, options.addresses) == (tags, whole, ("https://social.example",))


def test_a_cursor_remembers_the_overlap_and_not_much_more() -> None:
    state = TimelineState()
    at = datetime(2026, 11, 1, tzinfo=UTC)
    entries = [Entry(str(number), at + timedelta(seconds=number), f"m{number}", "") for number in range(200)]
    state.remember(entries, overlap=timedelta(seconds=60))
    assert [entry.id for entry in state.entries] == [str(number) for number in range(139, 200)]
    assert state.anchors(timedelta(seconds=60))[0] == "139"
    state.remember(
        [Entry(f"x{number}", at + timedelta(seconds=200), f"x{number}", "") for number in range(900)],
        overlap=timedelta(seconds=60),
    )
    assert len(state.entries) == MOST_ENTRIES
    assert TimelineState.load(json.loads(json.dumps(state.dump()))) == state


@pytest.mark.parametrize("damaged", [None, 7, [], {}, {"entries": [["1", "not a time", "m", ""]]}])
def test_a_damaged_cursor_starts_anew(damaged: object) -> None:
    assert TimelineState.load(damaged).entries == []
