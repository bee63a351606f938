"""`handlewatch sources`, as a process against servers on loopback."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
import tomllib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from telethon.crypto import AuthKey
from telethon.sessions import StringSession

from monitor.plugins import source_plugins
from monitor.settings import CONFIG_FILE
from tests.sources.jetstream import V1, V2, FakeJetstream, serving
from tests.sources.worlds import FakeMastodon

ORGANISATION = """
[organisation]
controller = "Example Hotline"
purpose = "reports"
legal_basis = "consent"
retention_days = 90
escalation_contact = "duty desk, +1 555 0100"
contact = "desk@operator.example"
reviewers = ["ada"]
"""


@asynccontextmanager
async def listening(world: FakeMastodon) -> AsyncIterator[str]:
    """A fake served on loopback, over real HTTP."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        method, target, _ = head[0].split(" ")
        headers = dict(line.split(": ", 1) for line in head[1:] if line)
        answer = world.handle(httpx.Request(method, f"https://social.example{target}", headers=headers))
        lines = [f"{name}: {value}" for name, value in answer.headers.items() if name != "connection"]
        begin = f"HTTP/1.1 {answer.status_code} x\r\n" + "\r\n".join([*lines, "Connection: close"]) + "\r\n\r\n"
        writer.write(begin.encode() + await answer.aread())
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    async with server:
        world.base = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield world.base


@pytest.fixture
def attempt(handlewatch: Any) -> Any:
    """Runs `sources try ... --json`; gives the exit code, the posts, the coverage line and the rest of stderr."""

    async def run(*arguments: str, env: dict[str, str] | None = None) -> tuple[int, list[Any], Any, str]:
        done = await asyncio.to_thread(handlewatch, "sources", "try", *arguments, "--json", env=env)
        *rest, last = done.stderr.splitlines() or [""]
        coverage = json.loads(last) if last.startswith("{") else None
        posts = [json.loads(line) for line in done.stdout.splitlines()]
        assert "Traceback" not in done.stderr
        return done.returncode, posts, coverage, "\n".join([*rest, "" if coverage else last])

    return run


async def test_a_polled_source(attempt: Any) -> None:
    world = FakeMastodon()
    added = world.add(90)
    async with listening(world) as base:
        code, posts, coverage, rest = await attempt("mastodon", "--base-url", base, "--set", "tags=map")
    assert (code, rest) == (0, "")
    assert sorted(post["id"] for post in posts) == sorted(added)
    assert (coverage["source"], coverage["state"], coverage["posts"], coverage["bad"]) == ("mastodon", "seen", 90, 0)
    (interval,) = coverage["coverage"]  # what touches was joined
    assert (interval["start"], interval["posts"]) == (None, 90)
    assert {request.headers["user-agent"].split("/")[0] for request in world.requests} == {"handlewatch"}


async def test_bounds(attempt: Any) -> None:
    world = FakeMastodon()
    world.add(90)
    async with listening(world) as base:
        assert len((await attempt("mastodon", "--base-url", base, "--limit", "7"))[1]) == 7
        assert len((await attempt("mastodon", "--base-url", base, "--pages", "2"))[1]) == 80


@pytest.mark.parametrize("wires", [(V1,), (V2,), (V1, V2)])
async def test_a_stream_ends_after_its_posts(attempt: Any, wires: tuple[str, ...]) -> None:
    async with serving(FakeJetstream(wires=wires)) as world:
        added = world.add(20)
        code, posts, coverage, _ = await attempt("bluesky", "--base-url", world.options["base_url"], "--limit", "5")
    assert code == 0
    assert [post["id"] for post in posts] == added[:5]
    assert coverage["posts"] == 5


async def test_a_stream_ends_in_silence(attempt: Any) -> None:
    async with serving(FakeJetstream(wires=(V2,))) as world:
        world.drop_after += [1]
        added = world.add(2)
        code, posts, coverage, _ = await attempt("bluesky", "--base-url", world.options["base_url"])
    assert code == 0
    assert [post["id"] for post in posts] == added
    assert coverage["state"] == "seen"


