from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import zstandard

HIT = {"platform": "reddit", "id": "t3_abc", "text": "taboo wickr: examplehandle01"}
MISS = {"platform": "forum", "id": "1", "text": "nothing to see"}


def run(*arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-c", "from monitor.cli import main; main()", "screen", *arguments],
        input=stdin,
        capture_output=True,
        check=False,
        timeout=60,
    )


def lines(output: bytes) -> list[dict]:
    return [json.loads(line) for line in output.splitlines()]


def ndjson(*records: object) -> bytes:
    return b"".join(json.dumps(record).encode() + b"\n" for record in records)


def test_the_contract_example() -> None:
    done = run("-", stdin=ndjson(HIT, MISS))
    assert done.returncode == 0, done.stderr
    [hit] = lines(done.stdout)
    assert list(hit) == ["platform", "id", "hit", "score", "rule", "handles", "terms", "bundle"]
    assert (hit["platform"], hit["id"], hit["hit"], hit["rule"]) == ("reddit", "t3_abc", True, "handle-and-term")
    [handle] = hit["handles"]
    confidence = handle.pop("confidence")
    assert 0 < confidence <= 1
    assert handle == {
        "app": "wickr",
        "handle": "examplehandle01",
        "key": "wickr:examplehandle01",
        "field": "text",
        "start": 13,
        "end": 28,
    }
    assert hit["terms"] == [{"term": "taboo", "field": "text", "start": 0, "end": 5}]
    assert 0 < hit["score"] <= 1
    assert hit["bundle"].startswith("sha256:")


def test_all_prints_a_line_for_every_post_in_input_order(tmp_path: Path) -> None:
    first, second = tmp_path / "a.ndjson", tmp_path / "b.zst"
    first.write_bytes(ndjson(MISS, HIT))
    second.write_bytes(zstandard.compress(ndjson(MISS | {"id": "2"})))
    done = run("--all", str(first), str(second))
    assert [(line["id"], line["hit"]) for line in lines(done.stdout)] == [("1", False), ("t3_abc", True), ("2", False)]
    assert lines(done.stdout)[0]["rule"] is None
    assert isinstance(lines(done.stdout)[0]["score"], int | float)


def test_bad_lines_are_told_and_exit_1() -> None:
    done = run("-", stdin=b"{nonsense\n" + ndjson(HIT, HIT | {"created_at": "40000-01-01T00:00:00Z", "id": "late"}))
    assert done.returncode == 1
    assert [line["id"] for line in lines(done.stdout)] == ["t3_abc", "late"]
    assert b"standard input:1: invalid JSON" in done.stderr
    assert b"standard input:3: created_at is not a usable date" in done.stderr


def test_an_unreadable_input_exits_3_and_the_others_are_screened(tmp_path: Path) -> None:
    good = tmp_path / "good.ndjson"
    good.write_bytes(ndjson(HIT))
    done = run(str(tmp_path / "missing.ndjson"), str(good))
    assert done.returncode == 3
    assert len(lines(done.stdout)) == 1
    assert b"cannot be read" in done.stderr


def test_usage_errors_exit_2(tmp_path: Path) -> None:
    assert run().returncode == 2
    broken = tmp_path / "lexicon.toml"
    broken.write_text("[[term]\n")
    assert run("--lexicon", str(broken), "-").returncode == 2


def test_lone_surrogates_are_written_as_escapes() -> None:
    done = run("-", stdin=json.dumps(HIT | {"id": "\ud800"}).encode() + b"\n")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["id"] == "\ud800"


