"""What the demo prints: what was found, masked, and what to try next."""

from __future__ import annotations

import socket

import typer

from monitor.cli.output import print_table
from monitor.collecting import Status
from monitor.demo.installation import MARK, Demo
from monitor.serving import address_of


def print_summary(demo: Demo, status: Status) -> None:
    """The counts and the alert queue as an analyst sees it."""
    page = demo.app.triage.queue(user="ada", limit=50)
    typer.echo(f"{status.posts} posts collected, {status.hits} hits, {len(page.rows)} alerts.\n")
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

Try: open the first alert, claim it, decide "reportable". Ten seconds later its reports are sent to the demo's own
mail server; they arrive as files in {demo.mails}

From another terminal:
  ./run handlewatch alerts list --home {home}  --as ada
  ./run handlewatch reports list --home {home}
  ./run handlewatch batches export --home {home} --format csv --reason "a try" --as grace

Stop with Ctrl-C; {end}.
""")
