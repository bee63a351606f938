"""What docs/sources.md and docs/exposure.md say of the shipped sources, held against the code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from monitor.plugins import source_plugins
from monitor.ports import Seen

DOCS = Path(__file__).parent.parent.parent / "docs"


@pytest.mark.parametrize("name", sorted(source_plugins()))
def test_every_option_is_in_the_text(name: str) -> None:
    text = (DOCS / "sources.md").read_text("utf-8")
    section = text.partition(f"\n### {name}\n")[2].partition("\n## ")[0].partition("\n### ")[0]
    assert section, f"docs/sources.md has no section for {name}"
    named = set(re.findall(r"`(\w+)`", section))
    assert set(source_plugins()[name].options.model_fields) <= named
    assert f"| {name} |" in (DOCS / "exposure.md").read_text("utf-8")


def test_every_state_of_coverage_is_explained() -> None:
    text = (DOCS / "sources.md").read_text("utf-8")
    assert {state.value for state in Seen} - {"skipped"} <= set(re.findall(r"`(\w+)`", text))
