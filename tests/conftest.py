"""What all tests share: a clock that is told the time, stores on both databases, and the components at hand.

A test that needs a component which is not installed is deselected and listed with the command that brings it.
With HANDLEWATCH_TEST_ALL=1 (CI) that is a failure instead.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, settings
from sqlalchemy import make_url

from monitor.store.database import Store, open_store, sqlite_url
from monitor.store.keys import Keyring
from tests.support.postgres import PostgresCluster, find_postgres

REPOSITORY = Path(__file__).parent.parent
KEY = b"k" * 32

# The same examples in every run, so that a failure is the change's own; ./run soak looks further, each time elsewhere.
_CALM = (HealthCheck.function_scoped_fixture, HealthCheck.too_slow)
settings.register_profile("fixed", derandomize=True, deadline=None, max_examples=100, suppress_health_check=_CALM)
settings.register_profile("soak", deadline=None, max_examples=5_000, suppress_health_check=_CALM)
settings.load_profile("soak" if os.environ.get("HANDLEWATCH_SOAK") == "1" else "fixed")

_REAL_SERVERS = ("ready", "synapse.ready", "nostr-relay.ready", "atproto.ready")
COMPONENTS: dict[str, tuple[Any, str]] = {
    "postgres": (find_postgres, "apt-get install postgresql"),
    "browser": (partial(shutil.which, "chromium"), "apt-get install chromium"),
    "realnet": (
        lambda: all((REPOSITORY / ".realnet" / ready).exists() for ready in _REAL_SERVERS),
        "./run realnet",
    ),
    "realdata": (
        lambda: bool(os.environ.get("HANDLEWATCH_REAL_POSTS")),
        "HANDLEWATCH_REAL_POSTS=path/to/real-posts.ndjson.zst",
    ),
}
_left_out: dict[str, int] = {}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    missing = [name for name, (present, _) in COMPONENTS.items() if not present()]
    left_out = {item for name in missing for item in items if item.get_closest_marker(name)}
    for item in left_out:
        for name in missing:
            if item.get_closest_marker(name):
                _left_out[name] = _left_out.get(name, 0) + 1
    if left_out:
        config.hook.pytest_deselected(items=list(left_out))
        items[:] = [item for item in items if item not in left_out]


def pytest_terminal_summary(terminalreporter: Any) -> None:
    for name, count in sorted(_left_out.items()):
        terminalreporter.write_line(f"left out: {count} tests that need {name}; to have them: {COMPONENTS[name][1]}")


def pytest_sessionfinish(session: pytest.Session) -> None:
    if _left_out and os.environ.get("HANDLEWATCH_TEST_ALL") == "1":
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


class FakeClock:
    """A clock that stands still until it is told otherwise."""

    def __init__(self) -> None:
        self.time = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time

    def advance(self, **parts: float) -> datetime:
        """`advance(minutes=5)`; returns the new time."""
        self.time += timedelta(**parts)
        return self.time


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def keyring() -> Keyring:
    return Keyring(KEY)


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresCluster]:
    """A PostgreSQL server of this test session's own, reached through a socket; each test gets a database."""
    with PostgresCluster.started() as cluster:
        yield cluster


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty store of this version, to be copied: making one takes ten times as long."""
    path = tmp_path_factory.mktemp("template") / "template.db"
    open_store(sqlite_url(path), Keyring(KEY), upgrade=True).close()
    return path


@pytest.fixture(scope="session")
def postgres_template(postgres: PostgresCluster) -> Iterator[str]:
    """The name of a database that holds an empty store of this version."""
    with postgres.database() as url:
        open_store(url, Keyring(KEY), upgrade=True).close()
        yield make_url(url).database or ""


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database, on SQLite and on PostgreSQL: empty, or an empty store for tests that ask for `store`."""
    filled = "store" in request.fixturenames
    if request.param == "sqlite":
        path = tmp_path / "test.db"
        if filled:
            shutil.copy(request.getfixturevalue("sqlite_template"), path)
        yield sqlite_url(path)
        return
    cluster: PostgresCluster = request.getfixturevalue("postgres")
    with cluster.database(template=request.getfixturevalue("postgres_template") if filled else None) as url:
        yield url


@pytest.fixture
def store(database_url: str, keyring: Keyring, clock: FakeClock) -> Iterator[Store]:
    """An empty store of this version, on both databases."""
    store = open_store(database_url, keyring, clock=clock)
    yield store
    store.close()


@pytest.fixture
def sqlite_store(tmp_path: Path, sqlite_template: Path, keyring: Keyring, clock: FakeClock) -> Iterator[Store]:
    """An empty store of this version, on SQLite only: for what cannot differ between databases."""
    store = open_store(sqlite_url(Path(shutil.copy(sqlite_template, tmp_path / "test.db"))), keyring, clock=clock)
    yield store
    store.close()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An empty home folder."""
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


@pytest.fixture
def handlewatch(home: Path, tmp_path: Path) -> Any:
    """Runs the command line as a process: `handlewatch("screen", "x.ndjson")` -> CompletedProcess (text)."""

    untraced = {
        "PATH": f"{REPOSITORY / '.venv' / 'bin'}:{os.environ['PATH']}",
        "PYTHONPATH": str(REPOSITORY),
        "HOME": str(tmp_path),
        "HANDLEWATCH_HOME": str(home),
        "LANG": "C.UTF-8",
    }
    environment = untraced | {name: value for name, value in os.environ.items() if name.startswith("COVERAGE_")}

    def run(*arguments: str, stdin: str | None = None, env: dict[str, str] | None = None, timeout: float = 60) -> Any:
        return subprocess.run(
            ["handlewatch", *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
            cwd=tmp_path,
            env={**environment, **(env or {})},
        )

    cast("Any", run).environment = environment
    # Where tracing itself would fail (a limit on files) or double a long time.
    cast("Any", run).untraced = untraced
    return run
