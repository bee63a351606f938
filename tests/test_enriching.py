"""Profiles are asked for where they may matter, and nowhere else."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from sqlmodel import select

from monitor.collecting import Collector
from monitor.keeping import Keeping
from monitor.ports import Batch, Cursor
from monitor.post import Author, Post
from monitor.store.database import Store
from monitor.store.tables import StoredPost
from tests.support.posts import batch, hit, post, screen


class Profiles:
    """A source that asks for bios, and notes whose."""

    def __init__(self, bios: dict[str, str], *posts: Post) -> None:
        self._bios, self._posts = bios, posts
        self.asked: list[str] = []

    async def collect(self, cursor: Cursor | None) -> AsyncGenerator[Batch, None]:
        yield batch(*self._posts)

    async def enrich(self, posts: Sequence[Post]) -> Sequence[Post]:
        self.asked += [one.id for one in posts]
        return [replace(one, author=replace(one.author, bio=self._bios.get(one.author.key or ""))) for one in posts]


@pytest.fixture
def collected(store: Store, clock: Any) -> Any:
    """Collects from a source once; gives the ids of the stored posts."""

    async def collect(source: Any) -> list[str]:
        keeping = Keeping(store, holder="test", alone=False)
        keeping.register("s", plugin="profiles", basis=None)
        with ThreadPoolExecutor(1) as screening, ThreadPoolExecutor(1) as storing:
            collector = Collector(
                name="s",
                source=source,
                sink=keeping,
                screen=screen(),
                screen_thread=screening,
                store_thread=storing,
                clock=clock,
            )
            assert await collector.collect(), collector.status.error
        with store.read() as session:
            return sorted(session.exec(select(StoredPost.post_id)).all())

    return collect


def by(number: int, name: str, text: str, **author: Any) -> Post:
    return post(number, text, author=Author(id=name, **author))


async def test_a_half_in_the_profile_makes_a_hit(collected: Any) -> None:
    source = Profiles(
        {"b": "wickr: zorblat77", "c": "likes walks"},
        *(post(number) for number in range(50)),
        by(60, "b", "nolimits and taboo, who trades"),
        by(61, "c", "my wickr: quibbern04"),
    )
    assert await collected(source) == ["post-60"]
    assert source.asked == ["post-60", "post-61"]


async def test_what_hits_anyway_keeps_hitting_and_gets_its_profile(collected: Any) -> None:
    source = Profiles({}, hit(1), post(2))
    assert await collected(source) == ["post-1"]
    assert source.asked == ["post-1"]


async def test_nobody_is_asked_about_without_need(collected: Any) -> None:
    known = by(1, "b", "my wickr: quibbern04", bio="a bio that came with the post")
    source = Profiles({}, known, post(2, "my wickr: quibbern04", author=Author()), post(3, "a map of the town"))
    assert await collected(source) == []
    assert source.asked == []
