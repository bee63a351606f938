"""`handlewatch audit`: who did what, and whether the chain is whole."""

from __future__ import annotations

import json as json_
from typing import Annotated

import typer

from monitor.cli.options import Home, Json
from monitor.cli.output import print_json, print_table, printable

command = typer.Typer(add_completion=False, help="Shows the audit trail and verifies its chain.", no_args_is_help=True)


@command.command("list", epilog="Example: handlewatch audit list --action alert.reveal --limit 20")
def list_(
    actor: Annotated[str | None, typer.Option("--actor", help="Only what this user did.", show_default=False)] = None,
    action: Annotated[
        str | None, typer.Option("--action", help="Only this action, as alert.decide.", show_default=False)
    ] = None,
    subject: Annotated[
        str | None, typer.Option("--subject", help="Only about this, as alert:7.", show_default=False)
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000, help="How many, latest first.")] = 50,
    home: Home = None,
    json: Json = False,
) -> None:
    """Lists rows, latest first: ids, counts, states and hashes; never text."""
    from sqlmodel import col, select

    from monitor.app import open_app
    from monitor.store.tables import AuditRow

    query = select(AuditRow).order_by(col(AuditRow.id).desc()).limit(limit)
    for column, value in ((AuditRow.actor, actor), (AuditRow.action, action), (AuditRow.subject, subject)):
        if value is not None:
            query = query.where(column == printable(value))
    with open_app(home) as app, app.store.read() as session:
        rows = session.exec(query).all()
    if json:
        for row in rows:
            print_json(
                {
                    "id": row.id,
                    "seq": row.seq,
                    "at": row.at.isoformat(),
                    "actor": row.actor,
                    "action": row.action,
                    "subject": row.subject,
                    "detail": row.detail,
                    "row_hash": row.row_hash.hex() if row.row_hash else None,
                }
            )
        return
    print_table(
        ("When (UTC)", "Who", "What", "Of", "Detail", "Sealed"),
        (
            (
                f"{row.at:%Y-%m-%d %H:%M:%S}",
                row.actor,
                row.action,
                row.subject,
                _short(row.detail),
                row.seq or "not yet",
            )
            for row in rows
        ),
        empty="The audit trail is empty." if not (actor or action or subject) else "No row fits.",
    )


@command.command(epilog="Example: handlewatch audit verify && echo whole")
def verify(home: Home = None, json: Json = False) -> None:
    """Recomputes the chain over all sealed rows. Exit 1 where it is broken."""
    from monitor import audit
    from monitor.app import open_app
    from monitor.errors import Exit

    with open_app(home) as app:
        state = audit.verify(app.store)
    if json:
        print_json({**state._asdict(), "whole": state.broken_at is None})
    elif state.broken_at is None:
        typer.echo(f"The chain is whole: {state.sealed} rows sealed, {state.unsealed} waiting for the sealer.")
    else:
        typer.echo(
            f"The chain is BROKEN at row {state.broken_at}: {state.sealed} rows before it fit. "
            "Keep a copy of the database as it is, and compare with a backup.",
            err=True,
        )
    if state.broken_at is not None:
        raise typer.Exit(Exit.PARTIAL)


def _short(detail: dict[str, object]) -> str:
    """A line's worth: hashes cut, what is absent left out."""
    parts = (
        f"{name}={value[:10] + '…' if isinstance(value, str) and len(value) > 24 else json_.dumps(value)}"
        for name, value in detail.items()
        if value is not None
    )
    return " ".join(parts)
