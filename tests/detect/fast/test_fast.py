"""The fast path finds what the reference finds, with either backend."""

import json
from pathlib import Path

import pytest

from monitor.detect.bundle import load_bundle
from monitor.detect.fast.matchers import BACKENDS
from monitor.detect.fast.screen import FastScreen
from monitor.detect.screen import Screen
from monitor.ports import Records
from monitor.post import Post
from monitor.records import from_record

CORPUS = Path(__file__).parents[2] / "corpus"
SCREEN = Screen(load_bundle())
FAST = {backend: FastScreen(SCREEN, backend=backend) for backend in BACKENDS}


def hits(posts: list[Post], backend: str) -> dict[int, object]:
    records = Records.of(posts)
    return {row: verdict for row, _, verdict in FAST[backend].hits(records.columns, records.__getitem__)}


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", ["posts.ndjson", "handwritten.ndjson"])
def test_the_corpus_gives_the_hits_of_the_reference(name: str, backend: str) -> None:
    posts = [from_record(json.loads(line)) for line in (CORPUS / name).read_text(encoding="utf-8").splitlines()]
    expected = {row: verdict for row, post in enumerate(posts) if (verdict := SCREEN(post)).hit}
    assert len(expected) > 50
    assert hits(posts, backend) == expected
