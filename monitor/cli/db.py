"""`handlewatch db`: the database's version."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli.options import Home, Json
from monitor.cli.output import print_json

if TYPE_CHECKING:
    from monitor.settings import Settings
    from monitor.store.database import Store

command = typer.Typer(add_completion=False, no_args_is_help=True, help="Makes and upgrades the database.")


@command.command(epilog="Examples: handlewatch db upgrade; handlewatch db upgrade --reread")
def upgrade(
    reread: Annotated[
        bool,
        typer.Option("--reread", help="Also read all wordings again: after a change of lexicon, rules or program."),
    ] = False,
    home: Home = None,
    json: Json = False,
) -> None:
    """Brings the database to this program's version, in one transaction. Make a backup first.

    Posts from before campaigns were found by their wordings are read afterwards, in small steps; it can be stopped, and
    goes on when it is called again. No post changes its campaign: what is alike is suggested to be merged. Links from
    before they were kept, or by other rules, are made anew.
    """
    from monitor.settings import load_settings
    from monitor.store.database import open_store, upgrade_store
    from monitor.store.keys import load_keyring

    settings = load_settings(home)
    store = open_store(settings.database_url, load_keyring(settings.home), check_version=False)
    try:
        before, after = upgrade_store(store)
        read = _catch_up(store, settings, reread=reread)
    finally:
        store.close()
    if json:
        print_json({"before": before, "after": after, "read": read})
        return
    if before == after:
        typer.echo(f"The database has revision {after} already.")
    else:
        typer.echo(f"Upgraded the database from revision {before or 'none'} to {after}.")
    if read:
        typer.echo(f"Read the wordings of {read} stored posts.")


def _catch_up(store: Store, settings: Settings, *, reread: bool) -> int:
    from monitor.app import linking_terms
    from monitor.campaigns.catching_up import catch_up, left, start_over
    from monitor.crossref import Crossref
    from monitor.crossref.settling import settle
    from monitor.detect.bundle import load_bundle
    from monitor.detect.screen import Screen

    def tell(done: int, whole: int) -> None:
        if done % 1_000 == 0:
            typer.echo(f"handlewatch: {done} of {whole} posts read", err=True)

    if reread:
        start_over(store, lambda _, __: None)
    settle(store, Crossref(linking_terms(), hub_accounts=settings.linking.hub_accounts))
    with store.read() as session:
        if not left(session):
            return 0
    screen = Screen(load_bundle(lexicon=settings.lexicon, rules=settings.rules))
    return catch_up(store, screen, tell)


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
