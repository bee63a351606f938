"""Every kind of client goes through the environment's proxy, and believes the authority that SSL_CERT_FILE names.

Nothing is faked between the source and its server: a real proxy, real tunnels, real TLS (`tests.support.tunnel`).
Telethon speaks no TLS: that it asks the proxy is tested in `test_command`.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, aclosing
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest

from monitor.errors import ConfigError, UnreachableError
from tests.sources import jetstream, nostr_world
from tests.sources.bluesky_world import FakeRelay as FakeRepos
from tests.sources.jetstream import V1, V2, FakeJetstream
from tests.sources.nostr_world import FakeRelay
from tests.sources.reddit_world import CLIENT, FakeReddit
from tests.sources.worlds import FakeMastodon, Harvest, opened_source
from tests.support.tunnel import Tunnels, answering, tunnels

FAR = "far.example"


@pytest.fixture
async def proxy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> AsyncIterator[Tunnels]:
    async with tunnels(tmp_path) as (proxy, env):
        for name in ("no_proxy", "all_proxy", "http_proxy", "https_proxy"):
            monkeypatch.delenv(name, raising=False)
            monkeypatch.delenv(name.upper(), raising=False)
        for name, value in env.items():
            monkeypatch.setenv(name, value)
        yield proxy


async def collected(name: str, world: Any, values: dict[str, Any], *, count: int) -> list[str]:
    """What comes through, without the fake's own transport."""
    found = Harvest()
    async with (
        opened_source(name, SimpleNamespace(time=world.time), values, limit=count) as source,
        aclosing(source.collect(None)) as batches,
    ):
        async for batch in batches:
            found.take(batch)
            if len(found.posts) >= count:  # a stream does not end by itself
                break
    return sorted(found.ids)


async def test_httpx(proxy: Tunnels) -> None:
    world = FakeMastodon()
    added = world.add(3)
    async with answering(world.handle, FAR) as proxy.behind[FAR]:
        assert await collected("mastodon", world, {"base_url": FAR, "tags": "map"}, count=3) == sorted(added)
    assert set(proxy.opened) == {f"CONNECT {FAR}:443"}


async def test_praw(proxy: Tunnels) -> None:
    """Tokens come from one server, listings from another: both through the proxy, and nothing else is asked."""
    world = FakeReddit()
    world.login = True
    added = world.add(3)
    values = {"base_url": FAR, "auth_url": "login.example", "subreddits": "maps", "comments": False, **CLIENT}
    async with (
        answering(world.handle, FAR) as proxy.behind[FAR],
        answering(world.handle, "login.example") as proxy.behind["login.example"],
    ):
        assert await collected("reddit", world, values, count=3) == sorted(added)
    assert set(proxy.opened) == {f"CONNECT {FAR}:443", "CONNECT login.example:443"}
    assert world.tokens


@pytest.mark.parametrize("name", ["bluesky", "bluesky repos", "nostr"])
async def test_websockets(proxy: Tunnels, name: str) -> None:
    worlds: dict[str, Any] = {
        "bluesky": FakeJetstream(wires=(V1, V2)),
        "bluesky repos": FakeRepos(),
        "nostr": FakeRelay(),
    }
    world, plugin = worlds[name], name.partition(" ")[0]
    added = world.add(3)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context((nostr_world if plugin == "nostr" else jetstream).serving(world))
        near = world.options["base_url"]
        proxy.behind[FAR] = urlsplit(near).port or 0
        values = {**world.options, "base_url": f"{'wss' if plugin == 'nostr' else 'https'}://{FAR}"}
        assert await collected(plugin, world, values, count=3) == sorted(added)
    assert set(proxy.opened) == {f"CONNECT {FAR}:443"}


async def test_an_authority_that_nobody_named_is_not_believed(proxy: Tunnels, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    world = FakeMastodon()
    world.add(1)
    async with answering(world.handle, FAR) as proxy.behind[FAR]:
        with pytest.raises(UnreachableError, match=r"(?i)certificate"):
            await collected("mastodon", world, {"base_url": FAR, "tags": "map"}, count=1)
    assert world.requests == []


async def test_what_is_named_in_no_proxy_is_reached_without(proxy: Tunnels, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "near.invalid")
    world = FakeMastodon()
    with pytest.raises(UnreachableError):
        await collected("mastodon", world, {"base_url": "near.invalid", "tags": "map"}, count=1)
    assert proxy.opened == []


async def test_a_proxy_without_a_scheme_is_understood(proxy: Tunnels, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", os.environ["HTTPS_PROXY"].removeprefix("http://"))
    world, stream = FakeMastodon(), FakeJetstream(wires=(V1, V2))
    added, made = world.add(1), stream.add(1)
    async with answering(world.handle, FAR) as proxy.behind[FAR], jetstream.serving(stream):
        proxy.behind["jets.example"] = urlsplit(stream.options["base_url"]).port or 0
        assert await collected("mastodon", world, {"base_url": FAR, "tags": "map"}, count=1) == added
        assert await collected("bluesky", stream, {"base_url": "https://jets.example"}, count=1) == made


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("HTTPS_PROXY", "ftp://planted@proxy.example", "HTTPS_PROXY"),
        ("HTTPS_PROXY", "http://planted@", "HTTPS_PROXY"),
        ("SSL_CERT_FILE", "/nowhere/planted.pem", "SSL_CERT_FILE"),
    ],
)
@pytest.mark.parametrize("plugin", ["mastodon", "bluesky"])
async def test_what_cannot_be_used_is_said_and_not_gone_past(
    proxy: Tunnels, monkeypatch: pytest.MonkeyPatch, plugin: str, name: str, value: str, said: str
) -> None:
    monkeypatch.setenv(name, value)
    values = {"base_url": f"https://{FAR}", **({"tags": "map"} if plugin == "mastodon" else {})}
    with pytest.raises(ConfigError, match=said) as caught:
        await collected(plugin, FakeMastodon(), values, count=1)
    assert "planted@" not in str(caught.value)
