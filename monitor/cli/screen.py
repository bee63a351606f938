"""`handlewatch screen`: the screen as a filter. Keeps nothing, loads neither the store nor the web."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated

import typer

from monitor.cli.options import BundleDir, Lexicon, Rules
from monitor.cli.output import print_error
from monitor.errors import Exit, InputError

if TYPE_CHECKING:
    from monitor.detect.screen import Screen

command = typer.Typer(add_completion=False)

Files = Annotated[list[str], typer.Argument(metavar="FILE...", help="Post records: plain, .gz, .zst, or - for stdin.")]
All = Annotated[bool, typer.Option("--all", help="A line for every post, hit or not.")]


@command.command(epilog="Example: zstdcat posts.zst | handlewatch screen - > hits.ndjson")
def screen(
    files: Files, every: All = False, lexicon: Lexicon = None, rules: Rules = None, bundle: BundleDir = None
) -> None:
    """Filters post records: one JSON line for every hit, in input order.

    A hit is a messenger handle shared together with coded terms. Handles are printed in clear: this is your own
    input. Diagnostics go to stderr. Exit code 1: some lines were bad; 3: an input could not be read to its end.
    """
    from monitor.detect.bundle import load_bundle
    from monitor.detect.screen import Screen

    decide = Screen(load_bundle(lexicon=lexicon, rules=rules, directory=bundle))
    code = Exit.OK
    try:
        for file in files:
            code = max(code, _screen_file(file, decide, every=every, out=sys.stdout.buffer))
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        # The reader has seen enough (`| head`); nothing more can be written, not even at exit.
        sys.stdout = None  # pyright: ignore[reportAttributeAccessIssue]
    raise typer.Exit(code)


def _screen_file(file: str, decide: Screen, *, every: bool, out: IO[bytes]) -> Exit:
    """Screens one input; returns the exit code that it alone would give."""
    from monitor.records import BadLine, RecordReader

    code = Exit.OK
    try:
        reader = RecordReader(Path(file) if file != "-" else file)
        for item in reader:
            if isinstance(item, BadLine):
                typer.echo(f"handlewatch: {item}", err=True)
                code = Exit.PARTIAL
                continue
            for warning in item.warnings:
                typer.echo(f"handlewatch: {reader.name}:{item.number}: {warning}", err=True)
            screening = decide(item.post)
            if screening.hit or every:
                out.write(_as_line(screening.as_contract(item.post.platform, item.post.id)))
    except InputError as error:
        out.flush()
        print_error(error)
        return Exit.INPUT
    return code


def _as_line(value: object) -> bytes:
    """JSON in UTF-8; lone surrogates, which UTF-8 does not have, as escapes."""
    import json

    import orjson

    try:
        return orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE)
    except orjson.JSONEncodeError:
        return json.dumps(value, separators=(",", ":")).encode() + b"\n"
