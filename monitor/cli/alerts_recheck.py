"""Asks the platforms what became of an alert's posts."""

from __future__ import annotations

import typer

from monitor.cli.alerts_waiting import AlertId
from monitor.cli.options import As, Home, Json


def recheck(alert_id: AlertId, user: As, home: Home = None, json: Json = False) -> None:
    """Asks the platforms what became of an alert's posts: up, edited, gone, and by whom where they say so.

    Posts that are gone lose their text here, too; an error changes nothing. Needs a configured source of the platform.
    """
    import asyncio

    from monitor.app import open_app, open_rechecking
    from monitor.cli.output import print_json
    from monitor.pauses import Pauses
    from monitor.ports import Recheck
    from monitor.rechecking import ask, follow, stored_posts

    with open_app(home) as app:
        known = stored_posts(app.store, app.triage.campaign(alert_id, user=user))

        async def asked() -> list[Recheck]:
            platforms = {post.ref.platform for post in known}
            async with open_rechecking(app.settings, platforms, memory=Pauses(app.store)) as sources:
                return await ask(sources, known)

        found = asyncio.run(asked())
        follow(app.store, found, actor=user)
    if json:
        print_json([{"platform": one.ref.platform, "standing": str(one.standing), "note": one.note} for one in found])
        return
    for one in found:
        note = f" ({one.note})" if one.note else ""
        typer.echo(f"{one.ref.platform}: {one.standing.replace('_', ' ')}{note}")
    if not found:
        typer.echo("No post of this alert has a record left.")
