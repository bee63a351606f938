"""`handlewatch campaigns`: how a campaign grew, and what belongs together. Masked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli.options import LARGEST, As, Home, Json
from monitor.cli.output import print_json, print_table, say

if TYPE_CHECKING:
    from alerts.campaigns import CampaignView, Done, Suggested

command = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="Campaigns: show, suggestions, merge, dismiss, split.",
)

Which = Annotated[
    str, typer.Argument(metavar="ALERT_OR_CAMPAIGN", help="An alert's number (7), or a campaign's (c12).")
]
Reason = Annotated[str, typer.Option("--reason", help="Why, in a few words; kept with the step.")]


@command.callback()
def campaigns() -> None:
    """Posts of one template, whatever their handles. Numbers of merged campaigns lead to where their posts are."""


@command.command(
    epilog="Examples: handlewatch campaigns show 7 --as ana; handlewatch campaigns show c12 --as ana --json"
)
def show(which: Which, user: As, home: Home = None, json: Json = False) -> None:
    """Shows how a campaign grew: by day, by platform, its accounts, handles (masked) and groups."""
    from monitor.app import open_app

    with open_app(home) as app:
        found = app.campaigns.show(which, user=user)
    if json:
        print_json(asdict(found))
    else:
        _print(found)


@command.command(epilog="Example: handlewatch campaigns suggestions --as ana")
def suggestions(
    user: As,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="So many at most.")] = 50,
    home: Home = None,
    json: Json = False,
) -> None:
    """Lists pairs of campaigns that a post bridges: merge them, or dismiss the suggestion."""
    from monitor.app import open_app

    with open_app(home) as app:
        found = app.campaigns.suggestions(user=user, limit=limit)
    if json:
        print_json([asdict(one) for one in found])
    else:
        _print_suggestions(found, empty="Nothing is suggested.")


@command.command(
    epilog='Examples: handlewatch campaigns merge 7 5 --as ana --reason "the same advert"; '
    'handlewatch campaigns merge c12 c3 --as ana --reason "the same advert"'
)
def merge(
    one: Which,
    other: Annotated[str, typer.Argument(metavar="OTHER", help="The other one.")],
    user: As,
    reason: Reason,
    home: Home = None,
    json: Json = False,
) -> None:
    """Makes the younger of two campaigns part of the older one. Its alert, if open, is decided as a duplicate.

    Within the undo window `alerts undo` takes that back; afterwards `campaigns split` does.
    """
    from monitor.app import open_app

    with open_app(home) as app:
        done = app.campaigns.merge(one, other, user=user, reason=reason)
    _print_done(
        done,
        f"Campaign {done.other_id} is part of campaign {done.campaign_id} now: {_posts(done.posts)} moved.",
        json=json,
    )


@command.command(
    epilog='Example: handlewatch campaigns dismiss 4 --as ana --reason "two different adverts on one page"'
)
def dismiss(
    suggestion: Annotated[int, typer.Argument(metavar="SUGGESTION", min=1, max=LARGEST, help="Its number.")],
    user: As,
    reason: Reason,
    home: Home = None,
    json: Json = False,
) -> None:
    """Says that two campaigns are not one. Nothing suggests it again."""
    from monitor.app import open_app

    with open_app(home) as app:
        done = app.campaigns.dismiss(suggestion, user=user, reason=reason)
    _print_done(done, f"Campaigns {done.campaign_id} and {done.other_id} stay apart.", json=json)


@command.command(
    epilog='Example: handlewatch campaigns split 7 --group 31 --group 40 --as ana --reason "another advert"'
)
def split(
    which: Which,
    groups: Annotated[
        list[int],
        typer.Option(
            "--group", min=1, max=LARGEST, help="A group, by one of its posts (`campaigns show`); repeatable."
        ),
    ],
    user: As,
    reason: Reason,
    home: Home = None,
    json: Json = False,
) -> None:
    """Makes groups of a campaign a campaign of their own, with an alert of its own. The first post stays."""
    from monitor.app import open_app

    with open_app(home) as app:
        done = app.campaigns.split(which, groups, user=user, reason=reason)
    _print_done(done, f"{_posts(done.posts)} are campaign {done.other_id} now, with alert {done.alert_id}.", json=json)


def _print_done(done: Done, words: str, *, json: bool) -> None:
    if json:
        print_json(asdict(done))
    else:
        say(words)


def _print(found: CampaignView) -> None:
    if found.asked != found.id:
        say(f"Campaign {found.asked} is part of campaign {found.id} now.")
    verdict = f", {found.verdict.replace('_', ' ')}" if found.verdict else ""
    say(f"campaign {found.id}, alert {found.alert_id} ({found.state.replace('_', ' ')}{verdict})")
    if found.about:
        say("It warns of, reports or quotes such posts: it is kept apart from them.")
    size = found.growth
    say(
        f"{_posts(size.posts)} by {size.accounts} accounts on {len(size.platforms)} platforms, "
        f"first {_time(size.first_at)}, last {_time(size.last_at)} UTC"
    )
    if found.merged:
        say(f"Merged into it: {', '.join(map(str, found.merged))}")
    _table(
        "Platforms",
        ("Platform", "Posts", "Accounts", "First (UTC)", "Last (UTC)"),
        [(one.platform, one.posts, one.accounts, _time(one.first_at), _time(one.last_at)) for one in size.platforms],
        len(size.platforms),
    )
    _table(
        "Growth (UTC), latest days",
        ("Day", "Posts"),
        [(day.isoformat(), posts) for day, posts in size.days[-30:]],
        len(size.days),
    )
    _table(
        "Handles",
        ("Handle", "App", "Posts"),
        [(one.tag, one.app, one.posts) for one in found.handles],
        found.handle_count,
    )
    _table(
        "Groups: one wording, the same handles",
        ("Group (a post)", "Posts", "Handles"),
        [(one.post, one.posts, ", ".join(one.handles) or "-") for one in found.groups],
        found.group_count,
    )
    _table(
        "Steps",
        ("When (UTC)", "Who", "Step", "Campaign", "Other", "Posts"),
        [(_time(one.at), one.user, one.kind, one.campaign_id, one.other_id, one.posts) for one in found.steps],
        len(found.steps),
    )
    if found.suggestions:
        say("\nSuggested to merge")
        _print_suggestions(found.suggestions, empty="")


def _table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]], whole: int) -> None:
    if rows:
        say(f"\n{title}" + (f" ({len(rows)} of {whole} shown)" if whole > len(rows) else ""))
        print_table(columns, rows, empty="")


def _print_suggestions(found: Sequence[Suggested], *, empty: str) -> None:
    rows = [
        (
            one.id,
            f"{one.campaigns[0]} and {one.campaigns[1]}",
            f"{one.alerts[0]} and {one.alerts[1]}",
            f"{one.posts[0]} and {one.posts[1]}",
            one.bridge,
            _time(one.at),
        )
        for one in found
    ]
    print_table(("Suggestion", "Campaigns", "Alerts", "Posts", "Bridged by post", "When (UTC)"), rows, empty=empty)


def _posts(number: int) -> str:
    return f"{number} post" if number == 1 else f"{number} posts"


def _time(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M}" if moment else "-"
