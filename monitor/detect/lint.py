"""Refuses what could blow up: regular expressions in lexicon and rules, words too short or too long."""

from __future__ import annotations

import re
from typing import Final

from monitor.detect.spelling import Spelling
from monitor.detect.toml_source import TomlSource, Where

_PATTERN_SIGNS: Final = re.compile(r"[\\\[\](){}|^?*]|\.[*+]|[+*]{2}|\$\Z")
_MAX_LENGTH: Final = 80


def check_pattern_free(source: TomlSource, where: Where, text: str) -> None:
    """A spelling is plain text: patterns are what spells around naive patterns, and can take exponential time."""
    if found := _PATTERN_SIGNS.search(text):
        source.fail(
            where,
            f"{text!r} looks like a regular expression ({found[0]!r}).",
            key="variants" if text != _id(source, where) else "id",
            do="Write the words themselves: spelling around them (leet, spaces, look-alikes) is found anyway.",
        )
    if len(text) > _MAX_LENGTH:
        source.fail(where, f"a spelling of {len(text)} characters is longer than {_MAX_LENGTH}.", key="id")
    flat = Spelling.of("term", "", text).flat
    if len(flat) < 2:
        source.fail(
            where, f"{text!r} is too short: fewer than two letters match everywhere.", key="id", do="Give a longer one."
        )


def check_words(source: TomlSource, where: Where, key: str, words: str) -> None:
    """Words of a context or frame: letters, `_` between words, `*` only at the end."""
    for word in words.split():
        bare = word.removesuffix("*")
        if "*" in bare or _PATTERN_SIGNS.search(bare.replace("+", "")):
            source.fail(
                where,
                f"{word!r} looks like a regular expression.",
                key=key,
                do="Write words; `word*` for every word that begins so, `_` for a space.",
            )
        if word.endswith("*") and len(bare) < 2:
            source.fail(
                where, f"{word!r} matches almost everything.", key=key, do="Give two letters or more before the *."
            )


def _id(source: TomlSource, where: Where) -> str:
    return str(source.data.get(where.name, [{}])[where.index or 0].get("id", ""))
