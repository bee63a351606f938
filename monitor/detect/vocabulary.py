"""The everyday words of shares, by language, from `words.toml`; folded like the texts they are looked up in."""

from __future__ import annotations

import re
import sys
from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, cast
from zlib import crc32

from monitor.detect.toml_source import TomlSource
from monitor.text.fold import fold

_BY_LANGUAGE: Final = ("cue", "plain", "approach")
_OWN: Final = ("same", "my", "label", "name", "here", "this", "see", "shown", "is", "too", "other")
_LISTS: Final = (
    "naming",
    "joining",
    "placing",
    "introducing",
    "ordinal",
    "determining",
    "there",
    "together",
    "backwards",
    "asking",
    "impersonal",
    "state",
    "blank",
    "filler",
)


_LETTERS: Final = re.compile(r"(?<![^\W_])[a-z]{3,}(?![^\W_])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """See `words.toml` for what each list is; all folded to lower case.

    :param neutral: cue, plain and approach together; :param others: the lists that are not by language, together.
    :param letters: what words of the listed languages are made of.
    :param inviting: what only those write who want an answer; :param personal: the same with what everybody asks for
    an answer with, but for what offices and newspapers write, too.
    :param own: the parts of "same as my username" as they are listed, `phrase` for whole ones; :param mine: its "my".
    :param spoken: English words of the lists by language;
    :param english: CRC-32 of common English words of four letters or more;
    :param elsewhere: of common words of other languages, sorted.
    """

    cue: frozenset[str]
    plain: frozenset[str]
    approach: frozenset[str]
    naming: frozenset[str]
    joining: frozenset[str]
    placing: frozenset[str]
    introducing: frozenset[str]
    ordinal: frozenset[str]
    determining: frozenset[str]
    there: frozenset[str]
    together: frozenset[str]
    backwards: frozenset[str]
    asking: frozenset[str]
    impersonal: frozenset[str]
    state: frozenset[str]
    blank: frozenset[str]
    filler: frozenset[str]
    neutral: frozenset[str]
    inviting: frozenset[str]
    personal: frozenset[str]
    others: frozenset[str]
    own: Mapping[str, tuple[str, ...]]
    mine: frozenset[str]
    english: frozenset[int]
    elsewhere: array[int]
    spoken: frozenset[str]
    letters: Letters

    def everyday(self, word: str) -> bool:
        """True for a word (folded, lower case) that people use without meaning a handle."""
        if word in self.others or word in self.neutral:
            return True
        checksum = _checksum(word)
        return checksum in self.english or _holds(self.elsewhere, checksum)

    def english_word(self, word: str) -> bool:
        """True for a common English word, or a short one."""
        return len(word) < 4 or word in self.spoken or _checksum(word) in self.english

    def naturalness(self, word: str) -> float:
        """0 to 1: how much of a word is made of what words of the listed languages are made of."""
        made = list(_trigrams(word))
        return len(list(filter(self.letters.groups.__contains__, made))) / len(made)


class Letters:
    """The groups of three letters that words are made of; made when they are first asked for."""

    def __init__(self, lists: str, samples: str) -> None:
        """:param lists: everyday words; :param samples: other words, of which two have to have a group in common."""
        self._lists = lists
        self._samples = samples

    @cached_property
    def groups(self) -> frozenset[str]:
        """Three letters in a row, `^` and `$` at a word's ends."""
        listed, others = (set(_LETTERS.findall(fold(text).lower)) for text in (self._lists, self._samples))
        counted = Counter(one for word in others for one in {*_trigrams(word)})
        several = (one for one, words in counted.items() if words > 1)
        return frozenset((*(one for word in listed for one in _trigrams(word)), *several))


def read_vocabulary(source: TomlSource, english: bytes, elsewhere: bytes, samples: str) -> Vocabulary:
    """The lists of a file, and the hashed lists of common words: of English, and of other languages.

    :param samples: text in whose words' letters natural words are recognised, beside the lists themselves.
    :raises ConfigError: a list is missing or is called otherwise.
    """
    source.check_heads((*_BY_LANGUAGE, *_LISTS, "same", "own"))
    by_language = {name: _words(cast("Mapping[str, Any]", source.data[name]).values()) for name in _BY_LANGUAGE}
    lists = {name: _words([source.data[name]["words"]]) for name in _LISTS}
    return Vocabulary(
        **by_language,
        **lists,
        neutral=frozenset[str]().union(*by_language.values()),
        inviting=by_language["approach"] - by_language["plain"] - by_language["cue"] - lists["impersonal"],
        personal=by_language["approach"] - by_language["plain"] - lists["impersonal"],
        others=frozenset[str]().union(*lists.values()),
        own={
            "phrase": tuple(one.replace(" ", "_") for one in source.data["same"]["phrases"]),
            **{name: tuple(source.data["own"][name].split()) for name in _OWN},
        },
        mine=frozenset(source.data["own"]["my"].split()),
        english=frozenset(_numbers(english)),
        elsewhere=_numbers(elsewhere),
        spoken=_words(source.data[name]["en"] for name in _BY_LANGUAGE if "en" in source.data[name]),
        letters=Letters(source.text, samples),
    )


def _numbers(stored: bytes) -> array[int]:
    """Hashes as they are shipped."""
    numbers = array("I", stored)
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers


def _holds(numbers: array[int], number: int) -> bool:
    at = bisect_left(numbers, number)
    return at < len(numbers) and numbers[at] == number


def _checksum(word: str) -> int:
    return crc32(word.encode(errors="surrogatepass"))


def _trigrams(word: str) -> Iterator[str]:
    whole = f"^{word}$"
    return (whole[at : at + 3] for at in range(len(whole) - 2))


def _words(lists: Iterable[Any]) -> frozenset[str]:
    found: set[str] = set()
    for words in cast("Iterable[str]", lists):
        # Folded together, which is faster; no word's folding depends on another's.
        for folded in fold("\n".join(words.split())).lower.split("\n"):
            found.add(folded)
            if not folded.isalnum():
                # Texts are cut into words at apostrophes and hyphens; the lists are not.
                found.update(part for part in re.split(r"[^\w]+", folded) if len(part) > 1)
    return frozenset(found)
