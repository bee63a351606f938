"""`handlewatch demo`: everything at work, offline, on bundled neutral posts."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from monitor.demo import Demo

Folder = Annotated[
    Path | None,
    # Not from HANDLEWATCH_HOME: a demo has no business in an installation's folder.
    typer.Option(
        "--home",
        help="Keep the demo in this folder until the next time (default: a temporary one).",
        show_default=False,
    ),
]

command = typer.Typer(add_completion=False, help="Shows everything at work on bundled neutral sample posts; offline.")


@command.command(epilog="Example: handlewatch demo --once")
def demo(
    home: Folder = None,
    once: bool = typer.Option(False, "--once", help="End after the summary (for scripts)."),
    port: int = typer.Option(8642, min=0, max=65535, help="The page's port; the next free one if it is taken."),
) -> None:
    """Feeds synthetic posts of four platforms through the real pipeline and shows the alerts.

    Everything runs in this process, on SQLite in a temporary folder, with a mail server on loopback that takes
    the reports. Nothing leaves this machine.
    """
    from monitor import logs
    from monitor.demo import open_demo

    logs.configure()
    with open_demo(home) as demo:
        asyncio.run(_show(demo, once=once, port=port))


async def _show(demo: Demo, *, once: bool, port: int) -> None:
    from monitor.demo.show import collect, listen_near, serve
    from monitor.demo.story import tell
    from monitor.demo.summary import print_summary, print_welcome

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(name, stop.set)
    typer.echo("Collecting the sample, screening it, folding repeats together ...", err=True)
    status = await collect(demo)
    later = tell(demo)
    print_summary(demo, status, later)
    if once or stop.is_set():
        return
    listening = listen_near(port)
    print_welcome(demo, listening)
    await serve(demo, listening, stop)
    typer.echo("Stopped.", err=True)
