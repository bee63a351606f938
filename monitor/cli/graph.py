"""`handlewatch graph`: the graph as a filter. Keeps nothing, loads neither the store nor the web."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli.options import BundleDir, Json, Lexicon, Rules
from monitor.cli.output import print_error, print_table
from monitor.errors import Exit, InputError

if TYPE_CHECKING:
    from monitor.detect.fast.filter import Filter
    from monitor.detect.screening import ScreenedRecord
    from monitor.graph.graph import Graph
    from monitor.graph.member import Member

command = typer.Typer(add_completion=False)

Files = Annotated[list[str], typer.Argument(metavar="FILE...", help="Post records: plain, .gz, .zst, or - for stdin.")]


@command.command(epilog="Example: handlewatch graph posts.ndjson --json > graph.ndjson")
def graph(
    files: Files,
    as_json: Json = False,
    lexicon: Lexicon = None,
    rules: Rules = None,
    bundle: BundleDir = None,
) -> None:
    """Finds what belongs together among the hits of post records: groups, campaigns, linked handles.

    A group: same handles and nearly the same text. A campaign: same template, whatever the handles. Handles are printed
    in clear: this is your own input. Diagnostics go to stderr. Exit code 1: some lines were bad; 3: an input could not
    be read to its end, and the graph is of what came before.
    """
    from monitor.detect.bundle import load_bundle
    from monitor.detect.fast.filter import Filter
    from monitor.detect.screen import Screen
    from monitor.graph.graph import graph_of
    from monitor.graph.likeness import Likeness
    from monitor.graph.member import member
    from monitor.graph.wording import Wordings

    loaded = load_bundle(lexicon=lexicon, rules=rules, directory=bundle)
    words = Wordings(loaded)
    reading = _Reading(Filter(Screen(loaded)), lambda hit: member(hit.record.post, hit.screening, words))
    found = graph_of((one for file in files for one in reading(file)), Likeness(loaded.vocabulary.neutral))
    try:
        if as_json:
            _write(found)
        else:
            _print_summary(found)
    except BrokenPipeError:
        # The reader has seen enough (`| head`); nothing more can be written, not even at exit.
        sys.stdout = None  # pyright: ignore[reportAttributeAccessIssue]
    raise typer.Exit(reading.code)


class _Reading:
    """Reads inputs one after another; `code` is the exit code that they give so far."""

    def __init__(self, decide: Filter, member_of: Callable[[ScreenedRecord], Member]) -> None:
        self._decide = decide
        self._member_of = member_of
        self.code = Exit.OK

    def __call__(self, file: str) -> Iterator[Member]:
        from monitor.lines import LineReader
        from monitor.records import BadLine

        try:
            reader = LineReader(Path(file) if file != "-" else file)
            for item in self._decide(reader):
                if isinstance(item, BadLine):
                    typer.echo(f"handlewatch: {item}", err=True)
                    self.code = max(self.code, Exit.PARTIAL)
                    continue
                for warning in item.record.warnings:
                    typer.echo(f"handlewatch: {reader.name}:{item.record.number}: {warning}", err=True)
                if item.screening.hit:
                    yield self._member_of(item)
        except InputError as error:
            print_error(error)
            self.code = max(self.code, Exit.INPUT)


def _write(found: Graph) -> None:
    from monitor.cli.screen import as_line

    for line in found.as_contract():
        sys.stdout.buffer.write(as_line(line))
    sys.stdout.buffer.flush()


def _print_summary(found: Graph) -> None:
    """The largest campaigns; how much there is."""
    sizes = Counter(place.campaign for place in found.placed)
    groups = {place.group: place.campaign for place in found.placed}
    spread = Counter(groups.values())
    rows = [
        [found.refs[campaign], size, spread[campaign]]
        for campaign, size in sorted(sizes.items(), key=lambda one: (-one[1], one[0]))[:20]
    ]
    print_table(["campaign (first post)", "posts", "groups"], rows, empty="No hit.")
    typer.echo(
        f"{len(found.refs)} hits, {len(groups)} groups, {len(sizes)} campaigns, {len(found.links.clusters)} handles, "
        f"{len(found.links.components)} components; --json lists them"
    )
