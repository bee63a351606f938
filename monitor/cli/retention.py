"""`handlewatch retention`: which texts were kept as long as they may be."""

from __future__ import annotations

import typer

from monitor.cli.options import Home, Json
from monitor.cli.output import print_json, print_table

command = typer.Typer(
    add_completion=False, no_args_is_help=True, help="Shows which texts are due to go, and takes them out."
)


@command.command(epilog="Example: handlewatch retention show")
def show(home: Home = None, json: Json = False) -> None:
    """The limits, by the platforms' terms and the organisation's own, and how many posts are over each.

    Also how many posts were not asked about in the time within which their platform wants deletions followed.
    """
    from monitor.app import deletion_hours, open_app, text_limits
    from monitor.duties import late
    from monitor.retention import due

    with open_app(home) as app:
        limits = text_limits(app.settings)
        found = due(app.store, limits)
        unasked = late(app.store, deletion_hours())
    rows: list[tuple[str, float]] = [(f"terms of {name}", days) for name, days in sorted(limits.by_plugin.items())]
    if limits.decided is not None:
        rows.append(("after a decision", limits.decided))
    if json:
        print_json(
            {
                "limits": dict(rows),
                "due": [{"why": one.why, "posts": one.posts} for one in found],
                "deletions_not_asked_in_time": {one.platform: one.posts for one in unasked},
            }
        )
        return
    print_table(("Limit", "Days"), [(name, f"{days:g}") for name, days in rows], empty="No limit.")
    typer.echo()
    print_table(("Due", "Posts"), [(one.why, one.posts) for one in found], empty="Nothing is due.")
    for one in unasked:
        typer.echo(
            f"\n{one.posts} of {one.platform} were not asked about within {one.hours:g} hours, as its terms want "
            "deletions followed: `handlewatch run` does it, with a source of the platform."
        )


@command.command(epilog="Example: handlewatch retention apply")
def apply(home: Home = None, json: Json = False) -> None:
    """Takes the words out of every post that is due; `handlewatch run` does it by itself every ten minutes.

    Ids, addresses, times and the evidence (which holds no text) stay. This cannot be undone.
    """
    from monitor.app import open_app, text_limits
    from monitor.retention import expire

    with open_app(home) as app:
        done = expire(app.store, text_limits(app.settings))
    if json:
        print_json({"expired": done})
    else:
        typer.echo(f"{done} {'post' if done == 1 else 'posts'} lost their words." if done else "Nothing was due.")
