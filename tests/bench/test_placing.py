from __future__ import annotations

import json
from typing import Any

from monitor.bench.placing import MISS, SAME, measure_placing
from monitor.bench.sketching import KINDS
from monitor.store.database import Store


def nobody(_: str) -> None:
    return


def test_copies_are_placed_with_their_originals_and_others_apart(store: Store) -> None:
    """A fixed-seed sample of what `bench place` measures."""
    first, second = measure_placing(store, campaigns=2_000, probes=330, steps=2, tell=nobody)
    assert (first.campaigns, second.campaigns, second.whole.posts) == (1_000, 2_000, 330)
    assert set(second.kinds) == {*KINDS, SAME, MISS}
    for step in (first, second):
        assert step.kinds[SAME].right == step.kinds["handle swapped"].right == step.kinds["light edit"].right == 1
        assert step.kinds["digits"].right == 1
        assert min(step.kinds[kind].right for kind in ("two words", "three typos")) >= 0.9
        assert step.kinds[MISS].right >= 0.98


def test_memory_does_not_grow_with_what_is_stored(sqlite_store: Store) -> None:
    first, *_, last = measure_placing(sqlite_store, campaigns=6_000, probes=66, steps=3, tell=nobody)
    if first.rss_mb is not None and last.rss_mb is not None:
        assert last.rss_mb - first.rss_mb < 20


def test_the_command_says_what_was_measured(handlewatch: Any) -> None:
    done = handlewatch("bench", "place", "--campaigns", "300", "--posts", "66", "--steps", "1", "--json")
    (step,) = json.loads(done.stdout)
    assert (step["campaigns"], step["whole"]["posts"]) == (300, 66)
    assert step["whole"]["place"]["p95"] > 0
    shown = handlewatch("bench", "place", "--campaigns", "300", "--posts", "66", "--steps", "1").stdout
    assert "300 campaigns" in shown
    assert "three typos" in shown
