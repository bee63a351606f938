"""Collecting from a real Mastodon-compatible server: exactly what is there, whatever it and we go through."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
from contextlib import aclosing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from monitor.cli.init import config_text
from monitor.demo.installation import ORGANISATION
from monitor.plugins import source_plugins
from monitor.settings import CONFIG_FILE
from monitor.sourcing import make_options, open_source
from monitor.store.database import Store, open_store
from monitor.store.keys import KEY_FILE, load_keyring, write_key_file
from monitor.store.tables import Coverage, StoredPost
from tests.realnet.snac import Snac, resetting
from tests.sources.worlds import Harvest

pytestmark = pytest.mark.realnet

HIT = "trade #nolimits here, wickr: zorblat{}"
MISS = "park bench number {} #nolimits"


async def collected(base: str, cursor: Any = None, **values: str) -> Harvest:
    """One poll of the tag timeline, over the real network stack."""
    plugin, found = source_plugins()["mastodon"], Harvest(cursor=cursor)
    options = make_options(plugin, {"base_url": base, "tags": "nolimits", **values}, env={})
    async with (
        open_source(
            plugin, options, user_agent="handlewatch/0 (desk@operator.example)", clock=lambda: datetime.now(UTC)
        ) as source,
        aclosing(source.collect(cursor)) as batches,
    ):
        async for batch in batches:
            found.take(batch)
    return found


async def test_every_post_once_over_many_polls(snac: Snac) -> None:
    # Within one second its ids are unordered: what is posted between two polls comes all the same.
    posted: list[str] = []
    whole = Harvest()
    for poll in range(6):
        for number in range(15):
            uri = await snac.post("alice" if number % 2 else "bob", f"poll {poll} post {number} #nolimits")
            posted.append(uri)
        part = await collected(snac.base, whole.cursor)
        whole.posts += part.posts
        whole.cursor = part.cursor
    assert sorted(whole.ids) == sorted(posted)
    assert {post.author.handle.partition("@")[0] for post in whole.posts if post.author.handle} == {"alice", "bob"}
    assert all("#nolimits" in (post.text or "") and post.tags == ("nolimits",) for post in whole.posts)
    assert (await collected(snac.base, whole.cursor)).ids == []


async def test_the_whole_timeline_has_what_no_tag_has(snac: Snac) -> None:
    tagged = await snac.post("alice", "with a tag #nolimits")
    plain = await snac.post("alice", "without one")
    assert (await collected(snac.base)).ids == [tagged]
    assert sorted((await collected(snac.base, timelines="public", tags="")).ids) == sorted([tagged, plain])


async def test_resets_are_tried_again(snac: Snac) -> None:
    posted = [await snac.post("alice", f"post {number} #nolimits") for number in range(60)]
    async with resetting(snac.base, every=3) as base:
        whole = Harvest()
        for _ in range(4):
            part = await collected(base, whole.cursor)
            whole.posts += part.posts
            whole.cursor = part.cursor
    assert sorted(whole.ids) == sorted(posted)


async def test_the_command_finds_exactly_the_posts_with_a_handle_beside_a_term(snac: Snac, handlewatch: Any) -> None:
    hits = [await snac.post("bob", HIT.format(number)) for number in range(5)]
    for number in range(5):
        await snac.post("alice", MISS.format(number))
    tried = await asyncio.to_thread(
        handlewatch, "sources", "try", "mastodon", "--base-url", snac.base, "--set", "tags=nolimits", "--json"
    )
    assert tried.returncode == 0, tried.stderr
    assert json.loads(tried.stderr.splitlines()[-1])["posts"] == 10
    screened = await asyncio.to_thread(handlewatch, "screen", "-", stdin=tried.stdout)
    assert screened.returncode == 0, screened.stderr
    assert sorted(json.loads(line)["id"] for line in screened.stdout.splitlines()) == sorted(hits)


def configured(home: Path, snac: Snac, database_url: str) -> Store:
    """An installation that keeps, polling the server every second."""
    write_key_file(home / KEY_FILE)
    source = (
        f'[sources.fediverse]\nplugin = "mastodon"\nbase_url = "{snac.base}"\ntags = ["nolimits"]\nevery = 1\n'
        'basis = "our own server"\n'
    )
    (home / CONFIG_FILE).write_text(f'{config_text(ORGANISATION)}\n[database]\nurl = "{database_url}"\n{source}')
    return open_store(database_url, load_keyring(home), upgrade=True)


def kept(store: Store) -> list[str]:
    with store.read() as session:
        return [row.post_id for row in session.exec(select(StoredPost))]


async def until_kept(store: Store, count: int) -> None:
    async with asyncio.timeout(60):
        while len(kept(store)) < count:
            await asyncio.sleep(0.02)


async def test_killed_between_two_batches_nothing_is_lost_and_nothing_is_there_twice(
    snac: Snac, home: Path, handlewatch: Any, database_url: str
) -> None:
    store = configured(home, snac, database_url)
    hits: list[str] = []
    process: subprocess.Popen[str] | None = None

    def start() -> subprocess.Popen[str]:
        return subprocess.Popen(
            ["handlewatch", "run"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=handlewatch.environment,
        )

    async def posting(rounds: int) -> None:
        for _ in range(rounds):
            hits.append(await snac.post("bob", HIT.format(len(hits))))
            await snac.post("alice", MISS.format(len(hits)))

    try:
        for _ in range(3):
            process = start()
            before = len(kept(store))
            await posting(10)
            await until_kept(store, before + 1)
            process.send_signal(signal.SIGKILL)
            await asyncio.to_thread(process.communicate)
            await posting(25)  # while nobody looks: more than one page with the misses
            if not store.is_sqlite:
                # On PostgreSQL a successor waits until the dead holder's lease has expired; not here.
                with store.engine.begin() as connection:
                    connection.exec_driver_sql("UPDATE lease SET expires_at = clock_timestamp()")
        process = start()
        await until_kept(store, len(hits))
        # A few polls more, in which nothing may come twice.
        await asyncio.sleep(3)
        process.send_signal(signal.SIGTERM)
        output, _ = await asyncio.to_thread(process.communicate, timeout=20)
        assert process.returncode == 0, output
    finally:
        if process is not None:
            process.kill()
    assert sorted(kept(store)) == sorted(hits)
    with store.read() as session:
        states = {row.state for row in session.exec(select(Coverage))}
    assert "seen" in states
    store.close()
