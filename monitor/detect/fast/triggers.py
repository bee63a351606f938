"""Literals without which no app can be named, in the gate's alphabet.

A post names an app only where one of these stands, however it is disguised; most other posts hold none. What each
kind of literal is for is said beside it. `monitor.detect.spellings` decides what a name is; a differential test
holds the two together.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from enum import Enum
from itertools import groupby, product
from typing import Final

from monitor.detect.fast.alphabet import CONTROL, digits_for, signs_for, spell
from monitor.detect.native import MIDDLE
from monitor.detect.spelling import Spelling

SHORT: Final = 2
"""Names of so many letters are looked for as words only."""
_INSIDE: Final = 4
"""Letters from which on a name in another script may stand in a word that begins otherwise."""


class Check(Enum):
    """What has to be looked at where a literal was found."""

    WORD = "word"
    """The word around it may be or hold a name."""
    WEAK = "weak"
    """The word around it may be a name that no word holds, but a tag or a word in CamelCase."""
    JOINED = "joined"
    """The words from here on may be one name, set apart."""
    LINK = "link"
    """A link may begin here."""
    SIGN = "sign"
    """The word around it, with the signs in it, may be a name."""
    NATIVE = "native"
    """A name in another script."""
    LOOKALIKE = "lookalike"
    """A name in another script, if there is another script: its letters look like Latin ones."""
    FOLD = "fold"
    """Only folding tells what stands here."""


Triggers = dict[bytes, Check]


def name_triggers(spellings: Iterable[Spelling], link_starts: Iterable[str]) -> Triggers:
    """Literals in letters (`alphabet.LETTERS`)."""
    latin = [one for one in spellings if not one.native]
    names = {one.flat for one in latin}
    spelled_names = {spell(name) for name in names if len(name) > SHORT}
    found: Triggers = {}
    for one in sorted(latin, key=alone, reverse=True):
        for literal in _words(one, spell(one.flat), spelled_names):
            found[literal] = Check.WEAK if alone(one) else Check.WORD
    for one in latin:
        for literal in _set_apart(one, names):
            found.setdefault(literal, Check.JOINED)
    for start in link_starts:
        # Where an app's name stands in it, it is found as that; "tg" is an app's name as well.
        if not any(len(name) > SHORT and name in start for name in names) and start.partition(":")[0] not in names:
            for literal in _links(start):
                found.setdefault(literal, Check.LINK)
    spelled = {one: check for literal, check in found.items() for one in _either(literal)}
    return _shortest(spelled)


def alone(one: Spelling) -> bool:
    """True for a name that no word holds; one with digits may be held with just these."""
    return one.weak or not one.flat.isalpha()


def heads(spellings: Iterable[Spelling]) -> dict[bytes, tuple[bytes, ...]]:
    """First pieces of names that may be set apart, with the first letter of the next one; and how the letters after
    that go on, with i for l. They are as good as the literals of `Check.JOINED` but for names that begin with a single
    letter, and far fewer.
    """
    latin = [one for one in spellings if not one.native]
    names = {one.flat for one in latin}
    found: dict[bytes, set[bytes]] = {}
    for one in latin:
        name = spell(one.flat)
        for size in _cuts(one, names):
            tail = name[size + 1 : size + 3].replace(b"l", b"i")
            begun = [b" %b%b%c" % (name[:size], b" " * gap, name[size]) for gap in range(1, 5)]
            for literal in {each for head in begun if size > 1 for each in _either(head)}:
                found.setdefault(literal, set()).add(tail)
    return {head: tuple(sorted(tails)) for head, tails in found.items()}


def native_triggers(spellings: Iterable[Spelling], spell_in: Callable[[str], Iterable[bytes]]) -> Triggers:
    """Names in other scripts than Latin, in letters. What folds to a few Latin letters is looked for as a word or where
    one begins.
    """
    found: Triggers = {}
    for flat in {one.flat for one in spellings if one.native}:
        as_word, begun = flat.isascii() and len(flat) < MIDDLE, flat.isascii() and len(flat) < _INSIDE
        for spelled in spell_in(flat):
            check = Check.LOOKALIKE if flat.isascii() else Check.NATIVE
            found[b" %b " % spelled if as_word else b" " + spelled if begun else spelled] = check
    return found


def sign_triggers(spellings: Iterable[Spelling]) -> Triggers:
    """Literals in lower case: the first sign for a letter (k!k, $nap), the first letter starred out (wi*kr), with
    what stands beside it; and what only folding reads.
    """
    found = dict.fromkeys((bytes([CONTROL]), b"<", b"&"), Check.FOLD)
    for name in {one.flat for one in spellings if not one.native and len(one.flat) > 1}:
        plain = [letter + digits_for(letter) for letter in name]
        any_form = [forms + signs_for(letter) for letter, forms in zip(name, plain, strict=True)]
        signs = [signs_for(letter) for letter in name]
        spelled = set(product(plain[-2], set(signs[-1]) & set("@$")))
        if name[0] == "s":
            spelled |= set(product("$", *any_form[1:3]))
        for at in range(1, len(name) - 1):
            spelled |= set(product(plain[at - 1], signs[at] + "*", any_form[at + 1]))
            # Two signs for letters in a row, or two letters starred out.
            spelled |= set(product(plain[at - 1], signs[at], "*")) | set(
                product(plain[at - 1], ["**"], *plain[at + 2 : at + 3])
            )
        found |= {"".join(one).encode(): Check.SIGN for one in spelled}
    return found


def _words(one: Spelling, name: bytes, names: Collection[bytes]) -> Iterator[bytes]:
    if len(name) <= SHORT:
        yield b" " + name + b" "
        return
    yield name
    if "stretched" in one.tolerance:
        yield from _stretched(name, names)
    if "typo" in one.tolerance:
        # One wrong letter leaves one half as it is; or two are exchanged, one of each half.
        half = len(name) // 2
        yield b" " + name[:half]
        yield name[half:] + b" "
        yield b" %b%c%c" % (name[: half - 1], name[half], name[half - 1])
    if "reversed" in one.tolerance:
        # A text is read backwards for whole words.
        yield b" %b " % name[::-1]


def _stretched(name: bytes, names: Collection[bytes]) -> Iterator[bytes]:
    """Where a letter stands longer than it should: three times at least, whatever the others do; once longer in names
    of five letters or more, if it is the only one, unless a name stands there either way.
    """
    runs = [(letter, len(list(run))) for letter, run in groupby(name)]
    at = 0
    for index, (letter, size) in enumerate(runs):
        more = bytes([letter])
        longer = more * max(size + 1, 3)
        yield name[at - 1 : at] + longer if at else longer + name[size : size + 1]
        if len(name) >= 5 and 0 < index < len(runs) - 1:
            ways = name[: at + size] + more, more + name[at:]
            if not any(other in way for way in ways for other in names):
                yield max(ways, key=len)
        at += size


def _set_apart(one: Spelling, names: set[str]) -> Iterator[bytes]:
    """The first piece of a name and the beginning of the next; not where the piece is a name by itself. (Single
    letters in a row are looked for otherwise.)
    """
    name = spell(one.flat)
    if len(name) == SHORT and "separated" in one.tolerance:
        yield b" " + name[:1] + b" " + name[1:] + b" "
    for size in _cuts(one, names):
        head, first, then = b" " + name[:size], name[size : size + 1], name[size + 1 : size + 2] or b" "
        gaps = range(1, 5 if size in one.breaks else 3)
        for gap in gaps:
            yield head + b" " * gap + first + then
            for second in gaps if size + 1 < len(name) else ():
                yield head + b" " * gap + first + b" " * second + then


def _cuts(one: Spelling, names: set[str]) -> Iterator[int]:
    """Letters that the first piece of a name may have."""
    pieces = "pieces" in one.tolerance and len(one.flat) >= 4
    for size in range(1, len(one.flat)):
        if (size in one.breaks or (pieces and size > 1)) and one.flat[:size] not in names:
            yield size


def _links(start: str) -> Iterator[bytes]:
    """The first label of a link's host and the beginning of what follows, the dot in each of its disguises."""
    host = start.partition("/")[0].partition(":")[0]
    label, dot, rest = host.partition(".")
    if not dot:
        yield spell(label) + b" "
        return
    first, second = spell(label), spell(rest.partition(".")[0])
    for gap in range(1, 6):
        yield b" " + first + b" " * gap + second + b" "
    for gap in range(1, 4):
        yield b" " + first + b" " * gap + b"dot"
    yield b"zf" + first + b" " + second  # after %2f
    yield b" " + second[::-1] + b" " + first[::-1] + b" "  # written backwards


def _either(literal: bytes) -> Iterator[bytes]:
    """The literal with each i and l as either: l stands for i, and 1 for both. In a row they are one sign."""
    parts = [bytes(run) for _, run in groupby(literal)]
    runs = [at for at, part in enumerate(parts) if part[0] in b"il"]
    for letters in product((b"i", b"l"), repeat=len(runs)):
        for at, letter in zip(runs, letters, strict=True):
            parts[at] = letter * len(parts[at])
        yield b"".join(parts)


def _shortest(found: Triggers) -> Triggers:
    """Without literals that hold another one: where they stand, it stands too, and its check looks farther."""
    kept: Triggers = {}
    for literal in sorted(found, key=len):
        held = (literal[at : at + size] for size in range(3, len(literal)) for at in range(len(literal) - size + 1))
        if not any(kept.get(inner) is found[literal] for inner in held):
            kept[literal] = found[literal]
    return kept
