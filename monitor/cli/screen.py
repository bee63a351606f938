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
    from monitor.detect.fast.filter import Filter

command = typer.Typer(add_completion=False)

Files = Annotated[list[str], typer.Argument(metavar="FILE...", help="Post records: plain, .gz, .zst, or - for stdin.")]
All = Annotated[bool, typer.Option("--all", help="A line for every post, hit or not.")]
Strict = Annotated[
    bool, typer.Option("--strict", help="Decode every line, so that each bad one is told; else most are not decoded.")
]


@command.command(epilog="Example: zstdcat posts.zst | handlewatch screen - > hits.ndjson")
def screen(
    files: Files,
    every: All = False,
    strict: Strict = False,
    lexicon: Lexicon = None,
    rules: Rules = None,
    bundle: BundleDir = None,
) -> None:
    """Filters post records: one JSON line for every hit, in input order.

    A hit is a messenger handle shared together with coded terms. Handles are printed in clear: this is your own
    input. Diagnostics go to stderr. Exit code 1: some lines were bad; 3: an input could not be read to its end.
    The first megabyte is decoded whole; after that, lines that show no sign of a messenger are only checked for
    being an object with a platform and an id (--strict decodes them as well).
    """
    from monitor.detect.bundle import load_bundle
    from monitor.detect.fast.filter import Filter
    from monitor.detect.screen import Screen

    decide = Filter(Screen(load_bundle(lexicon=lexicon, rules=rules, directory=bundle)), every=every, strict=strict)
    code = Exit.OK
    try:
        for file in files:
            code = max(code, _screen_file(file, decide, out=sys.stdout.buffer))
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        # The reader has seen enough (`| head`); nothing more can be written, not even at exit.
        sys.stdout = None  # pyright: ignore[reportAttributeAccessIssue]
    raise typer.Exit(code)


def _screen_file(file: str, decide: Filter, *, out: IO[bytes]) -> Exit:
    """Screens one input; returns the exit code that it alone would give."""
    from monitor.lines import LineReader
    from monitor.records import BadLine

    code = Exit.OK
    try:
        reader = LineReader(Path(file) if file != "-" else file)
        for item in decide(reader):
            if isinstance(item, BadLine):
                typer.echo(f"handlewatch: {item}", err=True)
                code = Exit.PARTIAL
                continue
            post = item.record.post
            for warning in item.record.warnings:
                typer.echo(f"handlewatch: {reader.name}:{item.record.number}: {warning}", err=True)
            if item.screening.hit or decide.every:
                out.write(as_line(item.screening.as_contract(post.platform, post.id)))
    except InputError as error:
        out.flush()
        print_error(error)
        return Exit.INPUT
    return code


def as_line(value: object) -> bytes:
    """JSON in UTF-8; lone surrogates, which UTF-8 does not have, as escapes."""
    import json

    import orjson

    try:
        return orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE)
    except orjson.JSONEncodeError:
        return json.dumps(value, separators=(",", ":")).encode() + b"\n"
