"""`handlewatch handles`: the record of one handle. Exact look-up only, masked, logged."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import asdict
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from monitor.cli.handle_links import Table, linked_lines, linked_tables
from monitor.cli.options import As, Home, Json
from monitor.cli.output import print_json, print_table, say

if TYPE_CHECKING:
    from alerts.handles import HandleRecord

command = typer.Typer(add_completion=False, no_args_is_help=True, help="The record of one handle: show, hub.")


@command.callback()
def handles() -> None:
    """The record of one handle. There is no list of handles, and no search with wildcards."""


@command.command(
    epilog="Examples: handlewatch handles show wickr zorblat77 --as ana; "
    'handlewatch handles show wickr zorblat77 --as ana --reveal --reason "compare the accounts with alert 5"'
)
def show(
    app_name: Annotated[str, typer.Argument(metavar="APP", help="The app's id, as in masks: wickr, telegram, ...")],
    handle: Annotated[
        str, typer.Argument(metavar="HANDLE", help="One whole handle or its link; '-' reads it from standard input.")
    ],
    user: As,
    platform: Annotated[
        str | None,
        typer.Option("--platform", help="Only what this platform has; needed where its terms forbid linking."),
    ] = None,
    reveal: Annotated[bool, typer.Option("--reveal", help="In clear; needs --reason.")] = False,
    reason: Annotated[str | None, typer.Option("--reason", help="Why it must be seen in clear.")] = None,
    home: Home = None,
    json: Json = False,
) -> None:
    """Shows one handle's record: where it was seen, its alerts, verdicts, reports and returns, what is beside it."""
    from monitor.app import open_app
    from monitor.errors import ConfigError

    if reason is not None and not reveal:
        raise ConfigError("--reason goes with --reveal.", kept="Nothing was shown.", do="Say --reveal, too.")
    if reveal and not reason:
        raise ConfigError("To reveal needs --reason.", kept="Nothing was shown.", do="Say why, in a few words.")
    wanted = sys.stdin.readline(1000).strip() if handle == "-" else handle
    with open_app(home) as app:
        if reveal:
            record = app.handles.reveal(app_name, wanted, user=user, reason=reason or "", platform=platform)
        else:
            record = app.handles.show(app_name, wanted, user=user, platform=platform)
    if json:
        print_json(_plain(asdict(record)))
    else:
        _print(record)
        typer.echo("This reveal is logged." if reveal else "This look-up is logged.", err=True)


@command.command(
    epilog="Example: handlewatch handles hub telegram quibdrem --as sal --joins "
    '--reason "one group\'s own channel, not a public one"'
)
def hub(
    app_name: Annotated[str, typer.Argument(metavar="APP", help="The app's id.")],
    handle: Annotated[str, typer.Argument(metavar="HANDLE", help="One whole handle or its link; '-' reads it.")],
    user: As,
    reason: Annotated[str, typer.Option("--reason", help="Why.")],
    joins: Annotated[bool, typer.Option("--joins", help="It joins linked sets, however many shared it.")] = False,
    stays_out: Annotated[bool, typer.Option("--stays-out", help="It joins nothing, however few shared it.")] = False,
    by_count: Annotated[bool, typer.Option("--by-count", help="It goes by the number of its accounts again.")] = False,
    home: Home = None,
) -> None:
    """Says whether a handle that many accounts share joins linked sets; else `linking.hub_accounts` says it."""
    from alerts.handles import parse_hub
    from monitor.app import open_app
    from monitor.errors import ConfigError

    said = [word for word, on in (("joins", joins), ("stays-out", stays_out), ("by-count", by_count)) if on]
    if len(said) != 1:
        raise ConfigError(
            "Say one of --joins, --stays-out and --by-count.", kept="Nothing was changed.", do="Say which one."
        )
    wanted = sys.stdin.readline(1000).strip() if handle == "-" else handle
    with open_app(home) as app:
        label = app.hubs.say(app_name, wanted, user=user, reason=reason, hub=parse_hub(said[0]))
    words = {"joins": "joins linked sets", "stays-out": "joins nothing", "by-count": "goes by the number of accounts"}
    typer.echo(f"handle {label} {words[said[0]]}; the sets around it were made anew.")


