"""What walking newest-first listings does with servers that lead nowhere."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import httpx

from monitor.ports import BadRecord, Seen, SourceContext
from monitor.post import Post
from sources.scopes import Place
from sources.walk import Bounds, Page, Walker
from tests.sources.worlds import Harvest, Timeline

PLACE = Place("listing", "https://social.example")


class Listing:
    """Gives the pages of a list, the last one for ever, and always says that there are more."""

    def __init__(self, pages: Sequence[Page]) -> None:
        self.pages = pages
        self.asked = 0

    async def fetch(self, _: Place, older: str | None, __: str | None) -> Page:
        self.asked += 1
        return self.pages[min(int(older or 0), len(self.pages) - 1)]


async def walked(pages: Sequence[Page], time: Timeline, found: Harvest | None = None) -> tuple[Listing, Harvest]:
    listing, found = Listing(pages), found or Harvest()
    async with httpx.AsyncClient() as http:
        context = SourceContext(http=http, clock=time, user_agent="x", pages=40)
        async for batch in Walker(context, [PLACE], listing.fetch, Bounds()).collect(found.cursor):
            found.take(batch)
    return listing, found


def posts(time: Timeline, *numbers: int) -> list[Post]:
    return [
        Post(platform="demo", id=str(number), text="x", created_at=time.now - timedelta(hours=100 - number))
        for number in numbers
    ]


async def test_a_page_that_repeats_ends_the_walk() -> None:
    time = Timeline()
    pages = [Page(posts=posts(time, 9, 8, 7), older="1"), Page(posts=posts(time, 6, 5), older="2")]
    pages += [Page(posts=posts(time, 6, 5), older=str(number)) for number in range(3, 30)]
    listing, found = await walked(pages, time)
    assert found.ids == ["9", "8", "7", "6", "5"]
    assert listing.asked == 3


async def test_a_page_of_unusable_records_that_repeats_ends_it_too() -> None:
    bad = [BadRecord(where="post 1", why="no id")]
    pages = [Page(posts=(), older=str(number), bad=bad) for number in range(1, 30)]
    listing, _ = await walked(pages, Timeline())
    assert listing.asked == 2


async def test_an_end_that_shows_nothing_more_is_no_meeting_of_what_is_known() -> None:
    time = Timeline()
    _, found = await walked([Page(posts=posts(time, 5))], time)
    time.now += timedelta(hours=1)
    pages = [Page(posts=posts(time, 100), older="1"), Page(posts=(), ceiling=True)]
    _, found = await walked(pages, time, Harvest(cursor=found.cursor))
    assert [interval.state for interval in found.coverage] == [Seen.SEEN, Seen.SEEN, Seen.OUT_OF_REACH]


async def test_a_first_poll_that_is_cut_off_says_nothing_of_what_is_older() -> None:
    time = Timeline()
    pages = [Page(posts=posts(time, 100 - number), older=str(number + 1)) for number in range(60)]
    listing, found = await walked(pages, time)
    assert listing.asked == 40
    assert min(interval.start for interval in found.coverage if interval.start) == time.now - timedelta(hours=39)
    assert all(interval.start is not None for interval in found.coverage)


async def test_a_first_poll_that_comes_to_the_end_has_seen_everything() -> None:
    time = Timeline()
    _, found = await walked([Page(posts=posts(time, 9), older="1"), Page(posts=posts(time, 8))], time)
    assert found.coverage[-1].start is None
