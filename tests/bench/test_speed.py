from __future__ import annotations

import json
import sys
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import zstandard
from typer.testing import CliRunner

from monitor.bench.speed.archive import lines, write_archive
from monitor.bench.speed.baselines import Alternation, RegexLoop, prepared
from monitor.bench.speed.corpus import EVERY, Benign, digest, mix, mixed
from monitor.bench.speed.disguises import DISGUISES
from monitor.bench.speed.engine import bundles, plain_names
from monitor.bench.speed.invented import invent_positives, invent_terms
from monitor.bench.speed.live import measure_live
from monitor.bench.speed.measure import Side, Spread, interleave, ratio
from monitor.bench.speed.whole import run_whole
from monitor.cli import app
from monitor.detect.bundle import load_bundle
from monitor.errors import HandlewatchError, InputError
from monitor.records import BadLine, RecordReader

TERMS = ["mossfern", "quil sal", "duneorbit"]


@pytest.mark.slow
def test_a_tiny_run_of_everything() -> None:
    arguments = ["bench", "screen", "--posts", "600", "--rounds", "2", "--archive-mb", "1", "--json"]
    result = CliRunner().invoke(app, arguments, env={"HANDLEWATCH_REAL_POSTS": ""})
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    every_figure_has_a_goal(told)
    what_was_measured_on_is_told(told)
    speed_without_finding_is_worthless(told)


def every_figure_has_a_goal(told: dict[str, Any]) -> None:
    names = [one["name"] for one in told["figures"]]
    assert len(names) == len(set(names))
    for wanted in ("naive script: alternation", "10,000 terms", "peak memory", "start of handlewatch screen"):
        assert any(wanted in name for name in names), wanted
    for one in told["figures"]:
        spread = one["measured"]
        assert spread["low"] <= spread["median"] <= spread["high"]
        assert one["met"] == (
            spread["median"] >= one["goal"] if one["sign"] == ">=" else spread["median"] <= one["goal"]
        )


def what_was_measured_on_is_told(told: dict[str, Any]) -> None:
    assert told["corpus"]["posts"] == 600
    assert "synthetic" in told["corpus"]["texts"]
    assert set(told["machine"]) >= {"cpu", "cores", "python", "libraries", "script", "engine"}
    for one in (told["corpus"]["hash"], told["bundle"], told["machine"]["script"], told["machine"]["engine"]):
        assert one.startswith("sha256:")
    assert told["sides"]["screen 1000"]["mb_per_s"]["median"] > 0


def speed_without_finding_is_worthless(told: dict[str, Any]) -> None:
    found = {name: one for name, one in told["found"].items() if "benign" not in name}
    assert {"screen 100", "screen 1000", "screen 10000", "screen lines"} <= set(found)
    assert sum(one["positives"] for one in found.values()) == 4 * 600 // EVERY
    assert sum(one["found"] for one in found.values()) >= 0.95 * 4 * 600 // EVERY
    assert sum(one["others"] for one in told["found"].values()) == 0
    archive = told["archive"]
    assert archive["found"]["screen"]["positives"] >= 0.9 * archive["positives"] > 0
    assert archive["bytes"] <= 1_000_000


@pytest.mark.slow
def test_people_read_tables(tmp_path: Path) -> None:
    real = tmp_path / "real.ndjson"
    real.write_text(
        "".join(f'{{"platform": "x", "id": "{n}", "text": "a bowl of {n:05d} plums"}}\n' for n in range(150))
    )
    arguments = ["bench", "screen", "--posts", "100", "--rounds", "1", "--archive-mb", "0", "--real", str(real)]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    assert "150 real posts of real.ndjson, 50 crossed" in result.stdout
    assert "reached" in result.stdout


def test_too_few_real_posts(tmp_path: Path) -> None:
    real = tmp_path / "real.ndjson"
    real.write_text('{"platform": "x", "id": "1", "text": "a bowl of forty plums"}\n')
    with pytest.raises(InputError, match="too few"):
        measure_live(Benign(real), posts=10, rounds=1, tell=lambda _: None)


