"""Explanations, compared with files that people have read; `golden/cases.toml` holds the posts, and how to renew."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Any

import pytest

from monitor.detect.bundle import load_bundle
from monitor.detect.explain import as_dict, as_text, explain
from monitor.detect.screen import Screen
from monitor.post import Author, Post

GOLDEN = Path(__file__).parent / "golden"
CASES: dict[str, dict[str, Any]] = tomllib.loads((GOLDEN / "cases.toml").read_text(encoding="utf-8"))


def post_of(case: dict[str, Any]) -> Post:
    author = {name.removeprefix("author_"): value for name, value in case.items() if name.startswith("author_")}
    fields = {name: value for name, value in case.items() if not name.startswith("author_")}
    return Post(platform="forum", id="1", author=Author(**author), **fields | {"tags": tuple(case.get("tags", ()))})


@pytest.mark.parametrize("name", CASES)
def test_explanations_read_as_they_were_read(screen: Screen, name: str) -> None:
    if name == "house-rule":
        screen = Screen(load_bundle(rules=GOLDEN / "rules.toml"))
    explanation = explain(screen, post_of(CASES[name]))
    text = "\n".join(as_text(explanation)) + "\n"
    path = GOLDEN / f"{name}.txt"
    if os.environ.get("HANDLEWATCH_RENEW") == "1":
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8"), f"to renew: see {GOLDEN / 'cases.toml'}"
    assert as_dict(explanation)["verdict"] == explanation.verdict


def test_there_is_no_file_without_a_case() -> None:
    assert {path.stem for path in GOLDEN.glob("*.txt")} == set(CASES)


def test_long_texts_are_cut(screen: Screen) -> None:
    lines = list(as_text(explain(screen, Post(platform="forum", id="1", text="ｔ" * 100_000))))
    assert max(map(len, lines)) < 2_100
