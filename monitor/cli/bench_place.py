"""What `handlewatch bench place` prints."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from monitor.cli.output import print_table

if TYPE_CHECKING:
    from monitor.bench.placing import Step


def place_among(url: str | None, *, campaigns: int, probes: int, steps: int, tell: Callable[[str], None]) -> list[Step]:
    """Measures in an empty database, or in a SQLite file that is thrown away.

    Raises `ConfigError` where the database holds posts.
    """
    from sqlmodel import select

    from monitor.bench.placing import measure_placing
    from monitor.errors import ConfigError
    from monitor.store.database import open_store, sqlite_url
    from monitor.store.keys import Keyring
    from monitor.store.tables import StoredPost

    with tempfile.TemporaryDirectory(prefix="handlewatch-bench-") as folder:
        key = Keyring(b"for measuring, nothing to hide..")
        store = open_store(url or sqlite_url(Path(folder) / "bench.db"), key, upgrade=True)
        try:
            with store.read() as session:
                used = session.exec(select(StoredPost.id).limit(1)).first()
            if used is not None:
                raise ConfigError(
                    "The database holds posts.", kept="Nothing was changed.", do="Name an empty one: it is filled."
                )
            return measure_placing(store, campaigns=campaigns, probes=probes, steps=steps, tell=tell)
        finally:
            store.close()


def place_json(measured: Sequence[Step]) -> list[dict[str, Any]]:
    """The figures for machines; times in milliseconds."""
    return [asdict(step) for step in measured]


def print_place(measured: Sequence[Step]) -> None:
    """The figures for people."""
    for step in measured:
        memory = f", {step.rss_mb:,.0f} MB of memory" if step.rss_mb is not None else ""
        typer.echo(f"\n{step.campaigns:,} campaigns{memory}; ms a post")
        rows: list[Sequence[object]] = [
            [
                name,
                one.posts,
                *(f"{value:.2f}" for value in (one.place.p50, one.place.p95, one.place.p99)),
                *(f"{value:.2f}" for value in (one.commit.p50, one.commit.p95, one.commit.p99)),
                f"{one.cpu.p95:.2f}",
                f"{one.right:.3f}",
            ]
            for name, one in (*step.kinds.items(), ("all", step.whole))
        ]
        columns = (
            "posts like it by",
            "posts",
            "p50",
            "p95",
            "p99",
            "with commit p50",
            "p95",
            "p99",
            "CPU p95",
            "right",
        )
        print_table(columns, rows, empty="")
