"""`handlewatch users`: the people who review."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli.options import Home, Json
from monitor.cli.output import print_json, print_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alerts.users import Person

command = typer.Typer(
    add_completion=False, help="Adds, lists and disables the people who review.", no_args_is_help=True
)

Name = Annotated[str, typer.Argument(help="The user's name: small letters, digits, '.', '_', '-'.")]
AsAdmin = Annotated[
    str | None,
    typer.Option("--as", help="The admin who acts. Not needed while there is none.", show_default=False),
]
Stdin = Annotated[bool, typer.Option("--password-stdin", help="Read the password from the first line of stdin.")]


@command.command(
    epilog="Example: handlewatch users add ana --role analyst. "
    "For scripts: echo 'four random words' | handlewatch users add ana --role analyst --password-stdin"
)
def add(
    name: Name,
    role: Annotated[
        str,
        typer.Option(
            "--role",
            help="analyst, approver, moderator, lexicon_owner, safeguarding_lead, supervisor, auditor or admin.",
        ),
    ],
    by: AsAdmin = None,
    password_stdin: Stdin = False,
    no_password: Annotated[
        bool, typer.Option("--no-password", help="For somebody who only uses the command line.")
    ] = False,
    home: Home = None,
    json: Json = False,
) -> None:
    """Adds a person. The password is asked for, unless it comes from stdin."""
    from alerts.roles import parse_role
    from alerts.users import Users, without_admin
    from monitor.app import open_app
    from monitor.errors import ConfigError

    try:
        wanted = parse_role(role)
    except ValueError as error:
        raise ConfigError(f"{str(error)[:1].upper()}{str(error)[1:]}", kept="Nothing was changed.") from None
    with open_app(home) as app:
        users = Users(app.store)
        password = None if no_password else _password(from_stdin=password_stdin)
        person = users.add(name, role=wanted, password=password, by=by)
        alone = without_admin(users.all())
    if json:
        print_json(_as_json(person))
        return
    typer.echo(f"Added {person.name} as {person.role}.")
    if alone:
        typer.echo(
            "There is no admin yet: until there is one, anybody with this command line can add users. "
            "Next: handlewatch users add NAME --role admin",
            err=True,
        )


@command.command("list", epilog="Example: handlewatch users list --json")
def list_(home: Home = None, json: Json = False) -> None:
    """Lists everybody, the disabled ones too."""
    from alerts.users import Users
    from monitor.app import open_app

    with open_app(home) as app:
        people = Users(app.store).all()
    if json:
        print_json([_as_json(person) for person in people])
        return
    print_table(("Name", "Role", "Page", "Since (UTC)", "State"), _rows(people), empty="There are no users yet.")


@command.command(epilog="Example: handlewatch users disable ana --as root-of-team")
def disable(
    name: Name, by: Annotated[str, typer.Option("--as", help="The admin who acts.")], home: Home = None
) -> None:
    """Ends an account: no log-in, no action. Decisions keep its name."""
    from alerts.users import Users
    from monitor.app import open_app

    with open_app(home) as app:
        Users(app.store).disable(name, by=by)
    typer.echo(f"Disabled {name}; open sessions are over.")


@command.command(epilog="Example: handlewatch users passwd ana --as ana")
def passwd(name: Name, by: AsAdmin = None, password_stdin: Stdin = False, home: Home = None) -> None:
    """Sets a password: one's own, or as an admin anybody's. Open sessions end."""
    from alerts.users import Users
    from monitor.app import open_app

    with open_app(home) as app:
        users = Users(app.store)
        users.set_password(name, _password(from_stdin=password_stdin), by=by)
    typer.echo(f"The password of {name} is set; open sessions are over.")


def _password(*, from_stdin: bool) -> str:
    from monitor.errors import ConfigError

    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise ConfigError(
            "There is no terminal to ask for a password.",
            kept="Nothing was changed.",
            do="Give it with --password-stdin, or add somebody without one: --no-password.",
        )
    return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))


def _rows(people: Sequence[Person]) -> list[tuple[str, ...]]:
    return [
        (
            person.name,
            person.role,
            "password" if person.has_password else "no log-in",
            f"{person.created_at:%Y-%m-%d}",
            f"disabled {person.disabled_at:%Y-%m-%d}" if person.disabled_at else "active",
        )
        for person in people
    ]


def _as_json(person: Person) -> dict[str, object]:
    return {
        "name": person.name,
        "role": person.role,
        "has_password": person.has_password,
        "created_at": person.created_at.isoformat(),
        "disabled_at": person.disabled_at.isoformat() if person.disabled_at else None,
    }
