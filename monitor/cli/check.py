"""`handlewatch check`: the doctor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli.options import Home, Json
from monitor.cli.output import print_json, print_table
from monitor.errors import ConfigError, Exit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monitor.doctor import Examined

command = typer.Typer(add_completion=False, help="Examines the installation and every configured source.")

_WORDS = {True: "ok", False: "NOT WELL", None: "unknown"}


@command.command(epilog="Example: handlewatch check; handlewatch check fediverse --json")
def check(
    names: Annotated[list[str] | None, typer.Argument(help="Sources of the configuration; all enabled ones.")] = None,
    home: Home = None,
    json: Json = False,
) -> None:
    """Looks at set-up, store, terms, credentials, what they reach, the clock, and does one real read a source.

    Nothing is kept and no secret is shown. Exit: 0 all is well, 1 something is not, 2 wrong usage.
    """
    import asyncio

    from monitor.doctor import examine_installation, examine_sources
    from monitor.settings import load_settings
    from monitor.suggest import closest

    settings = load_settings(home)
    for name in names or []:
        if name not in settings.sources:
            raise ConfigError(f"There is no source {name!r} in the configuration.", do=closest(name, settings.sources))
    found = examine_installation(settings) + asyncio.run(examine_sources(settings, names or ()))
    if json:
        print_json([{"subject": subject, **_fields(finding)} for subject, finding in found])
    else:
        show_findings(found)
        if not settings.sources:
            typer.echo(
                "\nNo source is configured: `handlewatch sources list` shows the kinds, `sources show` an example."
            )
    raise typer.Exit(Exit.PARTIAL if any(one.finding.well is False for one in found) else Exit.OK)


def _fields(finding: object) -> dict[str, object]:
    return {name: getattr(finding, name) for name in ("what", "well", "said", "do")}


def show_findings(found: Sequence[Examined]) -> None:
    """Prints a table of what was found."""
    print_table(
        ("Of", "What", "How it is", "Found", "To do"),
        [(one.subject, one.finding.what, _WORDS[one.finding.well], one.finding.said, one.finding.do) for one in found],
        empty="Nothing to examine.",
    )
