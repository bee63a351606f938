"""Every command says what it does, with an example, and what each of its options means."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import Any

import pytest
import typer

from monitor.cli import COMMANDS


def commands() -> Iterator[tuple[str, Any]]:
    for name, (module, _) in COMMANDS.items():
        yield from below(name, typer.main.get_command(importlib.import_module(module).command))


def below(path: str, command: Any) -> Iterator[tuple[str, Any]]:
    subcommands = getattr(command, "commands", None)
    if not subcommands:
        yield path, command
        return
    for name, one in subcommands.items():
        yield from below(f"{path} {name}", one)


@pytest.mark.parametrize(
    ("path", "command"), list(commands()), ids=lambda value: value if isinstance(value, str) else ""
)
def test_a_command_explains_itself(path: str, command: Any) -> None:
    assert (command.help or "").strip().endswith((".", ":")), path
    first = path.split(maxsplit=1)[0]
    assert f"handlewatch {first}" in f"{command.help} {command.epilog or ''}", path
    assert not [option.name for option in command.params if not getattr(option, "help", None)], path


def test_a_summary_is_there_for_every_command() -> None:
    assert all(summary.endswith(".") for _, summary in COMMANDS.values())


def test_a_wrong_command_or_option_is_a_usage_error(handlewatch: Any) -> None:
    for arguments in (["nonsense"], ["run", "--nonsense"], ["alerts", "nonsense"], []):
        done = handlewatch(*arguments)
        assert done.returncode == 2, arguments
        assert "Traceback" not in done.stderr
