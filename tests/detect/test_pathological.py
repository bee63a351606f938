"""Texts made to cost time. Held in operations (calls of functions, regular expressions' included), not in seconds:
twice the text may cost twice the calls, and no text more than so many a character. ./run soak compares times.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

import pytest

from monitor.detect.screen import Screen
from monitor.post import Author, Post
from monitor.text.fold import fold

SESSION = "05" + "aabbccdd" * 8
MEGABYTE = 1_000_000
SIZE = 20_000
CALLS = 60
"""What a character may cost; texts that are read in both directions come closest."""
PIECES = {
    "one-letter": "a", "letters": "a b c ", "letters-of-a-term": "t a b o o ", "letters-of-a-short-term": "m a p ",
    "single": "a ", "dotted": "a.", "underscored": "a_", "starred": "a*", "digits": "1 ", "signs": "$a", "case": "aA",
    "angles": "<", "ampersands": "&", "entities": "&amp;", "open-tags": "<a href='", "comments": "<!--",
    "anchors": "<a href='t.me/zorblat_77'>x</a>", "link-starts": "t.me/", "links": "t.me/zorblat ", "hosts": "https://",
    "www": "www.", "dots-spelled-out": "t (.) me ", "hex": "0a", "hex-in-groups": "05 ", "session-ids": f"{SESSION} ",
    "tox-like": "0F" * 38 + " ", "apps": "kik ", "cues": "kik: ", "app-slash": "kik/", "app-words": "kik a ",
    "terms": "taboo ", "shares": "perv wickr: zorblat_77 ", "handles": "zorb_77, ", "same": "kik same as my username ",
    "quotes": '"', "apostrophes": "'", "quoted": '"taboo kik" ', "at-signs": "@@@@", "addresses": "a@b.c ",
    "half-addresses": "a@", "matrix-like": "@a:b.", "numbers": "1234567 ", "phones": "+44 7700 900123 ",
    "backwards": "oobat rkciw zorblat ", "glued": "#tabooclub", "camel": "TabooPerv", "leet": "t4b00 ",
    "negations": "no taboo, ", "frames": "police newsroom taboo wickr zorblat_77 ", "starred-out": "t*boo ",
    "kana": "テレグラム", "cyrillic": "телеграм ", "jamo": "\u1112\u1161\u11ab", "flags": "🇺🇸", "regional": "🇹🇦🇧",
    "marks": "a\u0301\u0336", "zero-width": "w\u200bi\u200bckr ", "surrogates": "\ud800", "nul": "\0", "lines": "\n",
    "backslashes": "\\a", "brackets": "([{", "emoji": "t🔥a🔥b🔥",
}  # fmt: skip
BIG: dict[str, Callable[[], str]] = {
    "a million marks": lambda: "kik zorblat_77 perv a" + "\u0301" * MEGABYTE,
    "nested HTML": lambda: "<div>" * 10_000 + "perv kik zorblat_77" + "</div>" * 10_000,
    "one word": lambda: "a" * MEGABYTE,
    "nothing but <": lambda: "<" * MEGABYTE,
    "nothing but &": lambda: "&" * MEGABYTE,
    "link starts": lambda: "t.me/" * 100_000,
    "hex": lambda: "05ab" * 250_000,
    "apps": lambda: "kik " * 100_000,
    "quotes": lambda: '"' * 100_000,
    "at signs": lambda: "@@@@" * 25_000,
    "letters": lambda: "a b c " * 50_000,
}


def post(text: str, **fields: Any) -> Post:
    return Post(platform="forum", id="1", text=text, author=Author(handle="zorblat_77"), **fields)


def repeated(piece: str, size: int) -> str:
    return piece * (size // len(piece) + 1)


def calls(work: Callable[[], object]) -> int:
    """How many functions were called, those written in C included."""
    count = 0

    def counted(frame: object, event: str, argument: object) -> None:
        nonlocal count
        count += event in {"call", "c_call"}

    before = sys.getprofile()
    sys.setprofile(counted)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count


@pytest.mark.parametrize("piece", PIECES.values(), ids=PIECES)
def test_twice_the_text_costs_twice_the_calls(screen: Screen, piece: str) -> None:
    screen(post("perv kik zorblat_77"))  # what is made when first asked for
    once, twice = (calls(lambda size=size: screen(post(repeated(piece, size)))) for size in (SIZE, 2 * SIZE))
    assert twice <= 2.2 * once + 2_000
    assert twice <= CALLS * 2 * SIZE


@pytest.mark.parametrize("text", BIG.values(), ids=BIG)
def test_a_megabyte_of_it_ends(screen: Screen, text: Callable[[], str]) -> None:
    screening = screen(post(text()))
    assert screening.hit == ("perv" in text())


def test_ten_thousand_tags_cost_what_their_letters_do(screen: Screen) -> None:
    # Words that were seen before are known: each side has its own.
    tags, words = (tuple(f"tag{number}" for number in range(first, first + 10_000)) for first in (10_000, 20_000))
    apart = calls(lambda: screen(post("kik zorblat_77", tags=tags)))
    assert apart <= 3 * calls(lambda: screen(post("kik zorblat_77 " + " ".join(words)))) + 300_000


@pytest.mark.parametrize("join", [", ", " / ", " | ", " • ", "\n", "\n- ", "\n1) ", " and ", ", @", "; "], ids=repr)
def test_every_handle_of_a_long_list(screen: Screen, join: str) -> None:
    handles = [f"zorb{number}" for number in range(500)]
    screening = screen(post(f"perv, my kik: {join.join(handles)}"))
    assert [match.handle for match in screening.handles] == handles
    assert screening.hit


def test_lists_belong_to_the_name_before_them(screen: Screen) -> None:
    first, second = ([f"{name}_{number}" for number in range(50)] for name in ("zorb", "quib"))
    screening = screen(post(f"perv kik: {', '.join(first)}\nwickr: {', '.join(second)}"))
    assert [match.key for match in screening.handles] == [f"kik:{one}" for one in first] + [
        f"wickr:{one}" for one in second
    ]


@pytest.mark.parametrize(
    "text", ["kik: zorb_1\nthe 5_5 of us", "kik: zorb_1\n\nquib_2", "kik: zorb_1\nquib_2 on wickr"]
)
def test_what_does_not_go_on_with_a_list(screen: Screen, text: str) -> None:
    assert [match.key for match in screen(post(text)).handles if match.app == "kik"] == ["kik:zorb_1"]


@pytest.mark.soak
@pytest.mark.parametrize("piece", PIECES.values(), ids=PIECES)
def test_twice_the_text_takes_twice_the_time(screen: Screen, piece: str) -> None:
    """Finds what calls cannot: time spent inside one regular expression."""

    def seconds(size: int) -> float:
        one = post(repeated(piece, size))
        started = time.process_time()
        screen(one)
        return time.process_time() - started

    once, twice = (min(seconds(size) for _ in range(3)) for size in (250_000, 500_000))
    assert twice <= 2.6 * once + 0.2  # memory of long matches makes small texts look better than they are
    assert twice <= 5  # 10 s a megabyte at the very most, whatever the machine


@pytest.mark.soak
def test_folding_a_megabyte_takes_twice_what_half_takes() -> None:
    for piece in PIECES.values():
        times: list[float] = []
        for size in (MEGABYTE // 2, MEGABYTE):
            text = repeated(piece, size)
            started = time.process_time()
            folded = fold(text)
            _ = folded.span(0, len(folded.cased)) if folded.cased else None
            times.append(time.process_time() - started)
        assert times[1] <= 3 * times[0] + 0.1, piece
