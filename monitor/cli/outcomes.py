"""`handlewatch outcomes`: figures about what became of what was found."""

from __future__ import annotations

import typer

from monitor.cli.options import Home, Json

command = typer.Typer(add_completion=False, no_args_is_help=True, help="Figures: returns.")


@command.callback()
def outcomes() -> None:
    """Figures about what became of what was found. They name no post, handle or account."""


@command.command(epilog="Example: handlewatch outcomes returns --json")
def returns(home: Home = None, json: Json = False) -> None:
    """Says how soon things come back after a post of them became unavailable, by kind and platform.

    Kinds: handle, campaign, bio, community. Days run from when a post was found to be unavailable until the next one
    was posted.
    """
    from alerts.masking import clean
    from monitor.app import open_app
    from monitor.cli.output import print_json, print_table
    from monitor.returns import figures

    with open_app(home) as app, app.store.read() as session:
        found = figures(session)
    if json:
        print_json({"returns": [one._asdict() for one in found]})
        return
    print_table(
        ("Kind", "Platform", "Returns", "Median days", "Soonest"),
        (
            (one.kind, clean(one.platform), one.returns, f"{one.median_days:.1f}", f"{one.least_days:.1f}")
            for one in found
        ),
        empty="Nothing is known to have come back.",
    )
