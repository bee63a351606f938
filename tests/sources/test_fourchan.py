"""What only boards of 4chan's kind do."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from monitor.errors import ConfigError
from monitor.net.errors import BadAnswerError
from monitor.plugins import source_plugins
from monitor.ports import Known, Seen, Standing
from monitor.post import PostRef, text_hash
from monitor.records import to_record
from monitor.sourcing import make_options
from tests.sources.fourchan_world import BASE, FakeBoard
from tests.sources.worlds import MEDIA_MARK, opened_source, texts


@pytest.fixture
def board() -> FakeBoard:
    return FakeBoard()


def known(post_id: str, thread: int | None = 101, **more: Any) -> Known:
    url = thread and f"https://boards.4chan.org/po/thread/{thread}#p{post_id.rpartition('/')[2]}"
    return Known(ref=PostRef("fourchan", post_id), url=url or None, **more)


async def test_a_reply_becomes_a_post(board: FakeBoard) -> None:
    board.add(1)
    post_id = board.add_raw(
        lambda raw: raw.update(
            sub="Maps &amp; more",
            com='<a href="#p101" class="quotelink">&gt;&gt;101</a><br>see&#039;s <span class="quote">&gt;that</span>',
            trip="!Zorblat77.",
            name="Zorblat",
            id="AbCd1234",
        )
    )
    post = (await board.collect()).posts[-1]
    assert to_record(post) == {
        "platform": "fourchan",
        "id": post_id,
        "instance": None,
        "url": "https://boards.4chan.org/po/thread/101#p102",
        "created_at": "2026-11-01T10:00:40Z",
        "first_seen_at": "2026-11-01T12:00:01Z",
        "edited_at": None,
        "author": {"id": "!Zorblat77.", "handle": "Zorblat", "name": "Zorblat!Zorblat77.", "bio": None},
        "title": "Maps & more",
        "text": ">>101\nsee's >that",
        "tags": [],
        "community": "po",
        "community_description": None,
        "lang": None,
        "reply_to": "po/101",
        "quotes": None,
        "cid": None,
        "media_count": 1,
    }
    assert MEDIA_MARK not in str(post)


@pytest.mark.parametrize(
    ("fields", "reply_to"),
    [
        ({}, "po/101"),
        ({"com": "&gt;&gt;&gt;/diy/77 see"}, "po/101"),
        ({"com": "&gt;&gt;103 myself, &gt;&gt;102"}, "po/102"),
        ({"com": "&gt;&gt;99999999999999999999"}, "po/101"),
        ({"resto": None}, "po/101"),
        ({"com": None}, "po/101"),
    ],
)
async def test_a_reply_names_what_it_answers(board: FakeBoard, fields: dict[str, Any], reply_to: str) -> None:
    board.add(2)
    board.add_raw(lambda raw: raw.update(fields))
    posts = (await board.collect()).posts
    assert (posts[0].reply_to, posts[-1].reply_to) == (None, reply_to)


@pytest.mark.parametrize(
    ("fields", "media"),
    [
        ({"filedeleted": 1}, 0),
        ({"filename": None, "ext": None, "tim": None, "md5": None}, 0),
        ({"extra_files": [{"filename": MEDIA_MARK}, {"tim": 3}]}, 3),
        ({"com": f'<img src="https://i.4cdn.org/{MEDIA_MARK}.png"> see https://i.4cdn.org/po/{MEDIA_MARK}.png'}, 3),
    ],
)
async def test_files_leave_a_count(board: FakeBoard, fields: dict[str, Any], media: int) -> None:
    board.add_raw(lambda raw: raw.update(fields))
    (post,) = (await board.collect()).posts
    assert post.media_count == media
    assert MEDIA_MARK not in str(post)


async def test_nobody_is_known_to_have_posted_twice_without_an_id(board: FakeBoard) -> None:
    board.add(2)
    first, second = (await board.collect()).posts
    assert first.author.handle == second.author.handle == "Anonymous"
    assert first.author.key != second.author.key


@pytest.mark.parametrize(
    "serves", ["threads thread", "catalog thread", "catalog", "threads catalog", "index thread", "index"]
)
async def test_it_reads_what_there_is(serves: str) -> None:
    board = FakeBoard(serves)
    added = board.add(26)
    first = await board.collect()
    shown = added if "thread" in serves.split() else [*added[:1], *added[5:11], *added[15:]]
    if serves == "index":
        shown = [*added[:6], *added[10:16], *added[20:]]
    assert sorted(first.ids) == sorted(shown)
    assert ("newest replies" in first.coverage[-1].note) is ("thread" not in serves.split())
    assert (await board.collect(first.cursor)).ids == []


async def test_single_threads_need_no_listing() -> None:
    board = FakeBoard("thread")
    board.options = {"base_url": BASE, "threads": "po/101, /po/111/, po/7"}
    added = board.add(25)
    first = await board.collect()
    assert first.ids == added[:20]
    assert [interval.state for interval in first.coverage] == [Seen.SEEN, Seen.SEEN, Seen.OUT_OF_REACH]
    new = board.post(126, 101)
    board.threads[101].append(new)
    board.touch(101)
    assert (await board.collect(first.cursor)).ids == ["po/126"]


async def test_what_did_not_change_is_not_read_again(board: FakeBoard) -> None:
    board.add(25)
    first = await board.collect()
    board.requests.clear()
    added = board.add(1)
    second = await board.collect(first.cursor)
    assert [request.url.path for request in board.requests] == ["/po/threads.json", "/po/thread/121.json"]
    assert all("if-modified-since" in request.headers for request in board.requests)
    board.requests.clear()
    third = await board.collect(second.cursor)
    assert (second.ids, third.ids) == (added, [])
    assert len(board.requests) == 1


async def test_it_asks_once_a_second_and_a_thread_every_ten(board: FakeBoard) -> None:
    board.add(30)
    async with opened_source("fourchan", board) as source:
        found = [batch async for batch in source.collect(None)]
        await source.recheck([known("po/101")])
    gaps = [(after - before).total_seconds() for before, after in zip(board.times, board.times[1:], strict=False)]
    assert min(gaps) >= 1
    read = [at for at, request in zip(board.times, board.requests, strict=True) if "thread/101" in request.url.path]
    assert (read[1] - read[0]).total_seconds() >= 10
    assert sum(len(batch.records) for batch in found) == 30


async def test_a_poll_that_was_cut_off_reads_the_rest_though_the_listing_did_not_change(board: FakeBoard) -> None:
    added = board.add(30)
    first = await board.collect(batches=1)
    second = await board.collect(first.cursor)
    assert sorted(first.ids + second.ids) == sorted(added)


async def test_a_reply_that_is_missing_in_its_thread_was_removed(board: FakeBoard) -> None:
    added = board.add(9)
    first = await board.collect()
    board.delete(added[4])
    found = await board.collect(first.cursor)
    assert (found.ids, found.deleted) == ([], [PostRef("fourchan", added[4])])


async def test_a_thread_that_lets_go_of_its_beginning_removed_nothing(board: FakeBoard) -> None:
    board.add(9)
    first = await board.collect()
    board.threads[101] = [board.threads[101][0], *board.threads[101][5:]]
    board.touch(101)
    assert (await board.collect(first.cursor)).deleted == []


async def test_a_thread_in_the_archive_is_read_a_last_time(board: FakeBoard) -> None:
    board.add(25)
    first = await board.collect()
    board.threads[101].append(board.post(126, 101))
    board.touch(101)
    board.archived[101] = board.threads.pop(101)
    board.touch(111)
    second = await board.collect(first.cursor)
    assert second.ids == ["po/126"]
    assert (await board.collect(second.cursor)).coverage[0].note == ""


async def test_a_thread_that_left_is_said_to_have_left_and_is_no_deletion(board: FakeBoard) -> None:
    board.add(25)
    first = await board.collect()
    board.delete("po/101")
    board.touch(111)
    second = await board.collect(first.cursor)
    assert (second.deleted, second.ids) == ([], [])
    assert second.coverage[-1].note == "1 threads have left the board: expired or removed"
    assert {interval.state for interval in second.coverage} == {Seen.SEEN}


async def test_where_nothing_is_left_of_the_last_poll_something_was_missed(board: FakeBoard) -> None:
    board.add(20)
    first = await board.collect()
    for thread in list(board.threads):
        board.delete(f"po/{thread}")
    board.time.now = board.time.now.replace(day=8)
    board.threads[900] = [{**board.post(900, 900), "time": int(board.time.now.timestamp()) - 3600}]
    board.touch(900)
    second = await board.collect(first.cursor)
    assert second.ids == ["po/900"]
    seen, gap = second.coverage
    assert (gap.state, gap.start) == (Seen.OUT_OF_REACH, first.coverage[-1].end)
    assert (board.time.now - gap.end).total_seconds() == pytest.approx(3600, abs=10)
    assert gap.end == seen.start


async def test_a_thread_that_cannot_be_read_stops_no_other(board: FakeBoard) -> None:
    added = board.add(20)

    class Broken(dict[str, Any]):
        pass

    board.threads[111] = Broken()  # type: ignore[assignment] - answered as it is: no list of posts
    board.threads[111].update({"no": "list"})
    handle = board.handle

    def damaged(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("threads.json"):
            listed = [{"no": 111, "last_modified": 5}, {"no": 101, "last_modified": 5}]
            return httpx.Response(200, json=[{"page": 1, "threads": listed}])
        return handle(request)

    board.handle = damaged  # type: ignore[method-assign]
    found = await board.collect()
    assert found.ids == added[:10]
    assert [bad.where for bad in found.bad] == ["po/111"]
    assert found.coverage[-1].note == "1 threads could not be read"


async def test_a_first_poll_reads_some_pages_and_the_rest_once_it_changes(board: FakeBoard) -> None:
    board.add(200)
    first = await board.collect(pages=1)
    assert len(first.ids) == 150
    board.threads[101].append(board.post(900, 101))
    board.touch(101)
    second = await board.collect(first.cursor)
    assert len(second.ids) == 11


async def test_a_limit_ends_the_first_poll_and_the_next_goes_on(board: FakeBoard) -> None:
    added = board.add(40)
    first = await board.collect(limit=15)
    assert len(first.ids) == 20
    second = await board.collect(first.cursor)
    assert sorted(first.ids + second.ids) == sorted(added)


async def test_another_site_has_ids_of_its_own() -> None:
    board = FakeBoard()
    board.options = {"base_url": BASE, "boards": "/po/", "site_url": "boards.example"}
    board.add(1)
    (post,) = (await board.collect()).posts
    assert (post.id, post.instance) == ("boards.example/po/101", "boards.example")
    assert post.url == "https://boards.example/po/thread/101#p101"
    async with opened_source("fourchan", board) as source:
        answer = await source.recheck([Known(ref=post.ref, url=post.url, text_hash=text_hash(post))])
    assert answer[0].standing is Standing.UP


async def test_a_recheck_asks_once_a_thread(board: FakeBoard) -> None:
    board.add(12)
    posts = {post.id: post for post in (await board.collect()).posts}
    board.edit("po/102", "words (banned)")
    board.delete("po/103")
    board.find("po/104")["com"] = 7
    board.requests.clear()
    async with opened_source("fourchan", board) as source:
        asked = [
            known("po/101"),
            known("po/102", text_hash=text_hash(posts["po/102"])),
            known("po/103"),
            known("po/104"),
            known("po/112", 111),
            known("po/7", 7),
            known("po/8", None),
            known("nothing"),
        ]
        answers = await source.recheck(asked)
    assert [answer.standing for answer in answers] == [
        Standing.UP,
        Standing.EDITED,
        Standing.UNAVAILABLE,
        Standing.UNKNOWN,
        Standing.UP,
        Standing.UNAVAILABLE,
        Standing.UNKNOWN,
        Standing.UNKNOWN,
    ]
    assert [answer.ref for answer in answers] == [one.ref for one in asked]
    assert len(board.requests) == 4


async def test_a_recheck_that_fails_is_unknown(board: FakeBoard) -> None:
    board.add(1)
    board.faults += [lambda _: httpx.Response(500)] * 9
    async with opened_source("fourchan", board) as source:
        (answer,) = await source.recheck([known("po/101")])
    assert answer.standing is Standing.UNKNOWN


async def test_refresh_shows_a_post_as_it_is_now(board: FakeBoard) -> None:
    board.add(2)
    board.edit("po/102", "other words")
    async with opened_source("fourchan", board) as source:
        assert texts([await source.refresh(known("po/102"))]) == ["other words"]
        assert await source.refresh(known("po/103")) is None
        assert await source.refresh(known("po/7", 7)) is None
        for unknown in (known("po/8", None), known("nothing")):
            with pytest.raises(BadAnswerError):
                await source.refresh(unknown)


async def test_check_reads_each_board(board: FakeBoard) -> None:
    board.options = {"base_url": BASE, "boards": "po, diy", "threads": "po/101, po/7"}
    board.add(12)
    async with opened_source("fourchan", board) as source:
        found = {finding.what: finding for finding in await source.check()}
    assert found["/po/"].said == "2 threads; 2 posts in the first of them"
    assert [found[what].well for what in ("/po/", "clock", "/diy/", "/po/101", "/po/7")] == [
        True,
        None,
        None,
        True,
        False,
    ]


async def test_one_board_that_is_not_there_stops_no_other(board: FakeBoard) -> None:
    board.options = {"base_url": BASE, "boards": "diy, po"}
    added = board.add(3)
    found = await board.collect()
    assert found.ids == added
    assert [interval.state for interval in found.coverage] == [Seen.FAILED, Seen.SEEN]


@pytest.mark.parametrize("values", [{}, {"boards": "a b"}, {"threads": "po"}, {"boards": "po", "pause_seconds": 0.1}])
def test_options_that_cannot_be_used_are_refused(values: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        make_options(source_plugins()["fourchan"], values, env={})
