"""nostr-relay, a real Nostr relay, on loopback: started, published to, stopped."""

from __future__ import annotations

import json
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from websockets.asyncio.client import connect

from tests.realnet.snac import free_port

PROGRAM = Path(__file__).parent.parent.parent / ".realnet" / "nostr-relay" / "bin" / "nostr-relay"


@dataclass
class Relay:
    """A running relay."""

    base: str

    async def publish(self, *events: dict[str, Any]) -> list[bool]:
        """Publishes events; says which were taken."""
        taken: list[bool] = []
        async with connect(self.base) as socket:
            for event in events:
                await socket.send(json.dumps(["EVENT", event]))
                answer = json.loads(await socket.recv())
                assert answer[:2] == ["OK", event["id"]]
                taken.append(answer[2])
        return taken


@contextmanager
def running(folder: Path) -> Iterator[Relay]:
    """An empty relay."""
    folder.mkdir()
    port, settings = free_port(), folder / "config.yaml"
    shipped = next(PROGRAM.parent.parent.glob("lib/python*/site-packages/nostr_relay/config.yaml")).read_text("utf-8")
    shipped = shipped.replace("aiosqlite:///nostr.sqlite3", f"aiosqlite:///{folder}/nostr.sqlite3")
    settings.write_text(shipped.replace("6969", str(port)), "utf-8")
    with (folder / "relay.log").open("wb") as log:
        process = subprocess.Popen([PROGRAM, "-c", settings, "serve"], cwd=folder, stdout=log, stderr=log)
        try:
            _wait(port, process)
            yield Relay(f"ws://127.0.0.1:{port}")
        finally:
            process.terminate()
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(150):
        assert process.poll() is None, "nostr-relay ended"
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.2)
    raise AssertionError("nostr-relay did not answer within half a minute")
