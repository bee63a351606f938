"""A text's words, however they are cut."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from monitor.detect.atoms import ATOM, WORD, Words, atoms_of, words_of
from monitor.detect.document import Document
from monitor.post import Post

TEXTS = st.text(alphabet=st.sampled_from("abZ9_-. \néßжक्か한ไ"), max_size=30)
EDGES = st.integers(min_value=0, max_value=30)


def listed(words: Words) -> list[tuple[str, int, int]]:
    return list(zip(words.texts, words.starts, words.ends, strict=True))


@given(TEXTS)
def test_words_are_what_the_pattern_finds(text: str) -> None:
    for pattern in (ATOM, WORD):
        assert listed(words_of(text, pattern)) == [(found[0], *found.span()) for found in pattern.finditer(text)]


@given(TEXTS, EDGES, EDGES)
def test_words_between_two_places_are_cut_there(text: str, start: int, end: int) -> None:
    start, end = sorted((min(start, len(text)), min(end, len(text))))
    found = words_of(text, WORD).between(start, end)
    assert listed(found) == [(one[0], *one.span()) for one in WORD.finditer(text, start, end)]


@given(TEXTS)
def test_a_document_keeps_a_list_of_words_for_each_pattern(text: str) -> None:
    doc = Document.of(Post(platform="forum", id="1", text=text))
    for pattern in (ATOM, WORD, ATOM):
        assert listed(doc.words(pattern)) == listed(words_of(doc.lower, pattern))


def test_capitals_cut_words() -> None:
    cased = "SessionNoLimits and KIKtaboo, zorblat77 ABC"
    pieces = atoms_of(cased.lower(), cased)
    assert [one.text for one in pieces] == ["session", "no", "limits", "and", "ki", "ktaboo", "zorblat77", "abc"]
    assert [(one.glued_left, one.glued_right) for one in pieces[:4]] == [
        (False, True),
        (True, True),
        (True, False),
        (False, False),
    ]
    assert all(cased[one.start : one.end].lower() == one.text for one in pieces)
