"""Posts that a listing's posts bring along."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from monitor.ports import Cursor, SourceContext
from monitor.post import Post
from sources.scopes import Place
from sources.walk import Bounds, Page, Walker
from tests.sources.worlds import CONTACT, Harvest, Timeline


def post(name: str, *, hours: float = 0, text: str = "words") -> Post:
    at = datetime(2026, 11, 1, 10, tzinfo=UTC) + timedelta(hours=hours)
    return Post(platform="demo", id=name, text=text, created_at=at)


async def walk(pages: Mapping[str | None, Page], cursor: Cursor | None = None) -> Harvest:
    async def fetch(_: Place, older: str | None, __: str | None) -> Page:
        return pages[older]

    context = SourceContext(http=cast("Any", None), clock=Timeline(), user_agent=CONTACT, pages=9)
    found = Harvest()
    async for batch in Walker(context, [Place("a", "s")], fetch, Bounds()).collect(cursor):
        found.take(batch)
    return found


def page(posts: Sequence[Post], along: Sequence[Post], older: str | None = None) -> Page:
    return Page(posts=posts, along=along, older=older)


async def test_what_comes_along_is_given_once_a_version() -> None:
    old = post("old", hours=-99)
    first = await walk({None: page([post("b", hours=1)], [old], "1"), "1": page([post("a")], [old])})
    assert first.ids == ["b", "old", "a"]
    assert json.dumps(first.cursor)
    again = await walk({None: page([post("b", hours=1)], [old])}, first.cursor)
    assert again.ids == []
    edited = post("old", hours=-99, text="others")
    assert (await walk({None: page([post("b", hours=1)], [edited])}, again.cursor)).ids == ["old"]


async def test_what_comes_along_tells_nothing_of_how_far_was_read() -> None:
    first = await walk({None: page([post("b", hours=1)], [post("a")])})
    assert first.coverage[0].start is None
    # "a" came along only: met in the listing, it is no place where we left off.
    second = await walk(
        {None: page([post("d", hours=9), post("a", hours=8)], [], "1"), "1": page([post("c", hours=7), post("b")], [])},
        first.cursor,
    )
    assert second.ids == ["d", "c"]


async def test_a_listing_shows_in_full_what_came_along_before() -> None:
    short, whole = post("a"), post("a", text="more words")
    first = await walk({None: page([post("b", hours=1)], [short], "1"), "1": page([whole], [])})
    assert first.ids == ["b", "a", "a"]
    again = await walk({None: page([post("b", hours=1), whole], [short])}, first.cursor)
    assert again.ids == []
