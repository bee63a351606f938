"""Counting mode stores, logs and prints no text, handle, term or account; whatever comes, whatever fails."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve

from monitor.settings import CONFIG_FILE
from tests.support.jetstream import event

SECRETS = ("zorblat", "orulimbo", "nolimits", "taboo", "quibbern", "park bench", "wickr")
HIT = "trade taboo and nolimits here, wickr: zorblat77"

MALFORMED: list[Any] = [
    HIT,
    HIT.encode(),
    '{"did": "did:plc:orulimbo", "kind": "commit", "time_us": "zorblat77"}',
    json.dumps({"kind": "zorblat77", "did": "did:plc:orulimbo", "time_us": 1}),
    json.dumps({**event(1, HIT), "commit": "taboo"}),
    json.dumps({**event(2, HIT), "did": 7}),
    json.dumps({"kind": "commit", "$type": "zorblat77", "payload": {"taboo": ["orulimbo"]}}),
    json.dumps({**event(3, HIT), "time_us": 10**30}),
    "\ud800 taboo".encode("utf-8", "surrogatepass"),
]

PRIVATE_SOURCE = """
from collections.abc import AsyncGenerator
from monitor.plugins import hookimpl
from monitor.ports import Batch, Cursor, Pace, Records, SourcePlugin
from monitor.post import Post
from monitor.sourcing import SourceOptions
from sources.terms import load_terms


class Clumsy:
    def __init__(self, options, context):
        pass

    async def collect(self, cursor):
        yield Batch(records=Records.of([Post(platform="p", id="zorblat77", text={hit!r})]), cursor=None)
        try:
            raise KeyError({hit!r})
        except KeyError as error:
            raise ValueError("cannot read {hit}") from error


@hookimpl
def handlewatch_sources():
    return [
        SourcePlugin(
            name="clumsy", summary="x", pace=Pace.STREAM, options=SourceOptions, open=Clumsy,
            terms=load_terms()["archive"], servers=lambda options: ["http://127.0.0.1"], example="",
        )
    ]
"""


@asynccontextmanager
async def hostile_jetstream() -> AsyncIterator[str]:
    """Real posts and malformed frames, then an error frame whose name is a post's text."""

    async def play(connection: ServerConnection) -> None:
        for number, frame in enumerate(MALFORMED, start=10):
            await connection.send(json.dumps(event(number, HIT)))
            await connection.send(frame)
        await connection.send(json.dumps({"$type": "error", "error": HIT, "message": HIT}))
        await connection.wait_closed()

    async with serve(play, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}"


@asynccontextmanager
async def hostile_mastodon(status: int) -> AsyncIterator[str]:
    """Answers every request with a status and a post's text as the reason."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        body = json.dumps({"error": HIT}) if status != 200 else json.dumps([{"id": HIT, "account": HIT}, HIT, None])
        head = f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        writer.write((head + "Connection: close\r\n\r\n" + body).encode())
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


@pytest.fixture
def private_source(tmp_path: Path) -> str:
    """A folder for PYTHONPATH with an installed plug-in whose errors hold texts."""
    folder = tmp_path / "private"
    info = folder / "clumsy-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: clumsy\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[handlewatch]\nclumsy = clumsy_source\n")
    (folder / "clumsy_source.py").write_text(PRIVATE_SOURCE.format(hit=HIT))
    return str(folder)


def started(handlewatch: Any, *arguments: str, env: dict[str, str], home: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        ["handlewatch", "run", "--status-every", "0.2", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**handlewatch.environment, **env},
        cwd=home,
    )


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


async def output_of(handlewatch: Any, *arguments: str, env: dict[str, str], wanted: str, home: Path) -> str:
    """All that `run` prints until `wanted` was printed twice, and until it is stopped then."""
    process = started(handlewatch, *arguments, env=env, home=home)
    assert process.stdout is not None
    try:
        lines: list[str] = []
        while sum(wanted in line for line in lines) < 2:
            line = await asyncio.to_thread(process.stdout.readline)
            assert line, "".join(lines)
            lines.append(line)
        process.send_signal(signal.SIGTERM)
        rest, _ = await asyncio.to_thread(process.communicate, timeout=20)
        assert process.returncode == 0, rest
        return "".join(lines) + rest
    finally:
        process.kill()


@pytest.mark.parametrize("flags", [(), ("--debug",), ("--debug", "--json-logs")], ids=["plain", "debug", "json"])
@pytest.mark.parametrize("kind", ["stream", "404", "403", "200", "plug-in"])
async def test_nothing_of_a_post_is_stored_logged_or_printed(
    handlewatch: Any, home: Path, private_source: str, kind: str, flags: tuple[str, ...]
) -> None:
    env = {"PYTHONPATH": f"{handlewatch.environment['PYTHONPATH']}:{private_source}"}
    config = home / CONFIG_FILE
    wanted = "mastodon" if kind == "200" else "backing off"
    if kind == "plug-in":
        config.write_text('[sources.s]\nplugin = "clumsy"\n')
        output = await output_of(handlewatch, *flags, env=env, wanted=wanted, home=home)
    elif kind == "stream":
        async with hostile_jetstream() as url:
            config.write_text(f'[sources.s]\nplugin = "bluesky"\nbase_url = "{url}"\nwire = "v1"\nreconnects = 0\n')
            output = await output_of(handlewatch, *flags, env=env, wanted=wanted, home=home)
    else:
        async with hostile_mastodon(int(kind)) as url:
            config.write_text(f'[sources.mastodon]\nplugin = "mastodon"\nbase_url = "{url}"\ntags = ["nolimits"]\n')
            output = await output_of(handlewatch, *flags, env=env, wanted=wanted, home=home)
    assert not [secret for secret in SECRETS if secret in output], output
    assert names(home) == [CONFIG_FILE]
    assert "Traceback" not in output
    if "--json-logs" in flags:
        assert all(isinstance(json.loads(line), dict) for line in output.splitlines()), output
    elif kind == "plug-in":
        assert "ValueError in the source" in output
