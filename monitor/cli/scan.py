"""`handlewatch scan`: archives into the store."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from monitor.cli.options import Home, Json
from monitor.cli.output import print_error, print_json
from monitor.errors import Exit

if TYPE_CHECKING:
    from monitor.ports import BadRecord
    from monitor.scanning import Scan

SHOWN_BAD = 20
LINE_EVERY = 10.0

command = typer.Typer(add_completion=False, help="Takes archives into the store: resumable, with progress.")


@command.command(epilog="Example: handlewatch scan RS_2026-01.zst RC_2026-01.zst --basis 'research agreement 7'")
def scan(
    files: list[Path] = typer.Argument(
        ..., metavar="FILE...", help="Post records or Reddit dumps: plain, .gz or .zst."
    ),
    home: Home = None,
    layout: str = typer.Option("auto", help="What a line is: records, reddit, or auto (told by each line)."),
    basis: str = typer.Option(
        "", help="Why these archives may be kept (default: the organisation's legal basis); recorded."
    ),
    provenance: str = typer.Option("", help="Where these archives come from (default: their names); recorded."),
    json: Json = False,
) -> None:
    """Screens archives and keeps what hits, as live collection does. Run it again to go on where it stopped.

    Exit 1: some lines were bad (the first are shown with their number). Exit 3: a file could not be read to its
    end; what came before is kept.
    """
    from monitor.app import open_app
    from monitor.scanning import scan as run_scan

    with open_app(home) as app:
        organisation = app.settings.organisation
        ground = basis.strip() or (organisation.legal_basis if organisation else "")
        ground += f" (from: {provenance.strip() or ', '.join(path.name for path in files)})"
        shown = _Shown(quiet=json)
        result = run_scan(app, files, layout=layout, basis=ground, on_progress=shown.progress, on_bad=shown.bad)
    shown.close()
    _summarise(result, json=json)
    if result.interrupted:
        typer.echo("Interrupted; what was read is kept. Run the same command to go on.", err=True)
        raise typer.Exit(Exit.INTERRUPTED)
    if result.error is not None:
        print_error(result.error)
        raise typer.Exit(Exit.INPUT)
    raise typer.Exit(Exit.PARTIAL if result.done.bad else Exit.OK)


def _summarise(result: Scan, *, json: bool) -> None:
    done = result.done
    if json:
        print_json(
            {
                "posts": done.posts,
                "hits": done.hits,
                "alerts": done.alerts,
                "repeats": done.repeats,
                "bad": done.bad,
                "seconds": round(result.seconds, 3),
                "posts_per_second": round(result.rate, 1),
            }
        )
        return
    if not done.posts and not done.bad:
        if result.error is None and not result.interrupted:
            typer.echo("Nothing new: these files hold no more posts than were read before.")
        return
    typer.echo(
        f"{done.posts:,} posts read and screened in {result.seconds:.1f} s ({result.rate:,.0f} a second): "
        f"{done.hits} hits ({done.repeats} stored before), {done.alerts} new alerts, {done.bad} bad lines."
    )


class _Shown:
    """Progress: a bar on a terminal, a line now and then elsewhere; bad lines as they come, the first ones."""

    def __init__(self, *, quiet: bool) -> None:
        self._bar: Any = None
        self._task: Any = None
        self._bad = 0
        self._last = time.monotonic()
        if sys.stderr.isatty() and not quiet:
            from rich.console import Console
            from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

            self._bar = Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                DownloadColumn(),
                TimeRemainingColumn(),
                TextColumn("{task.fields[words]}"),
                console=Console(stderr=True),
            )
            self._bar.start()

    def progress(self, result: Scan) -> None:
        """After every batch."""
        at = result.progress
        words = f"{result.done.posts:,} posts, {result.rate:,.0f}/s, {result.done.hits} hits"
        if self._bar is not None and at is not None:
            if self._task is None:
                self._task = self._bar.add_task(at.file, total=at.total_bytes, words=words)
            self._bar.update(
                self._task, description=at.file, completed=at.bytes_read, total=at.total_bytes, words=words
            )
        elif time.monotonic() - self._last >= LINE_EVERY:
            self._last = time.monotonic()
            left = _left(result)
            typer.echo(f"{at.file if at else ''}: {words}{left}", err=True)

    def bad(self, record: BadRecord) -> None:
        """A line that could not be used."""
        self._bad += 1
        if self._bad <= SHOWN_BAD:
            typer.echo(f"{record.where}: {record.why}", err=True)
        elif self._bad == SHOWN_BAD + 1:
            typer.echo("... more bad lines are counted, not shown.", err=True)

    def close(self) -> None:
        """Ends the bar."""
        if self._bar is not None:
            self._bar.stop()


def _left(result: Scan) -> str:
    at = result.progress
    if at is None or not at.total_bytes or not at.bytes_read:
        return ""
    seconds = result.seconds * (at.total_bytes - at.bytes_read) / at.bytes_read
    return f", {100 * at.bytes_read / at.total_bytes:.0f} %, about {seconds / 60:.1f} min left in this file"
