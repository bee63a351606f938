from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest
import zstandard
from sqlmodel import func, select

from monitor.cli.init import config_text
from monitor.demo.installation import ORGANISATION
from monitor.settings import CONFIG_FILE
from monitor.store.database import open_store, sqlite_url
from monitor.store.keys import KEY_FILE, load_keyring, write_key_file
from monitor.store.tables import SourceRow, StoredPost

RECORD = {"platform": "examplenet", "author_handle": "quibbern04"}


def records(count: int, *, begin: int = 0) -> str:
    """Every tenth hits."""
    texts = [
        f"trade taboo and nolimits here, wickr: zorblat{n % 997}" if n % 10 == 0 else f"a quiet day, number {n}"
        for n in range(begin, begin + count)
    ]
    return "".join(json.dumps({**RECORD, "id": f"p{begin + n}", "text": text}) + "\n" for n, text in enumerate(texts))


@pytest.fixture
def installed(home: Path) -> Path:
    (home / CONFIG_FILE).write_text(config_text(ORGANISATION))
    write_key_file(home / KEY_FILE)
    open_store(sqlite_url(home / "handlewatch.db"), load_keyring(home), upgrade=True).close()
    return home


def kept(home: Path) -> int:
    store = open_store(sqlite_url(home / "handlewatch.db"), load_keyring(home))
    with store.read() as session:
        count = session.exec(select(func.count()).select_from(StoredPost)).one()
    store.close()
    return count


def test_a_scan_keeps_hits_and_a_second_reads_nothing_twice(handlewatch: Any, installed: Path, tmp_path: Path) -> None:
    archive = tmp_path / "a.ndjson"
    archive.write_text(records(2500))
    done = handlewatch("scan", str(archive), "--json")
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert (summary["posts"], summary["hits"], summary["bad"], summary["repeats"]) == (2500, 250, 0, 0)
    again = handlewatch("scan", str(archive))
    assert "Nothing new" in again.stdout
    with archive.open("a") as file:
        file.write(records(100, begin=2500))
    grown = json.loads(handlewatch("scan", str(archive), "--json").stdout)
    assert (grown["posts"], grown["hits"]) == (100, 10)
    assert kept(installed) == 260


def test_bad_lines_are_shown_with_their_number_and_counted(handlewatch: Any, installed: Path, tmp_path: Path) -> None:
    archive = tmp_path / "a.ndjson"
    lines = [*records(20).splitlines(), "not json", '{"platform": "x"}', "\udcff", *records(20, begin=20).splitlines()]
    archive.write_bytes("\n".join(lines).encode("utf-8", "surrogateescape"))
    done = handlewatch("scan", str(archive))
    assert done.returncode == 1, done.stderr
    assert "40 posts" in done.stdout
    assert "3 bad lines" in done.stdout
    for number in (21, 22, 23):
        assert str(number) in done.stderr
    assert "Traceback" not in done.stderr
    assert kept(installed) == 4


def test_a_cut_archive_keeps_what_came_before(handlewatch: Any, installed: Path, tmp_path: Path) -> None:
    archive = tmp_path / "a.zst"
    packed = zstandard.ZstdCompressor(level=1).compress(records(9000).encode())
    archive.write_bytes(packed[: len(packed) * 2 // 3])
    done = handlewatch("scan", str(archive))
    assert done.returncode == 3, done.stderr
    assert "cut short" in done.stderr
    assert kept(installed) > 0


def test_a_missing_file_says_so(handlewatch: Any, installed: Path) -> None:
    done = handlewatch("scan", "absent.ndjson")
    assert done.returncode == 3
    assert "absent.ndjson" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_a_pipe_is_refused_before_anything_is_read_from_it(handlewatch: Any, installed: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    done = handlewatch("scan", "pipe")
    assert done.returncode == 3
    assert "a pipe or a device" in done.stderr


@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupted_scan_goes_on_where_it_was(
    handlewatch: Any, installed: Path, tmp_path: Path, sign: signal.Signals
) -> None:
    pipe = tmp_path / "a.ndjson"
    pipe.write_text(records(6_000))
    process = subprocess.Popen(
        ["handlewatch", "scan", str(pipe)], stderr=subprocess.PIPE, stdout=subprocess.PIPE, env=handlewatch.environment
    )
    while kept(installed) == 0:
        assert process.poll() is None, process.communicate()
    process.send_signal(sign)
    _, stderr = process.communicate(timeout=30)
    if sign is not signal.SIGKILL and process.returncode != 0:
        assert process.returncode == 130, stderr
        assert b"go on" in stderr
    done = handlewatch("scan", str(pipe), "--json")
    assert done.returncode == 0, done.stderr
    assert kept(installed) == 600


def test_a_full_disk_is_said_and_nothing_is_lost(handlewatch: Any, installed: Path, tmp_path: Path) -> None:
    """The file-size limit stands in for a full disk: SQLite meets the same failed write."""
    archive = tmp_path / "a.ndjson"
    archive.write_text(records(6_000))
    process = subprocess.run(
        ["sh", "-c", f'trap "" XFSZ; ulimit -f 1600; exec handlewatch scan {archive}'],
        capture_output=True,
        text=True,
        env=handlewatch.untraced,
        check=False,
        timeout=60,
    )
    assert process.returncode == 8, process.stderr
    assert "to do:" in process.stderr
    assert "Traceback" not in process.stderr
    before = kept(installed)
    assert 0 < before < 600
    assert handlewatch("scan", str(archive)).returncode == 0
    assert kept(installed) == 600


@pytest.mark.realdata
@pytest.mark.slow
@pytest.mark.timeout(900)
def test_real_posts_are_read_to_the_end(handlewatch: Any, installed: Path) -> None:
    done = subprocess.run(
        ["handlewatch", "scan", os.environ["HANDLEWATCH_REAL_POSTS"], "--json"],
        capture_output=True,
        text=True,
        env=handlewatch.untraced,
        check=False,
        timeout=900,
    )
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert summary["posts"] == 265_000
    assert summary["bad"] == 0
    assert summary["hits"] <= 1  # each is a false alarm


@pytest.mark.parametrize(
    ("said", "kept_as"),
    [
        ((), "(from: a.ndjson)"),
        (("--basis", "agreement 7", "--provenance", "our own export"), "agreement 7 (from: our own export)"),
    ],
)
def test_where_an_archive_comes_from_is_recorded_with_its_basis(
    handlewatch: Any, installed: Path, tmp_path: Path, said: tuple[str, ...], kept_as: str
) -> None:
    archive = tmp_path / "a.ndjson"
    archive.write_text(records(20))
    assert handlewatch("scan", str(archive), *said).returncode == 0
    store = open_store(sqlite_url(installed / "handlewatch.db"), load_keyring(installed))
    with store.read() as session:
        basis = session.exec(select(SourceRow.basis)).one()
    store.close()
    assert basis is not None
    assert basis.endswith(kept_as)
    assert not basis.startswith(" ")
