from __future__ import annotations

import random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from monitor.graph.nearby import Nearby
from monitor.graph.sketch import BANDS, sketch

TEXT = "people add me tonight after the market closes bring a pencil and ask about the green folder"


@given(st.text(max_size=300))
def test_any_text_has_a_sketch(text: str) -> None:
    bands = sketch(text)
    assert bands.shape == (BANDS,)
    assert bands.dtype == np.uint32
    assert np.array_equal(bands, sketch(text))


def test_a_sketch_is_the_same_on_every_machine() -> None:
    # It is kept in databases: another number here makes every stored campaign unfindable.
    assert sketch(TEXT)[:4].tolist() == [1724284671, 1057247694, 210059366, 3427329243]
    assert sketch("добавляйтесь вечером")[:2].tolist() == [1016239476, 2910112423]


def test_edits_share_bands_and_strangers_hardly_do() -> None:
    one = sketch(TEXT)
    assert (one == sketch(TEXT.replace("tonight", "today").replace("pencil", "lantern"))).sum() >= 3
    assert (one == sketch("the train to the lake leaves at ten and comes back before supper")).sum() == 0


def test_what_was_added_is_found_however_much_there_is() -> None:
    rng = random.Random(3)
    words = ["".join(rng.choices("abcdefghijklmnop", k=6)) for _ in range(2_000)]
    texts = [" ".join(rng.choices(words, k=12)) for _ in range(3_000)]
    index = Nearby()
    assert index.find(sketch(texts[0])) == []
    assert [index.add(sketch(text)) for text in texts] == list(range(3_000))
    assert len(index) == 3_000
    found = [index.find(sketch(text)) for text in texts]
    assert sum(ids[0] == at for at, ids in enumerate(found) if ids) >= 2_990


def test_a_band_that_many_share_costs_no_more() -> None:
    index = Nearby()
    bands = sketch(TEXT)
    for _ in range(5_000):
        index.add(bands)
    assert index.find(bands) == [4_999, 4_998, 4_997, 4_996]
