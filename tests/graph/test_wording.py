from __future__ import annotations

import pytest

from monitor.detect.bundle import load_bundle
from monitor.detect.screen import Screen
from monitor.graph.wording import TERM, Wording, Wordings
from monitor.post import Author, Post

BUNDLE = load_bundle()
SCREEN, WORDS = Screen(BUNDLE), Wordings(BUNDLE)
PLATE = "\n".join(f"The {what} in the valley has been mild this week and the market opened late." for what in "abcdef")


def wording(text: str, **fields: object) -> Wording:
    post = Post(platform="x", id="1", text=text, **fields)  # type: ignore[arg-type]
    return WORDS(post, SCREEN(post))


def test_handles_and_names_of_apps_are_left_out() -> None:
    assert wording("anyone into taboo? my wickr is zorblat77").whole == ("anyone", "into", f"{TERM}taboo", "my", "is")


@pytest.mark.parametrize(
    "text",
    [
        "ANYONE into TABOO?? My Wickr is z o r b l a t 7 7",
        "🔥 anyone into t4boo? my kik is quibdrem04 ✨",
        "anyone into ｔａｂｏｏ? my w1ckr is zоrblаt77",
        "anyone\ninto <b>taboo</b>?\nmy telegram is @vexmol_x1",
        "anyone into taboo? my telegram is https://t.me/vexmol_x1",
        "anyoneee into tabooo? my wickr is zorblat77",
    ],
)
def test_disguises_do_not_change_it(text: str) -> None:
    plain = wording("anyone into taboo? my wickr is zorblat77")
    assert wording(text).whole == plain.whole


def test_numbers_are_one_word() -> None:
    assert wording("25, perv, add me on kik zorblat77") == wording("31, perv, add me on kik zorblat77")


def test_of_a_long_post_the_lines_of_the_hit_count() -> None:
    advert = "anyone into perv around here tonight? add me on wickr: zorblat77"
    long = wording(f"{PLATE}\n{advert}\n{PLATE}")
    assert not long.short
    assert long.lines == wording(advert).whole


def test_of_a_line_without_end_the_words_near_the_hit_count() -> None:
    plate = " ".join(f"word{chr(97 + at % 26)}{chr(97 + at // 26)}" for at in range(400))
    assert len(wording(f"{plate} perv chat, add me on wickr: zorblat77 {plate}").lines) < 60


def test_a_title_that_the_text_repeats_counts_once() -> None:
    advert = "anyone into perv tonight, wickr: zorblat77"
    assert wording(advert, title=advert) == wording(advert)


def test_those_who_warn_are_told_apart() -> None:
    assert not wording("perv and taboo trade, add me on wickr zorblat77").about
    assert wording("perv and taboo trade, add me on wickr zorblat77. reported this", quotes="2").about
    assert wording("warning, reported: perv and taboo trade, add me on wickr zorblat77").about


def test_the_account_is_no_part_of_it() -> None:
    one = wording("taboo nolimits, wickr zorblat77, hello there", author=Author(id="1", handle="a", bio="likes walks"))
    assert one == wording("taboo nolimits, wickr zorblat77, hello there", author=Author(id="2", handle="b"))


def test_a_wording_is_bounded() -> None:
    shares = " ".join(f"wickr: zorblat{number} said{chr(97 + number % 26)}" for number in range(500))
    assert len(wording(f"taboo nolimits {shares}").whole) <= 128