async def test_a_stream_that_is_connected_and_silent_is_well(attempt: Any) -> None:
    async with serving(FakeJetstream(wires=(V2,))) as world:
        code, posts, coverage, _ = await attempt("bluesky", "--base-url", world.options["base_url"])
    assert (code, posts, coverage["state"]) == (0, [], "seen")


async def test_a_stream_that_was_never_connected_is_not_called_silent(attempt: Any) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        base = f"http://127.0.0.1:{taken.getsockname()[1]}"  # nobody listens
        code, posts, coverage, _ = await attempt("mastodon-stream", "--base-url", base, "--set", "tags=map")
    assert (code, posts, coverage["state"]) == (6, [], "failed")


async def test_a_server_that_says_nothing_at_all_is_not_called_silent(attempt: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as dumb:
        base = f"http://127.0.0.1:{dumb.getsockname()[1]}"
        code, posts, coverage, rest = await attempt("mastodon-stream", "--base-url", base, "--set", "tags=map")
    assert (code, posts, coverage["state"]) == (6, [], "failed")
    assert "was not connected within 10 seconds" in rest


async def test_a_stream_waits_as_its_server_asks_before_it_is_called_silent(attempt: Any) -> None:
    world = FakeMastodon()
    added = world.add(3)
    world.faults += [lambda _: httpx.Response(429, headers={"Retry-After": "12"})]
    async with listening(world) as base:
        code, posts, coverage, _ = await attempt("mastodon-stream", "--base-url", base, "--set", "tags=map")
    assert (code, coverage["state"]) == (0, "seen")
    assert sorted(post["id"] for post in posts) == sorted(added)


@pytest.mark.parametrize(("status", "expected"), [(401, 4), (429, 5)])
async def test_a_stream_that_is_refused_says_so(attempt: Any, status: int, expected: int) -> None:
    world = FakeMastodon()
    world.faults += [lambda _: httpx.Response(status, json={"error": "no"}, headers={"Retry-After": "3600"})] * 30
    async with listening(world) as base:
        code, posts, _, _ = await attempt("mastodon-stream", "--base-url", base, "--set", "tags=map")
    assert (code, posts) == (expected, [])


async def test_an_archive_needs_no_server(attempt: Any, tmp_path: Path) -> None:
    path = tmp_path / "posts.ndjson"
    path.write_text('{"platform": "demo", "id": "1", "text": "a \\ud800 b"}\n{oops\n')
    code, posts, coverage, _ = await attempt("archive", "--set", f"files={path}")
    assert code == 1
    assert [post["text"] for post in posts] == ["a \ud800 b"]
    assert coverage["bad_records"][0]["where"] == "posts.ndjson:2"


STATUS = {
    401: 4,
    403: 4,
    404: 6,
    429: 5,
}


@pytest.mark.parametrize(("status", "expected"), STATUS.items())
async def test_exit_codes_tell_errors_apart(attempt: Any, status: int, expected: int) -> None:
    world = FakeMastodon()
    world.faults += [lambda _: httpx.Response(status, json={"error": "no"}, headers={"Retry-After": "3600"})] * 9
    async with listening(world) as base:
        code, posts, coverage, rest = await attempt("mastodon", "--base-url", base)
    assert (code, posts) == (expected, [])
    assert coverage["error"]
    assert rest.startswith("handlewatch: ")


async def test_partly_is_1(attempt: Any) -> None:
    world = FakeMastodon()
    world.add(2)
    world.faults.append(lambda _: httpx.Response(404, json={"error": "no"}))
    async with listening(world) as base:
        code, posts, coverage, _ = await attempt("mastodon", "--base-url", base, "--set", "tags=aam,map")
    assert (code, len(posts), coverage["state"]) == (1, 2, "failed")


async def test_a_short_wait_is_waited_for(attempt: Any) -> None:
    world = FakeMastodon()
    world.add(1)
    world.faults.append(lambda _: httpx.Response(429, json={}, headers={"Retry-After": "1"}))
    async with listening(world) as base:
        code, posts, _, _ = await attempt("mastodon", "--base-url", base)
    assert (code, len(posts)) == (0, 1)


async def test_nobody_there_is_6(attempt: Any) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    for name in ("mastodon", "bluesky"):
        code, posts, coverage, _ = await attempt(name, "--base-url", f"http://127.0.0.1:{port}")
        assert (code, posts, coverage["state"]) == (6, [], "failed")


async def test_credentials_come_from_the_environment_and_are_shown_nowhere(attempt: Any) -> None:
    world = FakeMastodon()
    world.add(1)
    world.faults += [lambda _: httpx.Response(401, json={"error": "expired"})]
    async with listening(world) as base:
        code, _, coverage, rest = await attempt(
            "mastodon", "--base-url", base, env={"MASTODON_ACCESS_TOKEN": "s3cr3t-t0ken"}
        )
    assert code == 4
    assert world.requests[0].headers["authorization"] == "Bearer s3cr3t-t0ken"
    assert "s3cr3t" not in json.dumps(coverage) + rest


USAGE = [
    (["mastodn"], "Did you mean 'mastodon'"),
    (["mastodon", "--set", "tags"], "KEY=VALUE"),
    (["mastodon", "--base-url", "http://127.0.0.1:9", "--set", "tgs=a"], "Did you mean 'tags'"),
    (["mastodon", "--base-url", "http://127.0.0.1:9", "--set", "overlap_seconds=long"], "overlap_seconds"),
    (["mastodon"], "name a server"),
    (["archive", "--base-url", "http://127.0.0.1:9"], "base_url"),
    (["mastodon", "--base-url", "https://social.example"], "handlewatch init"),
    (["bluesky"], "handlewatch init"),
]


@pytest.mark.parametrize(("arguments", "said"), USAGE)
async def test_usage_is_2_and_says_what_to_do(attempt: Any, arguments: list[str], said: str) -> None:
    code, posts, _, rest = await attempt(*arguments)
    assert (code, posts) == (2, [])
    assert said in rest


async def test_after_init_a_source_that_asks_for_a_basis_still_needs_it(attempt: Any, home: Path) -> None:
    (home / CONFIG_FILE).write_text(ORGANISATION)
    code, _, _, rest = await attempt("mastodon", "--base-url", "https://social.example")
    assert code == 2
    assert "basis" in rest


async def test_a_configured_source_is_tried_by_its_name(attempt: Any, home: Path) -> None:
    world = FakeMastodon()
    world.add(3)
    async with listening(world) as base:
        (home / CONFIG_FILE).write_text(
            f'{ORGANISATION}\n[sources.mine]\nplugin = "mastodon"\nbase_url = "{base}"\ntags = ["map"]\n'
        )
        code, posts, coverage, _ = await attempt("mine")
    assert (code, len(posts), coverage["coverage"][0]["scope"].partition(" ")[2]) == (0, 3, "#map")
    assert world.requests[0].headers["user-agent"].endswith("(desk@operator.example)")


async def test_for_people(handlewatch: Any) -> None:
    world = FakeMastodon()
    world.add(2)
    async with listening(world) as base:
        done = await asyncio.to_thread(handlewatch, "sources", "try", "mastodon", "--base-url", base)
    assert done.returncode == 0
    assert "zorblat_77@social.example  Post number 1 #map" in done.stdout
    assert "2 posts, 0 deletions, 0 left out." in done.stderr


def test_list(handlewatch: Any) -> None:
    listed = json.loads(handlewatch("sources", "list", "--json").stdout)
    assert {entry["name"] for entry in listed} == set(source_plugins())
    people = handlewatch("sources", "list").stdout
    assert all(name in people for name in source_plugins())


@pytest.mark.parametrize("name", sorted(source_plugins()))
def test_show_documents_every_option(handlewatch: Any, name: str) -> None:
    shown = json.loads(handlewatch("sources", "show", name, "--json").stdout)
    fields = source_plugins()[name].options.model_fields
    assert [option["name"] for option in shown["options"]] == list(fields)
    assert all(option["description"] for option in shown["options"])
    people = handlewatch("sources", "show", name)
    assert people.returncode == 0
    assert all(option in people.stdout for option in fields)
    assert shown["example"].strip() in people.stdout


CREDENTIALS = [(name, plugin.credentials) for name, plugin in source_plugins().items() if plugin.credentials]


@pytest.mark.parametrize(("name", "credentials"), CREDENTIALS)
async def test_no_credential_of_any_source_is_ever_shown(
    attempt: Any, name: str, credentials: tuple[str, ...], tmp_path: Path
) -> None:
    """A server that refuses, and repeats what it was asked with; and credentials of a wrong form."""

    class Repeating(FakeMastodon):
        def handle(self, request: httpx.Request) -> httpx.Response:
            self.requests.append(request)
            return httpx.Response(401, json={"error": "no", "message": "Unauthorized"})

    (section,) = tomllib.loads(source_plugins()[name].example)["sources"].values()
    arguments = list[str]()
    for key in set(section) - {"plugin", "every", "basis", "servers", "base_url", *credentials}:
        value = section[key]
        arguments += ["--set", f"{key}={','.join(map(str, value)) if isinstance(value, list) else value}"]
    for key in credentials:
        arguments += ["--set", f"{key}=planted-{key}"]
    world = Repeating()
    async with listening(world) as base:
        code, posts, coverage, rest = await attempt(name, "--base-url", base, "--limit", "1", *arguments)
    assert (posts, code != 0 or not coverage["posts"]) == ([], True)
    assert "planted" not in rest + json.dumps(coverage)
    assert not [request.url for request in world.requests if "planted-access_token" in str(request.url)]


async def test_the_environments_proxy_is_asked_by_streams_too(tmp_path: Path) -> None:
    """What is named by HTTPS_PROXY is connected to, and nothing else is."""
    asked = list[bytes]()

    async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readline())
        writer.write(b"HTTP/1.1 502 no\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    line = (
        "import asyncio\nfrom monitor.plugins import source_plugins\n"
        "from monitor.sourcing import make_options, open_source\nfrom monitor.clock import system_clock\n"
        "async def quick(seconds): pass\n"
        "async def main(name, values):\n"
        "    plugin = source_plugins()[name]\n"
        "    options = make_options(plugin, values)\n"
        "    opened = open_source(plugin, options, user_agent='x', clock=system_clock, limit=1, sleep=quick)\n"
        "    async with opened as source:\n"
        "        try:\n"
        "            async for _ in source.collect(None): pass\n"
        "        except Exception: pass\n"
        "asyncio.run(main('mastodon-stream', {'servers': 'social.example', 'tags': 'map'}))\n"
        "asyncio.run(main('telegram-api', {'channels': 'zorblat_news', 'api_id': '1', 'api_hash': 'x', 'session': '',"
        " 'base_url': 'tcp://149.154.167.51:443'} | {'session': SESSION}))\n"
    )
    session = StringSession()
    session.set_dc(2, "149.154.167.51", 443)
    session.auth_key = AuthKey(b"\x07" * 256)
    line = line.replace("SESSION", repr(session.save()))
    server = await asyncio.start_server(proxy, "127.0.0.1", 0)
    async with server:
        address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        env = {**os.environ, "HTTPS_PROXY": address, "NO_PROXY": ""}
        run = await asyncio.create_subprocess_exec(sys.executable, "-c", line, env=env)
        assert await asyncio.wait_for(run.wait(), 60) == 0
    assert {b"CONNECT social.example:443", b"CONNECT 149.154.167.51:443"} <= {
        one.removesuffix(b" HTTP/1.1\r\n") for one in asked
    }
