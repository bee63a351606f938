"""What the demo prints: what was found, masked, and what to try next."""

from __future__ import annotations

import socket

import typer

from monitor.cli.output import print_table
from monitor.collecting import Status
from monitor.demo.installation import MARK, Demo
from monitor.intake import Committed
from monitor.serving import address_of


def print_summary(demo: Demo, status: Status, later: Committed) -> None:
    """The counts and the alert queue as an analyst sees it."""
    page = demo.app.triage.queue(user="ada", limit=50)
    waiting = demo.app.fast_lane.count(user="ada")
    suggested = len(demo.app.campaigns.suggestions(user="ada"))
    typer.echo(f"{status.posts} posts collected, {status.hits} hits. Grace decided one alert; a post was found gone.")
    typer.echo(
        f"Days later {later.posts} more came: {waiting} wait in the fast lane, {suggested} is like two campaigns, "
        f"and a handle is back. {len(page.rows)} alerts are open.\n"
    )
    print_table(
        ("Alert", "Score", "Platforms", "Posts", "Why"),
        ((row.id, f"{row.score:.2f}", ", ".join(row.platforms), row.posts, row.reason) for row in page.rows),
        empty="No alerts.",
    )
    typer.echo()


def print_welcome(demo: Demo, listening: socket.socket) -> None:
    """Where to look, how to log in, what to try."""
    home = demo.home
    end = "the folder stays until the next time" if (home / MARK).exists() else "everything is deleted then"
    typer.echo(f"""Review page:  {address_of(listening)}
  ada    password {demo.passwords["ada"]}   (analyst: decides)
  grace  password {demo.passwords["grace"]}   (supervisor: confirms, sends, exports)

Try: "Fast lane" (posts that joined the decided alert: yes or no), "Campaigns" (what may be one), and "Its campaign" on
the first alert (how it grew, what came back).
Or: open the first alert, claim it, decide "reportable". Ten seconds later its reports are sent to the demo's own
mail server; they arrive as files in {demo.mails}

From another terminal:
  ./run handlewatch alerts list --home {home}  --as ada
  ./run handlewatch reports list --home {home}
  ./run handlewatch batches export --home {home} --format csv --reason "a try" --as grace

Stop with Ctrl-C; {end}.
""")
