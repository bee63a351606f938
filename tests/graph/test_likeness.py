from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.graph.glance import Glance
from monitor.graph.likeness import Likeness, mistyped
from monitor.graph.wording import TERM, Wording

LIKENESS = Likeness(frozenset(["anyone", "into", "my", "is", "add", "me", "on", "people"]))


def like(one: str, other: str, *, related: bool = False, about: bool = False) -> bool:
    def made(text: str, about: bool) -> Wording:
        words = tuple(f"{TERM}{word[1:]}" if word[0] == "#" else word for word in text.split())
        return Wording(words, words, words, True, about)

    first, second = LIKENESS.weigh(made(one, False)), LIKENESS.weigh(made(other, about))
    same = LIKENESS.same_template(first, second, related=related)
    assert same is LIKENESS.same_template(second, first, related=related)
    return same


LONG = "#perv people add me tonight after the market closes bring a pencil and ask about the green folder"


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (LONG, True),
        (LONG.replace("tonight", "today").replace("pencil", "lantern"), True),
        (LONG.replace("tonight", "tonigth").replace("market", "markt").replace("folder", "foldre"), True),
        (f"hello {LONG} cheers", True),
        (LONG.replace("ask about the green folder", "quiet room with some old maps"), False),
        (LONG.replace("#perv", "#taboo"), False),
        (LONG.replace("#perv", "#perv #taboo"), True),
        ("#perv people add me tonight", False),
    ],
)
def test_edits_are_forgiven_and_other_sentences_are_not(other: str, same: bool) -> None:
    assert like(LONG, other) is same


def test_two_common_words_never_join_strangers() -> None:
    assert not like("#taboo chat", "#taboo chat")
    assert not like("#taboo #perv hmu", "#taboo #perv hmu")
    assert like("#taboo chat", "#taboo chat", related=True)
    assert like("#taboo", "#taboo chat", related=True)
    assert not like("#taboo chat", "#perv looking for friends tonight", related=True)


def test_a_warning_is_never_like_an_advert() -> None:
    assert not like(LONG, LONG, about=True)
    assert not like(LONG, LONG, about=True, related=True)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("folder", "folder", True),
        ("folder", "floder", True),
        ("folder", "foldr", True),
        ("folder", "foldder", True),
        ("folder", "holder", True),
        ("folder", "fodler", True),
        ("folder", "cinder", False),
        ("the", "thy", False),
        ("wrd", "word", True),
        ("everywhere", "evreywhre", True),
        ("everywhere", "somewhere", False),
    ],
)
def test_typing_errors(one: str, other: str, same: bool) -> None:
    assert mistyped(one, other) is same
    assert mistyped(other, one) is same


@given(st.lists(st.sampled_from("abcde"), max_size=9), st.lists(st.sampled_from("abcde"), max_size=9))
def test_a_wording_is_like_itself_and_likeness_is_mutual(one: list[str], other: list[str]) -> None:
    words = [f"word{letter * 3}" for letter in one], [f"word{letter * 3}" for letter in other]
    like(" ".join(words[0]), " ".join(words[1]))
    assert like(" ".join(words[0]), " ".join(words[0]), related=True)


WORDS = st.sampled_from(
    [*"abcdefghijklmnopqrstuvwxyz", "add", "me", "anyone", f"{TERM}perv", f"{TERM}aam", "folder", "0"]
)


@given(st.lists(WORDS, min_size=1, max_size=60), st.lists(WORDS, min_size=1, max_size=60), st.booleans(), st.booleans())
def test_what_is_told_apart_by_words_alone_is_not_alike(
    one: list[str], other: list[str], short: bool, alike: bool
) -> None:
    if alike:  # else hardly any pair is
        other = [*one[: len(one) // 2], *other[:12], *one[len(one) // 2 :]]
    first = Wording(tuple(one), tuple(one), tuple(one[:5]), short, False)
    second = Wording(tuple(other), tuple(other[:20]), tuple(other[:7]), not short or alike, False)
    if Glance(first).unlike(second):
        assert not LIKENESS.same_template(LIKENESS.weigh(first), LIKENESS.weigh(second), related=False)
