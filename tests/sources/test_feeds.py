"""Feeds: conditional requests, ids, media, odd feeds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from monitor.errors import ConfigError
from monitor.net.errors import BadAnswerError, StatusError
from monitor.plugins import source_plugins
from monitor.ports import Known, Seen, Standing
from monitor.post import PostRef
from monitor.sourcing import make_options
from sources.feed_entries import parse, to_post
from tests.sources.feed_world import FakeFeed
from tests.sources.worlds import MEDIA_MARK, opened_source


@pytest.mark.parametrize("rss", [False, True])
async def test_an_entry_is_mapped_whole_and_without_media(rss: bool) -> None:
    world = FakeFeed(rss=rss)
    (added,) = world.add(1)
    (post,) = (await world.collect()).posts
    assert (post.id, post.title, post.text, post.tags) == (added, "Title 0", "Post number 0", ("map",))
    assert (post.community, post.community_description, post.lang) == ("Maps", "All about maps", "en")
    assert (post.author.name, post.media_count) == ("zorblat_77", 2)
    assert MEDIA_MARK not in repr(post)


async def test_an_unchanged_feed_is_not_sent_again() -> None:
    world = FakeFeed()
    world.add(3)
    first = await world.collect()
    second = await world.collect(first.cursor)
    assert world.answers == [200, 304]
    assert {interval.state for interval in second.coverage} == {Seen.SEEN}
    added = world.add(1)
    third = await world.collect(second.cursor)
    assert (third.ids, world.answers) == (added, [200, 304, 200])


async def test_a_feed_that_turned_over_meanwhile_leaves_a_gap() -> None:
    world = FakeFeed()
    world.add(5)
    first = await world.collect()
    world.entries.clear()
    world.add(5)
    world.time.now += timedelta(hours=2)
    for entry in world.entries:
        entry["at"] = world.time.now - timedelta(minutes=5)
    second = await world.collect(first.cursor)
    assert len(second.ids) == 5
    assert [interval.state for interval in second.coverage] == [Seen.SEEN, Seen.OUT_OF_REACH]


async def test_one_feed_that_is_gone_stops_no_other() -> None:
    world = FakeFeed()
    world.options["feeds"] = f"https://social.example/gone.xml,{world.base}"
    world.add(2)
    world.faults = [lambda request: httpx.Response(410)]
    found = await world.collect()
    assert len(found.ids) == 2
    assert {interval.scope: interval.state for interval in found.coverage} == {
        "https://social.example/gone.xml": Seen.OUT_OF_REACH,
        world.base: Seen.SEEN,
    }
    world.options["feeds"] = world.base
    world.faults = [lambda request: httpx.Response(410)]
    with pytest.raises(StatusError):
        await world.collect()


BOMB = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa">]><rss version="2.0"><channel/></rss>'
NO_FEEDS = [b"", b"just words", b"<html><body>busy</body></html>", b"<rss", BOMB, b"\xff\xfe\x00"]


@pytest.mark.parametrize(
    "body", [b"", b"just words", b"<html><body>busy</body></html>", b"<rss", BOMB, b"\xff\xfe\x00"]
)
def test_what_is_no_feed_is_refused(body: bytes) -> None:
    with pytest.raises(BadAnswerError):
        parse(body, "application/xml")


def test_an_answer_that_is_a_files_name_opens_no_file(tmp_path: Path) -> None:
    file = tmp_path / "feed.xml"
    world = FakeFeed()
    world.add(1)
    file.write_bytes(world.body())
    with pytest.raises(BadAnswerError):
        parse(str(file).encode(), "application/xml")


def test_a_feed_that_breaks_off_gives_what_came_before() -> None:
    world = FakeFeed()
    world.add(5)
    body = world.body()
    found = parse(body[: len(body) - 300], "application/atom+xml")
    assert len(found["entries"]) >= 4


def test_an_entry_without_an_id_is_known_by_link_and_title() -> None:
    now = FakeFeed().time()
    one = to_post({"title": "a", "link": "https://social.example/1"}, {}, "https://f.example", seen_at=now)
    again = to_post({"title": "a", "link": "https://social.example/1"}, {}, "https://f.example", seen_at=now)
    other = to_post({"title": "b", "link": "https://social.example/1"}, {}, "https://f.example", seen_at=now)
    assert one.id == again.id != other.id


def test_an_entry_that_is_named_by_its_picture_is_known_without_its_address() -> None:
    picture = f"https://social.example/{MEDIA_MARK}.png"
    now = FakeFeed().time()
    one, other = (
        to_post({"title": "a", "id": name}, {}, "https://f.example", seen_at=now) for name in (picture, f"{picture}?1")
    )
    assert one.id != other.id
    assert MEDIA_MARK not in one.id + other.id


@pytest.mark.parametrize("junk", [None, 7, "x", [], [None], {"a": 1}])
def test_fields_of_another_type_are_left_out(junk: Any) -> None:
    names = "id link author author_detail content summary_detail published_parsed updated_parsed tags enclosures"
    odd = dict.fromkeys(names.split(), junk) | {"title": "a map"}
    assert to_post(odd, {"title": junk}, "https://f.example", seen_at=FakeFeed().time()).title == "a map"


def test_a_feed_must_be_named() -> None:
    with pytest.raises(ConfigError, match="name a feed"):
        make_options(source_plugins()["feeds"], {}, env={})


async def opened(world: FakeFeed, call: str, *arguments: Any) -> Any:
    async with opened_source("feeds", world) as source:
        return await getattr(source, call)(*arguments)


async def test_the_doctor_reads_every_feed() -> None:
    world = FakeFeed()
    world.add(2)
    found = await opened(world, "check")
    assert [(finding.what, finding.well) for finding in found] == [(world.base, True), ("clock", True)]


async def test_leaving_a_feed_is_no_deletion() -> None:
    (found,) = await opened(FakeFeed(), "recheck", [Known(ref=PostRef("feeds", "1"))])
    assert found.standing is Standing.UNKNOWN


async def test_a_feed_that_is_gone_for_good_is_asked_again_only_after_a_week() -> None:
    world = FakeFeed()
    world.options["feeds"] = f"https://social.example/gone.xml,{world.base}"
    world.faults = [lambda request: httpx.Response(410)]
    first = await world.collect()
    world.requests.clear()
    second = await world.collect(first.cursor)
    assert [str(request.url) for request in world.requests] == [world.base]
    assert Seen.OUT_OF_REACH in {interval.state for interval in second.coverage}
    world.time.now += timedelta(days=8)
    await world.collect(second.cursor)
    assert len(world.requests) == 3


def moving(status: int, *, to: str = "https://social.example/new.xml") -> Any:
    return lambda request: httpx.Response(status, headers={"Location": to})


@pytest.mark.parametrize(("status", "asked"), [(301, "new.xml"), (308, "new.xml"), (302, "feed.xml")])
async def test_where_a_feed_moved_for_good_is_remembered(status: int, asked: str) -> None:
    world = FakeFeed()
    added = world.add(2)
    world.faults = [moving(status)]
    first = await world.collect()
    assert sorted(first.ids) == (sorted(added))
    world.requests.clear()
    second = await world.collect(first.cursor)
    assert second.ids == []
    assert [request.url.path for request in world.requests] == [f"/{asked}"]


async def test_a_new_address_that_leads_nowhere_is_forgotten() -> None:
    world = FakeFeed()
    world.options["feeds"] = f"{world.base},https://social.example/other.xml"
    world.faults = [moving(301)]
    first = await world.collect()
    world.faults = [lambda request: httpx.Response(404)]
    second = await world.collect(first.cursor)
    world.requests.clear()
    await world.collect(second.cursor)
    assert world.requests[0].url.path == "/feed.xml"


async def test_a_feed_that_breaks_off_is_asked_for_again_and_its_rest_comes_later() -> None:
    world = FakeFeed()
    added = world.add(30)
    cut = world.body()[:3000]
    headers = {"Content-Type": world.content_type, "ETag": '"cut"'}
    world.faults = [lambda request: httpx.Response(200, headers=headers, content=cut)] * 3
    first = await world.collect()
    assert 0 < len(first.ids) < 30
    assert first.coverage[0].note == "the feed breaks off"
    second = await world.collect(first.cursor)
    assert "if-none-match" not in world.requests[-1].headers
    assert {*first.ids, *second.ids} == set(added)


@pytest.mark.parametrize("backwards", [False, True])
async def test_a_long_feed_in_any_order_is_given_once_and_has_no_gap(backwards: bool) -> None:
    world = FakeFeed()
    world.add(900)
    world.entries = world.entries[::-1] if backwards else world.entries
    first = await world.collect()
    assert len(first.ids) == 900
    added = world.add(3)
    second = await world.collect(first.cursor)
    assert sorted(second.ids) == sorted(added)
    assert {interval.state for interval in second.coverage} == {Seen.SEEN}


def test_a_name_is_one_account_within_its_server_only() -> None:
    now = FakeFeed().time()
    entry = {"title": "a", "author": "admin"}
    one = to_post(entry, {}, "https://a.example/x", seen_at=now)
    other = to_post(entry, {}, "https://b.example/x", seen_at=now)
    assert one.author.handle == other.author.handle == "admin"
    assert one.author.key != other.author.key
    publisher = to_post({"title": "a"}, {"author_detail": {"name": "Zorblat"}}, "https://a.example/x", seen_at=now)
    assert publisher.author.name == "Zorblat"


@pytest.mark.parametrize(
    ("values", "addresses"),
    [
        ({"base_url": "http://127.0.0.1:8/feed.xml"}, ("http://127.0.0.1:8/feed.xml",)),
        ({"base_url": "http://127.0.0.1:8", "feeds": "/a.xml,b/c.rss"}, ("http://127.0.0.1:8/a.xml", "http://127.0.0.1:8/b/c.rss")),
        ({"feeds": "https://blog.example/feed/"}, ("https://blog.example/feed/",)),
        ({"feeds": "blog.example/feed.xml"}, ("https://blog.example/feed.xml",)),
    ],
)  # fmt: skip
def test_feeds_are_named_by_address_or_by_path(values: dict[str, str], addresses: tuple[str, ...]) -> None:
    assert make_options(source_plugins()["feeds"], values, env={}).addresses == addresses


async def test_an_entry_is_shown_again_while_its_feed_has_it() -> None:
    world = FakeFeed()
    (added,) = world.add(1)
    known = Known(ref=PostRef("feeds", added), instance=world.base)
    assert (await opened(world, "refresh", known)).text == "Post number 0"
    world.delete(added)
    with pytest.raises(BadAnswerError):
        await opened(world, "refresh", known)


def test_an_entry_with_one_time_only_was_not_edited() -> None:
    body = b"""<rss version="2.0"><channel><title>t</title><item><title>a</title>
    <pubDate>Sun, 01 Nov 2026 10:00:00 GMT</pubDate></item></channel></rss>"""
    (entry,) = parse(body, "text/xml")["entries"]
    post = to_post(entry, {}, "https://a.example/x", seen_at=FakeFeed().time())
    assert post.created_at is not None
    assert (post.created_at.hour, post.edited_at) == (10, None)


@pytest.mark.parametrize(
    ("author", "name"),
    [
        ("desk@hotline.example (Quib Drem)", "Quib Drem"),
        ("Quib Drem <desk@hotline.example>", "Quib Drem"),
        ("Quib Drem (desk@hotline.example)", "Quib Drem"),
        ("<desk@hotline.example>", "desk@hotline.example"),
        ("desk@hotline.example", "desk@hotline.example"),
        ("Zorb (the second)", "Zorb (the second)"),
        ("@zorb", "@zorb"),
        ("zorb@m.example and quib", "zorb@m.example and quib"),
    ],
)
def test_an_author_is_the_name_beside_an_address_of_whatever_domain(author: str, name: str) -> None:
    words = author.replace("<", "&lt;").replace(">", "&gt;")
    item = f"<item><title>t</title><author>{words}</author></item>"
    body = f"<rss version='2.0'><channel><title>f</title>{item}</channel></rss>"
    found = parse(body.encode(), "text/xml")
    post = to_post(found["entries"][0], found["feed"], "https://a.example/f", seen_at=datetime(2026, 11, 1, tzinfo=UTC))
    assert (post.author.handle, post.author.name) == (name, name)


def test_a_long_author_costs_no_more_than_its_length() -> None:
    entry = {"title": "t", "author": "a" * 200_000 + "@"}
    assert to_post(entry, {}, "https://a.example/f", seen_at=datetime(2026, 11, 1, tzinfo=UTC)).author.name


def test_a_feed_s_title_in_html_is_read_as_such() -> None:
    body = (
        b'<feed xmlns="http://www.w3.org/2005/Atom"><title type="html">A &amp;amp; &lt;b&gt;B&lt;/b&gt;</title>'
        b"<entry><id>urn:1</id><title>t</title></entry></feed>"
    )
    found = parse(body, "text/xml")
    post = to_post(found["entries"][0], found["feed"], "https://a.example/f", seen_at=datetime(2026, 11, 1, tzinfo=UTC))
    assert post.community == "A & B"