def test_texts_are_distinct_and_the_same_every_time() -> None:
    first, second = (list(islice(Benign(), 3000)) for _ in range(2))
    assert first == second
    assert len(set(first)) == 3000
    assert all(20 <= len(text) <= 3000 for text in first)
    assert digest([first]) == digest([second]) != digest([first[1:]])
    assert 0.4 < sum(text.isascii() for text in first) / 3000 < 0.8


def test_positives_are_distinct_and_go_through_all_disguises() -> None:
    made = list(islice(invent_positives(TERMS), 500))
    assert made == list(islice(invent_positives(TERMS), 500))
    assert len({one.text for one in made}) == 500
    assert {one.disguise for one in made} == set(DISGUISES)
    assert all(one.handle in one.text for one in made)


def test_terms_are_no_words() -> None:
    bundle = load_bundle()
    terms = invent_terms(1000, bundle)
    assert terms == invent_terms(2000, bundle)[:1000]
    assert len(set(terms)) == 1000
    assert all(5 <= len(term.replace(" ", "")) <= 12 for term in terms)
    assert not any(map(bundle.vocabulary.everyday, terms))
    assert sum(" " in term for term in terms) == 334


def test_one_text_in_a_hundred_is_a_positive() -> None:
    texts = mixed(islice(Benign(), 1000), invent_positives(TERMS))
    assert len(texts.positives) == 10
    assert all(texts.texts[row] == one.text for row, one in texts.positives.items())


def test_sides_take_turns() -> None:
    order: list[str] = []
    times = iter(range(100))

    def side(name: str) -> Side:
        return Side(name=name, run=lambda at: order.append(f"{name}{at}"), posts=[10] * 3, size=[1000] * 3)

    timed = interleave([side("a"), side("b")], 3, clock=lambda: float(next(times)))
    assert order == ["a0", "b0", "b1", "a1", "a2", "b2"]
    assert timed["a"].seconds == [1.0, 1.0, 1.0]
    assert ratio(timed["a"], timed["b"]) == Spread(1.0, 1.0, 1.0)
    assert timed["a"].microseconds.median == 100_000


def test_naive_scripts_find_plain_posts() -> None:
    texts = ["mossfern trade, kik: zorblat77", "mossfern trade", "kik: zorblat77", "Quil Sal? add me on Kik zorblat77"]
    for script in (RegexLoop(TERMS, ["kik"]), Alternation(TERMS, ["kik"])):
        assert script(texts) == [0, 3]
    assert prepared(["Straße"]) == [b"strasse"]


def test_a_script_looks_for_plain_names() -> None:
    _, bundle = bundles([3])[3]
    assert {"kik", "wickr", "telegram", "signal"} <= set(plain_names(bundle))
    assert all(name.isascii() for name in plain_names(bundle))


def test_lines_are_records(tmp_path: Path) -> None:
    archive = write_archive(tmp_path / "posts.zst", Benign(), invent_positives(TERMS), size=300_000)
    text = zstandard.ZstdDecompressor().decompressobj().decompress(archive.path.read_bytes())
    assert len(text) == archive.size <= 300_000
    records = list(RecordReader(archive.path))
    assert len(records) == archive.lines
    assert not [one for one in records if isinstance(one, BadLine)]
    assert 700 < archive.size / archive.lines < 1100
    assert len(json.loads(text.partition(b"\n")[0])) == 24
    assert len(archive.positives) == archive.lines // EVERY
    escaped = [line for line, *_ in islice(lines(mix(Benign(), invent_positives(TERMS))), 0, 200, 2)]
    assert all(line.isascii() for line in escaped)


def test_whole_commands_are_measured(tmp_path: Path) -> None:
    used = run_whole([sys.executable, "-c", "print(sum(range(10**6)))"], tmp_path / "out")
    assert (tmp_path / "out").read_text() == "499999500000\n"
    assert used.wall > 0
    assert used.cpu > 0
    assert 2**20 < used.peak < 2**30
    with pytest.raises(HandlewatchError, match="ended with 3"):
        run_whole([sys.executable, "-c", "raise SystemExit(3)"], tmp_path / "out", most=1)
