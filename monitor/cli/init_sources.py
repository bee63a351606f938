"""The sources that `handlewatch init` sets up: asked for or given, tried live as `handlewatch check` does.

What is said here repeats no value of a credential.
"""

from __future__ import annotations

import asyncio
import json
import os
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any

import typer
from pydantic import SecretStr

from monitor.app import configured_source
from monitor.cli.check import show_findings
from monitor.doctor import Examined, examine_sources
from monitor.errors import AuthError, ConfigError, HandlewatchError, UnreachableError
from monitor.plugins import pick, source_plugins
from monitor.settings import Organisation, Settings, SourceSettings
from monitor.sourcing import env_names

if TYPE_CHECKING:
    from pathlib import Path

    from monitor.ports import SourcePlugin

_OF_THE_SECTION = ("every", "enabled", "basis")
_HIDDEN = "it is not shown; file:PATH or keyring:SERVICE/NAME say where it is kept; empty for none"


@dataclass(slots=True)
class Wanted:
    """A source that is to be set up: its section's name, its kind, and what is said of it."""

    name: str
    plugin: SourcePlugin
    values: dict[str, Any] = field(default_factory=dict[str, Any])

    @property
    def section(self) -> SourceSettings:
        """As the configuration has it."""
        return SourceSettings(plugin=self.plugin.name, **self.values)


def given_sources(kinds: Sequence[str], assignments: Sequence[str]) -> list[Wanted]:
    """Those of `--source` and `--set`. Raises `ConfigError`; no value is repeated."""
    wanted: dict[str, Wanted] = {}
    for kind in kinds:
        name, _, named = kind.rpartition("=")
        plugin = pick(source_plugins(), named, "source")
        wanted[name or plugin.name] = Wanted(name or plugin.name, plugin)
    for assignment in assignments:
        place, equals, value = assignment.partition("=")
        name, dot, option = place.strip().partition(".")
        if not equals or not dot or name not in wanted:
            raise ConfigError(
                f"--set {place!r} is no SOURCE.OPTION=VALUE of a source that is given here.",
                kept="Nothing was written.",
                do="For example: --source mastodon --set mastodon.servers=mastodon.example",
            )
        wanted[name].values[option] = value
    for one in wanted.values():
        try:
            configured_source(one.name, one.section)
        except HandlewatchError as error:
            raise ConfigError(error.what, kept="Nothing was written.", do=error.do) from None
    return list(wanted.values())


def examined(wanted: Iterable[Wanted], organisation: Organisation, folder: Path) -> list[Examined]:
    """What `handlewatch check` finds of these sources: terms, credentials, what they reach, one real read."""
    sections = {one.name: one.section for one in wanted}
    settings = Settings(home=folder, organisation=organisation, sources=sections)
    return asyncio.run(examine_sources(settings, list(sections)))


def require_well(wanted: Sequence[Wanted], organisation: Organisation, folder: Path) -> None:
    """Tries sources that nobody can be asked about. Raises `UnreachableError` or `AuthError` where one is not well."""
    found = examined(wanted, organisation, folder)
    show_findings(found)
    for one in wanted:
        mine = [finding for subject, finding in found if subject == one.name and finding.what != "terms"]
        if any(finding.well is False for finding in mine) and not all(finding.offline for finding in mine):
            raise AuthError(
                f"{one.name} is not well: see above.",
                kept="Nothing was written.",
                do="Correct it, or leave out --test and correct it later (`handlewatch check`).",
            )
        if not any(finding.well for finding in mine):
            raise UnreachableError(
                f"{one.name} could not be tested: its server was not reached, or is in trouble.",
                kept="Nothing was written.",
                do="Check the network and the proxy (HTTPS_PROXY), or leave out --test and run `handlewatch check` "
                "when there is a network.",
            )


def asked_sources(organisation: Organisation, folder: Path, names: Iterable[str]) -> list[Wanted]:
    """Asks which sources to set up, until none is named (or the input ends); tries each, and what is wrong is asked
    for again.

    :param names: names of sections that are taken.
    """
    taken, wanted = set(names), list[Wanted]()
    typer.echo("\nSources: name a kind to set one up (" + ", ".join(source_plugins()) + "), or nothing to go on.")
    try:
        while (plugin := _asked_kind()) is not None:
            name = next(name for number in count(1) if (name := _numbered(plugin.name, number)) not in taken)
            one = Wanted(name, plugin)
            if _settled(one, organisation, folder):
                taken.add(name)
                wanted.append(one)
    except typer.Abort:
        typer.echo("")
    return wanted


def _numbered(name: str, number: int) -> str:
    return name if number == 1 else f"{name}-{number}"


def _asked_kind() -> SourcePlugin | None:
    while True:
        kind = typer.prompt("Kind of source", default="", show_default=False).strip()
        if not kind:
            return None
        try:
            return pick(source_plugins(), kind, "source")
        except ConfigError as error:
            typer.echo(f"  {error}", err=True)


