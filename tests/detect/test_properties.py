"""What holds of every post, however nasty: the screen never raises, and every span slices to what was matched."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.detect.document import Document
from monitor.detect.screen import Screen
from tests.detect.nasty import GAPS, PIECES, WORDS, disguised, faults, post_of

pytestmark = pytest.mark.property

obfuscated = st.builds(disguised, st.sampled_from(WORDS), st.sampled_from(GAPS), st.integers(0, 12))
texts = st.lists(obfuscated | st.sampled_from(PIECES) | st.text(max_size=3) | st.just(" "), max_size=16).map("".join)
posts = st.lists(texts, min_size=1, max_size=8).map(post_of)


@given(posts)
def test_every_span_slices_to_what_was_matched(screen: Screen, post) -> None:
    screening = screen(post)
    assert not list(faults(screen.bundle, post, screening))
    assert screen(post) == screening


shares = st.builds(
    "{}{}{}{}{}{}{}".format,
    st.sampled_from(["", "<p>", "\u202e", "\0", "☠", "\ud800"]),
    st.builds(disguised, st.sampled_from(WORDS[:7]), st.sampled_from(GAPS), st.integers(0, 12)),
    st.sampled_from([" ", "\n", ", ", " <br> ", " | ", "&nbsp;", "\u3000"]),
    st.builds(disguised, st.sampled_from(WORDS[7:15]), st.sampled_from(GAPS), st.integers(0, 10)),
    st.sampled_from([": ", " ", " @", "\n", " → ", "=", " is ", "://", "&#58; "]),
    st.builds(disguised, st.sampled_from(WORDS[15:]), st.sampled_from(GAPS), st.integers(0, 10)),
    st.sampled_from(["", "!", "</p>", "\u0301", " <3", "\udfff"]),
)


@given(shares)
def test_disguised_shares_slice_to_what_was_matched(screen: Screen, text: str) -> None:
    post = post_of([text])
    assert not list(faults(screen.bundle, post, screen(post)))


@given(posts)
def test_documents_lead_back_in_order(post) -> None:
    fields = dict(post.fields())
    doc = Document.of(post)
    assert len(doc.lower) == len(doc.cased)
    for one in (doc, doc.reversed()):
        for name, start, end in one.extents():
            places = [one.place(at, at + 1) for at in range(start, end)]
            assert all(place.field == name for place in places)
            assert all(0 <= place.start < place.end <= len(fields[name]) for place in places)
            ordered = places[::-1] if one.backwards else places
            assert all(a.start <= b.start and a.end <= b.end for a, b in pairwise(ordered))
