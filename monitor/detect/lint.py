"""Refuses what could blow up or match everywhere, wherever an operator may write: spellings of lexicon and apps, words
of rules, letters and links of apps.

Nothing that is written there is ever a pattern: signs are escaped. What is left to refuse are patterns that would be
taken for words, words without letters (they match everywhere), phrases with several signs in a row (their pattern could
take exponential time), and lists, lengths and distances without end.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Final

from monitor.detect.spelling import Spelling
from monitor.detect.toml_source import TomlSource, Where
from monitor.text.fold import fold_each

_PATTERN_SIGNS: Final = re.compile(r"[\\\[\](){}|^?*]|\.[*+]|[+*]{2}|\$\Z")
_LETTER: Final = re.compile(r"[^\W_]")
_ID: Final = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}\Z")
_START: Final = re.compile(r"[a-z0-9][^\s\\<>\"'{}]{1,199}\Z")
_HOST: Final = re.compile(r"[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,8}\Z")
_MAX_LENGTH: Final = 80
_MAX_PARTS: Final = 8
_MAX_WORDS: Final = 50_000
_PLAIN: Final = re.compile(rf"[a-z]{{2,}}(?:_[a-z]+){{0,{_MAX_PARTS - 1}}}\*?\Z")
_TYPO: Final = 5
"""Letters from which a typing error may be told from another word."""


def check_spelling(source: TomlSource, where: Where, key: str, text: str, *, sign: bool = False) -> None:
    """A spelling is plain text: patterns are what spells around naive patterns, and can take exponential time.

    :param sign: a sign of its own (an emoji) may stand for it.
    """
    if found := _PATTERN_SIGNS.search(text):
        source.fail(
            where,
            f"{text!r} looks like a regular expression ({found[0]!r}).",
            key=key,
            do="Write the words themselves: spelling around them (leet, spaces, look-alikes) is found anyway.",
        )
    if len(text) > _MAX_LENGTH:
        source.fail(
            where,
            f"a spelling of {len(text)} characters is longer than {_MAX_LENGTH}.",
            key=key,
            do="Give the words that matter.",
        )
    if "\n" in text or not text.isprintable():
        source.fail(where, f"{text!r} holds a character that cannot be seen.", key=key, do="Write it in one line.")
    spelling = Spelling.of("term", "", text)
    if sign and spelling.native and spelling.flat.strip() and not text.isascii():
        return
    if len(_LETTER.findall(spelling.flat)) < 2:
        source.fail(
            where, f"{text!r} is too short: fewer than two letters match everywhere.", key=key, do="Give a longer one."
        )


def check_typo(source: TomlSource, where: Where, text: str) -> None:
    """With a typing error, a short spelling is many other words."""
    if len(Spelling.of("term", "", text).flat) < _TYPO:
        source.fail(
            where,
            f'{text!r} is too short for "typo": with one letter changed it is many other words.',
            key="tolerance",
            do=f'Leave "typo" to spellings of {_TYPO} letters or more.',
        )


def check_words(source: TomlSource, where: Where, key: str, words: str) -> None:
    """Words of a context, a frame or a negation: letters, `_` between words, `*` only at the end."""
    entries = words.split()
    if len(entries) > _MAX_WORDS:
        source.fail(where, f"{len(entries)} words are more than {_MAX_WORDS}.", key=key, do="Give fewer.")
    special = [word for word in entries if len(word) > _MAX_LENGTH or not _PLAIN.match(word)]
    texts = fold_each([word.removesuffix("*").replace("_", " ") for word in special])
    for word, text in zip(special, texts, strict=True):
        bare = word.removesuffix("*")
        if "*" in bare or _PATTERN_SIGNS.search(bare.replace("+", "")):
            source.fail(
                where,
                f"{word!r} looks like a regular expression.",
                key=key,
                do="Write words; `word*` for every word that begins so, `_` for a space.",
            )
        parts = text.split(" ")
        lettered = [_LETTER.search(part) is not None for part in parts]
        if not lettered[0] or (False, False) in pairwise(lettered):
            source.fail(
                where, f"{word!a} has no letters where it needs some.", key=key, do="Write words, one `_` between two."
            )
        if len(bare) > _MAX_LENGTH or len(parts) > _MAX_PARTS:
            source.fail(
                where,
                f"{word[:_MAX_LENGTH]!r} is longer than {_MAX_LENGTH} characters or {_MAX_PARTS} words.",
                key=key,
                do="Give the words that matter.",
            )
        if word.endswith("*") and len(_LETTER.findall(text)) < 2:
            source.fail(
                where, f"{word!r} matches almost everything.", key=key, do="Give two letters or more before the *."
            )


def check_id(source: TomlSource, where: Where, text: str) -> None:
    """An id stands in keys ("app:handle"), in JSON and on the terminal."""
    if not _ID.match(text):
        source.fail(
            where,
            f"{text[:_MAX_LENGTH]!r} is no id.",
            key="id",
            do="Write lower-case letters and digits, and `-`, `_` or `.` between them, 64 at most.",
        )


def check_class(source: TomlSource, where: Where, key: str, chars: str) -> None:
    """The inside of a class of characters whose ranges run forwards."""
    try:
        re.compile(f"[{chars}]")
    except re.error as error:
        source.fail(where, f"{key} is not a class of characters: {error.msg}.", key=key, do="Write e.g. a-z0-9._")


def check_link(source: TomlSource, where: Where, start: str, written: str) -> None:
    """The start of a link can be found and is not found everywhere; `written` holds the handle once."""
    if not _START.match(start) or not ("/" in start or ":" in start):
        source.fail(
            where,
            f"{start[:_MAX_LENGTH]!r} is no start of a link.",
            key="links",
            do="Write what stands before the handle, from the host or scheme on: example.org/u/ or app://add/",
        )
    if written.count("{}") != 1 or re.search(r"[{}]", written.replace("{}", "")):
        source.fail(
            where, f"as = {written!r} does not hold {{}} once.", key="links", do="Write {} where the handle goes."
        )


def check_host(source: TomlSource, where: Where, key: str, host: str) -> None:
    """A host's name, in lower case."""
    if not _HOST.match(host):
        source.fail(where, f"{host[:_MAX_LENGTH]!r} is no host.", key=key, do="Write e.g. example.org")


def check_between(source: TomlSource, where: Where, key: str, value: float, least: float, most: float) -> None:
    """A number within its limits."""
    if not least <= value <= most:
        source.fail(where, f"{key} {value} is not between {least} and {most}.", key=key, do="Give one between them.")