def _settled(one: Wanted, organisation: Organisation, folder: Path) -> bool:
    """Asks and tries until it is well, or kept as it is; False where it is left out."""
    while True:
        _ask_options(one)
        try:
            configured_source(one.name, one.section)
        except HandlewatchError as error:
            typer.echo(f"  {error.what} {error.do}", err=True)
        else:
            typer.echo("Testing it: credentials, what they reach, one real read ...")
            found = examined([one], organisation, folder)
            show_findings(found)
            if all(finding.well is not False and not finding.offline for _, finding in found):
                return True
        answer = typer.prompt("It is not well. Correct it, keep it as it is, or leave it out? (c/k/l)", default="c")
        if answer.strip().lower().startswith(("k", "l")):
            return _kept(one, answer)


def _kept(one: Wanted, answer: str) -> bool:
    if answer.strip().lower().startswith("l"):
        typer.echo(f"{one.name} is left out.")
        return False
    typer.echo(f"{one.name} is written as it is; `handlewatch check {one.name}` examines it again.")
    return True


def _ask_options(one: Wanted) -> None:
    plugin = one.plugin
    example = _example(plugin)
    fields = plugin.options.model_fields
    needed = [name for name, option in fields.items() if option.is_required()]
    for name in dict.fromkeys([*needed, *example]):
        if name in fields and name not in plugin.credentials:
            _ask(one, name, fields[name].description or name, example.get(name))
    for name in plugin.credentials:
        _ask_secret(one, name)
    if plugin.terms.basis_needed:
        typer.echo(f"Terms of {plugin.terms.platform}: {plugin.terms.note} Read {plugin.terms.link}.")
        _ask(one, "basis", "Your basis for reading it", example.get("basis"))


def _ask(one: Wanted, name: str, question: str, example: Any) -> None:
    shown = ", ".join(map(str, example)) if isinstance(example, list) else example  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
    hint = f" For example: {shown}" if shown is not None else ""
    before = one.values.get(name, "")
    given = typer.prompt(f"{name} ({question.rstrip('.')}.{hint})", default=before, show_default=bool(before))
    if given.strip():
        one.values[name] = given.strip()
    else:
        one.values.pop(name, None)


def _ask_secret(one: Wanted, name: str) -> None:
    variable = next((variable for variable in env_names(one.plugin, name) if os.environ.get(variable)), None)
    if variable is not None and name not in one.values:
        typer.echo(f"{name}: taken from {variable} in the environment.")
        return
    hint = _HIDDEN if name not in one.values else "it is not shown; empty keeps the one given before; - for none"
    given = typer.prompt(f"{name} ({hint})", default="", show_default=False, hide_input=True).strip()
    if given == "-":
        one.values.pop(name, None)
    elif given:
        one.values[name] = given


def _example(plugin: SourcePlugin) -> Mapping[str, Any]:
    """The options of the plug-in's example, without what every section has."""
    sections: Mapping[str, Mapping[str, Any]] = tomllib.loads(plugin.example).get("sources", {})
    section = next(iter(sections.values()), dict[str, Any]())
    return {name: value for name, value in section.items() if name not in ("plugin", "every", "enabled")}


def section_text(one: Wanted) -> str:
    """Its section of the configuration."""
    options = _read_options(one)
    lines = [f"[sources.{_key(one.name)}]", f"plugin = {toml_value(one.plugin.name)}"]
    lines += [f"{_key(name)} = {toml_value(options.get(name, value))}" for name, value in one.values.items()]
    return "\n".join(lines)


def _read_options(one: Wanted) -> Mapping[str, Any]:
    """What it was given, as lists, numbers and truth values where its options are such; credentials are left out."""
    try:
        read = configured_source(one.name, one.section)
    except HandlewatchError:
        return {}  # kept as it is, by whoever was asked
    options = {name: getattr(read.options, name, None) for name in one.values if name not in one.plugin.credentials}
    of_section = {name: getattr(read.settings, name) for name in _OF_THE_SECTION if name in one.values}
    plain = {name: value for name, value in options.items() if _is_plain(value)}
    return {**plain, **of_section}


def _is_plain(value: object) -> bool:
    if isinstance(value, tuple):
        return all(isinstance(part, str) for part in value)  # pyright: ignore[reportUnknownVariableType]
    return isinstance(value, (bool, int, float, str)) and not isinstance(value, SecretStr)


def _key(name: str) -> str:
    return name if name.replace("-", "").replace("_", "").isalnum() and name.isascii() else toml_value(name)


def toml_value(value: Any) -> str:
    """A value as TOML has it."""
    # TOML has JSON's strings, but for surrogate pairs, and lists, numbers and truth values.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
