"""Lexicon, rules, apps and everyday words together, under one content hash: what a verdict was made with."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Final

from monitor import __version__
from monitor.detect.apps import App, read_apps, read_services
from monitor.detect.endings import endings_source
from monitor.detect.lexicon import Term, read_lexicon
from monitor.detect.rules import Rules, read_rules
from monitor.detect.toml_source import TomlSource
from monitor.detect.vocabulary import Vocabulary, read_vocabulary
from monitor.errors import ConfigError

_SHIPPED: Final = files("monitor.detect").joinpath("data")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """What the screen decides by. `hash` ("sha256:...") covers lexicon, rules, apps, words and the engine version."""

    lexicon: Mapping[str, Term]
    rules: Rules
    apps: Sequence[App]
    services: Sequence[str]
    vocabulary: Vocabulary
    hash: str


def load_bundle(*, lexicon: Path | None = None, rules: Path | None = None, directory: Path | None = None) -> Bundle:
    """The shipped bundle, with the named parts replaced.

    :param directory: a folder with lexicon.toml, rules.toml and apps.toml, each optional. An apps.toml with
        `extends = true` in `[apps]` adds to the shipped apps; one of the same id takes its place.
    :raises ConfigError: a part cannot be read or is not valid; the message names file and line.
    """
    if directory is not None and not directory.is_dir():
        raise ConfigError(
            f"{directory} is not a folder.", do="Name a folder with lexicon.toml, rules.toml or apps.toml."
        )
    sources = {
        "lexicon": _source("lexicon", lexicon or _inside(directory, "lexicon")),
        "rules": _source("rules", rules or _inside(directory, "rules")),
        "apps": _source("apps", _inside(directory, "apps")),
        "words": _source("words", None),
        "endings": endings_source(),
    }
    digest = hashlib.sha256(f"engine {__version__}".encode())
    for name, source in sources.items():
        digest.update(f"\0{name}\0{source.text}".encode())
    english, elsewhere = (_SHIPPED.joinpath(f"{name}.bin").read_bytes() for name in ("english", "elsewhere"))
    digest.update(english + elsewhere)
    samples = _SHIPPED.joinpath("rules.toml").read_text(encoding="utf-8")
    apps, services = _apps(sources["apps"])
    terms = read_lexicon(sources["lexicon"])
    return Bundle(
        lexicon=terms,
        rules=read_rules(sources["rules"], apps=[app.id for app in apps], terms=terms),
        apps=apps,
        services=services,
        vocabulary=read_vocabulary(sources["words"], english, elsewhere, samples),
        hash=f"sha256:{digest.hexdigest()}",
    )


def _inside(directory: Path | None, name: str) -> Path | None:
    path = directory / f"{name}.toml" if directory is not None else None
    return path if path is not None and path.is_file() else None


def _source(name: str, path: Path | None) -> TomlSource:
    try:
        text = (path or _SHIPPED.joinpath(f"{name}.toml")).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be read: {error.strerror or error}.", do="Check the name and the permissions."
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not UTF-8 text (byte {error.start}).", do="Save it as UTF-8.") from error
    return TomlSource(str(path) if path else f"{name}.toml (shipped)", text)


def _apps(source: TomlSource) -> tuple[list[App], list[str]]:
    where, head = source.table("apps")
    source.check_keys(where, head, {"version": int, "extends": bool})
    own, services = read_apps(source), read_services(source)
    if not head.get("extends"):
        return own, services
    shipped = _source("apps", None)
    ids = {app.id for app in own}
    return [*(app for app in read_apps(shipped) if app.id not in ids), *own], [*read_services(shipped), *services]
