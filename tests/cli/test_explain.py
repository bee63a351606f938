from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from monitor.cli import app

GOLDEN = Path(__file__).parent / "golden" / "explain"
CASES = {
    "plain-hit": "taboo wickr: examplehandle01",
    "disguised-hit": "T A B O O &amp; p3rv, w\u0456ckr \u2192 zorbl\u0430t\u200b_77",
    "backwards": "77_talbroz rkciw vrep oobat",
    "benign-map": "I drew a map of the hiking trails, telegram @zorblat_77",
    "newsroom": 'Police say adverts pair "taboo" and "perv" with wickr names. Newsroom: signal zorblat.42',
    "negated": "No pervs please, my kik is zorblat_77",
    "term-alone": "nolimits, ask me for my wickr",
    "handle-alone": "my kik is zorblat_77",
    "nothing": "hello",
    "record": json.dumps(
        {
            "platform": "forum",
            "id": "1",
            "text": "hello all",
            "community": "WickrTaboo",
            "author": {"handle": "quibbern04"},
        }
    ),
}
"""To renew the files after a wanted change: delete them and run this test twice."""


def run(*arguments: str, stdin: str | None = None) -> str:
    result = CliRunner().invoke(app, ["explain", *arguments], input=stdin)
    assert result.exit_code == 0, result.output
    return result.output


@pytest.mark.parametrize("name", CASES)
def test_explanations_are_as_agreed(name: str) -> None:
    golden = GOLDEN / f"{name}.txt"
    output = run(CASES[name])
    if not golden.exists():
        golden.parent.mkdir(parents=True, exist_ok=True)
        golden.write_text(output, encoding="utf-8")
        pytest.fail(f"{golden} was missing and is written now: read it, then run again")
    assert output == golden.read_text(encoding="utf-8")


def test_no_golden_file_is_left_over() -> None:
    assert {path.stem for path in GOLDEN.glob("*.txt")} == set(CASES)


def test_json_says_the_same() -> None:
    told = json.loads(run(CASES["plain-hit"], "--json"))
    assert told["hit"] is True
    assert told["rule"] == "handle-and-term"
    assert abs(sum(part["weight"] for part in told["parts"]) - told["score"]) < 0.001
    assert [(one["kind"], one["what"], one["text"]) for one in told["matches"]] == [
        ("term", "taboo", "taboo"),
        ("app", "wickr", "wickr"),
        ("handle", "wickr:examplehandle01", "examplehandle01"),
    ]


def test_reads_standard_input() -> None:
    assert run("-", stdin="taboo wickr: examplehandle01\n") == run(CASES["plain-hit"])
    assert run("-", stdin=CASES["record"]) == run(CASES["record"])


def test_a_record_that_is_none_is_told() -> None:
    from monitor.errors import InputError

    result = CliRunner().invoke(app, ["explain", '{"platform": "forum"}'])
    assert isinstance(result.exception, InputError)
