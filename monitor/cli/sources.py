"""`handlewatch sources`: lists, documents and tries the sources."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from monitor.cli.options import Home, Json
from monitor.cli.output import print_json, print_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monitor.cli.source_docs import OptionDoc
    from monitor.ports import SourcePlugin

command = typer.Typer(help="Lists, documents and tries the sources.", no_args_is_help=True)


@command.command("list", epilog="Example: handlewatch sources list")
def list_(as_json: Json = False) -> None:
    """Shows the kinds of sources that are installed, and what each needs."""
    from monitor.plugins import source_plugins

    plugins = list(source_plugins().values())
    if as_json:
        print_json([_brief(plugin) for plugin in plugins])
        return
    print_table(
        ("name", "pace", "credentials", "basis", "reads"),
        [
            (
                plugin.name,
                plugin.pace.value,
                _credentials(plugin),
                "needed" if plugin.terms.basis_needed else "not needed",
                plugin.summary,
            )
            for plugin in plugins
        ],
        empty="No source is installed.",
    )


def _brief(plugin: SourcePlugin) -> dict[str, Any]:
    return {
        "name": plugin.name,
        "pace": plugin.pace.value,
        "credentials": _credentials(plugin),
        "basis_needed": plugin.terms.basis_needed,
        "summary": plugin.summary,
    }


def _credentials(plugin: SourcePlugin) -> str:
    if not plugin.credentials:
        return "none"
    return "needed" if plugin.credentials_needed else "optional"


@command.command(epilog="Example: handlewatch sources show mastodon")
def show(name: Annotated[str, typer.Argument(help="A kind of source.")], as_json: Json = False) -> None:
    """Documents every option of a source, its terms, and an example of its configuration."""
    from monitor.cli.source_docs import common_docs, option_docs, terms_lines
    from monitor.plugins import pick, source_plugins

    plugin = pick(source_plugins(), name, "source")
    docs, common = option_docs(plugin), common_docs(plugin)
    if as_json:
        terms = {line.name: line.value for line in terms_lines(plugin.terms)}
        options = [doc._asdict() for doc in docs]
        beside = [doc._asdict() for doc in common]
        print_json({**_brief(plugin), "options": options, "common": beside, "terms": terms, "example": plugin.example})
        return
    typer.echo(f"{plugin.name}: {plugin.summary}\n")
    _print_options(docs)
    typer.echo("\nIn handlewatch.toml, beside them:\n")
    _print_options(common)
    typer.echo("\nTerms (facts, not legal advice):")
    for line in terms_lines(plugin.terms):
        typer.echo(f"  {line.name}: {line.value}")
    typer.echo(f"\nExample, in handlewatch.toml:\n\n{plugin.example.rstrip()}")


def _print_options(docs: Sequence[OptionDoc]) -> None:
    print_table(
        ("option", "type", "default", "what it is, and an example"),
        [(doc.name, doc.type, doc.default, f"{doc.description}\n{doc.example}") for doc in docs],
        empty="It has no options.",
    )


@command.command("try", epilog="Example: handlewatch sources try bluesky --limit 5 --json")
def try_(
    name: Annotated[str, typer.Argument(help="A kind of source, or a source of the configuration.")],
    limit: Annotated[int | None, typer.Option(min=1, help="Stop after so many posts.")] = None,
    pages: Annotated[int | None, typer.Option(min=1, help="Read so many pages of each timeline at most.")] = None,
    base_url: Annotated[str | None, typer.Option(help="The server to read, instead of the configured ones.")] = None,
    settings_: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="One of the source's options; repeatable.")
    ] = None,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Collects once and prints what it got; keeps nothing.

    With --json: post records on stdout, a JSON object a line, and last one coverage line as JSON on stderr.
    A stream ends after --limit posts or 10 seconds of silence. An address that is not loopback needs
    `handlewatch init`, and the source's basis where its terms ask for one. Without --limit and --pages, at most
    100 posts are read from such an address.

    Exit: 0 done, 1 partial, 2 usage, 4 credentials, 5 rate limited, 6 unreachable.
    """
    import asyncio

    from monitor.cli.source_trial import Trial, prepare, run_trial

    given = [f"base_url={base_url}"] if base_url is not None else []
    plugin, options, user_agent = prepare(name, [*given, *(settings_ or [])], home=home)
    trial = Trial(source=name, as_json=as_json, limit=limit, pages=pages)
    code = asyncio.run(run_trial(trial, plugin, options, user_agent=user_agent))
    raise typer.Exit(code)


@command.command(epilog="Example: handlewatch sources recheck bluesky hits.ndjson")
def recheck(
    name: Annotated[str, typer.Argument(help="A kind of source, or a source of the configuration.")],
    files: Annotated[list[str], typer.Argument(help="Files of post records; '-' for standard input.")],
    refresh: Annotated[bool, typer.Option("--refresh", help="Print the posts as they are now, too.")] = False,
    base_url: Annotated[str | None, typer.Option(help="The server to ask, instead of the configured ones.")] = None,
    settings_: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="One of the source's options; repeatable.")
    ] = None,
    home: Home = None,
) -> None:
    """Asks the platform whether posts are still up; keeps nothing.

    Prints a JSON object a post: platform, id, standing (up, edited, unavailable, removed_by_author,
    removed_by_moderator, removed_by_community, removed_by_platform, account_gone, unknown) and a note. An error is
    "unknown", never "gone"; "removed by" is said only where the platform says by whom.

    Exit: 0 done, 1 some are unknown or some lines were bad, 2 usage, 4 credentials.
    """
    import asyncio

    from monitor.cli.source_recheck import run_recheck
    from monitor.cli.source_trial import prepare

    given = [f"base_url={base_url}"] if base_url is not None else []
    plugin, options, user_agent = prepare(name, [*given, *(settings_ or [])], home=home)
    raise typer.Exit(asyncio.run(run_recheck(plugin, options, files, user_agent=user_agent, refresh=refresh)))
