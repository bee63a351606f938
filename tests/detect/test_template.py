from __future__ import annotations

from monitor.detect.screen import Screen
from monitor.detect.template import template
from monitor.post import Author, Post


def made(screen: Screen, text: str, **fields) -> str:
    post = Post(platform="forum", id="1", text=text, **fields)
    return template(post, screen(post))


def test_handles_disguise_case_and_spacing_make_no_difference(screen: Screen) -> None:
    plain = made(screen, "perv chat, wickr: zorblat_77")
    assert plain == "perv chat, wickr: [wickr]"
    assert made(screen, "PERV  chat,\nwickr: quibbern04") == plain
    assert made(screen, "p\u0435rv ch\u0430t, wi\u200bckr: quibbern04") == plain


def test_another_app_or_another_word_makes_one(screen: Screen) -> None:
    plain = made(screen, "perv chat, wickr: zorblat_77")
    assert made(screen, "perv talk, wickr: zorblat_77") != plain
    assert made(screen, "perv chat, kik: zorblat_77") != plain


def test_only_what_matched_counts_and_the_account_does_not(screen: Screen) -> None:
    one = made(screen, "kik zorblat_77", title="Perv", tags=("a", "b"), author=Author(handle="x", bio="y"))
    assert one == "perv\nkik [kik]"
    assert made(screen, "kik zorblat_77", title="Perv") == one
    assert made(screen, "perv swap, kik zorblat_77", title="hello", tags=("a",)) == "perv swap, kik [kik]"
    assert made(screen, "perv swap, hello", author=Author(bio="kik zorblat_77")) == "perv swap, hello"
