from __future__ import annotations

import json
import os
from typing import Any

import pytest
from sqlmodel import func, select

from monitor.bench.placing import MISS, SAME, measure_among_copies, measure_placing
from monitor.bench.sketching import KINDS
from monitor.store.database import Store
from monitor.store.tables import Campaign, Occurrence, StoredPost, StoredWording


def nobody(_: str) -> None:
    return


@pytest.mark.slow
def test_posts_are_placed_with_their_originals_and_others_apart_among_200000_campaigns(store: Store) -> None:
    """A fixed-seed sample of what `bench place` measures, in a store that is filled within seconds: PostgreSQL takes
    longer to copy, and has 40,000 unless there is time.
    """
    copies = 99 if store.is_sqlite or os.environ.get("HANDLEWATCH_SOAK") == "1" else 19
    step = measure_among_copies(store, campaigns=2_000, copies=copies, probes=220)
    there = 2_000 * (copies + 1)
    assert (step.campaigns, step.whole.posts, set(step.kinds)) == (there, 220, {*KINDS, SAME, MISS})
    assert step.kinds[SAME].right == step.kinds["handle swapped"].right == step.kinds["light edit"].right == 1
    assert step.kinds["digits"].right == 1
    assert min(step.kinds[kind].right for kind in ("two words", "three typos")) >= 0.9
    assert step.kinds[MISS].right >= 0.98
    # CPU time of this process, with room for a machine that does other things: what looked through all that is stored
    # would take a hundred times as long. `bench place` says what it takes.
    assert max(one.cpu.p95 for one in step.kinds.values()) < 25
    with store.read() as session:
        for table in (StoredPost, Campaign, StoredWording, Occurrence):
            assert session.exec(select(func.count()).select_from(table)).one() >= there


def test_the_store_is_filled_in_steps(store: Store) -> None:
    first, second = measure_placing(store, campaigns=400, probes=66, steps=2, tell=nobody)
    assert (first.campaigns, second.campaigns, second.whole.posts) == (200, 400, 66)
    assert first.kinds[SAME].right == second.kinds[SAME].right == second.kinds["handle swapped"].right == 1


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
