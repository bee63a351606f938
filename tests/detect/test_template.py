from __future__ import annotations

import pytest

from monitor.detect.template import template
from monitor.post import Author, Post
from tests.support.posts import post, screen

SCREEN = screen()


def key(post: Post) -> str:
    return template(post, SCREEN(post))


@pytest.mark.parametrize(
    "other",
    [
        post(2, "trade taboo and nolimits here, wickr: vexilorp"),
        post(2, "Trade  TABOO and nolimits here, wickr: vexilorp\n"),
        post(2, "trade t\u0430boo and ｎｏｌｉｍｉｔｓ here, wickr: zorblat77"),
        post(2, "<p>trade taboo and nolimits here, <b>wickr</b>: zorblat77</p>"),
        post(2, "trade taboo and nolimits here, wickr: zorblat77", title="swap", tags=("trade",)),
        post(2, "trade taboo and nolimits here, wickr: zorblat77", author=Author(id="a2", bio="hello")),
    ],
)  # fmt: skip
def test_what_is_one_template_whatever_handle_spelling_and_account(other: Post) -> None:
    assert key(other) == key(post(1, "trade taboo and nolimits here, wickr: zorblat77"))


@pytest.mark.parametrize(
    "other",
    [
        post(2, "trade taboo and nolimits here, kik: zorblat77"),
        post(2, "trade taboo here, wickr: zorblat77"),
        post(2, None, title="trade taboo and perv here, wickr: zorblat77"),
    ],
)
def test_what_is_another_template(other: Post) -> None:
    assert key(other) != key(post(1, "trade taboo and nolimits here, wickr: zorblat77"))


def test_no_handle_is_left_in_it() -> None:
    assert "zorblat" not in key(post(1, "taboo nolimits wickr zorblat77, kik: zorblat77"))
