"""`handlewatch init`: who is responsible, why, and for how long. Before that, nothing is kept."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from monitor.cli.options import Home
from monitor.errors import ConfigError, RefusedError, StoreError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monitor.cli.init_sources import Wanted
    from monitor.settings import Organisation

command = typer.Typer(
    add_completion=False, help="Sets up this installation: controller, purpose, legal basis, retention, contact."
)

_HELP_EXAMPLE = """Example: handlewatch init --controller "Example Hotline" --purpose "reports of public posts"
--legal-basis "..." --retention-days 90 --escalation-contact "duty desk, +1 555 0100"
--contact desk@hotline.example --reviewer ada --reviewer grace"""


@command.command(epilog=_HELP_EXAMPLE)
def init(
    home: Home = None,
    controller: str = typer.Option("", help="The organisation that is responsible for the data."),
    purpose: str = typer.Option("", help="What the data is kept for."),
    legal_basis: str = typer.Option("", help="The legal basis for keeping it."),
    retention_days: int = typer.Option(0, help="How many days the texts of decided alerts are kept."),
    escalation_contact: str = typer.Option("", help="Whom to call when somebody is in danger now."),
    contact: str = typer.Option("", help="A role's e-mail address, never a person's: shown in the user agent."),
    reviewer: list[str] = typer.Option([], help="A trained reviewer's name; repeat for each."),
    source: list[str] = typer.Option(
        [], metavar="[NAME=]KIND", help="A source to set up (`handlewatch sources list`); repeatable."
    ),
    settings_: list[str] = typer.Option(
        [], "--set", metavar="NAME.KEY=VALUE", help="An option of such a source, or its basis; repeatable."
    ),
    test: bool = typer.Option(
        False, "--test", help="Test the sources that are given now: credentials, what they reach, one real read."
    ),
) -> None:
    """Asks what is not given, writes a commented handlewatch.toml, makes the key and the database.

    At a terminal it then asks which sources to set up, and tests each as `handlewatch check` does. Credentials are
    better kept in the environment, or named (file:PATH, keyring:SERVICE/NAME), than given on a command line.

    Exit: 0 done; with --test, 4 where a source is not well, 6 where none of its servers was reached: then nothing is
    written.
    """
    from monitor.cli.init_sources import asked_sources, given_sources, require_well
    from monitor.settings import CONFIG_FILE, default_home

    folder = (home or default_home()).absolute()
    path = folder / CONFIG_FILE
    if _exists(path):
        raise RefusedError(f"{path} exists already.", kept="It is unchanged.", do="Edit it, or choose another --home.")
    values: dict[str, Any] = {
        "controller": controller,
        "purpose": purpose,
        "legal_basis": legal_basis,
        "retention_days": retention_days,
        "escalation_contact": escalation_contact,
        "contact": contact,
        "reviewers": reviewer,
    }
    wanted = given_sources(source, settings_)
    asks = _ask_missing(values)
    organisation = _validated(values)
    if test:
        require_well(wanted, organisation, folder)
    if asks:
        wanted += asked_sources(organisation, folder, [one.name for one in wanted])
    _write(folder, path, organisation, wanted)
    typer.echo(f"Wrote {path}.")
    typer.echo(_about_key(folder))
    left = "a channel" if wanted else "a source and a channel"
    typer.echo(f"Next: enable {left} in that file, then")
    for name in organisation.reviewers:
        typer.echo(f"  handlewatch users add {name} --role analyst")
    typer.echo("  handlewatch check   (examines every source: credentials, terms, one real read)")
    typer.echo("  handlewatch run     (collects and delivers)\n  handlewatch serve   (the review page)")


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError as error:
        raise StoreError(
            f"{path.parent} cannot be looked into: {error.strerror}.",
            kept="Nothing was written.",
            do="Choose a folder that this user may use (--home).",
        ) from None


def _ask_missing(values: dict[str, Any]) -> bool:
    """Asks what is missing; says whether anything was."""
    from monitor.settings import Organisation

    missing = [name for name, value in values.items() if not value]
    if missing and not sys.stdin.isatty():
        options = ", ".join(map(_option, missing))
        raise ConfigError(
            "Some answers are missing and there is no terminal to ask at.",
            kept="Nothing was written.",
            do=f"Give {options}.",
        )
    for name in missing:
        question = (Organisation.model_fields[name].description or name).rstrip(".")
        values[name] = _answer(name, question)
        while (wrong := _problems(values).get(name)) is not None:
            typer.echo(f"  {wrong}.", err=True)
            values[name] = _answer(name, question)
    return bool(missing)


def _answer(name: str, question: str) -> Any:
    if name == "retention_days":
        return typer.prompt(question, type=int, default=90)
    if name == "reviewers":
        given = typer.prompt(f"{question} (comma between)")
        return [part.strip() for part in given.split(",") if part.strip()]
    return typer.prompt(question)


def _problems(values: dict[str, Any]) -> dict[str, str]:
    """What is wrong with the answers, by name."""
    from pydantic import ValidationError

    from monitor.settings import Organisation

    try:
        Organisation(**values)
    except ValidationError as error:
        return {str(one["loc"][0]): one["msg"] for one in error.errors(include_url=False, include_input=False)}
    return {}


def _validated(values: dict[str, Any]) -> Organisation:
    from monitor.settings import Organisation

    for name, wrong in _problems(values).items():
        raise ConfigError(f"{name}: {wrong}.", kept="Nothing was written.", do=f"Give another {_option(name)}.")
    return Organisation(**values)


def _option(name: str) -> str:
    return "--reviewer" if name == "reviewers" else f"--{name.replace('_', '-')}"


def _about_key(folder: Path) -> str:
    import os

    from monitor.store.keys import KEY_VARIABLE

    if KEY_VARIABLE in os.environ:
        return f"The database is written with the key in {KEY_VARIABLE}: without it nobody can read it again."
    return f"The key that protects the database lies beside it in plain ({_key_file(folder)}); back it up apart."


def _key_file(folder: Path) -> Path:
    from monitor.store.keys import KEY_FILE

    return folder / KEY_FILE


def _write(folder: Path, path: Path, organisation: Organisation, wanted: Sequence[Wanted]) -> None:
    import os

    from monitor.settings import DATABASE_FILE
    from monitor.store.database import open_store, sqlite_url
    from monitor.store.keys import KEY_VARIABLE, load_keyring, write_key_file, write_private_file

    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if KEY_VARIABLE not in os.environ:
            write_key_file(_key_file(folder))
        url = os.environ.get("HANDLEWATCH_DATABASE__URL") or sqlite_url(folder / DATABASE_FILE)
        open_store(url, load_keyring(folder), upgrade=True).close()
        # Last, and whole or not at all, so that whatever fails leaves an installation that may be tried again.
        write_private_file(path, config_text(organisation.model_dump(), wanted))
    except OSError as error:
        raise StoreError(
            f"{error.filename or folder} cannot be written: {error.strerror}.",
            kept="No configuration was written; what exists is unchanged.",
            do="Choose a folder that is writable for this user (--home), or free space on its disk.",
        ) from None


def config_text(organisation: dict[str, Any], wanted: Sequence[Wanted] = ()) -> str:
    """The commented configuration: the answers, and an example of every installed source and channel."""
    from monitor.cli.init_sources import section_text, toml_value
    from monitor.plugins import channel_plugins, source_plugins
    from monitor.settings import Organisation

    lines = ["# Handlewatch. Every setting may also come from the environment, as HANDLEWATCH_DATABASE__URL.", ""]
    lines.append("[organisation]")
    for name, value in organisation.items():
        lines += [f"# {Organisation.model_fields[name].description}", f"{name} = {toml_value(value)}"]
    lines += [
        "",
        "# [database]",
        '# url = "postgresql://user@host/handlewatch"   # default: SQLite in this folder',
        "",
        "# [review]",
        '# second_person_for = ["danger_now"]   # conducts and risks that two people decide',
        "# undo_seconds = 10",
        "# show_unchecked_archives = false   # true: for archives of invented or scrubbed posts only",
        "",
        "# Sources: take the comment signs away to enable one. `handlewatch sources show NAME` documents the options.",
    ]
    for one in wanted:
        lines += ["", f"# {one.plugin.summary}", section_text(one)]
    for plugin in (*source_plugins().values(), *channel_plugins().values()):
        lines += ["", f"# {plugin.summary}", *(f"# {line}".rstrip() for line in plugin.example.strip().splitlines())]
    return "\n".join(lines) + "\n"
