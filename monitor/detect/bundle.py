"""Lexicon, rules and apps together, under one content hash: what a verdict was made with."""

from __future__ import annotations

import hashlib
import tomllib
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from monitor import __version__
from monitor.errors import ConfigError

_PARTS = ("lexicon", "rules", "apps")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """What the screen decides by. `hash` ("sha256:...") covers lexicon, rules, apps and the engine version."""

    lexicon: dict[str, Any]
    rules: dict[str, Any]
    apps: dict[str, Any]
    hash: str


def load_bundle(*, lexicon: Path | None = None, rules: Path | None = None, directory: Path | None = None) -> Bundle:
    """The shipped bundle, with the named parts replaced.

    :param directory: a folder with lexicon.toml, rules.toml and apps.toml, each optional.
    :raises ConfigError: a part cannot be read or is not valid.
    """
    given = {"lexicon": lexicon, "rules": rules}
    digest = hashlib.sha256(f"engine {__version__}".encode())
    parts: dict[str, dict[str, Any]] = {}
    for name in _PARTS:
        inside = directory / f"{name}.toml" if directory else None
        path = given.get(name) or (inside if inside and inside.is_file() else None)
        try:
            text = (path or files("monitor.detect").joinpath("data", f"{name}.toml")).read_text(encoding="utf-8")
            parts[name] = tomllib.loads(text)
        except (OSError, ValueError) as error:
            raise ConfigError(f"{path} cannot be used as {name}: {error}.", do="Correct the file.") from error
        digest.update(f"\0{name}\0{text}".encode())
    return Bundle(**parts, hash=f"sha256:{digest.hexdigest()}")
