"""Linked sets, measured on labelled posts that strain them."""

from __future__ import annotations

import importlib.util
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from monitor.bench.graph import GraphLabel, read_graph_labels
from monitor.bench.links import measure_links
from monitor.detect.bundle import load_bundle
from monitor.post import Post

GENERATOR = Path(__file__).parent.parent / "crossref" / "generate.py"


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Post, GraphLabel]]:
    spec = importlib.util.spec_from_file_location("links_generator", GENERATOR)
    assert spec is not None
    assert spec.loader is not None
    module: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    file = tmp_path_factory.mktemp("links") / "links.ndjson"
    posts = module.Maker(3, many=40, hub=6).posts()
    file.write_text("".join(json.dumps(post) + "\n" for post in posts))
    return read_graph_labels(file)


def test_what_strains_links_is_linked_rightly(labelled: list[tuple[Post, GraphLabel]]) -> None:
    measured = measure_links(load_bundle(), labelled, hub_accounts=5)
    assert (measured.links.f1, measured.components.f1) == (1, 1)
    assert measured.largest == 40
    assert measured.hits == len({post.ref for post, _ in labelled})
    # 40 of one post, 28 of one account, a ring of 12, four of one account; nothing by the hub of six.
    assert measured.links.right == sum(count * (count - 1) // 2 for count in (40, 28, 12, 4))


def test_wrong_labels_are_seen(labelled: list[tuple[Post, GraphLabel]]) -> None:
    mine = (("wickr", "zorblat77"),)
    wrong = [
        (post, replace(label, handles=mine if post.author.id in {"ring0", "ring6"} else label.handles))
        for post, label in labelled
    ]
    measured = measure_links(load_bundle(), wrong, hub_accounts=5)
    # The ring is then two halves by the labels, and one that was found.
    assert measured.links.wrong == 36
    assert measured.components.f1 < 1
