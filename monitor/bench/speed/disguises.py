"""Ways to spell around a filter that a person still reads. Each takes a name or term in lower case."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import Final

Disguise = Callable[[str, random.Random], str]

_LEET: Final = {"a": "4", "e": "3", "i": "1", "o": "0", "s": "5", "t": "7", "b": "8", "g": "9"}
_LOOK_ALIKES: Final = {
    "a": "аα", "b": "Ь", "c": "сϲ", "d": "ԁ", "e": "еҽ", "g": "ɡ", "h": "һ", "i": "іι", "j": "јϳ", "k": "кκ", "m": "м",
    "n": "ո", "o": "оο", "p": "рρ", "q": "ԛ", "r": "г", "s": "ѕ", "t": "т", "u": "υս", "v": "ѵν", "w": "ԝω", "x": "хχ",
    "y": "уγ",
}  # fmt: skip
"""Letters of Cyrillic, Greek and Armenian that look like a Latin one."""
_MATHEMATICAL: Final = (0x1D41A, 0x1D482, 0x1D4EA, 0x1D5BA, 0x1D5EE, 0x1D622, 0x1D68A)
"""The small a of the bold, italic, script, sans-serif and monospace alphabets."""
_INVISIBLE: Final = ("\u200b", "\u200c", "\u2060", "\u00ad")


def plain(text: str, rng: random.Random) -> str:
    """In small, capital or title letters."""
    return rng.choice((str, str.upper, str.title))(text)


def leet(text: str, rng: random.Random) -> str:
    """Digits for letters, for less than half of them; the first stays."""
    places = [at for at in range(1, len(text)) if text[at] in _LEET]
    chosen = set(rng.sample(places, min(len(places), max(1, len(text) // 3)))) if places else set[int]()
    return "".join(_LEET[char] if at in chosen else char for at, char in enumerate(text))


def fullwidth(text: str, rng: random.Random) -> str:
    """Letters as wide as Chinese ones."""
    return _letters(plain(text, rng), lambda char: chr(ord(char) + 0xFEE0))


def mathematical(text: str, rng: random.Random) -> str:
    """Letters of one of the mathematical alphabets."""
    first = rng.choice(_MATHEMATICAL)
    return _letters(text, lambda char: chr(first + ord(char) - ord("a")))


def look_alike(text: str, rng: random.Random) -> str:
    """Letters of other scripts that look the same, for about two in three."""
    places = [at for at, char in enumerate(text) if char in _LOOK_ALIKES]
    chosen = {at for at in places if rng.random() < 0.6} or set(places[:1])
    return "".join(rng.choice(_LOOK_ALIKES[char]) if at in chosen else char for at, char in enumerate(text))


def spaced(text: str, rng: random.Random) -> str:
    """Single letters, words farther apart."""
    return "   ".join(" ".join(word) for word in plain(text, rng).split(" "))


def dotted(text: str, rng: random.Random) -> str:
    """Single letters with one sign between."""
    sign = rng.choice(".-_*/")
    return " ".join(sign.join(word) for word in plain(text, rng).split(" "))


def zero_width(text: str, rng: random.Random) -> str:
    """Invisible characters between letters."""
    return "".join(char + rng.choice(_INVISIBLE) * (rng.random() < 0.5) for char in text[:-1]) + text[-1]


def stretched(text: str, rng: random.Random) -> str:
    """One letter over and over."""
    at = rng.choice([at for at, char in enumerate(text) if char.isalpha()])
    return text[:at] + text[at] * rng.randint(3, 5) + text[at + 1 :]


def mixed(text: str, rng: random.Random) -> str:
    """Two at once."""
    first, second = rng.choice(
        (
            (stretched, fullwidth),
            (leet, zero_width),
            (look_alike, zero_width),
            (stretched, mathematical),
            (leet, dotted),
        )
    )
    return second(first(text, rng), rng)


DISGUISES: Final[Mapping[str, Disguise]] = {
    "plain": plain,
    "leet": leet,
    "fullwidth": fullwidth,
    "mathematical": mathematical,
    "look-alikes": look_alike,
    "spaced": spaced,
    "dotted": dotted,
    "zero-width": zero_width,
    "stretched": stretched,
    "mixed": mixed,
}
"""One plain and nine disguises."""


def _letters(text: str, change: Callable[[str], str]) -> str:
    return "".join(change(char) if "a" <= char.lower() <= "z" else char for char in text)
