"""Where in joined texts an app may be named: literals alone, nothing checked. The first half of the sieve."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from monitor.detect.fast import coarse
from monitor.detect.fast.alphabet import CLASSES, CONTROL, FIELD, LOWER, SINGLES, spell
from monitor.detect.fast.coarse import Coarse
from monitor.detect.fast.matchers import make_expression_matcher, make_matcher, make_run_matcher, translated
from monitor.detect.fast.plain import ID, addresses, may_change
from monitor.detect.fast.triggers import Check, alone, heads, name_triggers, native_triggers, sign_triggers
from monitor.detect.spelling import Spelling, key

_SPACE: Final = ord(" ")
_CLASSES: Final = CLASSES[:0x80] + bytes([_SPACE]) * 0x80
_FIELD: Final = FIELD.encode()
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
_REMEMBERED: Final = 200_000
_MONEY: Final = (coarse.EURO, coarse.POUND)


class NameSieve:
    """Made once for the apps' names and links. One look at a time."""

    def __init__(
        self, spellings: Sequence[Spelling], starts: Sequence[str], letters: Coarse, *, backend: str | None = None
    ) -> None:
        """:param spellings: names of the apps; :param starts: how links of the apps begin."""
        signs = (literal for literal, check in sign_triggers(spellings).items() if check is not Check.FOLD)
        self._tails = list(heads(spellings).values())
        by_name = name_triggers(spellings, starts)
        literals = [one for one, check in by_name.items() if check is not Check.JOINED or one[2:3] == b" "]
        self._by_name = make_matcher([*heads(spellings), *literals], backend=backend)
        self._weak = [*(False for _ in self._tails), *(by_name[one] is Check.WEAK for one in literals)]
        self._keys = {key(spell(one.flat).decode()) for one in spellings if not one.native and alone(one)}
        self._digits = tuple(one.flat.encode() for one in spellings if not one.native and not one.flat.isalpha())
        self._known: dict[bytes, bool] = {}
        self._by_sign = make_matcher(signs, backend=backend)
        self._by_singles = make_matcher(SINGLES, backend=backend)
        self._by_letter = make_matcher(native_triggers(spellings, letters.spell), backend=backend)
        self._addresses = make_expression_matcher(_ADDRESS, backend=backend)
        self._ids = make_run_matcher(b"0-9a-f", ID, backend=backend)

    def places(self, raw: bytes, odd: bytes) -> tuple[list[int], list[int]]:
        """Places in texts that may name an app; and in texts of which only folding tells what they say.

        :param raw: joined texts of one byte a character (`coarse`); :param odd: those at its end that were not ASCII.
        """
        lower = translated(raw, LOWER)
        ends = self._named(raw, translated(lower, coarse.NAMES))
        ends += self._by_sign.ends(lower)
        ends += self._by_singles.ends(translated(lower, _CLASSES))
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

    def _named(self, raw: bytes, letters: bytes) -> list[int]:
        """Places after literals of names. A weak one counts as a word, in CamelCase, and in what may be a tag."""
        weak, known, tails, pieces, fields = self._weak, self._known, self._tails, len(self._tails), _FIELD in raw
        ends: list[int] = []
        for index, end in self._by_name.scan(letters):
            if index < pieces:
                after = letters[end : end + _AHEAD].replace(b" ", b"").replace(b"l", b"i")
                if not after.startswith(tails[index]):
                    continue
            elif weak[index] and not fields:
                # With the character before it, which may make it a tag.
                first, last = (
                    letters.rfind(b" ", max(end - _LONGEST, 0), end - 1),
                    letters.find(b" ", end - 1, end + _LONGEST),
                )
                word = raw[first:last] if first >= 0 and last >= 0 else b""
                counts = known.get(word)
                if counts is None:
                    counts = self._count(word)
                if not counts:
                    continue
            ends.append(end)
        return ends

    def _count(self, word: bytes) -> bool:
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        if not word:
            return True
        small = word[2:].islower() or word[1:].isupper()
        letters = key(translated(translated(word[1:], LOWER), coarse.NAMES).decode())
        held = any(name in word.lower() for name in self._digits)
        counts = self._known[word] = not small or word[0] == _TAG or letters in self._keys or held
        return counts


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
