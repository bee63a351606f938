"""Posts for tests: neutral words, invented handles."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import Any

from monitor.detect.bundle import load_bundle
from monitor.detect.fast.screen import FastScreen
from monitor.detect.screen import Screen
from monitor.hits import HitScreen, Screened
from monitor.ports import Batch, Records
from monitor.post import Author, Post

HIT = "trade taboo and nolimits here, wickr: {handle}"


def post(number: int, text: str = "a walk in the park", **fields: Any) -> Post:
    """A post of platform "examplenet" with a numbered id, by one author unless said otherwise."""
    values: dict[str, Any] = {
        "platform": "examplenet",
        "id": f"post-{number}",
        "url": f"https://examplenet.example/post-{number}",
        "created_at": datetime(2026, 10, 1, 12, number % 60, tzinfo=UTC),
        "author": Author(id="a1", handle="quibbern04"),
        "text": text,
    }
    return Post(**(values | fields))


def hit(number: int, handle: str = "zorblat77", **fields: Any) -> Post:
    """A post that shares a handle beside coded terms."""
    return post(number, **({"text": HIT.format(handle=handle)} | fields))


def batch(*posts: Post, **parts: Any) -> Batch:
    """A batch of posts."""
    return Batch(records=Records.of(posts), **parts)


@cache
def _reference() -> Screen:
    """Made once: reading the bundle takes longer than most tests."""
    return Screen(load_bundle())


def screen() -> FastScreen:
    """The screen with the shipped bundle; a new one, because threads cannot share its matchers."""
    return FastScreen(_reference())


def screened(*posts: Post, **parts: Any) -> Screened:
    """A batch of posts after the screen."""
    return HitScreen(screen())(batch(*posts, **parts))
