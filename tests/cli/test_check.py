"""`handlewatch check` and `handlewatch sources recheck`, as processes."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx

from monitor.settings import CONFIG_FILE
from tests.cli.test_init import ANSWERS
from tests.sources.test_command import ORGANISATION, listening
from tests.sources.worlds import FakeMastodon

RECORD = '{"platform": "mastodon", "id": "https://social.example/1", "text": "a map"}\n'


def configured(home: Path, text: str) -> Path:
    home.mkdir(exist_ok=True)
    (home / CONFIG_FILE).write_text(text)
    return home


async def test_a_healthy_source_and_a_broken_one_are_told_apart(handlewatch: Any, tmp_path: Path) -> None:
    world = FakeMastodon()
    world.add(3)
    async with listening(world) as base:
        home = configured(
            tmp_path / "home",
            f'[sources.good]\nplugin = "mastodon"\nbase_url = "{base}"\n'
            '[sources.down]\nplugin = "mastodon"\nbase_url = "http://127.0.0.1:9"\n'
            '[sources.wrong]\nplugin = "mastodon"\nserver = "x"\n'
            '[sources.off]\nplugin = "mastodon"\nbase_url = "http://127.0.0.1:9"\nenabled = false\n',
        )
        done = await asyncio.to_thread(handlewatch, "check", "--home", str(home), "--json")
    assert done.returncode == 1, done.stderr
    found = json.loads(done.stdout)
    assert {one["subject"] for one in found} == {"installation", "good", "down", "wrong"}
    assert all(one["well"] for one in found if one["subject"] == "good")
    assert any(one["well"] is False for one in found if one["subject"] == "down")
    (wrong,) = [one for one in found if one["subject"] == "wrong"]
    assert "no option 'server'" in wrong["said"]
    assert wrong["do"]


def test_a_set_up_installation_is_well(handlewatch: Any, home: Path) -> None:
    made = handlewatch("init", *ANSWERS)
    done = handlewatch("check")
    assert (made.returncode, done.returncode) == (0, 0), made.stderr + done.stdout + done.stderr
    assert "SQLite" in done.stdout
    assert "No source is configured" in done.stdout


async def test_what_a_server_asked_for_is_waited_for_by_the_next_doctor_too(handlewatch: Any, home: Path) -> None:
    assert (await asyncio.to_thread(handlewatch, "init", *ANSWERS)).returncode == 0
    world = FakeMastodon()
    world.faults += [lambda _: httpx.Response(429, headers={"Retry-After": "3600"})]
    async with listening(world) as base:
        with (home / CONFIG_FILE).open("a") as file:
            file.write(f'\n[sources.good]\nplugin = "mastodon"\nbase_url = "{base}"\n')
        first = await asyncio.to_thread(handlewatch, "check")
        asked = len(world.requests)
        second = await asyncio.to_thread(handlewatch, "check")
    assert asked >= 1
    assert len(world.requests) == asked
    assert "asks us to wait" in " ".join(second.stdout.split()), first.stdout + second.stdout


def test_a_missing_key_is_not_well(handlewatch: Any, tmp_path: Path) -> None:
    home = configured(tmp_path / "home", ORGANISATION)
    done = handlewatch("check", "--home", str(home))
    assert done.returncode == 1
    assert "NOT WELL" in done.stdout


def test_an_unknown_source_is_named_with_the_closest(handlewatch: Any, tmp_path: Path) -> None:
    home = configured(tmp_path / "home", '[sources.fediverse]\nplugin = "mastodon"\nbase_url = "http://127.0.0.1:9"\n')
    done = handlewatch("check", "fedivers", "--home", str(home))
    assert done.returncode == 2
    assert "fediverse" in done.stderr


def test_planted_secrets_are_never_shown(handlewatch: Any, tmp_path: Path) -> None:
    home = configured(
        tmp_path / "home",
        '[sources.one]\nplugin = "mastodon"\nbase_url = "http://127.0.0.1:9"\naccess_token = "planted-secret"\n'
        '[sources.two]\nplugin = "mastodon"\naccess_token = "planted-secret"\nbad = "planted-secret"\n',
    )
    done = handlewatch("check", "--home", str(home), env={"MASTODON_ACCESS_TOKEN": "planted-too"})
    assert "planted" not in done.stdout + done.stderr


def test_a_source_that_cannot_tell_says_so(handlewatch: Any, tmp_path: Path) -> None:
    (tmp_path / "posts.ndjson").write_text(RECORD)
    path = str(tmp_path / "posts.ndjson")
    done = handlewatch("sources", "recheck", "archive", path, "--set", f"files={path}")
    assert done.returncode == 2
    assert "cannot say whether a post is still up" in done.stderr
