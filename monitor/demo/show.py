"""The demo at work: the sample through the pipeline, then the page and the delivery until stopped."""

from __future__ import annotations

import asyncio
import socket

from monitor.cli.pages import page_of
from monitor.collecting import Status, stopped_within
from monitor.demo.installation import Demo
from monitor.errors import ConfigError, InputError
from monitor.running import Running, open_running
from monitor.serving import listen, serve_page


async def collect(demo: Demo) -> Status:
    """Feeds the sample through the real pipeline, as `handlewatch run` would. Raises `InputError`."""
    stop = asyncio.Event()
    with open_running(demo.app.settings) as running:

        async def until_read(ending: asyncio.Event) -> None:
            while not _is_read(running) and not await stopped_within(0.05, ending):
                pass
            stop.set()

        await running.run(stop, until_read)
        (status,) = running.statuses
    if status.error:
        raise InputError(f"The sample could not be read: {status.error}.", do="Install Handlewatch again.")
    return status


def _is_read(running: Running) -> bool:
    return all(status.last_success is not None and status.condition == "waiting" for status in running.statuses)


async def serve(demo: Demo, listening: socket.socket, stop: asyncio.Event) -> None:
    """Serves the page and delivers reports until stopped."""
    app = demo.app
    page = page_of(app)

    async def show(ending: asyncio.Event) -> None:
        await serve_page(page, listening, ending)

    with open_running(app.settings) as running:
        await running.run(stop, show)


def listen_near(port: int) -> socket.socket:
    """The wanted port on loopback, or where it is taken any free one."""
    try:
        return listen("127.0.0.1", port)
    except ConfigError:
        return listen("127.0.0.1", 0)
