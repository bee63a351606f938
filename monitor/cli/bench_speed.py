"""What `handlewatch bench screen` prints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

from monitor.cli.output import print_table

if TYPE_CHECKING:
    from monitor.bench.speed.commands import ArchiveRun
    from monitor.bench.speed.live import Live
    from monitor.bench.speed.report import Figure


def print_speed(figures: Sequence[Figure], live: Live, archive: ArchiveRun | None) -> None:
    """The figures for people."""
    from monitor.bench.speed.report import machine

    rows = [
        [
            one.name,
            f"{one.measured.median:.3g}{one.unit}",
            f"{one.measured.low:.3g} to {one.measured.high:.3g}",
            f"{one.sign} {one.goal:g}",
            "yes" if one.met else "no",
        ]
        for one in figures
    ]
    print_table(["figure", "median", "rounds", "goal", "reached"], rows, empty="")
    sides = [
        [name, f"{one.microseconds.median:.3f}", f"{one.microseconds.low:.3f} to {one.microseconds.high:.3f}",
         f"{one.megabytes.median:.4g}"]
        for name, one in live.timed.items()
    ]  # fmt: skip
    print_table(["side", "us a post", "rounds", "MB/s"], sides, empty="")
    found = [[name, one.positives, one.found, one.others, one.duplicates] for name, one in live.found.items()]
    print_table(["side", "positives", "found", "other hits", "duplicates"], found, empty="")
    if archive is not None:
        _print_archive(archive)
    typer.echo(f"texts: {live.described}; {live.corpus}\nbundle: {live.bundle}")
    for name, value in machine().items():
        typer.echo(f"{name}: {value}")


def _print_archive(run: ArchiveRun) -> None:
    from statistics import median

    what = run.archive
    typer.echo(
        f"archive: {what.size / 1e6:.0f} MB of text, {what.lines} lines, window {what.window / 1e6:.1f} MB, "
        f"{len(what.positives)} positives"
    )
    rows = [
        [name, *(f"{median(getattr(one, of) for one in runs):.3f}" for of in ("wall", "cpu")),
         f"{max(one.peak for one in runs) / 1e6:.0f}",
         f"{caught.positives} ({caught.disguised} disguised)" if (caught := run.caught.get(name)) else ""]
        for name, runs in run.took.items()
    ]  # fmt: skip
    print_table(["command", "wall s", "CPU s", "peak MB", "positives found"], rows, empty="")
    if run.missing:
        typer.echo(f"not compared with zstdcat and ripgrep: {' and '.join(run.missing)} not installed")
