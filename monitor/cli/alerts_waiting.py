"""The fast lane on the terminal: posts that joined reportable alerts, and a person's yes or no to each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli.options import LARGEST, As, Home, Json

if TYPE_CHECKING:
    from alerts.triage.waiting import Said

AlertId = Annotated[int, typer.Argument(help="The alert's number.", metavar="ID")]
PostId = Annotated[int, typer.Argument(help="The post's number in the list.", metavar="POST")]
Reason = Annotated[str, typer.Option("--reason", help="Why, in a few words.")]


def waiting(
    user: As,
    lane: Annotated[str, typer.Option("--lane", help="main or safeguarding.")] = "main",
    alert: Annotated[
        int | None,
        typer.Option("--alert", min=1, max=LARGEST, help="Those of this alert, with their words.", show_default=False),
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=200, help="How many.")] = 50,
    home: Home = None,
    json: Json = False,
) -> None:
    """Lists the fast lane: posts that joined reportable alerts, each for a yes (add) or a no (leave)."""
    from alerts import terminal
    from alerts.triage import parse_lane
    from monitor.app import open_app
    from monitor.cli.output import print_json, print_table

    with open_app(home) as app:
        posts = app.fast_lane.waiting(user=user, lane=parse_lane(lane), alert_id=alert, limit=limit)
        now = app.store.now()
    if json:
        print_json({"waiting": [terminal.waiting_json(post) for post in posts]})
        return
    for post in posts if alert is not None else ():
        terminal.print_waiting(post)
    print_table(terminal.WAITING_COLUMNS, (terminal.waiting_row(post, now) for post in posts), empty="No post waits.")
    if posts:
        typer.echo("Yes: handlewatch alerts add ALERT POST. No: handlewatch alerts leave ALERT POST.")


def add(alert_id: AlertId, post_id: PostId, user: As, home: Home = None, json: Json = False) -> None:
    """Says yes to a post that waits: it is reported like the others of its alert."""
    from monitor.app import open_app

    with open_app(home) as app:
        said = app.fast_lane.add(alert_id, post_id, user=user)
    say_waiting(said, json=json)


def leave(alert_id: AlertId, post_id: PostId, reason: Reason, user: As, home: Home = None, json: Json = False) -> None:
    """Says no to a post that waits: it stays with the alert and is not reported."""
    from monitor.app import open_app

    with open_app(home) as app:
        said = app.fast_lane.leave(alert_id, post_id, reason=reason, user=user)
    say_waiting(said, json=json)


def say_waiting(said: Said, *, json: bool) -> None:
    """Says what a person's word made of a post."""
    from dataclasses import asdict

    from monitor.cli.output import print_json

    if json:
        print_json(asdict(said))
        return
    reports = f"; {said.reports} report{'' if said.reports == 1 else 's'} made" if said.state == "added" else ""
    typer.echo(f"Post {said.post_id} of alert {said.alert_id}: {said.state}{reports}.")
