from __future__ import annotations

import asyncio
import contextlib
import os
import pty
import select
import shlex
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest

from monitor.settings import load_settings
from monitor.store.keys import new_key
from tests.sources.test_command import listening
from tests.sources.worlds import FakeMastodon

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


@pytest.mark.parametrize("place", [1, 3], ids=["key", "configuration"])
def test_killed_in_the_middle_it_can_be_run_again(handlewatch: Any, home: Path, tmp_path: Path, place: int) -> None:
    """The process dies by kill -9 when a file is written: at its first or third fsync."""
    (tmp_path / "sitecustomize.py").write_text(
        "import os, signal\n"
        "count = 0\n"
        "real = os.fsync\n"
        "def fsync(descriptor):\n"
        "    global count\n"
        "    count += 1\n"
        f"    if count == {place}:\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "    real(descriptor)\n"
        "os.fsync = fsync\n"
    )
    path = f"{tmp_path}:{handlewatch.environment['PYTHONPATH']}"
    assert handlewatch("init", *ANSWERS, env={"PYTHONPATH": path}).returncode == -9
    assert not (home / "handlewatch.toml").exists()
    done = handlewatch("init", *ANSWERS)
    assert done.returncode == 0, done.stderr
    assert handlewatch("db", "check").returncode == 0


def test_on_a_full_disk_it_says_so_and_can_be_run_again(handlewatch: Any, home: Path) -> None:
    """The file-size limit stands in for a full disk."""
    line = f"trap '' XFSZ; ulimit -f 8; exec handlewatch init {shlex.join(ANSWERS)}"
    full = subprocess.run(
        ["sh", "-c", line], env=handlewatch.untraced, capture_output=True, text=True, check=False, timeout=60
    )
    assert full.returncode == 8, full.stderr
    assert "to do:" in full.stderr
    assert "Traceback" not in full.stderr
    assert not (home / "handlewatch.toml").exists()
    done = handlewatch("init", *ANSWERS)
    assert done.returncode == 0, done.stderr
    assert handlewatch("db", "check").returncode == 0


def test_another_key_is_refused_before_anything_is_written(handlewatch: Any, home: Path) -> None:
    assert handlewatch("init", *ANSWERS).returncode == 0
    key = home / "handlewatch.plain-key"
    right = key.read_text()
    key.unlink()
    (home / "handlewatch.toml").rename(home / "kept.toml")
    again = handlewatch("init", *ANSWERS)  # makes a new key for the old database
    assert again.returncode == 8
    assert "key is not the one" in again.stderr
    (home / "kept.toml").rename(home / "handlewatch.toml")
    for command in (["run"], ["coverage"], ["db", "upgrade"], ["users", "list"]):
        assert handlewatch(*command).returncode == 8, command
    key.write_text(right)
    assert handlewatch("coverage").returncode == 0


@pytest.mark.parametrize("command", ["db upgrade", "db check", "coverage", "run", "users list"])
def test_a_file_that_is_no_database_is_said_by_every_command(handlewatch: Any, home: Path, command: str) -> None:
    assert handlewatch("init", *ANSWERS).returncode == 0
    (home / "handlewatch.db").write_bytes(b"something else entirely " * 200)
    done = handlewatch(*command.split())
    assert done.returncode == 8, done.stderr
    assert "backup" in done.stderr
    assert "nobody foresaw" not in done.stderr


def test_with_a_key_in_the_environment_no_key_file_is_made(handlewatch: Any, home: Path) -> None:
    env = {"HANDLEWATCH_KEY": new_key()}
    done = handlewatch("init", *ANSWERS, env=env)
    assert done.returncode == 0, done.stderr
    assert "in plain" not in done.stdout
    assert "handlewatch.plain-key" not in {path.name for path in home.iterdir()}
    assert handlewatch("db", "check", env=env).returncode == 0
    assert handlewatch("db", "check").returncode == 8


def answered(handlewatch: Any, answers: list[str], *arguments: str, env: dict[str, str] | None = None) -> str:
    """Runs `init` at a terminal of its own; gives what it said."""
    terminal, end = pty.openpty()
    process = subprocess.Popen(
        ["handlewatch", "init", *arguments],
        env=handlewatch.environment | {"COLUMNS": "250"} | (env or {}),
        stdin=end,
        stdout=end,
        stderr=end,
        start_new_session=True,
    )
    os.close(end)
    said = b""
    waiting = list(answers)
    with contextlib.suppress(OSError):  # the process ended
        while True:
            assert select.select([terminal], [], [], 20)[0], said  # it waits for something else
            said += os.read(terminal, 4096)
            if waiting and said.endswith(b": "):
                os.write(terminal, f"{waiting.pop(0)}\n".encode())
    os.close(terminal)
    assert process.wait(timeout=30) == 0, said
    assert not waiting
    return said.decode()


ORGANISATION_ANSWERS = ["Example", "reports", "interest", "30", "desk", "desk@x.example", "ada"]


def test_a_wrong_answer_is_asked_for_again(handlewatch: Any, home: Path) -> None:
    answers = ["Example", "reports", "interest", "0", "30", "desk", "nobody", "desk@x.example", " , ", "ada, grace,"]
    answered(handlewatch, [*answers, ""])
    organisation = load_settings(home).organisation
    assert organisation is not None
    assert (organisation.retention_days, organisation.contact) == (30, "desk@x.example")
    assert organisation.reviewers == ["ada", "grace"]


