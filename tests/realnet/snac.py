"""snac2, a real Mastodon-compatible server, on loopback: started, posted to through its own API, stopped.

It answers HTTP/1.1, closes every connection without saying so, and resets some: whoever talks to it tries again.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import socket
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

BINARY = Path(__file__).parent.parent.parent / ".realnet" / "root" / "usr" / "bin" / "snac"
_OUT_OF_BAND = "urn:ietf:wg:oauth:2.0:oob"


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@dataclass
class Snac:
    """A running server. Users post as people do: through OAuth and the API."""

    base: str
    folder: Path
    _http: httpx.AsyncClient
    _tokens: dict[str, str] = field(default_factory=dict[str, str])

    async def _ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        """One request, again after a reset. Posts are looked for before they are made again."""
        for _ in range(20):
            try:
                answer = await self._http.request(method, self.base + path, **options)
                answer.raise_for_status()
            except httpx.TransportError:
                await asyncio.sleep(0.05)
                continue
            return answer
        raise AssertionError(f"{path}: no answer after 20 tries")

    async def add_user(self, name: str) -> None:
        """A new user, logged in."""
        made = await asyncio.to_thread(
            subprocess.run,
            [BINARY, "adduser", self.folder, name],
            capture_output=True,
            text=True,
            check=True,
        )
        said = re.search(r"User password is (\S+)", made.stdout + made.stderr)
        assert said is not None, made.stdout + made.stderr
        self._tokens[name] = await self._token(name, said[1])

    async def _token(self, name: str, password: str) -> str:
        app = (
            await self._ask(
                "POST",
                "/api/v1/apps",
                data={"client_name": "tests", "redirect_uris": _OUT_OF_BAND, "scopes": "read write"},
            )
        ).json()
        asked = {"client_id": app["client_id"], "redirect_uri": _OUT_OF_BAND, "response_type": "code"}
        form = (await self._ask("GET", "/oauth/authorize", params={**asked, "scope": "read write"})).text
        hidden = dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', form))
        code = await self._ask("POST", "/oauth/x-snac-login", data={**hidden, "login": name, "passwd": password})
        proof = {"client_id": app["client_id"], "client_secret": app["client_secret"], "redirect_uri": _OUT_OF_BAND}
        token = await self._ask(
            "POST", "/oauth/token", data={"grant_type": "authorization_code", "code": code.text.strip(), **proof}
        )
        return token.json()["access_token"]

    async def post(self, name: str, text: str) -> str:
        """Posts as a user; gives the post's uri. `text` must be new."""
        headers = {"Authorization": f"Bearer {self._tokens[name]}"}
        for _ in range(20):
            try:
                answer = await self._http.post(self.base + "/api/v1/statuses", data={"status": text}, headers=headers)
                answer.raise_for_status()
                return answer.json()["uri"]
            except httpx.TransportError:
                # Reset (or left waiting) after it was taken, or before? It may also be taken a little later.
                for _ in range(20):
                    if (uri := await self._find(text)) is not None:
                        return uri
                    await asyncio.sleep(0.1)
        raise AssertionError("no answer to a post after 20 tries")

    async def _find(self, text: str) -> str | None:
        page = (await self._ask("GET", "/api/v1/timelines/public", params={"limit": "40"})).json()
        return next((status["uri"] for status in page if status.get("text") == text), None)


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[Snac]:
    """A server with no user, in a folder that does not exist yet."""
    port = free_port()
    answers = f"127.0.0.1\n{port}\n127.0.0.1:{port}\n\n\n"
    await asyncio.to_thread(
        subprocess.run, [BINARY, "init", folder], input=answers, capture_output=True, text=True, check=True
    )
    settings = folder / "server.json"
    # It delivers posts to itself too: with few threads, all of them may wait for one another, six seconds long.
    changed = {"protocol": "http", "num_threads": 16}
    settings.write_text(json.dumps(json.loads(settings.read_text()) | changed))
    with _process(folder):
        limits = httpx.Limits(max_keepalive_connections=0)
        async with httpx.AsyncClient(limits=limits, timeout=3, headers={"Connection": "close"}) as http:
            server = Snac(f"http://127.0.0.1:{port}", folder, http)
            await server._ask("GET", "/api/v1/instance")
            yield server


@contextmanager
def _process(folder: Path) -> Iterator[None]:
    with (folder.parent / "snac.log").open("wb") as log:
        process = subprocess.Popen([BINARY, "httpd", folder], stdout=log, stderr=log)
        try:
            yield
        finally:
            process.terminate()
            try:
                process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@asynccontextmanager
async def resetting(base: str, *, every: int) -> AsyncIterator[str]:
    """A way to a server that resets every so-manieth connection after the request was sent; gives its address."""
    count = 0
    tasks: set[asyncio.Task[None]] = set()

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal count
        count += 1
        tasks.add(task := asyncio.current_task())
        url, far_writer = httpx.URL(base), None
        try:
            if count % every == 0:
                await reader.read(1)
                writer.transport.abort()
                return
            far_reader, far_writer = await asyncio.open_connection(url.host, url.port)
            ends = [asyncio.ensure_future(pump(*pair)) for pair in ((reader, far_writer), (far_reader, writer))]
            try:
                await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for end in ends:
                    end.cancel()
        finally:
            for open_writer in filter(None, (writer, far_writer)):
                open_writer.close()
            tasks.discard(task)

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
