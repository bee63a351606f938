"""Where in joined texts an app may be named: literals alone, nothing checked. The first half of the sieve."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from monitor.detect.endings import shipped_endings
from monitor.detect.fast import coarse
from monitor.detect.fast.alphabet import CLASSES, CONTROL, LOWER, spell
from monitor.detect.fast.coarse import Coarse
from monitor.detect.fast.matchers import make_expression_matcher, make_matcher, make_run_matcher, translated
from monitor.detect.fast.names import Names
from monitor.detect.fast.plain import ID, SIGNED, addresses, may_change
from monitor.detect.fast.triggers import Check, alone, heads, name_triggers, native_triggers, sign_triggers
from monitor.detect.spelling import Spelling, key

_SPACE: Final = ord(" ")
_CLASSES: Final = CLASSES[:0x80] + bytes([_SPACE]) * 0x80
_TAG: Final = ord("#")
_ANGLE: Final = ord("<")
_AMPERSAND: Final = ord("&")
_PARTING: Final = (b"amp;", b"lt;", b"gt;", b"quot;")
"""The commonest entities, which part words. An ampersand may begin another one."""
_ADDRESS: Final = b"@[a-z0-9._=/+-]+:"
_LONGEST: Final = 200
"""Letters of a word, that are looked at on each side."""
_AHEAD: Final = 16
"""Characters in which a name goes on after its first piece."""
_SINGLE: Final = 3
"""Single letters in a row that are looked for."""
_GAP: Final = 5
"""How far one of them is from the next, at most."""
_LETTER: Final = ord("a")
"""A letter or a digit in :data:`alphabet.CLASSES`."""
_AT_EDGES: Final = b"!|+(*_"
_REMEMBERED: Final = 200_000
_MONEY: Final = (coarse.EURO, coarse.POUND)


class NameSieve:
    """Made once for the apps' names and links. One look at a time."""

    def __init__(
        self, names: Names, spellings: Sequence[Spelling], starts: Sequence[str], letters: Coarse,
        *, backend: str | None = None,
    ) -> None:  # fmt: skip
        """:param names: answers about words; :param spellings: the apps' names; :param starts: their links' starts."""
        signs = (literal for literal, check in sign_triggers(spellings).items() if check is not Check.FOLD)
        self._names = names
        self._tails = list(heads(spellings).values())
        by_name = name_triggers(spellings, starts)
        literals = [one for one, check in by_name.items() if check is not Check.JOINED or one[2:3] == b" "]
        self._by_name = make_matcher([*heads(spellings), *literals], backend=backend)
        self._checks = [*(Check.JOINED for _ in self._tails), *(by_name[one] for one in literals)]
        weak = [one for one in spellings if not one.native and alone(one)]
        self._keys = {key(spell(one.flat).decode()) for one in weak}
        self._stems = {one.flat for one in weak if "inflected" in one.tolerance}
        self._digits = tuple(one.flat.encode() for one in spellings if not one.native and not one.flat.isalpha())
        self._known: dict[bytes, bool] = {}
        self._known_weak: dict[bytes, bool] = {}
        self._by_sign = make_matcher(signs, backend=backend)
        self._threes = {three for one in spellings if not one.native for three in _threes(spell(one.flat))}
        self._by_letter = make_matcher(native_triggers(spellings, letters.spell), backend=backend)
        self._addresses = make_expression_matcher(_ADDRESS, backend=backend)
        self._ids = make_run_matcher(b"0-9a-f", ID, backend=backend)

    def places(self, raw: bytes, odd: bytes, *, tags: bool) -> tuple[list[int], list[int]]:
        """Places in texts that may name an app; and in texts of which only folding tells what they say.

        :param raw: joined texts of one byte a character (`coarse`); :param odd: those at its end that were not ASCII;
        :param tags: any word may be a tag, or a part of a name.
        """
        lower = translated(raw, LOWER)
        letters = translated(lower, coarse.NAMES)
        ends = [*self._named(raw, letters, tags=tags), *self._signed(raw, lower), *self._set_apart(lower, letters)]
        ends += self._ids.ends(lower)
        before = len(raw) - len(odd)
        ends += [before + end for end in self._by_letter.ends(translated(odd, coarse.NATIVES))]
        found = [end - 1 for end in ends]
        if self._addresses.ends(lower):
            found += addresses(raw)
        unread = list(_every(lower, CONTROL))
        unread += [at for at in _every(raw, _ANGLE) if may_change(raw, at)]
        unread += [at for at in _every(raw, _AMPERSAND) if _may_spell(raw, at) and may_change(raw, at)]
        for sign in _MONEY:
            unread += [before + at for at in _every(odd, sign) if odd[at - 1] != _SPACE != odd[at + 1]]
        return found, unread

    def _named(self, raw: bytes, letters: bytes, *, tags: bool) -> Iterator[int]:
        """Places after literals of names, where the word around one may hold a name."""
        checks, tails = self._checks, self._tails
        before, after = letters.rfind, letters.find
        for index, end in self._by_name.scan(letters):
            check = checks[index]
            if check is Check.JOINED:
                if index < len(tails):
                    then = letters[end : end + _AHEAD].replace(b" ", b"").replace(b"l", b"i")
                    if not then.startswith(tails[index]):
                        continue
            elif check is not Check.LINK:
                first, last = before(b" ", max(end - _LONGEST, 0), end - 1), after(b" ", end - 1, end + _LONGEST)
                if first >= 0 and last >= 0:
                    word = raw[first if raw[first] == _TAG else first + 1 : last]
                    weak = check is Check.WEAK and not tags
                    counts = (self._known_weak if weak else self._known).get(word)
                    if counts is None:
                        counts = self._count(word, weak=weak)
                    if not counts:
                        continue
            yield end

    def _count(self, word: bytes, *, weak: bool) -> bool:
        """True for a word that may hold a name. A weak one counts alone, in CamelCase, and in what may be a tag."""
        known = self._known_weak if weak else self._known
        if len(known) >= _REMEMBERED:
            known.clear()
        counts = (not weak or self._is_weak(word)) and bool(self._names.hold(word.lstrip(b"#").decode("latin-1")))
        known[word] = counts
        return counts

    def _is_weak(self, word: bytes) -> bool:
        """True for a word that may hold a name that most words with its letters do not."""
        if word[0] == _TAG or not (word[1:].islower() or word.isupper()):
            return True
        letters = translated(translated(word, LOWER), coarse.NAMES).decode()
        if key(letters) in self._keys or any(name in word.lower() for name in self._digits):
            return True
        return not self._stems.isdisjoint(shipped_endings().stems(word.lower().decode("latin-1")))

    def _signed(self, raw: bytes, lower: bytes) -> Iterator[int]:
        """Places of signs that may stand for letters of a name."""
        ends = self._by_sign.ends(lower)
        words = translated(raw, SIGNED) if ends else b""
        for end in ends:
            # The sign is the last or the one before: the word goes over both.
            first, last = words.rfind(b" ", 0, end - 1) + 1, words.find(b" ", end - 1)
            word = raw[first : last if last >= 0 else len(raw)]
            # At a word's edges these signs stand for no letter.
            if word.strip(_AT_EDGES).isalnum():
                continue
            counts = self._known.get(word)
            if counts is None:
                counts = self._count(word, weak=False)
            if counts:
                yield end

    def _set_apart(self, lower: bytes, letters: bytes) -> Iterator[int]:
        """Places of single letters, set apart, that stand in a name one after the other."""
        letter = np.frombuffer(translated(lower, _CLASSES), dtype=np.uint8) == _LETTER
        singles = np.flatnonzero(letter[1:-1] > (letter[:-2] | letter[2:])) + 1
        near = np.diff(singles) <= _GAP
        for end in singles[2:][near[1:] & near[:-1]].tolist():
            if letters[end - _AHEAD : end + 1].replace(b" ", b"")[-_SINGLE:].replace(b"l", b"i") in self._threes:
                yield end + 1


def _threes(name: bytes) -> Iterator[bytes]:
    """Its letters, by threes, with i for l."""
    letters = name.replace(b"l", b"i")
    return (letters[at : at + _SINGLE] for at in range(len(letters) - _SINGLE + 1))


def _may_spell(raw: bytes, at: int) -> bool:
    """True where an entity may begin that is not one of the commonest."""
    if raw.startswith(_PARTING, at + 1):
        after = raw[at + 4 : at + 7].partition(b";")[2][:1]
        return raw[at + 1] == _PARTING[0][0] and (after == b"#" or after.isalpha())
    return raw[at + 1 : at + 2] == b"#" or raw[at + 1 : at + 2].isalpha()


def _every(raw: bytes, byte: int) -> Iterator[int]:
    """Places of a byte that stands nowhere in most texts."""
    sign = bytes([byte])
    at = raw.find(sign)
    while at >= 0:
        yield at
        at = raw.find(sign, at + 1)
