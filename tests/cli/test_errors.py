"""What the command line says when something breaks that no command words itself."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

RECORD = '{"platform": "x", "id": "1", "text": "taboo and nolimits, wickr: zorblat77"}\n'


def shell(handlewatch: Any, line: str, folder: Path, **env: str) -> Any:
    return subprocess.run(
        ["sh", "-c", line],
        env={**handlewatch.environment, **env},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize("command", ["screen posts.ndjson", "explain 'taboo wickr: zorblat77'", "sources list"])
def test_a_full_disk_behind_the_output_is_said(handlewatch: Any, tmp_path: Path, command: str) -> None:
    (tmp_path / "posts.ndjson").write_text(RECORD * 3000)
    done = shell(handlewatch, f"handlewatch {command} > /dev/full", tmp_path)
    assert done.returncode == 1, done.stderr
    assert "No space left" in done.stderr
    assert "to do:" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", ["screen posts.ndjson", "sources show mastodon", "explain - < posts.ndjson"])
def test_a_reader_that_has_seen_enough_is_no_error(handlewatch: Any, tmp_path: Path, command: str) -> None:
    (tmp_path / "posts.ndjson").write_text(RECORD * 3000)
    done = shell(handlewatch, f"handlewatch {command} | head -c 5", tmp_path)
    assert (len(done.stdout), done.stderr) == (5, "")


def test_an_unforeseen_error_is_one_message_without_its_text(handlewatch: Any, tmp_path: Path) -> None:
    broken = tmp_path / "sitecustomize.py"
    broken.write_text(
        "import monitor.records\n"
        "def fail(data):\n    raise LookupError(data.decode())\n"
        "monitor.records.parse_line = fail\n"
    )
    (tmp_path / "posts.ndjson").write_text(RECORD)
    path = f"{tmp_path}:{handlewatch.environment['PYTHONPATH']}"
    done = shell(handlewatch, "handlewatch screen posts.ndjson", tmp_path, PYTHONPATH=path)
    assert done.returncode == 1
    assert "LookupError at sitecustomize.py:3" in done.stderr
    assert "zorblat" not in done.stderr
    assert "Traceback" not in done.stderr
    full = shell(handlewatch, "handlewatch screen posts.ndjson", tmp_path, PYTHONPATH=path, HANDLEWATCH_TRACEBACK="1")
    assert "Traceback" in full.stderr
