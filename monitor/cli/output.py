"""What commands print: errors in three parts, JSON for machines, tables for people."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from monitor.errors import HandlewatchError


_ACTING = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""Characters that a terminal obeys instead of showing (or cannot be written at all): control sequences begin so."""


def printable(text: str) -> str:
    r"""The text with characters that act on a terminal written out ("\u001b"); line feeds and tabs stay."""
    return _ACTING.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def say(text: str, *, err: bool = False) -> None:
    """One or more lines for people, whatever they quote."""
    typer.echo(printable(text), err=err)


def print_error(error: HandlewatchError) -> None:
    """What happened, what was kept, what to do: a line each, on stderr."""
    say(f"handlewatch: {error.what}", err=True)
    if error.kept:
        say(f"  kept: {error.kept}", err=True)
    if error.do:
        say(f"  to do: {error.do}", err=True)


def print_json(value: Any) -> None:
    """One JSON value on one line of stdout. Times become ISO 8601."""
    typer.echo(printable(json.dumps(value, ensure_ascii=False, default=_plain)))


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, date | datetime) else str(value)


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
        table.add_row(*(Text(printable(cell)) for cell in line))
    console = Console(width=None if sys.stdout.isatty() else 160, highlight=False)
    console.print(table)
