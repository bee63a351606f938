"""`handlewatch coverage`: what was seen, and what was not."""

from __future__ import annotations

from datetime import timedelta

import typer

from monitor.cli.options import Home, Json
from monitor.cli.output import print_json, print_table

command = typer.Typer(add_completion=False, help="Shows what was seen and what was not, by source and interval.")


@command.command(epilog="Example: handlewatch coverage --days 7")
def coverage(
    home: Home = None,
    days: float = typer.Option(7, min=0.01, help="How far back to show gaps, in days."),
    json: Json = False,
) -> None:
    """An empty queue means "nothing there" only where this says that it was seen.

    Names of tags are masked, as on the page: they may be coded terms.
    """
    from alerts.masking import masked_scope
    from monitor import coverage as ledger
    from monitor import volume
    from monitor.app import open_app

    with open_app(home) as app:
        keyring = app.store.keyring
        seen = [row._replace(scope=masked_scope(row.scope, keyring)) for row in ledger.last_seen(app.store)]
        gaps = [
            gap._replace(scope=masked_scope(gap.scope, keyring), note=masked_scope(gap.note, keyring))
            for gap in ledger.gaps(app.store, since=app.store.now() - timedelta(days=days))
        ]
        alarms = volume.alarms(app.store)
    if json:
        print_json(
            {
                "last_seen": [row._asdict() for row in seen],
                "gaps": [gap._asdict() for gap in gaps],
                "alarms": [alarm._asdict() for alarm in alarms],
            }
        )
        return
    for alarm in alarms:
        typer.echo(f"UNUSUAL: {alarm.source}: {alarm.words}")
    print_table(
        ("Source", "What", "Seen until (UTC)", "Posts"),
        ((row.source, row.scope, _time(row.until), row.posts) for row in seen),
        empty="Nothing was collected yet.",
    )
    typer.echo()
    print_table(
        ("Not seen", "What", "Why", "From (UTC)", "To (UTC)", "Note"),
        (
            (gap.source, gap.scope, gap.state.replace("_", " "), _time(gap.started_at), _time(gap.ended_at), gap.note)
            for gap in gaps
        ),
        empty=f"No gaps in the last {days:g} days.",
    )


def _time(value: object) -> str:
    return f"{value:%Y-%m-%d %H:%M:%S}" if value is not None else "-"
