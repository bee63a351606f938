"""The command line. Commands live in one module each and are imported only when called, so that
`handlewatch screen` loads neither the store nor the web.
"""

from __future__ import annotations

import importlib
import os
import sys
import traceback
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from monitor.cli.output import print_error
from monitor.errors import Exit, HandlewatchError

COMMANDS: dict[str, tuple[str, str]] = {
    "demo": ("monitor.cli.demo", "Shows everything at work on bundled neutral sample posts; offline."),
    "init": ("monitor.cli.init", "Sets up this installation: controller, purpose, legal basis, retention, contact."),
    "check": ("monitor.cli.check", "Examines the installation and every configured source: the doctor."),
    "run": ("monitor.cli.run", "Collects, screens and delivers until stopped; only counts before `init`."),
    "serve": ("monitor.cli.serve", "Serves the review page."),
    "screen": ("monitor.cli.screen", "Filters post records: a JSON line for every hit. Keeps nothing."),
    "graph": ("monitor.cli.graph", "Finds what belongs together among hits: campaigns, handles, what joins them."),
    "explain": ("monitor.cli.explain", "Shows what the screen saw in a text, and why it is a hit or not."),
    "scan": ("monitor.cli.scan", "Takes archives into the store: resumable, with progress."),
    "sources": ("monitor.cli.sources", "Lists, documents and tries the sources."),
    "coverage": ("monitor.cli.coverage", "Shows what was seen and what was not, by source and interval."),
    "alerts": ("monitor.cli.alerts", "The review queue: list, show, reveal, decide."),
    "campaigns": (
        "monitor.cli.campaigns",
        "Campaigns: their growth, what is suggested to merge; merge, dismiss, split.",
    ),
    "handles": ("monitor.cli.handles", "The record of one handle: where it was seen, decided, reported; returns."),
    "outcomes": ("monitor.cli.outcomes", "Measures what became of things: how soon they come back. Figures only."),
    "reports": ("monitor.cli.reports", "The outbox: list, show, send, mark-filed, withdraw, stop, resume."),
    "batches": ("monitor.cli.batches", "Exports decided alerts with a manifest, and verifies one."),
    "retention": ("monitor.cli.retention", "Shows which texts are due to go, and takes them out now."),
    "users": ("monitor.cli.users", "Adds, lists and disables the people who review."),
    "audit": ("monitor.cli.audit", "Shows the audit trail and verifies its chain."),
    "bench": ("monitor.cli.bench", "Measures how good and how fast the screen and the graph are."),
    "db": ("monitor.cli.db", "Makes and upgrades the database."),
}
"""Command -> (module whose `command` is a `typer.Typer`, one line for the overview)."""


TRACEBACK = "HANDLEWATCH_TRACEBACK"
"""With this in the environment, errors that nobody foresaw end in Python's own words, for developers."""


class LazyGroup(TyperGroup):
    """The overview needs only the lines above; a command's module is imported when it is called."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        for name, (_, summary) in COMMANDS.items():
            self.add_command(TyperCommand(name, help=summary), name)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Finds the named command and imports it."""
        name, placeholder, rest = super().resolve_command(ctx, args)
        if name is None or placeholder is None:
            return name, placeholder, rest
        command = typer.main.get_command(importlib.import_module(COMMANDS[name][0]).command)
        command.name = name
        return name, command, rest


app = typer.Typer(
    cls=LazyGroup,
    name="handlewatch",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        from monitor import __version__

        typer.echo(f"handlewatch {__version__}")
        raise typer.Exit


@app.callback()
def handlewatch(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Show the version."),
) -> None:
    """A cross-reference monitor for public solicitation posts.

    Finds messenger handles shared beside coded terms, puts them before a person, reports what that person
    decides, and never touches media. Start with: handlewatch demo
    """


def main() -> None:
    """The console entry point: runs a command, words errors, sets the exit code.

    Errors that nobody foresaw are named by kind and place only: their texts may hold anything, a post included.
    """
    try:
        app()
    except HandlewatchError as error:
        print_error(error)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(Exit.INTERRUPTED)
    except Exception as error:
        if TRACEBACK in os.environ:
            raise
        print_error(_unforeseen(error))
        _drop_output()
        sys.exit(Exit.PARTIAL)


def _drop_output() -> None:
    """What could not be written is not tried once more at exit, where Python would complain in its own words."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    except OSError:
        return


def _unforeseen(error: Exception) -> HandlewatchError:
    kept = "What was committed before is safe."
    if isinstance(error, OSError) and error.strerror:
        of = f" ({error.filename})" if isinstance(error.filename, str) else ""
        return HandlewatchError(
            f"Reading or writing failed{of}: {error.strerror}.",
            kept=kept,
            do="Check the file, its permissions and the space on its disk; the output may be incomplete.",
        )
    last = traceback.extract_tb(error.__traceback__)[-1]
    return HandlewatchError(
        f"An error that nobody foresaw: {type(error).__name__} at {Path(last.filename).name}:{last.lineno}.",
        kept=kept,
        do=f"Please report it. {TRACEBACK}=1 shows all of it; that may hold texts of posts.",
    )
