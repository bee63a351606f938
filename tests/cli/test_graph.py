from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path

HITS = [
    {"platform": "x", "id": "2", "text": "perv people, be polite, wickr: zorblat77", "author_id": "u1"},
    {"platform": "reddit", "id": "t3_a", "text": "perv people, be polite, kik: Quibdrem04", "author": {"id": "u9"}},
    {
        "platform": "x",
        "id": "1",
        "created_at": "2026-01-01T00:00:00Z",
        "text": "taboo kik: vexmol88",
        "author_id": "u1",
    },
]
MISS = {"platform": "forum", "id": "1", "text": "nothing to see"}


def run(*arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-c", "from monitor.cli import main; main()", "graph", *arguments],
        input=stdin,
        capture_output=True,
        check=False,
        timeout=60,
    )


def ndjson(*records: object) -> bytes:
    return b"".join(json.dumps(record).encode() + b"\n" for record in records)


def test_the_contract() -> None:
    done = run("-", "--json", stdin=ndjson(*HITS, MISS))
    assert done.returncode == 0, done.stderr
    assert [json.loads(line) for line in done.stdout.splitlines()] == [
        {"type": "post", "platform": "x", "id": "1", "group": "x/1", "campaign": "x/1"},
        {"type": "post", "platform": "reddit", "id": "t3_a", "group": "reddit/t3_a", "campaign": "reddit/t3_a"},
        {"type": "post", "platform": "x", "id": "2", "group": "x/2", "campaign": "reddit/t3_a"},
        {"type": "cluster", "app": "kik", "handle": "quibdrem04", "post_ids": ["reddit/t3_a"]},
        {"type": "cluster", "app": "kik", "handle": "vexmol88", "post_ids": ["x/1"]},
        {"type": "cluster", "app": "wickr", "handle": "zorblat77", "post_ids": ["x/2"]},
        {"type": "component", "post_ids": ["x/1", "x/2"]},
        {"type": "component", "post_ids": ["reddit/t3_a"]},
    ]


def test_files_together_and_a_bad_line(tmp_path: Path) -> None:
    first, second = tmp_path / "a.ndjson", tmp_path / "b.ndjson.gz"
    first.write_bytes(ndjson(HITS[0]) + b"{broken\n")
    second.write_bytes(gzip.compress(ndjson(*HITS[1:])))
    done = run(str(second), str(first), "--json")
    assert done.returncode == 1
    assert b"a.ndjson:2: invalid JSON" in done.stderr
    assert done.stdout == run("-", "--json", stdin=ndjson(*HITS)).stdout


def test_an_archive_that_breaks_off_gives_the_graph_of_what_came_before(tmp_path: Path) -> None:
    broken = tmp_path / "a.ndjson.gz"
    broken.write_bytes(gzip.compress(ndjson(*HITS))[:-9])
    done = run(str(broken), "--json")
    assert done.returncode == 3
    assert run("missing.ndjson", "--json").returncode == 3


def test_usage() -> None:
    assert run("--json").returncode == 2
    assert run("-", "--lexicon", "missing.toml").returncode == 2


def test_people_get_a_summary() -> None:
    done = run("-", stdin=ndjson(*HITS))
    assert done.returncode == 0
    assert b"3 hits, 3 groups, 2 campaigns, 3 handles, 2 components" in done.stdout
    assert b"zorblat77" not in done.stdout


def test_it_loads_neither_the_store_nor_the_web() -> None:
    code = (
        "import sys\nfrom monitor.cli import app\n"
        "try: app(['graph', '-', '--json'])\nexcept SystemExit: pass\n"
        "print([name for name in ('sqlalchemy', 'sqlmodel', 'fastapi', 'httpx') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], input=b"", capture_output=True, check=True, timeout=60)
    assert done.stdout.splitlines()[-1] == b"[]"
