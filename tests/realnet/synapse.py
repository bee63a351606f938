"""Synapse, a real Matrix home server, on loopback: started, posted to through its own API, stopped."""

from __future__ import annotations

import hashlib
import hmac
import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx

from tests.realnet.snac import free_port

PYTHON = Path(__file__).parent.parent.parent / ".realnet" / "synapse" / "bin" / "python"
_SECRET = "of this test only"
_API = "/_matrix/client/v3"
_MUCH = {"per_second": 10_000, "burst_count": 10_000}


@dataclass
class Synapse:
    """A running server; users post as people do. `tokens` are their access tokens, by name."""

    base: str
    _http: httpx.Client
    tokens: dict[str, str] = field(default_factory=dict[str, str])
    _numbers: Iterator[int] = field(default_factory=count)

    def add_user(self, name: str) -> None:
        """A new user, logged in."""
        path = "/_synapse/admin/v1/register"
        nonce = self._http.get(path).raise_for_status().json()["nonce"]
        signed = f"{nonce}\0{name}\0pw\0notadmin".encode()
        mac = hmac.new(_SECRET.encode(), signed, hashlib.sha1).hexdigest()
        body = {"nonce": nonce, "username": name, "password": "pw", "admin": False, "mac": mac}
        self.tokens[name] = self._http.post(path, json=body).raise_for_status().json()["access_token"]

    def _ask(self, method: str, path: str, name: str, body: dict[str, Any]) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self.tokens[name]}"}
        return self._http.request(method, _API + path, json=body, headers=headers).raise_for_status().json()

    def room(self, name: str, *, readable: bool) -> str:
        """A room of a user's that everybody may join; `readable`: and read without."""
        visible = "world_readable" if readable else "joined"
        state = {"type": "m.room.history_visibility", "state_key": "", "content": {"history_visibility": visible}}
        body = {"preset": "public_chat", "name": "Maps", "topic": "All about maps", "initial_state": [state]}
        return self._ask("POST", "/createRoom", name, body)["room_id"]

    def join(self, name: str, room: str) -> None:
        """A user joins (people do; the source never does)."""
        self._ask("POST", f"/join/{quote(room, safe='')}", name, {})

    def send(self, name: str, room: str, text: str, *, replaces: str | None = None) -> str:
        """A message, or a new version of one; gives the event's id."""
        content: dict[str, Any] = {"msgtype": "m.text", "body": text}
        if replaces:
            content |= {
                "m.new_content": dict(content),
                "m.relates_to": {"rel_type": "m.replace", "event_id": replaces},
            }
        path = f"/rooms/{quote(room, safe='')}/send/m.room.message/{next(self._numbers)}"
        return self._ask("PUT", path, name, content)["event_id"]

    def redact(self, name: str, room: str, event: str) -> None:
        """A user takes a message back, or a moderator removes it."""
        path = f"/rooms/{quote(room, safe='')}/redact/{quote(event, safe='')}/{next(self._numbers)}"
        self._ask("PUT", path, name, {})


@contextmanager
def running(folder: Path) -> Iterator[Synapse]:
    """A server with no user, that talks to nobody."""
    folder.mkdir()
    port, settings = free_port(), folder / "homeserver.yaml"
    server = [PYTHON, "-m", "synapse.app.homeserver", "--config-path", settings]
    made = ["--server-name", "localhost", "--generate-config", "--report-stats=no"]
    subprocess.run([*server, *made], cwd=folder, capture_output=True, check=True)
    listener = {
        "port": port,
        "type": "http",
        "tls": False,
        "bind_addresses": ["127.0.0.1"],
        "resources": [{"names": ["client"], "compress": False}],
    }
    changed = {
        "listeners": [listener],
        "trusted_key_servers": [],
        "federation_domain_whitelist": [],
        "registration_shared_secret": _SECRET,
        "rc_message": _MUCH,
        "rc_registration": _MUCH,
        "rc_login": {"address": _MUCH, "account": _MUCH, "failed_attempts": _MUCH},
    }
    further = folder / "changed.yaml"
    further.write_text(json.dumps(changed))  # JSON is YAML; a later file wins
    with (folder / "synapse.log").open("wb") as log:
        process = subprocess.Popen([*server, "--config-path", further], cwd=folder, stdout=log, stderr=log)
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=20) as http:
                _wait(http, process)
                yield Synapse(str(http.base_url).rstrip("/"), http)
        finally:
            process.terminate()
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait(http: httpx.Client, process: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        assert process.poll() is None, "Synapse ended"
        try:
            http.get("/_matrix/client/versions").raise_for_status()
        except httpx.HTTPError:
            time.sleep(0.2)
        else:
            return
    raise AssertionError("Synapse did not answer within a minute")
