"""`handlewatch explain`: what the screen saw in a text, and why it is a hit or not."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli.options import BundleDir, Json, Lexicon, Rules
from monitor.cli.output import print_json, say
from monitor.errors import InputError

if TYPE_CHECKING:
    from monitor.post import Post

command = typer.Typer(add_completion=False)

Text = Annotated[str, typer.Argument(metavar="TEXT", help="A text, a post record (JSON), or - for either from stdin.")]


@command.command(epilog="Example: handlewatch explain 'taboo wickr: examplehandle01'")
def explain(
    text: Text, lexicon: Lexicon = None, rules: Rules = None, bundle: BundleDir = None, as_json: Json = False
) -> None:
    """Shows what was folded, matched and weighed in a text, and why it is a hit or not.

    Prints the text's handles in clear: it is your own input, and nothing is kept.
    """
    from monitor.detect.bundle import load_bundle
    from monitor.detect.explain import as_dict, as_text
    from monitor.detect.explain import explain as explain_post
    from monitor.detect.screen import Screen

    post = _post(sys.stdin.buffer.read() if text == "-" else text.encode("utf-8", "surrogateescape"))
    explanation = explain_post(Screen(load_bundle(lexicon=lexicon, rules=rules, directory=bundle)), post)
    if as_json:
        print_json(as_dict(explanation))
        return
    for line in as_text(explanation):
        say(line)


def _post(given: bytes) -> Post:
    """A record where it reads as one, else a text."""
    from monitor.post import Post
    from monitor.records import from_record, parse_line

    if given.lstrip().startswith(b"{"):
        try:
            record = parse_line(given.strip())
        except ValueError:
            record = {}
        if "platform" in record or "id" in record:
            try:
                return from_record(record)
            except ValueError as error:
                raise InputError(
                    f"The record cannot be used: {error}.", do="See `handlewatch screen --help`."
                ) from error
    return Post(platform="text", id="-", text=given.decode("utf-8", "replace").removesuffix("\n"))
