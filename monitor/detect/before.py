"""Reads the tokens of a document backwards from an app's name: "zorblat_77 on kik"."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from monitor.detect.links import Share
from monitor.detect.plausibility import Tie
from monitor.detect.tokens import Token
from monitor.detect.tying import Chosen, Tying

_POINTS: Final = ":=→➡⇒➜➤►👉"
_ASIDE: Final = frozenset({",", "/", "|", "//"})
"""What may stand between a telling handle and the app's name after it: "zorblat_77, you know, on kik"."""
_SLASHES: Final = frozenset({"/", "|", "//"})
ALL: Final = frozenset(
    (
        "everywhere", "anywhere", "both", "all", "same", "2", "3", "4", "two", "three", "of", "them", "überall",
        "beide", "partout", "dappertutto", "overal",
    )
)  # fmt: skip
"""What is said of a name that is the same on the apps named: "zorblat everywhere (kik, snap)"."""
_ENDS: Final = frozenset({"end", "newline", "also", "close", "open", "colon"})
_BACK_REACH: Final = 4
_ASIDE_REACH: Final = 6
"""Words between a handle and the app's name after it; more of them where "on" or the like stands before the app."""
_UP: Final = frozenset({*"^↑⬆👆☝", "app", "messenger", "platform", "via", "on"})
"""What leads from the beginning of a line to the one above: "^ kik", "app: kik"."""


@dataclass(slots=True)
class _Way:
    """What stands between a word and the app's name after it.

    :param back: the word's position; :param linked: "on" or a sign; :param bracketed: brackets around the name;
    :param passed: words that may belong to neither; :param owned: it is said to be somebody's;
    :param over: the name is in a sentence of its own.
    """

    back: int
    linked: bool = False
    bracketed: bool = False
    passed: bool = False
    owned: bool = False
    over: bool = False


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
        way = self._way(at)
        back, linked, passed = way.back, way.linked, way.passed
        if back > 0 and self._tokens[back - 1].text == "#" and self._tokens[back].kind == "word":
            return []  # a tag
        if back < 0 or back in self._used or self._tokens[back].kind not in {"word", "spaced", "phone", "address"}:
            return []
        telling = self._plausibility.telling(self._tokens[back], self._tokens[back].text)
        named = way.owned or self._around.named(back)
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
            self._tying.coded
            and introduced
            and self._tokens[back + 1 : at]
            and (way.over or self._around.aside(back, at))
        )
        if way.over and not telling and not self._tokens[back].text.islower() and not self._around.begins(back):
            return []  # "it was Quibdrem. thats on discord"
        closed = self._tokens[back].text[-1] == "." and not way.over
        if not telling and not named and (not near or closed):
            return []
        if passed and any(token.kind in {"service", "app"} for token in before):
            return []
        first = self._around.begins(back)
        tie = Tie(linked=linked or named, bracketed=way.bracketed, introduced=introduced or named, first=first)
        shares = self._tying.shares(group, back, None, tie)
        return [*reversed([*self._further(group, back - 1)]), (back, shares)] if shares else []

    def _way(self, at: int) -> _Way:
        """The way back from an app's name to the word that may be its handle."""
        if (over := self._pointed_at(at)) is not None:
            return _Way(over, linked=True, owned=True, over=True)
        if self._tying.coded and (over := self._around.stands_alone(at)) is not None:
            return _Way(over, passed=True, over=True)
        way = _Way(at - 1)
        while way.back >= 0 and at - way.back <= (_ASIDE_REACH if way.linked else _BACK_REACH):
            token = self._tokens[way.back]
            word = token.text.lower()
            if token.kind in {"open", "colon", "at", "other", "close"}:
                way.linked = way.linked or token.kind != "other"
                way.bracketed = way.bracketed or (token.kind == "open" and token.text[-1] in "([{‹")
            elif word in self._words.placing:
                way.linked = True
            elif self._around.is_mine(way.back, at):
                way.owned = way.linked = True
            elif token.text in _ASIDE or (token.kind == "newline" and self._tokens[way.back + 1].text.lower() in _UP):
                way.passed = True
                way.linked = way.linked or token.text != ","
            elif token.kind in {"word", "native"} and (word in self._words.neutral or word in ALL):
                way.passed = way.passed or word not in ALL
            else:
                break
            way.back -= 1
        return way

    def _pointed_at(self, at: int) -> int | None:
        """The token before what points back to it from an app's name: "zorblat. thats my kik"."""
        start = self._around.points_back(self._tokens[at])
        if start is None:
            return None
        back = at - 1
        while back >= 0 and (
            self._tokens[back].start >= start
            or self._tokens[back].kind in _ENDS
            or self._around.joins(self._tokens[back])
        ):
            back -= 1
        return back

    def _further(self, group: list[Token], at: int) -> Iterator[tuple[int, list[Share]]]:
        """Further handles before the first: "a and b on kik"."""
        while at > 0 and self._around.joins(self._tokens[at]) and at - 1 not in self._used:
            shares = self._tying.shares(group, at - 1, None, Tie(linked=True, first=self._around.begins(at - 1)))
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
