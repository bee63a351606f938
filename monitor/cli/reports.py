"""`handlewatch reports`: the outbox."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from monitor.cli.options import LARGEST, As, Home, Json
from monitor.cli.output import print_error, print_json, print_table, printable, say

if TYPE_CHECKING:
    from alerts.outbox.view import ReportView

command = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="The outbox: list, show, send, mark-filed, withdraw, stop, resume. Masked by default.",
)

Id = Annotated[str, typer.Argument(help="A report's id, or how it begins (four characters at least).")]
Reason = Annotated[str, typer.Option("--reason", help="Why; kept with it.")]


@command.command("list", epilog="Example: handlewatch reports list --state uncertain")
def list_reports(
    state: Annotated[str | None, typer.Option("--state", help="Only those in this state.")] = None,
    channel: Annotated[str | None, typer.Option("--channel", help="Only those of this channel.")] = None,
    alert: Annotated[int | None, typer.Option("--alert", min=1, max=LARGEST, help="Only those of this alert.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many at most.")] = 100,
    home: Home = None,
    json: Json = False,
) -> None:
    """Lists reports, last changed first, and how many wait for a person."""
    from alerts.outbox import view as outbox_view
    from alerts.outbox.reports import ReportState
    from alerts.outbox.switch import stopped_by
    from monitor.app import open_app

    wanted = _state(state) if state else None
    with open_app(home) as app, app.store.read() as session:
        lines = outbox_view.listing(
            session, state=wanted, channel=printable(channel) if channel else None, alert_id=alert, limit=limit
        )
        counts, stopped = outbox_view.counts(session), stopped_by(session)
    if json:
        print_json({"sending": stopped is None, "counts": counts, "reports": [_plain(asdict(line)) for line in lines]})
        return
    print_table(
        ("Report", "State", "Channel", "Platform", "Alert", "Attempts", "Due (UTC)", "Changed (UTC)"),
        (
            (
                line.id[:8],
                line.state.replace("_", " "),
                line.channel,
                line.platform,
                line.alert_id,
                line.attempts,
                _time(line.due_at) if line.state in {ReportState.QUEUED, ReportState.UNDO_WINDOW} else "-",
                _time(line.updated_at),
            )
            for line in lines
        ),
        empty="There are no such reports.",
    )
    people = {state: counts[state] for state in (ReportState.UNCERTAIN, ReportState.MANUAL) if counts.get(state)}
    if people:
        typer.echo(f"Waiting for a person: {', '.join(f'{count} {state}' for state, count in people.items())}.")
    if stopped is not None:
        why = stopped.reason or "no reason given"
        say(f"Sending is stopped, by {stopped.by} since {_time(stopped.changed_at)} UTC: {why}")
        say("  to allow it again: handlewatch reports resume --as USER --reason WHY")


@command.command(epilog="Example: handlewatch reports show 3f2a91c0")
def show(
    report: Id,
    reveal: Annotated[bool, typer.Option("--reveal", help="In clear; needs --as and --reason, and is logged.")] = False,
    user: Annotated[str | None, typer.Option("--as", help="Who looks.")] = None,
    reason: Annotated[str | None, typer.Option("--reason", help="Why it must be seen in clear.")] = None,
    home: Home = None,
    json: Json = False,
) -> None:
    """Shows one report: what leaves, masked, and everything that happened to it."""
    from alerts.outbox import view as outbox_view
    from monitor.app import open_app
    from monitor.errors import ConfigError

    if reveal and not (user and reason):
        raise ConfigError("To reveal needs --as and --reason.", kept="Nothing was shown.", do="Say who looks, and why.")
    with open_app(home) as app:
        if reveal:
            with app.store.write() as session:
                view = outbox_view.reveal(
                    session, report, by=user or "", reason=reason or "", at=app.store.now(), keyring=app.store.keyring
                )
        else:
            with app.store.read() as session:
                view = outbox_view.show(session, report)
    if json:
        print_json(_plain(asdict(view)))
    else:
        _print_view(view)


def _print_view(view: ReportView) -> None:
    line = view.line
    say(f"Report {line.id}: {line.state.replace('_', ' ')}")
    facts = {
        "Alert": line.alert_id,
        "Channel": line.channel,
        "To": view.to,
        "Due": _time(line.due_at),
        "Their reference": line.remote_id,
        "Why": view.why,
        "Frozen": f"{view.size} bytes, {view.content_type}, SHA-256 {view.sha256}" if view.size is not None else None,
    }
    for name, value in facts.items():
        if value is not None:
            say(f"  {name}: {value}")
    say("")
    print_table(
        ("When (UTC)", "From", "To", "Who", "What"),
        ((_time(event.at), event.before or "-", event.after, event.actor, event.detail) for event in view.events),
        empty="Nothing happened yet.",
    )
    if view.preview is not None:
        say(f"\nWhat leaves{'' if view.clear else ', masked'}:\n")
        say("\n".join(f"  | {text}" for text in view.preview.splitlines()))


@command.command(epilog="Example: handlewatch reports send 3f2a91c0 --as mara")
def send(
    user: As,
    reports: Annotated[list[str] | None, typer.Argument(help="Ids; none to only deliver what is due.")] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Send one of unknown fate again: it may arrive twice.")
    ] = False,
    deliver: Annotated[
        bool, typer.Option("--deliver", help="Deliver everything due from here, without a running monitor.")
    ] = False,
    home: Home = None,
    json: Json = False,
) -> None:
    """Makes reports due now: out of the undo window, or again after they failed.

    A running monitor (`handlewatch run`) delivers them within seconds; --deliver does it from here.
    """
    from alerts.outbox.people import send_now
    from monitor.app import open_app
    from monitor.errors import ConfigError, Exit, HandlewatchError

    wanted = reports or []
    if not wanted and not deliver:
        raise ConfigError("Nothing to send was named.", kept="Nothing was changed.", do="Give ids, or --deliver.")
    made: list[str] = []
    failed: list[HandlewatchError] = []
    with open_app(home) as app:
        for report_id in wanted:
            try:
                with app.store.write() as session:
                    made.append(send_now(session, report_id, by=user, at=app.store.now(), again=again).id)
            except HandlewatchError as error:
                failed.append(error)
        delivered = _deliver(app, user) if deliver else None
    if json:
        print_json({"due": made, "failed": [str(error) for error in failed], "attempts": delivered})
    else:
        if made:
            typer.echo(f"Due now: {', '.join(report_id[:8] for report_id in made)}.")
        if delivered is not None:
            typer.echo(f"Attempts made: {delivered}. See `handlewatch reports list`.")
    if len(wanted) == 1 and failed:
        raise failed[0]
    for error in failed:
        print_error(error)
    if failed:
        raise typer.Exit(Exit.PARTIAL)


def _deliver(app: Any, user: str) -> int:
    """Delivers what is due, once, in this process."""
    import asyncio

    from alerts.channels.configured import open_channels
    from alerts.outbox.delivery import Delivery
    from alerts.outbox.switch import sending_on
    from alerts.roles import Permission, require
    from monitor import logs
    from monitor.app import open_channel_client
    from monitor.errors import RefusedError

    logs.configure()
    with app.store.read() as session:
        require(session, user, Permission.SEND)
        if not sending_on(session):
            raise RefusedError(
                "Sending is stopped.", kept="Nothing was sent.", do="handlewatch reports resume --as USER --reason WHY"
            )

    async def once() -> int:
        async with open_channel_client(app.settings) as http:
            return await Delivery(app.store, open_channels(app.settings, http)).deliver_due()

    return asyncio.run(once())


@command.command("mark-filed", epilog="Example: handlewatch reports mark-filed 3f2a91c0 --as mara --reference 2026-771")
def mark_filed(
    report: Id,
    user: As,
    reference: Annotated[str | None, typer.Option("--reference", help="What the recipient gave to refer to.")] = None,
    home: Home = None,
    json: Json = False,
) -> None:
    """Notes that a person filed it by hand, or found that it had arrived."""
    from alerts.outbox import people
    from monitor.app import open_app

    with open_app(home) as app, app.store.write() as session:
        done = people.mark_filed(session, report, by=user, at=app.store.now(), reference=reference).id
    _say(json, done, "filed")


@command.command(epilog='Example: handlewatch reports withdraw 3f2a91c0 --as mara --reason "wrong post"')
def withdraw(report: Id, user: As, reason: Reason, home: Home = None, json: Json = False) -> None:
    """Takes a report back that has not left."""
    from alerts.outbox import people
    from monitor.app import open_app

    with open_app(home) as app, app.store.write() as session:
        done = people.withdraw(session, report, by=user, at=app.store.now(), reason=reason).id
    _say(json, done, "withdrawn")


def _say(json: bool, report_id: str, state: str) -> None:
    if json:
        print_json({"id": report_id, "state": state})
    else:
        typer.echo(f"Report {report_id[:8]} is {state}.")


@command.command(epilog='Example: handlewatch reports stop --as mara --reason "wrong lexicon went live"')
def stop(user: As, reason: Reason, home: Home = None, json: Json = False) -> None:
    """Stops all sending, in every process, within a second. What is under way is cut short and becomes uncertain."""
    _switch(home, user, reason, json, on=False)


@command.command(epilog='Example: handlewatch reports resume --as mara --reason "lexicon mended"')
def resume(user: As, reason: Reason, home: Home = None, json: Json = False) -> None:
    """Allows sending again. What is due is sent then."""
    _switch(home, user, reason, json, on=True)


def _switch(home: Home, user: str, reason: str, json: bool, *, on: bool) -> None:
    from alerts.outbox import switch as outbox_switch
    from alerts.outbox import view as outbox_view
    from alerts.outbox.reports import ReportState
    from monitor.app import open_app

    with open_app(home) as app:
        with app.store.write() as session:
            turn = outbox_switch.resume if on else outbox_switch.stop
            changed = turn(session, by=user, reason=reason, at=app.store.now())
        with app.store.read() as session:
            counts = outbox_view.counts(session)
    under_way = counts.get(ReportState.CLAIMED, 0)
    if json:
        print_json({"sending": on, "changed": changed, "under_way": under_way})
        return
    typer.echo(f"Sending is {'allowed' if on else 'stopped'}{'' if changed else ' (it was already)'}.")
    if not on and under_way:
        typer.echo(f"{under_way} under way: cut short within a second; those that may have left become uncertain.")


def _state(text: str) -> Any:
    from alerts.outbox.reports import ReportState
    from monitor.errors import ConfigError
    from monitor.suggest import closest

    try:
        return ReportState(text.replace("-", "_"))
    except ValueError:
        raise ConfigError(f"There is no state {text!r}.", do=closest(text, ReportState)) from None


def _plain(value: Any) -> Any:
    """Times as RFC 3339, the rest as it is."""
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, list):
        return [_plain(item) for item in value]  # pyright: ignore[reportUnknownVariableType]
    return value.isoformat().replace("+00:00", "Z") if isinstance(value, datetime) else value


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}"
