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
        say = _Said(json=json_logs)
        if running.keeps:
            say.words(f"Keeping in {settings.home}. Stop with Ctrl-C.")
        else:
            say.words("Counting mode: nothing is kept until `handlewatch init`. Stop with Ctrl-C.")
        if not running.names:
            say.words("No source is enabled; due reports are delivered. See `handlewatch sources list`.")
        try:
            asyncio.run(_until_stopped(running, status_every, say))
        finally:
            for status in running.statuses:
                say.status(status)
        say.words("Stopped; everything that was begun is finished.")


class _Said:
    """What is said on stderr: lines for people, or JSON."""

    def __init__(self, *, json: bool) -> None:
        self._json = json

    def words(self, words: str) -> None:
        """A sentence."""
        import json

        typer.echo(json.dumps({"event": "said", "words": words}) if self._json else words, err=True)

    def status(self, status: Status) -> None:
        """How a source is doing."""
        typer.echo(_json(status) if self._json else _line(status), err=True)


async def _until_stopped(running: Running, every: float, say: _Said) -> None:
    from monitor.collecting import stopped_within

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(name, stop.set)

    async def show(ending: asyncio.Event) -> None:
        wait = min(2.0, every)
        while not await stopped_within(wait, ending):
            for status in running.statuses:
                say.status(status)
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
