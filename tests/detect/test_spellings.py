from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.detect.document import Document
from monitor.detect.spans import Spans
from monitor.detect.spelling import Spelling, deletions, one_edit
from monitor.detect.spellings import Spellings
from monitor.post import Post

INDEX = Spellings(
    [
        *(Spelling.of("term", name, name) for name in ("taboo", "perv", "map", "aam", "teen")),
        Spelling.of("term", "nolimits", "nolimits", tolerance=frozenset({"typo", "leet", "separated", "stretched"})),
        Spelling.of("term", "nolimits", "no limits", weak=True),
        Spelling.of("app", "wickr", "wickr"),
        Spelling.of("app", "telegram", "телеграм"),
    ],
    fillers={"chat", "club"},
)


def found(text: str, **fields) -> list[tuple[str, str]]:
    post = Post(platform="forum", id="1", text=text, **fields)
    doc = Document.of(post)
    texts = dict(post.fields())
    places = [(one.spelling.id, doc.place(one.start, one.end)) for one in INDEX.find(doc)]
    return [(name, texts[place.field][place.start : place.end]) for name, place in places]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("taboo", "taboo"),
        ("TABOO", "taboo"),
        ("tAbOo", "taboo"),
        ("t4b00", "taboo"),
        ("t@boo", "taboo"),
        ("taboooo", "taboo"),
        ("t a b o o", "taboo"),
        ("t.a.b.o.o", "taboo"),
        ("t/a/b/o/o", "taboo"),
        ("t🔥a🔥b🔥o🔥o", "taboo"),
        ("t_a_b_o_o", "taboo"),
        ("ta.boo", "taboo"),
        ("t*boo", "taboo"),
        ("p€rv", "perv"),
        ("p3rv", "perv"),
        ("m a p", "map"),
        ("m.a.p", "map"),
        ("M4P", "map"),
        ("no limits", "nolimits"),
        ("no-limits", "nolimits"),
        ("nolimts", "nolimits"),
        ("teeeen", "teen"),
    ],
)
def test_ways_to_write_a_term(text: str, name: str) -> None:
    assert found(f"see {text} yes") == [(name, text)]


@pytest.mark.parametrize(
    ("text", "term"),
    [
        ("szukam nolimitsów", "nolimits"),
        ("pervler", "perv"),
        ("pervам", "perv"),
        ("nolimitsmäßig", "nolimits"),
        ("nolimits-щики", "nolimits"),
        ("tabooissa", "taboo"),
    ],
)
def test_a_term_is_seen_without_its_ending(text: str, term: str) -> None:
    assert found(text) == [(term, term)]


@pytest.mark.parametrize(
    "text",
    ["wickru", "wickrissä", "Wickrimden", "wickrtje", "wickrren", "wickr'im", "wickr-е", "wickrnya", "телеграмом"],
)
def test_an_apps_name_is_seen_with_its_ending(text: str) -> None:
    (spelling,) = INDEX.find(Document.of(Post(platform="forum", id="1", text=f"na {text} jestem")))
    assert spelling.spelling.kind == "app"


@pytest.mark.parametrize("text", ["perverse", "pervade", "perve", "maptje", "aamia", "wickrzorb", "telegraph"])
def test_what_is_no_ending_makes_no_term(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "table",
        "tabor",
        "mapping",
        "4am",
        "44m",
        "at 4am",
        "ten",
        "tab oo",
        "te en",
        "m a p l e",
        "supervise",
        "thirteen",
        "iMap",
        "77taboox",
        "f o r m a p p l y",
        "oobat",
        "мар в парке города",
        "ta\n\nboo",
        "preventive",
        "a m",
    ],
)
def test_what_is_no_term(text: str) -> None:
    assert found(f"x {text} y") == []


def test_glued_tags() -> None:
    assert found("#TabooPervChat") == [("taboo", "Taboo"), ("perv", "Perv")]
    assert found("#tabooclub") == [("taboo", "taboo")]
    assert found("tabooclub") == []
    assert found("taboowickr") == [("taboo", "taboo"), ("wickr", "wickr")]
    assert found("x", tags=("pervchat",)) == [("perv", "perv")]


def test_names_in_other_scripts_carry_endings() -> None:
    assert found("в телеграме") == [("telegram", "телеграм")]
    assert found("telegpam") == []


def test_backwards() -> None:
    def backwards(text: str) -> bool:
        return INDEX.reads_backwards(Document.of(Post(platform="forum", id="1", text=text)))

    assert backwards("rkciw oobat")
    assert not backwards("wickr pam maa")


@given(st.text(alphabet="abc", min_size=1, max_size=6), st.data())
def test_one_edit_knows_deletions(word: str, data: st.DataObject) -> None:
    longer = word + "d"
    shorter = data.draw(st.sampled_from(sorted(deletions(longer))))
    if shorter and shorter[0] == longer[0]:
        assert one_edit(longer, shorter)
        assert one_edit(shorter, longer)


@given(
    st.lists(
        st.tuples(st.integers(0, 30), st.integers(1, 8)).map(lambda pair: (pair[0], pair[0] + pair[1])), max_size=8
    ),
    st.integers(0, 35),
    st.integers(1, 6),
)
def test_spans_answer_like_a_plain_search(spans: list[tuple[int, int]], start: int, size: int) -> None:
    end = start + size
    made = Spans(spans)
    assert made.overlaps(start, end) == any(a < end and start < b for a, b in spans)
    if any(a <= start and end <= b for a, b in spans):
        assert made.holds(start, end)


PIECES = st.sampled_from(["taboo", "perv", "map", "no", "limits", "nolimits", "wickr", "chat", "club", "4", "t4boo"])


@given(st.lists(PIECES | st.text("abimnoprtw04", min_size=1, max_size=3), min_size=1, max_size=5).map("".join))
def test_a_word_alone_is_what_it_is_as_a_tag(word: str) -> None:
    tag = Document.of(Post(platform="forum", id="1", tags=(f"#{word}",)))
    assert INDEX.in_word(word) == [one.spelling for one in INDEX.find(tag)]