async def test_a_source_that_is_asked_for_is_tested_live_and_written(handlewatch: Any, home: Path) -> None:
    world = FakeMastodon()
    world.add(3)
    async with listening(world) as base:
        answers = [*ORGANISATION_ANSWERS, "mastodn", "mastodon", base, "map, aam", "planted-secret", "our basis", ""]
        said = await asyncio.to_thread(answered, handlewatch, answers)
    assert "Did you mean 'mastodon'?" in said
    assert "planted-secret" not in said
    assert "posts on its newest page" in said
    assert {"Bearer planted-secret"} == {request.headers["authorization"] for request in world.requests}
    section = load_settings(home).sources["mastodon"]
    assert (section.plugin, section.basis) == ("mastodon", "our basis")
    assert section.options == {"servers": [base], "tags": ["map", "aam"], "access_token": "planted-secret"}
    assert (home / "handlewatch.toml").stat().st_mode & 0o077 == 0


async def test_what_is_not_well_may_be_corrected_kept_or_left_out(handlewatch: Any, home: Path) -> None:
    world = FakeMastodon()
    world.add(3)
    token = {"MASTODON_ACCESS_TOKEN": "planted-secret"}
    async with listening(world) as base:
        world.scopes = ["write"]
        asked = ["mastodon", base, "map", "our basis"]
        corrected = ["c", "", "aam", ""]
        answers = [*ORGANISATION_ANSWERS, *asked, *corrected, "k", *asked, "l", ""]
        said = await asyncio.to_thread(answered, handlewatch, answers, env=token)
    assert said.count("it may not read posts") == 3
    assert "taken from MASTODON_ACCESS_TOKEN" in said
    assert "planted-secret" not in said
    settings = load_settings(home)
    assert list(settings.sources) == ["mastodon"]
    assert settings.sources["mastodon"].options == {"servers": [base], "tags": ["aam"]}
    assert "planted-secret" not in (home / "handlewatch.toml").read_text()


async def test_given_sources_are_tested_only_where_that_is_asked_for(handlewatch: Any, home: Path) -> None:
    world = FakeMastodon()
    world.add(3)
    async with listening(world) as base:
        given = ["--source", "fediverse=mastodon", "--set", f"fediverse.servers={base}", "--set", "fediverse.every=90"]
        world.scopes = ["write"]
        env = {"MASTODON_ACCESS_TOKEN": "planted-secret"}
        refused = await asyncio.to_thread(handlewatch, "init", *ANSWERS, *given, "--test", env=env)
        assert refused.returncode == 4
        assert "it may not read posts" in refused.stdout.replace("\n", " ")
        assert "Nothing was written" in refused.stderr
        assert not os.listdir(home)  # noqa: PTH208
        world.scopes = ["read"]
        done = await asyncio.to_thread(handlewatch, "init", *ANSWERS, *given, "--test", env=env)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "planted" not in refused.stdout + refused.stderr + done.stdout + done.stderr
    section = load_settings(home).sources["fediverse"]
    assert (section.every, section.options) == (90, {"servers": [base]})


def test_offline_a_test_is_refused_and_nothing_is_written(handlewatch: Any, home: Path) -> None:
    given = ["--source", "mastodon", "--set", "mastodon.servers=http://127.0.0.1:9"]
    done = handlewatch("init", *ANSWERS, *given, "--test")
    assert done.returncode == 6, done.stdout + done.stderr
    assert "was not reached" in done.stderr
    assert "leave out --test" in done.stderr
    assert list(home.iterdir()) == []
    assert handlewatch("init", *ANSWERS, *given).returncode == 0
    assert load_settings(home).sources["mastodon"].options == {"servers": ["http://127.0.0.1:9"]}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--source", "mastodn"], "mastodon"),
        (["--source", "mastodon", "--set", "lemmy.tags=planted"], "no SOURCE.OPTION=VALUE"),
        (["--source", "mastodon", "--set", "mastodon.servers=social.example"], "no basis"),
        (["--source", "bluesky", "--set", "bluesky.whire=planted"], "no option"),
    ],
)
def test_a_source_that_cannot_be_used_writes_nothing(handlewatch: Any, home: Path, given: list[str], said: str) -> None:
    done = handlewatch("init", *ANSWERS, *given)
    assert (done.returncode, said in done.stderr) == (2, True), done.stderr
    assert "planted" not in done.stderr
    assert list(home.iterdir()) == []


def test_what_it_writes_of_a_source_is_read_back(handlewatch: Any, home: Path) -> None:
    values = {"base_url": "http://127.0.0.1:9", "queries": 'a "quoted" word, \\ and 😀', "usd_a_day": "2.5"}
    given = ["--source", "x", "--set", "x.enabled=false"]
    for name, value in values.items():
        given += ["--set", f"x.{name}={value}"]
    assert handlewatch("init", *ANSWERS, *given).returncode == 0
    section = load_settings(home).sources["x"]
    assert section.enabled is False
    assert section.options == values | {"queries": ['a "quoted" word', "\\ and 😀"], "usd_a_day": 2.5}
