from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from monitor.bench.quality import average_precision, poisson_upper, precision_at, read_labelled
from monitor.cli import app
from monitor.errors import InputError

CORPUS = [
    {
        "platform": "forum",
        "id": "1",
        "text": "perv kik: zorblat_77",
        "label": {"hit": True, "category": "plain", "handles": [["kik", "zorblat_77"]], "terms": ["perv"]},
    },
    {
        "platform": "forum",
        "id": "2",
        "text": "perv kik: quibbern04 and hello",
        "label": {"hit": False, "category": "wrong"},
    },
    {"platform": "forum", "id": "3", "text": "hello", "label": {"hit": False, "category": "nothing"}},
]


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    path = tmp_path / "corpus.ndjson"
    path.write_text("\n".join(json.dumps(record) for record in CORPUS) + "\n")
    return path


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["bench", "quality", *arguments], env={"HANDLEWATCH_REAL_POSTS": ""})
    assert result.exit_code == 0, result.output
    return result.output


def test_counts_by_hand(corpus: Path) -> None:
    told = json.loads(run(str(corpus), "--json"))
    assert told["hits"]["precision"] == 0.5
    assert told["hits"]["recall"] == 1.0
    assert told["handles"]["f1"] == 1.0
    assert told["synthetic"] is True
    assert [(one["name"], one["posts"], one["right"]) for one in told["categories"]] == [
        ("nothing", 1, 1),
        ("plain", 1, 1),
        ("wrong", 1, 0),
    ]


def test_false_alarms_and_what_they_mean(corpus: Path) -> None:
    told = json.loads(run(str(corpus), "--json", "--real", str(corpus)))
    assert told["false_alarms"]["ids"] == ["forum/1", "forum/2"]
    expected = {one["prevalence"]: one for one in told["expected_precision"]}
    assert list(expected) == [1e-4, 1e-5, 1e-6]
    assert expected[1e-4]["lower_95"] < expected[1e-4]["precision"] < 0.001


def test_people_read_a_table(corpus: Path) -> None:
    output = run(str(corpus), "--mistakes", "--real", str(corpus))
    assert "synthetic" in output
    assert "wrong forum/2: hit" in output
    assert "at a prevalence of 1e-06" in output


def test_average_precision() -> None:
    assert average_precision([(0.9, True), (0.8, True), (0.1, False)]) == 1.0
    assert average_precision([(0.9, False), (0.8, True)]) == 0.5
    assert average_precision([]) == 1.0


def test_poisson_bounds() -> None:
    assert poisson_upper(0) == pytest.approx(2.9957, abs=1e-3)
    assert poisson_upper(1) == pytest.approx(4.7439, abs=1e-3)
    assert poisson_upper(10) == pytest.approx(16.9622, abs=1e-3)


def test_precision_at_a_prevalence() -> None:
    assert precision_at(1e-4, 1.0, 0.0) == 1.0
    assert precision_at(1e-6, 1.0, 1e-6) == pytest.approx(0.5, abs=1e-3)


def test_a_line_without_a_label(tmp_path: Path) -> None:
    path = tmp_path / "corpus.ndjson"
    path.write_text('{"platform": "forum", "id": "1", "text": "x"}\n')
    with pytest.raises(InputError, match="no label"):
        read_labelled(path)
