from __future__ import annotations

import asyncio
import signal
import sqlite3
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from monitor.cli.init import config_text
from monitor.demo.installation import ORGANISATION
from monitor.settings import CONFIG_FILE
from monitor.store.database import open_store
from monitor.store.keys import KEY_FILE, load_keyring, write_key_file
from monitor.store.tables import Coverage, CursorRow, Run, StoredPost
from tests.support.jetstream import Jetstream, event

HIT = "trade taboo and nolimits here, wickr: zorblat{}"
SECRETS = ("zorblat", "orulimbo", "nolimits", "park bench")


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def source(url: str, **options: Any) -> str:
    lines = [f"{name} = {value!r}".replace("'", '"') for name, value in options.items()]
    return "\n".join(["[sources.sky]", 'plugin = "bluesky"', f'base_url = "{url}"', 'wire = "v1"', *lines, ""])


@pytest.fixture
def start(home: Path, handlewatch: Any) -> Any:
    """Starts `handlewatch run`; the process is killed in the end if it still lives."""
    started: list[subprocess.Popen[str]] = []

    def begin(*arguments: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            ["handlewatch", "run", "--status-every", "0.2", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=handlewatch.environment,
            cwd=home,
        )
        started.append(process)
        return process

    yield begin
    for process in started:
        if process.poll() is None:
            process.kill()
            process.communicate()


async def until(condition: Callable[[], bool], *, seconds: float = 30) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.05)


async def stopped(process: subprocess.Popen[str]) -> str:
    process.send_signal(signal.SIGTERM)
    output, _ = await asyncio.to_thread(process.communicate, timeout=20)
    assert process.returncode == 0, output
    assert "Traceback" not in output
    return output


def keeping(home: Path, section: str, database_url: str) -> None:
    """An installation that keeps, with a new database at the URL."""
    write_key_file(home / KEY_FILE)
    (home / CONFIG_FILE).write_text(f'{config_text(ORGANISATION)}\n[database]\nurl = "{database_url}"\n{section}')
    open_store(database_url, load_keyring(home), upgrade=True).close()


@asynccontextmanager
async def jetstream(count: int = 40) -> AsyncIterator[tuple[Jetstream, str]]:
    """A stream in which every fourth post hits."""
    events = [event(n, HIT.format(n) if n % 4 == 0 else f"park bench number {n}") for n in range(count)]
    server = Jetstream(events)
    async with server.running() as url:
        yield server, url


async def test_unconfigured_it_counts_and_leaves_nothing_behind(start: Any, home: Path) -> None:
    async with jetstream() as (_, url):
        (home / CONFIG_FILE).write_text(source(url))
        process = start()
        lines: list[str] = []
        while not any("40 posts" in line for line in lines):
            lines.append(await asyncio.to_thread(process.stdout.readline))
        output = "".join(lines) + await stopped(process)
    assert "Counting mode" in output
    assert "10 hits" in output
    assert not [secret for secret in SECRETS if secret in output]
    assert names(home) == [CONFIG_FILE]


async def test_without_a_network_it_says_so_and_stops_cleanly(start: Any, home: Path) -> None:
    (home / CONFIG_FILE).write_text(source("http://127.0.0.1:9", reconnects=0))
    process = start()
    lines: list[str] = []
    while not any("next try" in line for line in lines):
        lines.append(await asyncio.to_thread(process.stdout.readline))
    output = "".join(lines) + await stopped(process)
    assert "127.0.0.1" in output
    assert "backing off" in output


@pytest.mark.slow
async def test_kill_9_and_restart_lose_nothing_and_double_nothing(
    start: Any, home: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with jetstream(count=120) as (server, url):
        server.pause = 0.01
        keeping(home, source(url, batch_posts=10, batch_seconds=0.1), database_url)
        store = open_store(database_url, load_keyring(home))

        def kept() -> int:
            with store.read() as session:
                return len(session.exec(select(StoredPost.id)).all())

        for wanted in (5, 15):
            process = start()
            await until(lambda wanted=wanted: kept() >= wanted)
            process.send_signal(signal.SIGKILL)
            await asyncio.to_thread(process.communicate)
            if not store.is_sqlite:
                # On PostgreSQL a successor waits until the dead holder's lease has expired; not here.
                with store.engine.begin() as connection:
                    connection.exec_driver_sql("UPDATE lease SET expires_at = clock_timestamp()")
        process = start()
        await until(lambda: kept() >= 30)
        output = await stopped(process)
        with store.read() as session:
            ids = [row.post_id for row in session.exec(select(StoredPost))]
            outcomes = [row.outcome for row in session.exec(select(Run).order_by("id"))]
            cursor = session.exec(select(CursorRow)).one()
            assert session.exec(select(Coverage)).all()
        store.close()
    assert len(ids) == len(set(ids)) == 30
    assert outcomes == ["interrupted", "interrupted", "stopped"]
    assert cursor.token == 3  # each process took the lease anew
    assert len(server.cursors) == 3
    assert server.cursors[0] is None
    assert not [secret for secret in SECRETS if secret in output]


async def test_two_runs_on_one_sqlite_file_are_refused_and_other_commands_work(
    start: Any, home: Path, handlewatch: Any
) -> None:
    async with jetstream() as (_, url):
        keeping(home, source(url), f"sqlite:///{home}/handlewatch.db")
        process = start()
        await until(lambda: _posts(home) >= 10)
        second = await asyncio.to_thread(handlewatch, "run")
        assert second.returncode == 7, second.stderr
        assert str(process.pid) in second.stderr
        coverage = await asyncio.to_thread(handlewatch, "coverage")
        assert coverage.returncode == 0
        assert "sky" in coverage.stdout
        await stopped(process)


def _posts(home: Path) -> int:
    with sqlite3.connect(home / "handlewatch.db") as connection:
        return connection.execute("SELECT count(*) FROM post").fetchone()[0]


def test_a_source_that_asks_for_a_basis_is_refused_without(handlewatch: Any, home: Path) -> None:
    (home / CONFIG_FILE).write_text(
        f'{config_text(ORGANISATION)}\n[sources.m]\nplugin = "mastodon"\nservers = ["https://social.example"]\n'
        'tags = ["example"]\n'
    )
    done = handlewatch("run")
    assert done.returncode == 2
    assert "basis" in done.stderr


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ('[sources.x]\nplugin = "bluesk"\n', "Did you mean 'bluesky'"),
        ('[sources.x]\nplugin = "bluesky"\nwyre = "v1"\n', "Did you mean 'wire'"),
        ('[sources.x]\nplugin = "bluesky"\nwire = "v7"\n', "wire"),
    ],
)
def test_mistakes_in_a_source_are_named(handlewatch: Any, home: Path, section: str, said: str) -> None:
    (home / CONFIG_FILE).write_text(section)
    done = handlewatch("run")
    assert done.returncode == 2, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr
