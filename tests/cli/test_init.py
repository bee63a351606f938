from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from monitor.settings import load_settings

ANSWERS = [
    "--controller", 'The "Example" Hotline \\ 1',
    "--purpose", "reports of public posts",
    "--legal-basis", "public interest",
    "--retention-days", "90",
    "--escalation-contact", "duty desk, +1 555 0100",
    "--contact", "desk@hotline.example",
    "--reviewer", "ada",
    "--reviewer", "grace",
]  # fmt: skip


def test_it_writes_what_was_answered_and_makes_key_and_database(handlewatch: Any, home: Path) -> None:
    done = handlewatch("init", *ANSWERS)
    assert done.returncode == 0, done.stderr
    organisation = load_settings(home).organisation
    assert organisation is not None
    assert organisation.controller == 'The "Example" Hotline \\ 1'
    assert organisation.reviewers == ["ada", "grace"]
    assert {path.name for path in home.iterdir()} >= {"handlewatch.toml", "handlewatch.db", "handlewatch.plain-key"}
    for path in home.iterdir():
        assert path.stat().st_mode & 0o077 == 0, path
    assert handlewatch("db", "check").returncode == 0
    assert handlewatch("db", "upgrade").stdout.startswith("The database has revision")


def test_the_examples_it_writes_are_valid_when_uncommented(handlewatch: Any, home: Path) -> None:
    assert handlewatch("init", *ANSWERS).returncode == 0
    lines = (home / "handlewatch.toml").read_text().splitlines()
    example = "\n".join(line.removeprefix("# ") for line in lines if line.startswith("# [") or "=" in line)
    sections = tomllib.loads(example)
    assert {"archive", "bluesky", "mastodon"} <= {section["plugin"] for section in sections["sources"].values()}
    assert {section["plugin"] for section in sections["channels"].values()} >= {"mail", "mastodon"}


def test_a_second_time_is_refused_and_nothing_is_overwritten(handlewatch: Any, home: Path) -> None:
    handlewatch("init", *ANSWERS)
    before = {path.name: path.read_bytes() for path in home.iterdir()}
    again = handlewatch("init", *ANSWERS)
    assert again.returncode == 7
    assert "unchanged" in again.stderr
    assert {path.name: path.read_bytes() for path in home.iterdir()} == before


@pytest.mark.parametrize(
    ("change", "said"),
    [(("--contact", "nobody"), "contact"), (("--retention-days", "99999"), "retention_days")],
)
def test_a_wrong_answer_writes_nothing(handlewatch: Any, home: Path, change: tuple[str, str], said: str) -> None:
    answers = list(ANSWERS)
    answers[answers.index(change[0]) + 1] = change[1]
    done = handlewatch("init", *answers)
    assert (done.returncode, said in done.stderr) == (2, True)
    assert "Traceback" not in done.stderr
    assert list(home.iterdir()) == []


def test_without_a_terminal_missing_answers_are_listed(handlewatch: Any, home: Path) -> None:
    done = handlewatch("init", *ANSWERS[:2], stdin="")
    assert done.returncode == 2
    assert "--legal-basis" in done.stderr
    assert "--controller" not in done.stderr
    assert list(home.iterdir()) == []


def test_keeping_commands_ask_for_init_first(handlewatch: Any, home: Path) -> None:
    for command in (["alerts", "list", "--as", "ada"], ["coverage"], ["db", "check"]):
        done = handlewatch(*command)
        assert done.returncode == 2, command
        assert "handlewatch init" in done.stderr
        assert "Traceback" not in done.stderr
    assert list(home.iterdir()) == []


def test_a_folder_that_cannot_be_written_says_so(handlewatch: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = handlewatch("init", *ANSWERS, "--home", str(tmp_path / "file" / "sub"))
    assert done.returncode == 8
    assert "Traceback" not in done.stderr