def test_a_reader_that_stops_early_is_no_error(tmp_path: Path) -> None:
    many = tmp_path / "many.ndjson"
    many.write_bytes(ndjson(*[HIT] * 3000))
    done = subprocess.run(
        f"{sys.executable} -c 'from monitor.cli import main; main()' screen {many} | head -1",
        shell=True,
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert done.stderr == b""


@pytest.mark.parametrize("package", ["sqlalchemy", "sqlmodel", "fastapi", "starlette", "httpx", "rich", "asyncio"])
def test_neither_the_store_nor_the_web_is_imported(package: str, tmp_path: Path) -> None:
    path = tmp_path / "a.ndjson"
    path.write_bytes(ndjson(HIT))
    code = (
        "import sys; from monitor.cli import app; app(['screen', sys.argv[1]], standalone_mode=False);"
        "sys.stderr.write(' '.join(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, check=True, timeout=60, text=True
    )
    assert package not in done.stderr.split()
    assert not [name for name in done.stderr.split() if name.startswith(("monitor.store", "alerts", "sources"))]


def many(count: int, **fields: str) -> list[dict]:
    return [MISS | {"id": str(at)} | fields for at in range(count)]


def test_a_large_input_gives_the_same_hits_in_its_order(tmp_path: Path) -> None:
    """The first megabyte is decoded whole, what follows is not; hits stand in both, plain, escaped and in UTF-8."""
    file = tmp_path / "large.ndjson"
    texts = (
        "taboo wickr: examplehandle01",
        "t\u0430b\u043eo\nwickr: examplehandle01",
        "line\nkik: zorblat77 perv",
        '"kik": zorblat77 perv',
        "é kik: zorblat77 perv",
    )
    hits = [HIT | {"id": f"hit-{at}", "text": text} for at, text in enumerate(texts)]
    filler = ndjson(*many(15_000, text="a walk in the park " * 5))
    escaped, utf8 = ndjson(*hits), b"".join(json.dumps(one, ensure_ascii=False).encode() + b"\n" for one in hits)
    file.write_bytes(escaped + filler + utf8 + filler + escaped)
    done = run(str(file))
    assert done.returncode == 0, done.stderr
    assert [line["id"] for line in lines(done.stdout)] == [f"hit-{at}" for at in range(5)] * 3


def test_bad_lines_of_a_large_input_are_told(tmp_path: Path) -> None:
    file = tmp_path / "large.ndjson"
    filler = ndjson(*many(15_000, text="a walk in the park " * 5))
    hidden = b'{"platform": "forum", "id": "1", "text": 1 2}\n'
    cut, nameless = b'{"platform": "forum", "te\n', b'{"id": "1", "text": "x"}\n'
    bad = (b"nonsense\n", cut, nameless, b'{"platform": "f", "id": "\x1e"\n')
    file.write_bytes(filler + b"".join(bad) + hidden + b'{"text": "' + b"x" * (16 << 20) + b'"}\n' + ndjson(HIT))
    done, strict = run(str(file)), run("--strict", str(file))
    for one, told in ((done, [1, 2, 3, 4, 6]), (strict, [1, 2, 3, 4, 5, 6])):
        assert one.returncode == 1
        assert [int(line.split(b":")[2]) - 15_000 for line in one.stderr.splitlines()] == told
        assert b"over 16 MiB" in one.stderr
        assert len(lines(one.stdout)) == 1


INTERRUPTIBLE = """\
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job may have been told to ignore it
from monitor.cli import main
main()
"""


def interrupted(process: subprocess.Popen[bytes]) -> int:
    """Its exit code. On a busy machine Python may still be starting, and swallow a first interrupt while it does."""
    for _ in range(4):
        process.send_signal(signal.SIGINT)
        try:
            return process.wait(8)
        except subprocess.TimeoutExpired:
            continue
    process.kill()
    raise AssertionError("it goes on in spite of interrupts")


def test_an_interrupt_while_it_waits_for_input_ends_in_order() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", INTERRUPTIBLE, "screen", "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdin is not None
        process.stdin.write(ndjson(HIT))
        process.stdin.flush()
        time.sleep(2)
        assert interrupted(process) == 130
        assert process.stderr is not None
        assert b"Fatal" not in process.stderr.read()
