"""`handlewatch alerts`: the review queue on the terminal. Masked, but for a logged reveal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli import alerts_waiting as fast_lane
from monitor.cli.alerts_recheck import recheck
from monitor.cli.alerts_waiting import AlertId, Reason
from monitor.cli.options import LARGEST, As, Home, Json

if TYPE_CHECKING:
    from alerts.triage.records import Decided

command = typer.Typer(
    add_completion=False, help="The review queue: list, show, claim, reveal, decide.", no_args_is_help=True
)

AsLooking = Annotated[
    str | None,
    typer.Option("--as", help="Who looks. Needed for the lists 'mine' and the safeguarding lane.", show_default=False),
]
Version = Annotated[
    int | None,
    typer.Option(
        "--version", min=0, max=LARGEST, help="The version you saw: refused if it changed since.", show_default=False
    ),
]


@command.command("list", epilog="Example: handlewatch alerts list --list second-review --as sal")
def list_(
    listing: Annotated[str, typer.Option("--list", help="open, mine, second-review or decided.")] = "open",
    lane: Annotated[str, typer.Option("--lane", help="main or safeguarding.")] = "main",
    limit: Annotated[int, typer.Option("--limit", min=1, max=200, help="How many.")] = 25,
    after: Annotated[
        str | None, typer.Option("--after", help="Where the page before ended.", show_default=False)
    ] = None,
    user: AsLooking = None,
    home: Home = None,
    json: Json = False,
) -> None:
    """Lists alerts, most urgent first; decided ones latest first."""
    from alerts import terminal
    from alerts.triage import parse_lane, parse_listing
    from monitor.app import open_app
    from monitor.cli.output import print_json, print_table

    with open_app(home) as app:
        page = app.triage.queue(
            user=user, listing=parse_listing(listing), lane=parse_lane(lane), after=after, limit=limit
        )
        now = app.store.now()
    if json:
        print_json({"alerts": [terminal.entry_json(entry) for entry in page.rows], "after": page.after})
        return
    print_table(
        terminal.QUEUE_COLUMNS,
        (terminal.queue_row(entry, now) for entry in page.rows),
        empty="No alert is in this list. What was not seen: handlewatch coverage",
    )
    if page.after:
        typer.echo(f"More: --after {page.after}")


@command.command(epilog="Example: handlewatch alerts show 7")
def show(alert_id: AlertId, user: AsLooking = None, home: Home = None, json: Json = False) -> None:
    """Shows one alert with its evidence, masked."""
    from alerts import terminal
    from monitor.app import open_app
    from monitor.cli.output import print_json

    with open_app(home) as app:
        view = app.triage.view(alert_id, user=user)
    if json:
        print_json(terminal.view_json(view))
    else:
        terminal.print_view(view)


@command.command(epilog='Example: handlewatch alerts reveal 7 --as ana --reason "compare the name with alert 5"')
def reveal(alert_id: AlertId, user: As, reason: Reason, home: Home = None, json: Json = False) -> None:
    """Shows one alert in clear. Who looked and why is logged first."""
    from alerts import terminal
    from monitor.app import open_app
    from monitor.cli.output import print_json

    with open_app(home) as app:
        view = app.triage.reveal(alert_id, user=user, reason=reason)
    if json:
        print_json(terminal.view_json(view))
    else:
        terminal.print_view(view)
        typer.echo("This reveal is logged.", err=True)


@command.command(epilog="Example: handlewatch alerts claim --next --as ana")
def claim(
    user: As,
    alert_id: Annotated[int | None, typer.Argument(help="The alert's number.", metavar="ID")] = None,
    next_: Annotated[bool, typer.Option("--next", help="The most urgent one that nobody holds.")] = False,
    home: Home = None,
    json: Json = False,
) -> None:
    """Holds an alert for you for some minutes, so that nobody else decides it meanwhile."""
    from monitor.app import open_app
    from monitor.cli.output import print_json
    from monitor.errors import ConfigError

    if (alert_id is None) == (not next_):
        raise ConfigError("Name one alert, or say --next.", kept="Nothing was changed.")
    with open_app(home) as app:
        held = app.triage.claim(alert_id, user=user) if alert_id is not None else app.triage.claim_next(user=user)
    if json:
        print_json(
            None
            if held is None
            else {"id": held.alert_id, "version": held.version, "claimed_until": held.until.isoformat()}
        )
    elif held is None:
        typer.echo("Nothing is free to claim.")
    else:
        typer.echo(f"Alert {held.alert_id} is yours until {held.until:%H:%M:%S} UTC.")


@command.command(epilog="Example: handlewatch alerts release 7 --as ana")
def release(alert_id: AlertId, user: As, home: Home = None) -> None:
    """Gives an alert that you hold back to the queue."""
    from monitor.app import open_app

    with open_app(home) as app:
        app.triage.release(alert_id, user=user)
    typer.echo(f"Alert {alert_id} is free again.")


@command.command(
    epilog='Examples: handlewatch alerts decide 7 --verdict not_reportable --reason "a game\'s name" --as ana; '
    "handlewatch alerts decide 8 --verdict reportable --conduct offers_or_asks_material --risk trade "
    '--reason "handle beside two terms" --as ana'
)
def decide(
    alert_id: AlertId,
    verdict: Annotated[str, typer.Option("--verdict", help="reportable, not_reportable, escalated or duplicate.")],
    reason: Reason,
    user: As,
    conduct: Annotated[
        str | None,
        typer.Option(
            "--conduct",
            help="Needed for reportable: offers_or_asks_material, child_access, approach_to_child, extortion, "
            "poster_may_be_child or other_crime.",
            show_default=False,
        ),
    ] = None,
    risk: Annotated[
        str | None,
        typer.Option(
            "--risk",
            help="Needed for reportable: danger_now, child_at_risk, trade or other.",
            show_default=False,
        ),
    ] = None,
    duplicate_of: Annotated[
        int | None, typer.Option("--of", help="Needed for duplicate: the alert it repeats.", show_default=False)
    ] = None,
    version: Version = None,
    home: Home = None,
    json: Json = False,
) -> None:
    """Decides an alert. A second decision is refused (exit 7), and names the first."""
    from alerts.verdicts import parse_conduct, parse_risk, parse_verdict
    from monitor.app import open_app

    chosen = parse_verdict(verdict)
    what = parse_conduct(conduct) if conduct is not None else None
    how_urgent = parse_risk(risk) if risk is not None else None
    with open_app(home) as app:
        seen = version if version is not None else app.triage.view(alert_id, user=user).version
        done = app.triage.decide(
            alert_id,
            version=seen,
            verdict=chosen,
            conduct=what,
            risk=how_urgent,
            reason=reason,
            duplicate_of=duplicate_of,
            user=user,
        )
    _say(done, json=json)


@command.command(epilog='Example: handlewatch alerts confirm 8 --reason "seen, agreed" --as sal')
def confirm(
    alert_id: AlertId, reason: Reason, user: As, version: Version = None, home: Home = None, json: Json = False
) -> None:
    """As a second, different person: agrees with a verdict. It is final then."""
    from monitor.app import open_app

    with open_app(home) as app:
        seen = version if version is not None else app.triage.view(alert_id, user=user).version
        done = app.triage.confirm(alert_id, version=seen, reason=reason, user=user)
    _say(done, json=json)


@command.command("return", epilog='Example: handlewatch alerts return 8 --reason "no danger in it" --as sal')
def return_(
    alert_id: AlertId, reason: Reason, user: As, version: Version = None, home: Home = None, json: Json = False
) -> None:
    """As a second, different person: does not agree. The alert is open again."""
    from monitor.app import open_app

    with open_app(home) as app:
        seen = version if version is not None else app.triage.view(alert_id, user=user).version
        done = app.triage.send_back(alert_id, version=seen, reason=reason, user=user)
    _say(done, json=json)


@command.command(epilog="Examples: handlewatch alerts undo 7 --as ana; handlewatch alerts undo 7 412 --as ana")
def undo(
    alert_id: AlertId,
    user: As,
    post_id: Annotated[
        int | None,
        typer.Argument(help="A post of the fast lane: your yes or no to it.", metavar="POST", min=1, max=LARGEST),
    ] = None,
    home: Home = None,
    json: Json = False,
) -> None:
    """Takes your own decision back while its undo window is open. Its reports are withdrawn.

    With POST, your yes or no to a post that waited in the fast lane: it waits again.
    """
    from monitor.app import open_app

    with open_app(home) as app:
        if post_id is None:
            _say(app.triage.undo(alert_id, user=user), json=json)
        else:
            fast_lane.say_waiting(app.fast_lane.undo(alert_id, post_id, user=user), json=json)


command.command(epilog="Examples: handlewatch alerts waiting --as ana; handlewatch alerts waiting --alert 7 --as ana")(
    fast_lane.waiting
)
command.command(epilog="Example: handlewatch alerts add 7 412 --as ana")(fast_lane.add)
command.command(epilog='Example: handlewatch alerts leave 7 412 --reason "quotes it, to warn" --as ana')(
    fast_lane.leave
)


@command.command(epilog="Example: handlewatch alerts rank")
def rank(home: Home = None, json: Json = False) -> None:
    """Reckons now how urgent every alert is that waits; `handlewatch run` does so every hour.

    After a change of `[priority]`, for instance. `handlewatch alerts show` says what an alert's priority is made of.
    """
    from monitor.app import open_app
    from monitor.cli.output import print_json
    from monitor.ranking import rank_waiting

    with open_app(home) as app:
        changed = rank_waiting(app.store, app.ranking)
    if json:
        print_json({"changed": changed})
    else:
        typer.echo(f"{changed} {'priority' if changed == 1 else 'priorities'} changed.")


command.command(epilog="Example: handlewatch alerts recheck 7 --as ana")(recheck)


def _say(done: Decided, *, json: bool) -> None:
    from alerts import terminal
    from monitor.cli.output import print_json

    if json:
        print_json(terminal.decided_json(done))
    else:
        typer.echo(terminal.decided_words(done))
