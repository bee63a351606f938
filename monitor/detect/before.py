"""Reads the tokens of a document backwards from an app's name: "zorblat_77 on kik"."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from monitor.detect.links import Share
from monitor.detect.plausibility import Tie
from monitor.detect.tokens import Token
from monitor.detect.tying import Chosen, Tying

_POINTS: Final = ":=→➡⇒➜➤►👉"
_ASIDE: Final = frozenset({",", "/", "|", "//"})
"""What may stand between a telling handle and the app's name after it: "zorblat_77, you know, on kik"."""
_SLASHES: Final = frozenset({"/", "|", "//"})
_BACK_REACH: Final = 4
_ASIDE_REACH: Final = 6
"""Words between a handle and the app's name after it; more of them where "on" or the like stands before the app."""
_UP: Final = frozenset({*"^↑⬆👆☝", "app", "messenger", "platform", "via", "on"})
"""What leads from the beginning of a line to the one above: "^ kik", "app: kik"."""


class Before:
    """Handles before apps of one document."""

    def __init__(self, tying: Tying) -> None:
        """:param tying: what ties the document's tokens to apps."""
        self._tying = tying
        self._tokens = tying.tokens
        self._words = tying.words
        self._plausibility = tying.plausibility
        self._around = tying.around
        self._used = tying.used

    def find(self, group: list[Token], at: int) -> Chosen:
        """A handle before an app: "zorblat_77 on kik", "zorblat_77 (kik)", "zorblat_77 kik"."""
        back = at - 1
        linked = bracketed = passed = owned = False
        while back >= 0 and at - back <= (_ASIDE_REACH if linked else _BACK_REACH):
            token = self._tokens[back]
            word = token.text.lower()
            if token.kind in {"open", "colon", "at", "other", "close"}:
                linked = linked or token.kind != "other"
                bracketed = bracketed or (token.kind == "open" and token.text[-1] in "([{‹")
            elif word in self._words.placing:
                linked = True
            elif self._around.is_mine(back, at):
                owned = linked = True
            elif token.text in _ASIDE or (token.kind == "newline" and self._tokens[back + 1].text.lower() in _UP):
                passed = True
                linked = linked or token.text != ","
            elif token.kind in {"word", "native"} and word in self._words.neutral:
                passed = True
            else:
                break
            back -= 1
        if back > 0 and self._tokens[back - 1].text == "#" and self._tokens[back].kind == "word":
            return []  # a tag
        if back < 0 or back in self._used or self._tokens[back].kind not in {"word", "spaced", "phone", "address"}:
            return []
        telling = self._plausibility.telling(self._tokens[back], self._tokens[back].text)
        named = owned or self._around.named(back)
        before = self._tokens[max(back - 2, 0) : back]
        introduced = any(
            token.text.lower() in self._words.introducing
            or token.text.lower() in self._words.naming
            or token.kind in {"open", "at"}
            or token.text[0] in _POINTS
            for token in before
        )
        # A word before a full stop, and one that is said to be another service's, is not this app's.
        slashed = all(token.text in _SLASHES for token in self._tokens[back + 1 : at])
        near = not passed or slashed or (linked and introduced)
        # "add zorblat, kik"
        near = near or (
            self._tying.coded and introduced and self._tokens[back + 1 : at] and self._around.aside(back, at)
        )
        if not telling and not named and (not near or self._tokens[back].text[-1] == "."):
            return []
        if passed and any(token.kind in {"service", "app"} for token in before):
            return []
        first = back == 0 or self._tokens[back - 1].kind in {"newline", "end", "bound", "other", "also", "colon"}
        tie = Tie(linked=linked or named, bracketed=bracketed, introduced=introduced or named, first=first)
        shares = self._tying.shares(group, back, None, tie)
        return [*self._further(group, back - 1), (back, shares)] if shares else []

    def _further(self, group: list[Token], at: int) -> Iterator[tuple[int, list[Share]]]:
        """Further handles before the first: "a and b on kik"."""
        while at > 0 and self._around.joins(self._tokens[at]) and at - 1 not in self._used:
            shares = self._tying.shares(group, at - 1, None, Tie(linked=True))
            if not shares:
                return
            yield at - 1, shares
            at -= 2

    def is_closer(self, at: int, after: int, backward: Chosen, forward: Chosen) -> bool:
        """Between handles on both sides: the one that is tied more closely."""
        index = forward[0][0]
        between = [token for token in self._tokens[after:index] if token.kind not in {"at", "open"}]
        if any(token.kind == "colon" and token.text[0] in _POINTS for token in between[:2]):
            return False
        if backward[-1][1][0].confidence < 0.8 <= forward[0][1][0].confidence:
            return False
        before = self._tokens[backward[-1][0] + 1 : at]
        if any(token.text.lower() in self._words.placing or token.kind == "open" for token in before):
            return True
        apart = any(token.kind in {"also", "newline", "end"} for token in between)
        return apart or (self._around.leads_to_app(index + 1) and not self._tokens[index].at)
