"""What an operator's files are refused for, word for word; and that what they are not refused for is linear."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.detect.bundle import load_bundle
from monitor.detect.lint import check_words
from monitor.detect.screen import Screen
from monitor.detect.toml_source import TomlSource, Where
from monitor.errors import ConfigError
from monitor.post import Post

GOLDEN = Path(__file__).parent / "golden" / "mistakes"
CASES: list[dict[str, str]] = tomllib.loads((GOLDEN / "cases.toml").read_text(encoding="utf-8"))["case"]


def told(case: dict[str, str], folder: Path) -> str:
    """What is said of a file, which is called by its name alone."""
    [(name, text)] = case.items()
    text = text.replace("[DEEP]", "[" * 5_000 + "]" * 5_000)
    (folder / f"{name}.toml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_bundle(directory=folder)
    return str(caught.value).replace(f"{folder}/", "")


def test_every_mistake_is_told_as_agreed(tmp_path: Path) -> None:
    messages: list[str] = []
    for number, case in enumerate(CASES):
        folder = tmp_path / str(number)
        folder.mkdir()
        messages.append(told(case, folder))
    path = GOLDEN / "messages.txt"
    text = "\n".join(messages) + "\n"
    if os.environ.get("HANDLEWATCH_RENEW") == "1":
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8"), f"to renew: see {GOLDEN / 'cases.toml'}"


nasty = st.text(alphabet="ab-+._*( )\u0301&!'", min_size=1, max_size=12)


@pytest.mark.property
@given(st.lists(nasty, min_size=1, max_size=4))
def test_words_that_are_not_refused_are_found_quickly_and_never_everywhere(words: list[str]) -> None:
    source = TomlSource("rules.toml", "")
    try:
        check_words(source, Where("negation"), "before", " ".join(words))
    except ConfigError:
        return
    for entry in " ".join(words).split():
        assert any(char.isalnum() for char in entry)


@pytest.mark.parametrize("text", ["-" * 5_000, "a" * 5_000, "a-" * 2_500, "a a " * 1_200, "+a" * 2_500])
def test_what_an_operator_may_write_is_linear(tmp_path: Path, text: str) -> None:
    (tmp_path / "lexicon.toml").write_text('[[term]]\nid = "aaaa-aaaa"\nvariants = ["a-a-a-a-a-a-a-a-b", "aa + aa"]\n')
    (tmp_path / "rules.toml").write_text(
        '[[context]]\nid = "c"\nterms = ["aaaa-aaaa"]\n[context.words]\nen = "a_a_a_a_a_a_a_b aa* a_&_a_&_a"\n'
        '[[frame]]\nid = "f"\nstrong = "a-a-a-a-a-a-a-c a_-_a_-_a_-_b"\n[negation]\nbefore = "a_a_a_a_a_a_a"\n'
    )
    (tmp_path / "apps.toml").write_text(
        '[apps]\nextends = true\n[[app]]\nid = "fogbell"\nnames = ["a a a a a a b", "👻"]\nshapes = ["name"]\n'
        'chars = "a-z0-9._-"\nlinks = [{ start = "a-a.a-a.a-a/a", form = "name" }]\n'
    )
    Screen(load_bundle(directory=tmp_path))(
        Post(platform="forum", id="1", text=f"{text} kik zorblat_77 aaaa-aaaa {text}")
    )
