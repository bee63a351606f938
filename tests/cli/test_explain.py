from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner

from monitor.cli import app

GOLDEN = Path(__file__).parent.parent / "detect" / "golden"
"""All that explanations can be is compared in tests/detect/test_explain.py."""
HIT = "taboo wickr: examplehandle01"
RECORD = json.dumps({"platform": "forum", "id": "1", "text": "hello everybody", "community": "WickrTaboo"})


def run(*arguments: str, stdin: str | None = None) -> str:
    result = CliRunner().invoke(app, ["explain", *arguments], input=stdin)
    assert result.exit_code == 0, result.output
    return result.output


def test_texts_and_records_are_explained() -> None:
    assert run(HIT) == (GOLDEN / "handle-and-term.txt").read_text(encoding="utf-8")
    assert run(RECORD) == (GOLDEN / "community-name.txt").read_text(encoding="utf-8")


def test_json_says_the_same() -> None:
    told = json.loads(run(HIT, "--json"))
    assert told["hit"] is True
    assert told["rule"] == "handle-and-term"
    assert abs(sum(part["weight"] for part in told["parts"]) - told["score"]) < 0.001
    assert [(one["kind"], one["what"], one["text"]) for one in told["matches"]] == [
        ("term", "taboo", "taboo"),
        ("app", "wickr", "wickr"),
        ("handle", "wickr:examplehandle01", "examplehandle01"),
    ]


def test_reads_standard_input() -> None:
    assert run("-", stdin=f"{HIT}\n") == run(HIT)
    assert run("-", stdin=RECORD) == run(RECORD)


def test_a_record_that_is_none_is_told() -> None:
    from monitor.errors import InputError

    result = CliRunner().invoke(app, ["explain", '{"platform": "forum"}'])
    assert isinstance(result.exception, InputError)
