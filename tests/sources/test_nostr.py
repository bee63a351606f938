"""What only Nostr's relays do."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from monitor.errors import AuthError, ConfigError, RateLimitedError, UnreachableError
from monitor.net.errors import BadAnswerError
from monitor.plugins import source_plugins
from monitor.ports import AccountRef, Known, Seen, Standing
from monitor.post import PostRef
from monitor.records import to_record
from monitor.sourcing import make_options
from sources.nostr_events import bech32
from tests.sources.nostr_world import FakeRelay, account, serving, signed
from tests.sources.worlds import MEDIA_MARK, harvest, opened_source

IMAGE = f"https://files.example/{MEDIA_MARK}.png"
BLOB = f"https://blobs.example/{MEDIA_MARK}"


@pytest.fixture
async def relay() -> AsyncIterator[FakeRelay]:
    async with serving(FakeRelay()) as relay:
        yield relay


@pytest.fixture
async def other() -> AsyncIterator[FakeRelay]:
    async with serving(FakeRelay()) as relay:
        yield relay


def both(relay: FakeRelay, other: FakeRelay) -> dict[str, Any]:
    return {"relays": f"{relay.options['base_url']},{other.options['base_url']}", "tags": "map"}


async def test_an_event_becomes_a_post(relay: FakeRelay) -> None:
    tags = [
        ["t", "map"],
        ["t", "aam"],
        ["subject", "About"],
        ["e", "a" * 64, "", "root"],
        ["e", "b" * 64, "", "reply"],
        ["q", "c" * 64],
        ["l", "en", "ISO-639-1"],
        ["content-warning"],
        ["odd", 7, None],
    ]
    event = relay.event(content="add me on wickr zorblat77", tags=tags)
    post = (await relay.collect()).posts[0]
    assert to_record(post) == {
        "platform": "nostr",
        "id": event["id"],
        "instance": "127.0.0.1",
        "url": f"nostr:{bech32('note', bytes.fromhex(event['id']))}",
        "created_at": "2026-11-01T10:00:20Z",
        "first_seen_at": "2026-11-01T12:00:00Z",
        "edited_at": None,
        "author": {"id": account(1)[1], "handle": None, "name": None, "bio": None},
        "title": "About",
        "text": "add me on wickr zorblat77",
        "tags": ["map", "aam"],
        "community": "Zorblat relay",
        "community_description": "A relay",
        "lang": "en",
        "reply_to": "b" * 64,
        "quotes": "c" * 64,
        "cid": None,
        "media_count": 0,
    }


def test_addresses_are_written_as_documented() -> None:
    # The example of NIP-19.
    key = bytes.fromhex("3bf0c63fcb93463407af97a5e5ee64fa883d107ef9e558472c4eb9aaaefa459d")
    assert bech32("npub", key) == "npub180cvv07tjdrrgpa0j7j7tmnyl2yr6yr7l8j4s3evf6u64th6gkwsyjh6w6"


async def test_no_media_passes_from_any_place_where_there_can_be_some(relay: FakeRelay) -> None:
    tags = [
        ["t", "map"],
        ["imeta", f"url {BLOB}", "m image/png", f"image {IMAGE}", f"fallback {BLOB}2"],
        ["image", IMAGE],
        ["thumb", IMAGE],
        ["x", MEDIA_MARK],
    ]
    relay.event(content=f"words {IMAGE} {BLOB} {BLOB}2 ![x]({IMAGE}2.jpg) end", tags=tags)
    relay.about = {"name": "R", "description": f"see {IMAGE}", "icon": IMAGE, "banner": IMAGE}
    post = (await relay.collect()).posts[0]
    assert MEDIA_MARK not in json.dumps(to_record(post))
    assert post.text is not None
    assert post.text.split() == ["words", "end"]
    assert post.media_count == 2  # two links; what the tags name is among them


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("content", "changed", "its id"),
        ("pubkey", account(2)[1], "its id"),
        ("sig", "0" * 128, "its signature"),
        ("sig", "xyz", "its signature"),
        ("created_at", "now", "no created_at"),
        ("tags", None, "no tags"),
        ("id", None, "no id"),
    ],
)
async def test_what_is_not_genuine_is_left_out(relay: FakeRelay, name: str, value: Any, why: str) -> None:
    added = relay.add(1)
    forged = relay.event(content="said by nobody")
    relay.events.pop()
    relay.extra_frames.append(json.dumps(["EVENT", "h1", {**forged, name: value}]))
    found = await relay.collect()
    assert found.ids == added
    assert [bad.why.startswith(why) for bad in found.bad] == [True]
    assert found.bad[0].where


async def test_a_signature_of_another_is_none(relay: FakeRelay) -> None:
    event, other = relay.event(content="a"), signed(1, "a", at=1, by=2)
    event["sig"] = other["sig"]
    found = await relay.collect()
    assert (found.ids, len(found.bad)) == ([], 1)


@pytest.mark.parametrize("frame", ["{", "[]", '"text"', "null", '["EVENT"]', '["WHAT", "h1"]'])
async def test_a_malformed_message_is_reported_and_skipped(relay: FakeRelay, frame: str) -> None:
    relay.extra_frames.append(frame)
    added = relay.add(2)
    found = await relay.collect()
    assert sorted(found.ids) == sorted(added)
    assert len(found.bad) == 1


async def test_more_events_than_a_relay_gives_at_once_are_read_on_one_connection(relay: FakeRelay) -> None:
    added = relay.add(130)
    found = await relay.collect()
    assert sorted(found.ids) == sorted(added)
    assert relay.connections == 1
    relay.questions.clear()
    late = relay.event(content="late", at=relay.at(125))
    again = await relay.collect(found.cursor)
    assert again.ids == [late["id"]]
    assert relay.questions[0][2]["since"] == relay.at(130) - 600


async def test_more_events_of_one_second_than_a_relay_gives_end_and_are_told(relay: FakeRelay) -> None:
    relay.add(1)
    first = await relay.collect()
    for number in range(90):
        relay.event(content=f"n{number}", at=relay.at(50))
    found = await relay.collect(first.cursor)
    assert len(found.posts) == 40
    assert len(set(found.ids)) == 40


async def test_other_kinds_and_tags_are_not_asked_for(relay: FakeRelay) -> None:
    relay.event(kind=4, content="private words")
    relay.event(content="b", tags=[["t", "other"]])
    relay.extra_frames.append(json.dumps(["EVENT", "h1", relay.events[0]]))  # a relay that gives it all the same
    relay.options["tags"] = "#Map"
    assert (await relay.collect()).posts == []
    assert relay.questions[0][2]["#t"] == ["Map", "map"]
    del relay.options["tags"]
    assert len((await relay.collect()).posts) == 1


async def test_an_event_on_two_relays_is_one_post(relay: FakeRelay, other: FakeRelay) -> None:
    added = relay.add(3)
    other.events = list(relay.events)
    relay.options = both(relay, other)
    found = await relay.collect()
    assert sorted(found.ids) == sorted(added)
    assert len({interval.scope for interval in found.coverage}) == 2


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ("auth-required: we only serve members", AuthError),
        ("restricted: no", AuthError),
        ("blocked: no", AuthError),
        ("rate-limited: slow down", RateLimitedError),
        ("error: could not connect to the database", BadAnswerError),
        ("", BadAnswerError),
    ],
)
async def test_refusals_are_told_apart(relay: FakeRelay, said: str, error: type[Exception]) -> None:
    relay.closed += [said] * 5
    with pytest.raises(error) as caught:
        await relay.collect()
    assert "members" not in str(caught.value)


async def test_a_relay_that_refuses_stops_no_other(relay: FakeRelay, other: FakeRelay) -> None:
    added = other.add(2)
    relay.closed += ["restricted: no"] * 5
    found = await harvest("nostr", both(relay, other), relay, None, batches=None)
    assert sorted(found.ids) == sorted(added)
    assert sorted(interval.state for interval in found.coverage) == [Seen.OUT_OF_REACH, Seen.SEEN]


async def test_a_relay_that_breaks_off_is_asked_again(relay: FakeRelay) -> None:
    added = relay.add(5)
    relay.drops = 2
    assert sorted((await relay.collect()).ids) == sorted(added)
    relay.drops = 9
    with pytest.raises(UnreachableError):
        await relay.collect()


async def test_only_an_author_deletes(relay: FakeRelay) -> None:
    added = relay.add(3)
    first = await relay.collect()
    relay.event(kind=5, tags=[["e", added[0]], ["e", "f" * 64]])
    relay.event(kind=5, tags=[["e", added[1]]], by=2)
    second = await relay.collect(first.cursor)
    assert [ref.id for ref in second.deleted] == [added[0]]
    assert second.deleted_accounts == []
    assert (await relay.collect(second.cursor)).deleted == []


@pytest.mark.parametrize(
    ("named", "gone"), [("ALL_RELAYS", True), ("ws://127.0.0.1/", True), ("wss://x.example", False)]
)
async def test_a_request_to_vanish_is_followed(relay: FakeRelay, named: str, gone: bool) -> None:
    relay.add(2)
    first = await relay.collect()
    relay.event(kind=62, tags=[["relay", named]])
    second = await relay.collect(first.cursor)
    assert second.deleted_accounts == ([AccountRef("nostr", account(1)[1])] if gone else [])


async def test_profiles_are_fetched_once_for_hits_only(relay: FakeRelay) -> None:
    relay.add(2)
    about = {"name": "zorblat_77", "display_name": "Zorblat", "about": f"add me {IMAGE}", "picture": IMAGE}
    relay.event(kind=0, content=json.dumps({"name": "old"}))
    relay.event(kind=0, content=json.dumps(about))
    relay.event(content="x", by=2)
    relay.event(kind=0, content="no JSON", by=2)
    posts = (await relay.collect()).posts
    assert {post.author.handle for post in posts} == {None}
    relay.questions.clear()
    async with opened_source("nostr", relay) as source:
        known = await source.enrich(posts)
        await source.enrich(posts)
    assert [(post.author.handle, post.author.name, post.author.bio) for post in known] == [
        (None, None, None),
        ("zorblat_77", "Zorblat", "add me"),
        ("zorblat_77", "Zorblat", "add me"),
    ]
    assert len(relay.questions) == 1
    relay.closed += ["error: x"] * 9
    async with opened_source("nostr", relay) as source:
        assert list(await source.enrich(posts)) == posts


async def test_what_a_recheck_tells(relay: FakeRelay, other: FakeRelay) -> None:
    added = relay.add(5)
    other.events = relay.events[:1]
    gone = {added[1], added[2], added[3]}
    relay.events = [event for event in relay.events if event["id"] not in gone]
    relay.event(kind=5, tags=[["e", added[1]], ["e", added[4]]])
    relay.event(kind=5, tags=[["e", added[2]]], by=2)
    known = [Known(ref=PostRef("nostr", name), account=account(1)[1]) for name in [*added, "nonsense"]]
    relay.options = both(relay, other)
    async with opened_source("nostr", relay) as source:
        found = await source.recheck(known)
        now = [await source.refresh(known[0]), await source.refresh(known[1])]
    assert [answer.standing for answer in found] == [
        Standing.UP,
        Standing.REMOVED_BY_AUTHOR,
        Standing.UNAVAILABLE,
        Standing.UNAVAILABLE,
        Standing.UP,
        Standing.UNKNOWN,
    ]
    assert (found[0].note, found[4].note) == (
        "on 2 of 2 relays",
        "on 1 of 2 relays, though its author asked to delete it",
    )
    assert now[0] is not None
    assert now[1] is None
    assert [len(relay.questions), len(other.questions)] == [3, 2]


async def test_where_a_relay_does_not_answer_gone_is_unknown(relay: FakeRelay, other: FakeRelay) -> None:
    added = relay.add(2)
    relay.events.pop()
    other.closed += ["error: x"] * 9
    relay.options = both(relay, other)
    async with opened_source("nostr", relay) as source:
        found = await source.recheck([Known(ref=PostRef("nostr", name)) for name in added])
        with pytest.raises(BadAnswerError):
            await source.refresh(Known(ref=PostRef("nostr", added[1])))
        with pytest.raises(BadAnswerError):
            await source.refresh(Known(ref=PostRef("nostr", "nonsense")))
    assert [answer.standing for answer in found] == [Standing.UP, Standing.UNKNOWN]


async def test_the_doctor_looks_at_every_relay(relay: FakeRelay) -> None:
    relay.add(1)

    async def doctor() -> list[bool | None]:
        async with opened_source("nostr", relay) as source:
            return [finding.well for finding in await source.check()]

    assert await doctor() == [True, True, True]
    relay.about = {"limitation": {"auth_required": True}}
    relay.closed += ["auth-required: x"]
    assert await doctor() == [False, True, False]
    relay.about = None
    assert await doctor() == [None, True]


async def test_it_never_publishes(relay: FakeRelay) -> None:
    relay.add(50)
    first = await relay.collect()
    await relay.collect(first.cursor)
    assert {question[0] for question in relay.questions} == {"REQ"}


@pytest.mark.parametrize("values", [{}, {"tags": "map"}, {"base_url": "wss://r.example", "kinds": "x"}])
def test_unusable_options_are_named(values: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match=r"name a relay|kinds"):
        make_options(source_plugins()["nostr"], values, env={})
