from __future__ import annotations

import re
import signal
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest

from monitor.demo.installation import open_demo
from monitor.demo.show import collect
from monitor.demo.story import tell
from monitor.settings import CONFIG_FILE

HANDLES = (
    "zorblat77",
    "vexilorp",
    "quibbern04",
    "brindlewok",
    "lumetwig_3",
    "drimsol4",
    "murvox51",
    "orulimbo",
    "kefandor",
)


def read_until(process: subprocess.Popen[str], wanted: str) -> str:
    """What the process prints until a line holds `wanted`."""
    assert process.stdout is not None
    lines: list[str] = []
    for line in process.stdout:
        lines.append(line)
        if wanted in line:
            return "".join(lines)
    pytest.fail(f"{wanted!r} was never said:\n" + "".join(lines))


def stop(process: subprocess.Popen[str]) -> str:
    process.send_signal(signal.SIGTERM)
    rest, _ = process.communicate(timeout=20)
    assert process.returncode == 0, rest
    return rest


def started(handlewatch: Any, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        ["handlewatch", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**handlewatch.environment, "PYTHONUNBUFFERED": "1"},
    )


def test_the_demo_shows_masked_alerts_of_four_platforms_and_ends(handlewatch: Any, tmp_path: Path) -> None:
    done = handlewatch("demo", "--once", "--home", str(tmp_path / "demo"))
    assert done.returncode == 0, done.stderr
    assert "75 posts collected" in done.stdout
    assert "bluesky, mastodon, reddit, tumblr" in done.stdout
    assert "10 more came: 2 wait in the fast lane, 1 is like two campaigns, and a handle is back" in done.stdout
    assert not [handle for handle in HANDLES if handle in done.stdout + done.stderr]
    again = handlewatch("demo", "--once", "--home", str(tmp_path / "demo"))
    assert "75 posts collected" in again.stdout


def test_the_demo_never_takes_a_folder_that_is_not_its_own(handlewatch: Any, home: Path) -> None:
    (home / CONFIG_FILE).write_text("")
    done = handlewatch("demo", "--once", "--home", str(home))
    assert done.returncode == 7
    assert "unchanged" in done.stderr
    assert (home / CONFIG_FILE).exists()


def test_the_demo_never_touches_an_installation_that_the_environment_names(
    handlewatch: Any, home: Path, tmp_path: Path
) -> None:
    database = tmp_path / "production.db"
    env = {"HANDLEWATCH_DATABASE__URL": f"sqlite:///{database}", "HANDLEWATCH_HOME": str(home)}
    done = handlewatch("demo", "--once", env=env)
    assert done.returncode == 0, done.stderr
    assert "19 hits" in done.stdout
    assert "No alerts" not in done.stdout
    assert not database.exists()
    assert list(home.iterdir()) == []


def test_the_demo_reports_what_is_decided_to_its_own_mail_server(handlewatch: Any, tmp_path: Path) -> None:
    home = str(tmp_path / "demo")
    process = started(handlewatch, "demo", "--home", home, "--port", "0")
    try:
        said = read_until(process, "Stop with Ctrl-C")
        address = re.search(r"http://127\.0\.0\.1:\d+/", said)
        assert address is not None
        page = httpx.get(address[0], follow_redirects=True)
        assert page.status_code == 200
        assert "Log in" in page.text
        decided = handlewatch(
            *("alerts", "decide", "1", "--verdict", "reportable", "--conduct", "offers_or_asks_material"),
            *("--risk", "trade", "--reason", "handle beside two terms", "--as", "ada", "--home", home),
        )
        assert decided.returncode == 0, decided.stderr
        reports = handlewatch("reports", "list", "--home", home, "--json")
        assert reports.returncode == 0, reports.stderr
        assert "undo_window" in reports.stdout
    finally:
        stop(process)


def test_serve_serves_beside_anything_and_stops(handlewatch: Any, tmp_path: Path) -> None:
    home = str(tmp_path / "demo")
    handlewatch("demo", "--once", "--home", home)
    process = started(handlewatch, "serve", "--home", home, "--port", "0")
    try:
        said = read_until(process, "Review page")
        address = said.split("Review page: ")[1].split()[0]
        taken = handlewatch("serve", "--home", home, "--port", address.rstrip("/").rpartition(":")[2])
        assert taken.returncode == 2
        assert "cannot be served" in taken.stderr
        assert httpx.get(address + "healthz").status_code == 200
    finally:
        stop(process)


async def test_the_demo_has_something_of_each_to_see() -> None:
    with open_demo() as demo:
        await collect(demo)
        tell(demo)
        app = demo.app
        news = [post.news for post in app.fast_lane.waiting(user="ada")]
        (suggested,) = app.campaigns.suggested(user="ada")
        view = app.triage.view(1, user="ada")
        growth = app.campaigns.show("1", user="ada").growth
    assert news == [["another platform"], ["another handle", "another platform"]]
    assert suggested.bridge is not None
    assert {one.kind: one.days for one in view.returns} == {"handle": 4.917, "campaign": 4.917}
    assert len(growth.days) > 8


async def test_every_alert_of_the_demo_shows_what_was_posted() -> None:
    with open_demo() as demo:
        await collect(demo)
        page = demo.app.triage.queue(user="ada", limit=100)
        shown = [demo.app.triage.view(entry.id, user="ada").post for entry in page.rows]
    assert len(shown) == 11
    assert {post.platform for post in shown} >= {"reddit", "tumblr"}
    assert not [post for post in shown if post.unchecked or not post.fields]
