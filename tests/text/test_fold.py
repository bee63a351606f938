from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.text.fold import FLAG, fold, fold_each
from monitor.text.tables import STEPS, UNICODE_VERSION
from tests.detect.nasty import GAPS, PIECES

anything = (
    st.text(
        alphabet=st.one_of(
            st.characters(),
            st.sampled_from("<>&;#bpaAxX/ \n\u200b\u0301\u1112\u1161\u11ab\ud800\U0001f1fa\U0001f1f8ａаᴀ\0"),
        )
    )
    | st.lists(
        st.sampled_from(
            ["<b>", "</b>", "<p>", "<", ">", "&", "&amp;", "&lt;", "&#97;", "&#x3c;", "amp;", "lt;", "a", "⁢"]
        )
    ).map("".join)
    | st.lists(st.sampled_from([*PIECES, *GAPS]), max_size=14).map("".join)
)


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("plain ASCII", "plain ASCII"),
        ("ＴＡＢＯＯ", "TABOO"),
        ("𝓽𝓪𝓫𝓸𝓸 𝐓𝐀𝐁𝐎𝐎", "taboo TABOO"),
        ("ⓣⓐⓑⓞⓞ 🅃🄰🄱🄾🄾 🆃🅰🅱🅾🅾", "taboo taboo taboo"),
        ("ᴛᴀʙᴏᴏ ᵗᵃᵇᵒᵒ", "taboo taboo"),
        ("🇹🇦🇧🇴🇴", "taboo"),
        ("таbоо ταbοο ᎢᎪᏴOO", "taboo taboo TABOO"),
        ("t̶a̶b̶o̶o̶ tăbøö", "taboo taboo"),
        ("t\u200ba\u200cb\u2060o\u00ado", "taboo"),
        ("\u202etaboo\u202c", "taboo"),
        ("&#116;&#x61;b&ouml;o &amp;#116;", "taboo t"),
        ("<p>t<b>ab</b>oo</p>", "\ntaboo\n"),
        ("<zorblat_77> a < b", "‹zorblat_77› a ‹ b"),
        ("١٢٣ ४५ ①② 7️⃣", "123 45 12 7"),
        ("テレグラム ﾃﾚｸﾞﾗﾑ", "てれく\u3099らむ てれく\u3099らむ"),
        ("텔레그램 텔레그램", "텔레그램 텔레그램"),
        ("🇺🇸 flag", f"{FLAG} flag"),
    ],
)
def test_what_is_folded(text: str, folded: str) -> None:
    assert fold(text).cased == folded


@pytest.mark.parametrize(
    ("text", "needle", "original"),
    [
        ("see t\u200ba\u200bboo!", "taboo", "t\u200ba\u200bboo"),
        ("t̶a̶b̶o̶o̶ x", "taboo", "t̶a̶b̶o̶o̶"),
        ("a &#116;&#97;boo", "taboo", "&#116;&#97;boo"),
        ("<b>t</b>aboo", "taboo", "t</b>aboo"),
        ("x🇹🇦🇧🇴🇴", "taboo", "🇹🇦🇧🇴🇴"),
        ("7️⃣x", "7", "7️⃣"),
        ("텔레그램", "레", "레"),
    ],
)
def test_the_way_back(text: str, needle: str, original: str) -> None:
    folded = fold(text)
    at = folded.lower.index(needle)
    start, end = folded.span(at, at + len(needle))
    assert text[start:end] == original


def test_steps_are_named() -> None:
    folded = fold("tа\u200bb<i>ö</i>&#111;")
    assert folded.steps(0, 5) == ("accent", "entity", "invisible", "lookalike", "markup")
    assert fold("taboo").steps(0, 5) == ()


@pytest.mark.property
@given(anything)
def test_folding_is_idempotent(text: str) -> None:
    once = fold(text).cased
    assert fold(once).cased == once


@pytest.mark.property
@given(st.lists(anything, max_size=8))
def test_texts_folded_together_are_what_each_of_them_is(texts: list[str]) -> None:
    assert fold_each(texts) == [fold(text).lower for text in texts]


@pytest.mark.property
@given(anything)
def test_the_map_is_monotone_and_inside(text: str) -> None:
    folded = fold(text)
    assert len(folded.cased) == len(folded.lower)
    positions = [folded.position(at) for at in range(len(text) + 1)]
    assert positions == sorted(positions)
    assert 0 <= positions[0] <= positions[-1] <= len(folded.cased)
    assert not folded.cased or set(folded.steps(0, len(folded.cased))) <= {*STEPS, "entity", "markup"}
    spans = [folded.span(i, i + 1) for i in range(len(folded.cased))]
    assert all(0 <= start < end <= len(text) for start, end in spans)
    assert all(a[0] <= b[0] and a[1] <= b[1] for a, b in itertools.pairwise(spans))


@pytest.mark.property
@given(anything)
def test_every_span_slices_to_what_was_folded(text: str) -> None:
    """Away from markup, the slice of a span folds to the folded characters themselves."""
    folded = fold(text)
    if "<" in text or "&" in text or any("\U0001f1e6" <= char <= "\U0001f1ff" for char in text):
        return
    for i in range(len(folded.cased)):
        start, end = folded.span(i, i + 1)
        assert folded.cased[i] in fold(text[start:end]).cased


@pytest.mark.parametrize(
    "text",
    ["<" * 200_000, "<b>" * 100_000, "<a " * 100_000, "&" * 500_000, "&amp;" * 100_000, "a" + "\u0301" * 1_000_000,
     "\0" * 500_000, "\U0001f1fa" * 300_001, "<!--" * 100_000, "ᄒ" * 300_000, "<a x=" + "y" * 500_000],
    ids=range(11),
)  # fmt: skip
def test_pathological_texts_are_linear(text: str) -> None:
    folded = fold(text)
    if folded.cased:
        folded.span(0, len(folded.cased))


def test_tables_are_stable_and_say_their_version() -> None:
    table = {char: out for by in STEPS.values() for out, chars in by.items() for char in chars}
    assert UNICODE_VERSION == "14.0.0"
    assert not [out for out in table.values() if any(char in table for char in out)]
    assert not [
        char for char in "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-@#\n " if char in table
    ]


def test_capitals_and_small_letters_fold_alike() -> None:
    letters = [
        chr(code) for code in range(0x80, 0x20000) if chr(code).lower() != chr(code) and len(chr(code).lower()) == 1
    ]
    assert not [char for char in letters if fold(char).lower != fold(char.lower()).lower]
