"""`handlewatch batches`: decided alerts as files, and proof of what was in them."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from monitor.cli.options import As, Home, Json
from monitor.cli.output import print_json, print_table, say

command = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="Exports decided alerts with a manifest, lists what was exported, verifies a batch.",
)


@command.command(epilog='Example: handlewatch batches export --format jsonl --reason "weekly, unit 3" --as mara')
def export(
    user: As,
    reason: Annotated[str, typer.Option("--reason", help="For whom and why; kept with it.")],
    form: Annotated[str, typer.Option("--format", help="jsonl or csv.")],
    out: Annotated[
        Path | None,
        typer.Option("--out", help="The batch's folder; must not exist yet. Default: one in HOME/batches."),
    ] = None,
    since: Annotated[str | None, typer.Option("--since", help="Decided then or later: 2026-11-01, UTC.")] = None,
    until: Annotated[str | None, typer.Option("--until", help="Decided before then.")] = None,
    home: Home = None,
    json: Json = False,
) -> None:
    """Writes reportable alerts, a row for each post, into a folder with a manifest. The export is logged.

    Alerts whose poster may be a child are never in a batch. Rows hold no text and no coded terms.
    """
    from alerts.batches import export as export_batch
    from alerts.export.formats import Format
    from alerts.export.rows import Selection
    from monitor.app import open_app
    from monitor.errors import ConfigError
    from monitor.suggest import closest

    try:
        chosen = Format(form)
    except ValueError:
        raise ConfigError(f"There is no format {form!r}.", do=closest(form, Format)) from None
    selection = Selection(since=_moment(since), until=_moment(until))

    def progress(rows: int) -> None:
        if sys.stderr.isatty():
            typer.echo(f"\r{rows} rows", nl=False, err=True)

    with open_app(home) as app:
        done = export_batch(
            app.store,
            form=chosen,
            reason=reason,
            by=user,
            out=out,
            home=app.settings.home,
            selection=selection,
            progress=progress,
        )
    if json:
        print_json(
            {"folder": str(done.folder), "sha256": done.sha256, "manifest": done.manifest.model_dump(mode="json")}
        )
        return
    say(f"Batch {done.manifest.number}: {done.manifest.rows} rows in {done.folder}")
    say(f"Manifest SHA-256: {done.sha256}")
    say(f"To check it anywhere: handlewatch batches verify {done.folder}")


@command.command("list", epilog="Example: handlewatch batches list --as mara")
def list_batches(
    user: As,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many at most.")] = 100,
    home: Home = None,
    json: Json = False,
) -> None:
    """Lists what was exported, newest first."""
    from alerts.batches import batches
    from monitor.app import open_app

    with open_app(home) as app, app.store.read() as session:
        found = batches(session, by=user, limit=limit)
    if json:
        print_json([{"reason": batch.reason, "sha256": batch.sha256, "manifest": batch.manifest} for batch in found])
        return
    print_table(
        ("No.", "When (UTC)", "By", "Format", "Rows", "Reason", "Manifest SHA-256"),
        (
            (
                batch.seq,
                f"{batch.created_at:%Y-%m-%d %H:%M:%S}",
                batch.user,
                batch.format,
                batch.rows,
                batch.reason,
                batch.sha256,
            )
            for batch in found
        ),
        empty="Nothing was exported yet.",
    )


@command.command(epilog="Example: handlewatch batches verify 20261101-3f2a91c0")
def verify(
    folder: Annotated[Path, typer.Argument(help="The folder of a batch.")],
    json: Json = False,
) -> None:
    """Checks the files of a batch against its manifest: sizes, SHA-256, rows. Reads only that folder."""
    from alerts.export.manifest import check
    from monitor.errors import Exit

    checked = check(folder)
    if json:
        print_json(
            {"whole": not checked.problems, "problems": list(checked.problems), "sha256": checked.sha256}
            | {"manifest": checked.manifest.model_dump(mode="json")}
        )
    else:
        manifest = checked.manifest
        for problem in checked.problems:
            say(f"not whole: {problem}", err=True)
        if not checked.problems:
            say(f"Whole: {manifest.rows} rows, as exported by {manifest.created_by} on {manifest.created_at}.")
        say(f"Manifest SHA-256: {checked.sha256}")
    if checked.problems:
        raise typer.Exit(Exit.PARTIAL)


def _moment(text: str | None) -> datetime | None:
    from monitor.errors import ConfigError

    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ConfigError(f"{text!r} is no date.", kept="Nothing was written.", do="Write 2026-11-01.") from None
