from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.masking import EXCERPT, Field, Kind, Masker, Segment, Span, tag
from alerts.masking.patterns import fold
from monitor.post import Author, Post

HANDLE = "handle H-AAAAAA · wickr"
TERM = "term T-BBBBBB"


def spans_of(text: str, handle: str = "zorblat_77", term: str = "taboo", field: str = "text") -> list[Span]:
    found: list[Span] = []
    for kind, word, label in ((Kind.HANDLE, handle, HANDLE), (Kind.TERM, term, TERM)):
        at = text.find(word)
        if at >= 0:
            found.append(Span(kind=kind, field=field, start=at, end=at + len(word), label=label))
    return found


def show(text: str, *, clear: bool = False, spans: list[Span] | None = None) -> Field:
    post = Post(platform="p", id="1", text=text)
    evidence = spans_of(text) if spans is None else spans
    return Masker.for_post(post, evidence, clear=clear).post(post, evidence)[0]


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("taboo, wickr: zorblat_77", "[term T-BBBBBB], wickr: [handle H-AAAAAA · wickr]"),
        ("taboo zorblat_77 ZORBLAT_77 TABOO", f"[{TERM}] [{HANDLE}] [{HANDLE}] [{TERM}]"),
        ("zorblat_77, and zorblat_777", f"[{HANDLE}], and [{HANDLE}][name or code]"),
        ("zorblat_77, quibbern04, vexil.orp9, ab_cde", f"[{HANDLE}]" + ", [name or code]" * 3),
        ("zorblat_77 12km 100000km 1080p mp4 v1.2.3 3.14159", f"[{HANDLE}] 12km 100000km 1080p mp4 v1.2.3 3.14159"),
        ("zorblat_77 ｚorblat_77 zor\u200bblat_77 zórblat_77", " ".join([f"[{HANDLE}]"] * 4)),
        ("taboos are no taboo", f"[{TERM}]s are no [{TERM}]"),
        ("write a.b@mail.example now", "write [e-mail address] now"),
        ("call +1 (555) 0100-123 or +44 7700 900123", "call [phone number] or [phone number]"),
        ("at 2026-11-01 12:00:00 we met", "at 2026-11-01 12:00:00 we met"),
        ("see https://a.b.news.example/x?y#z.", "see [link · news.example]"),
        ("see t.me/zorblat_77 now", f"see [link · t.me][{HANDLE}] now"),
        ("https://zorblat_77.example/x", f"[link][{HANDLE}]"),
        ("see [link: files.example, file-host] there", "see [link · files.example, file-host] there"),
        ("ask @quibbern04 or @vexilorp@fedi.example or u/quibbern04", "ask [account] or [account] or [account]"),
        ("<p>taboo &amp; zorblat_77</p><p>bye</p>", f"[{TERM}] & [{HANDLE}]\nbye\n"),
        ('<p>x <a href="https://t.me/zorblat_77">me</a></p>', None),
        ("<p>zorblat_77 zor<b>blat</b>_77 &#122;orblat_77</p>", " ".join([f"[{HANDLE}]"] * 3) + "\n"),
        ("a < b and <zorblat_77>", f"a < b and <[{HANDLE}]>"),
    ],
)
def test_what_a_masked_text_looks_like(text: str, masked: str | None) -> None:
    shown = str(show(text))
    assert "zorblat" not in fold(shown)[0]
    if masked is not None:
        assert shown == masked


def test_a_host_that_spells_the_handle_is_not_named() -> None:
    text = "taboo, wickr: zorblat77 or https://files.zorblat77.example/x"
    assert str(show(text, spans=spans_of(text, "zorblat77"))).endswith(f"[{HANDLE}] or [link][{HANDLE}]")


def test_a_masked_view_does_not_contain_what_it_hides() -> None:
    segments = show("taboo zorblat_77 a.b@mail.example https://x.example/y @quibbern04").segments
    assert "zorblat" not in repr(segments)
    assert [segment.kind for segment in segments if segment.masked] == [
        Kind.TERM, Kind.HANDLE, Kind.CONTACT, Kind.LINK, Kind.ACCOUNT,
    ]  # fmt: skip
    assert [segment.evidence for segment in segments if segment.masked] == [True, True, False, False, False]


def test_a_clear_view_has_the_text_and_the_evidence() -> None:
    text = "taboo, wickr: zorblat_77, mail a.b@mail.example"
    shown = show(text, clear=True)
    assert str(shown) == text
    assert [(str(s), s.kind) for s in shown.segments if s.evidence] == [
        ("taboo", Kind.TERM),
        ("zorblat_77", Kind.HANDLE),
    ]