def _plain(value: Any) -> Any:
    """Times as ISO 8601 texts; keyed hashes stay here."""
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items() if name != "key_hash"}  # pyright: ignore[reportUnknownVariableType] - JSON
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]  # pyright: ignore[reportUnknownVariableType] - JSON
    return value.isoformat() if isinstance(value, date | datetime) else value


def _print(record: HandleRecord) -> None:
    name = f" = {record.name}" if record.name else ""
    where = f", on {record.platform} alone" if record.platform else ""
    say(f"handle {record.tag} · {record.app}{name}{where}")
    if record.first_at and record.last_at:
        say(f"{_count(record.posts, 'post')}, first {_time(record.first_at)}, last {_time(record.last_at)} UTC")
    else:
        say("Not seen here, as far as this record may look.")
    for line in linked_lines(record):
        say(line)
    for title, columns, rows, whole in _tables(record):
        if rows:
            say(f"\n{title}" + (f" ({len(rows)} of {whole} shown)" if whole > len(rows) else ""))
            print_table(columns, rows, empty="")
    if record.left_out:
        say(
            f"\nLeft out: {', '.join(record.left_out)}. Their terms allow no linking with other platforms; "
            "--platform shows what one of them has."
        )


def _tables(record: HandleRecord) -> Iterator[Table]:
    yield (
        "Platforms",
        ("Platform", "Posts", "First (UTC)", "Last (UTC)", "Unavailable"),
        [
            (one.platform, one.posts, _time(one.first_at), _time(one.last_at), one.unavailable)
            for one in record.platforms
        ],
        len(record.platforms),
    )
    # The latest days; --json has all.
    days = record.timeline[-record.listed :]
    yield "Timeline (UTC)", ("Day", "Posts"), [(one.day.isoformat(), one.posts) for one in days], len(record.timeline)
    yield (
        "Returns",
        ("Platform", "Gone from", "Unavailable (UTC)", "Returned (UTC)", "Days"),
        [
            (one.platform, one.gone_platform, _time(one.unavailable_at), _time(one.returned_at), f"{one.days:.1f}")
            for one in record.returns
        ],
        len(record.returns),
    )
    yield (
        "Alerts",
        ("Alert", "State", "Verdict", "Posts", "Opened (UTC)", "Decided (UTC)"),
        [
            (one.id, _words(one.state), _words(one.verdict), one.posts, _time(one.opened_at), _time(one.decided_at))
            for one in record.alerts
        ],
        record.alert_count,
    )
    yield (
        "Decisions",
        ("Alert", "When (UTC)", "Who", "Step", "Verdict", "Final"),
        [
            (one.alert_id, _time(one.at), one.user, one.step, _words(one.verdict), "yes" if one.final else "no")
            for one in record.verdicts
        ],
        len(record.verdicts),
    )
    yield from _around(record)


def _around(record: HandleRecord) -> Iterator[Table]:
    yield (
        "Reports",
        ("Report", "State", "Channel", "Platform", "Alert", "Changed (UTC)"),
        [
            (one.id[:8], _words(one.state), one.channel, one.platform, one.alert_id, _time(one.updated_at))
            for one in record.reports
        ],
        record.report_count,
    )
    yield (
        "Handles in the same posts",
        ("Handle", "App", "Name", "Posts"),
        [(one.tag, one.app, one.name or "-", one.posts) for one in record.handles],
        record.handle_count,
    )
    yield (
        "Accounts that shared it",
        ("Account", "Platform", "Name", "Posts", "Says it is its name", "Other names"),
        [
            (
                one.tag,
                one.platform,
                one.name or "-",
                "not counted" if one.posts is None else one.posts,
                "yes" if one.same_name else "-",
                ", ".join(one.names) or "-",
            )
            for one in record.accounts
        ],
        record.account_count,
    )
    yield from linked_tables(record)
    yield (
        "Posts, latest first",
        ("Posted (UTC)", "Platform", "Account", "State", "Alert", "Address"),
        [
            (
                _time(one.at),
                one.platform,
                one.account,
                _words(one.standing or one.state),
                ", ".join(map(str, one.alerts)),
                one.url or "-",
            )
            for one in record.latest
        ],
        record.posts,
    )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun if number == 1 else noun + 's'}"


def _words(value: str | None) -> str:
    return value.replace("_", " ") if value else "-"


def _time(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M}" if moment else "-"
