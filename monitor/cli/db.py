"""`handlewatch db`: the database's version."""

from __future__ import annotations

import typer

from monitor.cli.options import Home, Json
from monitor.cli.output import print_json

command = typer.Typer(add_completion=False, no_args_is_help=True, help="Makes and upgrades the database.")


@command.command(epilog="Example: handlewatch db upgrade")
def upgrade(home: Home = None, json: Json = False) -> None:
    """Brings the database to this program's version, in one transaction. Make a backup first."""
    from monitor.settings import load_settings
    from monitor.store.database import open_store, upgrade_store
    from monitor.store.keys import load_keyring

    settings = load_settings(home)
    store = open_store(settings.database_url, load_keyring(settings.home), check_version=False)
    try:
        before, after = upgrade_store(store)
    finally:
        store.close()
    if json:
        print_json({"before": before, "after": after})
    elif before == after:
        typer.echo(f"The database has revision {after} already.")
    else:
        typer.echo(f"Upgraded the database from revision {before or 'none'} to {after}.")


@command.command(epilog="Example: handlewatch db check")
def check(home: Home = None, json: Json = False) -> None:
    """Opens the database, compares its version and, on SQLite, checks its integrity. Changes nothing."""
    from sqlalchemy import text

    from monitor.app import open_app
    from monitor.errors import StoreError

    with open_app(home) as app:
        found = ["ok"]
        if app.store.is_sqlite:
            with app.store.read() as session:
                found = [row[0] for row in session.connection().execute(text("PRAGMA integrity_check"))]
        if json:
            print_json({"integrity": found})
        if found != ["ok"]:
            raise StoreError(
                f"The database is damaged: {found[0]} ({len(found)} findings).",
                kept="Nothing was changed.",
                do="Stop everything that uses it and restore the last backup.",
            )
        if not json:
            typer.echo("The database has this program's version and its integrity check found nothing.")