def test_every_field_is_masked_and_the_account_is_never_named() -> None:
    post = Post(
        platform="p",
        id="1",
        title="zorblat_77 is back",
        text="taboo, wickr: zorblat_77 (I am Quibby Q)",
        tags=("taboo", "zorblat_77"),
        community="c/zorblat_77",
        author=Author(id="9", handle="quibbern04", name="Quibby Q", bio="zorblat_77 or quibbern04"),
    )
    spans = spans_of(post.text or "")
    fields = Masker.for_post(post, spans, account="account A-CCCCCC").post(post, spans)
    everything = "\n".join(f"{field.name}: {field}" for field in fields)
    assert everything.splitlines() == [
        f"title: [{HANDLE}] is back",
        f"text: [{TERM}], wickr: [{HANDLE}] (I am [shown name])",
        f"tags[0]: [{TERM}]",
        f"tags[1]: [{HANDLE}]",
        f"community: c/[{HANDLE}]",
        "author.handle: [account A-CCCCCC]",
        "author.name: [shown name]",
        f"author.bio: [{HANDLE}] or [account A-CCCCCC]",
    ]


def test_what_a_person_typed_may_name_others_too() -> None:
    masker = Masker.for_post(Post(platform="p", id="1", text="zorblat_77"), spans_of("zorblat_77"))
    assert masker.reason("zorblat_77, as quibbern04 in alert 5") == f"[{HANDLE}], as [name or code] in alert 5"
    assert masker.text("250 queued as 4F2KQ7A") == "250 queued as 4F2KQ7A"


def test_characters_that_act_on_the_display_are_named() -> None:
    shown = str(show("a\u202eb\u200bc\x1b[0m\x00 \ud800 e\r\nf"))
    assert shown == (
        "a[U+202E right-to-left override]b[U+200B zero width space]c[U+001B escape][0m[U+0000 null] "
        "[U+D800 lone surrogate] e\n\nf"
    )
    shown.encode()


def test_joiners_that_a_script_or_an_emoji_needs_stay() -> None:
    for text in ("\N{WOMAN}\u200d\N{PERSONAL COMPUTER}", "می\u200cخواهم"):
        assert str(show(text)) == text


def test_a_very_long_text_is_cut_around_its_evidence() -> None:
    text = "x " * 40_000 + "taboo zorblat_77 " + "y " * 40_000
    shown = show(text)
    assert shown.before + shown.after + EXCERPT == len(text)
    assert f"[{TERM}] [{HANDLE}]" in str(shown)


def test_a_handle_at_the_cut_does_not_show_in_part() -> None:
    text = "taboo " + "y " * ((EXCERPT - 10) // 2) + "zorblat_77 and more " * 100
    shown = str(show(text))
    assert "zorb" not in shown


def test_tags_are_short_stable_and_easy_to_read() -> None:
    assert tag("H", bytes(32)) == "H-000000"
    assert tag("H", b"\xff" * 32) == "H-ZZZZZZ"
    assert not set(tag("H", bytes(range(32)))[2:]) & set("ILOU")


def test_segments_print_their_masks_in_brackets() -> None:
    assert str(Segment(kind=Kind.LINK, text="link · t.me", masked=True)) == "[link · t.me]"


words = st.text(alphabet=string.ascii_letters + string.digits + "_-.", min_size=4, max_size=20).filter(
    lambda word: word.strip("-._") == word and not word.isdigit()
)
around = st.lists(
    st.one_of(
        st.text(max_size=12),
        st.sampled_from(
            ["<p>", "</p>", "<b>", "</b>", "&amp;", "https://", "@", "t.me/", "\u200b", "\ud800", "#", "\n"]
        ),
        st.just(None),
    ),
    max_size=14,
)


@given(handle=words, pieces=around, clear=st.booleans())
def test_no_clear_handle_survives(handle: str, pieces: list[str | None], clear: bool) -> None:
    """Wherever the handle stands, however it is written, in whatever markup: masked, it cannot be read."""
    text = f"wickr: {handle} " + "".join(handle.swapcase() if piece is None else piece for piece in pieces)
    spans = [Span(kind=Kind.HANDLE, field="text", start=7, end=7 + len(handle), label=HANDLE)]
    post = Post(platform="p", id="1", text=text, title=text, tags=(text,), author=Author(handle=handle, bio=text))
    fields = Masker.for_post(post, spans, clear=clear).post(post, spans)
    shown = "\n".join(str(field) for field in fields)
    shown.encode("utf-8")  # lone surrogates are named: a page can always be sent
    if clear:
        assert handle in shown
    else:
        bare = shown.replace(HANDLE, "").replace("account", "").replace("link · t.me", "")
        assert fold(handle)[0] not in fold(bare)[0] or fold(handle)[0] in "handle h-aaaaaa · wickr link shown name"


@given(st.text(max_size=300), st.integers(0, 300), st.integers(0, 300))
def test_any_text_with_any_span_can_be_shown(text: str, start: int, end: int) -> None:
    spans = [Span(kind=Kind.HANDLE, field="text", start=start, end=end, label=HANDLE)]
    for clear in (True, False):
        str(show(text or "x", clear=clear, spans=spans)).encode("utf-8")
