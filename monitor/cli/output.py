"""What commands print: errors in three parts, JSON for machines, tables for people."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from monitor.errors import HandlewatchError


def print_error(error: HandlewatchError) -> None:
    """What happened, what was kept, what to do: a line each, on stderr."""
    typer.echo(f"handlewatch: {error.what}", err=True)
    if error.kept:
        typer.echo(f"  kept: {error.kept}", err=True)
    if error.do:
        typer.echo(f"  to do: {error.do}", err=True)


def print_json(value: Any) -> None:
    """One JSON value on one line of stdout. Times become ISO 8601."""
    typer.echo(json.dumps(value, ensure_ascii=False, default=str))


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, empty: str) -> None:
    """A table for people; `empty` is said where there is no row. Cell text is never read as markup."""
    lines = [[str(cell) for cell in row] for row in rows]
    if not lines:
        typer.echo(empty)
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*columns, box=None, header_style="bold", pad_edge=False)
    for line in lines:
        table.add_row(*(Text(cell) for cell in line))
    console = Console(width=None if sys.stdout.isatty() else 160, highlight=False)
    console.print(table)
