"""`handlewatch run`: collects, screens and delivers until it is stopped."""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING

import typer

from monitor.cli.options import Home

if TYPE_CHECKING:
    from monitor.collecting import Status
    from monitor.running import Running

command = typer.Typer(
    add_completion=False, help="Collects, screens and delivers until stopped; only counts before `init`."
)


@command.command(epilog="Example: handlewatch run --status-every 60")
def run(
    home: Home = None,
    status_every: float = typer.Option(10, min=0.1, help="Seconds between two status lines."),
    debug: bool = typer.Option(False, "--debug", help="Log more."),
    json_logs: bool = typer.Option(False, "--json-logs", help="Log and status as JSON lines on stderr."),
) -> None:
    """Runs until SIGTERM or Ctrl-C, then stops in order: what was begun is committed, nothing is lost.

    Before `handlewatch init` it only counts: rates, how many posts would have hit, what failed to connect and
    when it tries again. No text, handle, term or account is stored, logged or printed.
    """
    from monitor import logs
    from monitor.running import open_running
    from monitor.settings import load_settings

    logs.configure(json=json_logs, debug=debug)
    settings = load_settings(home)
    with open_running(settings) as running:
        if running.keeps:
            typer.echo(f"Keeping in {settings.home}. Stop with Ctrl-C.", err=True)
        else:
            typer.echo("Counting mode: nothing is kept until `handlewatch init`. Stop with Ctrl-C.", err=True)
        if not running.names:
            typer.echo("No source is enabled; due reports are delivered. See `handlewatch sources list`.", err=True)
        asyncio.run(_until_stopped(running, status_every, json_logs=json_logs))
        for status in running.statuses:
            typer.echo(_line(status), err=True)
        typer.echo("Stopped; everything that was begun is finished.", err=True)


async def _until_stopped(running: Running, every: float, *, json_logs: bool) -> None:
    from monitor.collecting import stopped_within

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)

    async def show(ending: asyncio.Event) -> None:
        wait = min(2.0, every)
        while not await stopped_within(wait, ending):
            for status in running.statuses:
                typer.echo(_json(status) if json_logs else _line(status), err=True)
            wait = every

    await running.run(stop, show)


def _line(status: Status) -> str:
    from monitor.clock import system_clock

    rate = f"{status.rate(system_clock()):.1f}/s"
    words = f"{status.name:<20} {status.condition:<12} {status.posts:>8} posts {rate:>9}  {status.hits:>5} hits"
    if status.bad:
        words += f"  {status.bad} unreadable"
    if status.error:
        words += f"  {status.error}"
    if status.next_try is not None:
        words += f"  next try {status.next_try:%H:%M:%S} UTC"
    return words


def _json(status: Status) -> str:
    import dataclasses
    import json

    return json.dumps({"event": "status", **dataclasses.asdict(status)}, default=str)
