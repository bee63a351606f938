"""Options that many commands share, worded once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

LARGEST = 2**31 - 1
"""The largest number of a row: integer columns hold no more."""

Json = Annotated[bool, typer.Option("--json", help="Machine-readable: JSON on stdout.")]
Home = Annotated[
    Path | None,
    typer.Option(
        "--home",
        envvar="HANDLEWATCH_HOME",
        help="The folder of configuration, database and key (default: the user's data folder).",
        show_default=False,
    ),
]
As = Annotated[str, typer.Option("--as", help="Who acts: the name of a user (`handlewatch users add`).")]
Lexicon = Annotated[
    Path | None,
    typer.Option("--lexicon", help="A lexicon (TOML) instead of the shipped one.", show_default=False),
]
Rules = Annotated[
    Path | None, typer.Option("--rules", help="Rules (TOML) instead of the shipped ones.", show_default=False)
]
BundleDir = Annotated[
    Path | None,
    typer.Option(
        "--bundle",
        help="A folder with lexicon.toml, rules.toml and apps.toml (each optional) instead of the shipped ones.",
        show_default=False,
    ),
]
