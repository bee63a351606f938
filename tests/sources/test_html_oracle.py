"""Our one-pass HTML-to-text against a real parser: the same words in the same order."""

from __future__ import annotations

import re

from bs4 import BeautifulSoup
from hypothesis import given
from hypothesis import strategies as st

from sources.html import html_to_text

WORDS = st.text(alphabet="abcdefghij xyz&;<>", min_size=0, max_size=12).map(
    lambda text: text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
)
INLINE = st.sampled_from(["b", "i", "em", "strong", "span", "u", "s", "code"])
BLOCK = st.sampled_from(["p", "div", "blockquote", "li", "ul"])


def element(children: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    inside = st.lists(children, max_size=3).map("".join)
    return st.one_of(
        st.tuples(INLINE | BLOCK, inside).map(lambda pair: f"<{pair[0]}>{pair[1]}</{pair[0]}>"),
        st.tuples(INLINE, inside).map(lambda pair: f"<{pair[0]} class=\"x y\" data-n='1>2'>{pair[1]}</{pair[0]}>"),
        st.just("<br>"),
        st.just("<br/>"),
        st.just('<img src="https://media.example/x.png" alt="x">'),
        st.just("<!-- a comment with <b>tags</b> -->"),
    )


def words(text: str) -> list[str]:
    return re.findall(r"\S", text)


@given(st.lists(st.recursive(WORDS, element, max_leaves=20), max_size=5).map("".join))
def test_the_same_words_as_a_real_parser(html: str) -> None:
    soup = BeautifulSoup(html, "html.parser")
    assert words(html_to_text(html).text) == words(soup.get_text())
