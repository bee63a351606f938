"""Reads the tokens of a document for handles: forwards from an app's name, backwards where that finds nothing."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Final

from monitor.detect.before import ALL, Before
from monitor.detect.links import Share
from monitor.detect.plausibility import Reach, Tie
from monitor.detect.tokens import Token
from monitor.detect.tying import Chosen, Tying

_MORE: Final = 6
"""Further handles of an app's name after which a list goes on with telling ones only (digits, underscores ...)."""
_AND: Final = frozenset({"and", "y", "e", "et", "und", "en", "i", "и", "та", "й", "ve", "dan", "và", "och", "n"})
_BULLETS: Final = frozenset({"*", "-", "–", "~", ")"})
_ROW: Final = 2
_AS: Final = frozenset({"as", "como", "comme", "als", "come", "jako", "kak", "olarak", "sebagai", "som", "ca", "under"})
"""After these a handle comes, whatever verb stood before ("me encuentran como zorblat")."""
_NUMBER: Final = 3
_NEWER: Final = frozenset({"new", "current", "backup", "other", "second", "main"})
_INSTEAD: Final = frozenset(
    {"if", "when", "new", "newer", "other", "second", "backup", "spare", "alt", "else", "otherwise"}
)
_INSTEAD_REACH: Final = 7
_LONG: Final = 5
_THERE_REACH: Final = 24
_THERE_CLOSE: Final = 4
_THERE_SURE: Final = 0.8


class Reading:
    """One reading of a document's tokens."""

    def __init__(self, tying: Tying) -> None:
        """:param tying: what ties the document's tokens to apps."""
        self._tying = tying
        self._before = Before(tying)
        self._doc = tying.doc
        self._tokens = tying.tokens
        self._words = tying.words
        self._plausibility = tying.plausibility
        self._around = tying.around
        self._used = tying.used

    def shares(self) -> list[Share]:
        """Every app's handles."""
        found: list[Share] = []
        at = 0
        while at < len(self._tokens):
            token = self._tokens[at]
            if token.kind != "app" or self._around.ordinal(at):
                at += 1
                continue
            group, after = self._group(at)
            forward = self._forward(group, after)
            backward = self._before.find(group, at)
            if forward and backward:
                chosen = backward if self._before.is_closer(at, after, backward, forward) else forward
            else:
                chosen = forward or backward
            found += self._paired(group, chosen)
            self._used.update(index for index, _ in chosen)
            found += self._there(group, after)
            at = after
        return found

    def _there(self, group: list[Token], at: int) -> Iterator[Share]:
        """Handles after a word for the app named before: "... reach me there: zorblat_77", "I am zorblat_77 there"."""
        for index in range(at, min(at + _THERE_REACH, len(self._tokens))):
            token = self._tokens[index]
            if token.kind in {"app", "service", "bound", "url"}:
                return
            word = token.text.lower().rstrip(".")
            newer = word == "one" and self._tokens[index - 1].text.lower() in _NEWER
            if token.kind not in {"word", "native"} or not (newer or word in self._words.there):
                continue
            chosen = self._forward(group, index + 1)
            if not chosen or chosen[0][0] - index > _THERE_CLOSE or chosen[0][1][0].confidence < _THERE_SURE:
                chosen = self._before_there(group, index)
            yield from (share for _, shares in chosen for share in shares)
            self._used.update(number for number, _ in chosen)

    def _before_there(self, group: list[Token], at: int) -> Chosen:
        """The handle in "I am zorblat_77 there"."""
        token, lead = self._tokens[at - 1], self._tokens[max(at - 2, 0)]
        word = lead.text.lower()
        said = word in self._words.cue or word in self._words.introducing or lead.kind in {"at", "also", "end"}
        telling = token.kind == "word" and self._plausibility.telling(token, token.text)
        if not said or not (telling or (self._tying.coded and self._around.coined(at - 1))):
            return []
        shares = self._tying.shares(group, at - 1, None, Tie(linked=True, introduced=True))
        return [(at - 1, shares)] if shares else []

    def _paired(self, group: list[Token], chosen: Chosen) -> list[Share]:
        """As many handles as apps in a row belong to them in turn ("kik & snap: a & b"); otherwise each to all ("kik /
        snap: a or b", "... a, backup b").
        """
        if len(chosen) != len(group) or len(group) == 1:
            return [share for _, shares in chosen for share in shares]
        turns = [
            [share for share in shares if share.app.id in {found.spelling.id for found in mark.found}]
            for mark, (_, shares) in zip(group, chosen, strict=False)
        ]
        handles = {index for index, _ in chosen}
        between = [self._tokens[at] for at in range(min(handles), max(handles)) if at not in handles]
        listed = all(one.kind not in {"word", "native"} or one.text.lower() in _AND for one in between)
        if all(turns) and listed:
            return [share for shares in turns for share in shares]
        return [share for _, shares in chosen for share in shares]

    # ---- apps ----

    def _group(self, at: int) -> tuple[list[Token], int]:
        """Apps named in a row ("kik / snap"), and the position after them."""
        group = [self._tokens[at]]
        after = at + 1
        while True:
            ahead = after
            while ahead < len(self._tokens) and ahead - after < 3 and self._around.joins_apps(ahead, after):
                ahead += 1
            if ahead >= len(self._tokens) or self._tokens[ahead].kind != "app":
                return group, after
            if ahead == after and not self._in_a_row(group, ahead):
                return group, after
            group.append(self._tokens[ahead])
            after = ahead + 1

    def _in_a_row(self, group: list[Token], at: int) -> bool:
        """True for three apps or more with nothing between them: "wickr tele kik"."""
        row = len(group) > 1 or (at + 1 < len(self._tokens) and self._tokens[at + 1].kind == "app")
        return row and group[-1].end + 1 == self._tokens[at].start

    # ---- forwards ----

    def _forward(self, group: list[Token], at: int) -> Chosen:
        """Handles after an app."""
        reach = Reach()
        reach.headed, reach.mine = self._around.headed(group[0]), self._around.mine(group[0])
        while at < len(self._tokens) and reach.open:
            token = self._tokens[at]
            if (
                token.kind == "bound"
                or (token.kind == "app" and not self._around.ordinal(at))  # "drop me a line"
                or (token.kind == "url" and not self._around.is_target(at))
                or token.kind == "service"
            ):
                break
            shares = self._tying.in_pieces(group, at) or self._tying.shares(group, at, reach)
            if shares and reach.steps and not (reach.explicit or token.at) and self._around.leads_to_app(at + 1):
                break  # "a line to zorblat_77 on discord"
            if shares and (later := self._more_telling(group, at, reach)) is not None:
                at, shares = later
            if shares:
                return [(at, shares), *self._more(group, at + 1)]
            if not self._passes(at, reach):
                break
            at += 1
        return []

    def _passes(self, at: int, reach: Reach) -> bool:
        """Notes what a token between app and handle says; False where nothing after it can be the app's handle."""
        token = self._tokens[at]
        if reach.explicit and token.kind in {"word", "open", "other"} and self._around.blank(token):
            return False
        match token.kind:
            case "colon":
                reach.explicit = reach.pointed = True
            case "newline":
                return reach.line()
            case "end":
                return reach.sentence()
            case "open" | "at":
                reach.quoted = True
            case "other":
                reach.signed = not token.text.isascii()
            case "taken" | "spaced" | "phone" | "address" | "same":
                return False
            case "word" | "native":
                return self._passes_word(at, reach)
            case _:
                pass
        return True

    def _passes_word(self, at: int, reach: Reach) -> bool:
        word = self._tokens[at].text.lower()
        if self._tokens[at - 1].kind == "newline" and word.strip(".").isdigit() and len(word) <= _NUMBER:
            return True  # "1. zorblat"
        if (
            word in self._words.blank
            and reach.explicit
            and (word not in self._words.naming or self._around.ends_at(at + 1))
        ):
            return False
        if word in self._words.naming:
            reach.explicit = True
            reach.strange = 0
        elif word in self._words.cue or (word in ALL and self._around.joined_before(at)):
            reach.cue = True
            reach.strange = 0 if word in _AS and reach.strange == 1 else reach.strange
        reach.steps += 1
        if self._tokens[at].text[-1] == "." and self._doc.lower[self._tokens[at].end :][:1].isspace():
            return reach.sentence()
        if self._tokens[at].kind == "native":
            reach.native = True
        elif word not in self._words.neutral and word not in self._words.others:
            reach.strange += 1
        return True

    def _more_telling(self, group: list[Token], at: int, reach: Reach) -> tuple[int, list[Share]] | None:
        """After a word that may be a word: a telling one soon after it ("kik jestem jako zorblat_77")."""
        token = self._tokens[at]
        if token.kind != "word" or self._plausibility.telling(token, token.text):
            return None
        for ahead in range(at + 1, min(at + 5, len(self._tokens))):
            other = self._tokens[ahead]
            if other.kind not in {"word", "native", "at", "colon", "open"} or (
                other.kind == "word" and self._around.joins(other)
            ):
                return None
            if reach.explicit and not other.at:
                continue  # after a colon only an '@' says more than the first word
            if other.kind == "word" and self._plausibility.telling(other, other.text):
                shares = self._tying.shares(group, ahead, reach)
                return (ahead, shares) if shares and not self._around.leads_to_app(ahead + 1) else None
        return None

    def _more(self, group: list[Token], at: int) -> Iterator[tuple[int, list[Share]]]:
        """Further handles of the same app, however many: "a or b", "a / b", "a, backup b", or one a line."""
        before = self._tokens[at - 2] if at > 1 else None
        bracketed = before is not None and before.kind == "open" and before.text[-1] in "([{"
        for number in count():
            start = at
            while at < len(self._tokens) and at - start < 4 and self._around.goes_on(at):
                at += 1
            opened = at < len(self._tokens) and self._tokens[at].kind == "open"
            if (at > start or opened) and (over := self._instead(at + opened)) is not None:
                at = over
            listed = False
            if at == start:
                at, listed = self._next_line(at)
            if at == start and self._plain_row(at):
                shares = self._tying.shares(group, at, Reach(explicit=True))
                if not shares:
                    return
                yield at, shares
                at += 1
                continue
            if at == start or at >= len(self._tokens) or self._around.leads_to_app(at + 1):
                return
            worded = bracketed or any(token.kind == "word" or "/" in token.text for token in self._tokens[start:at])
            reach = Reach(explicit=True, careful=not (worded or listed or number + 1 < len(group)) or number >= _MORE)
            reach.pointed = False  # an everyday word goes on with the sentence
            shares = self._tying.shares(group, at, reach)
            if not shares:
                return
            yield at, shares
            at += 1

    def _instead(self, at: int) -> int | None:
        """The index of a name given for when the first does not do: "zorblat, if it gets banned quibdrem"."""
        told = self._tokens[at - 1].text.lower() in _INSTEAD
        for index in range(at, min(at + _INSTEAD_REACH, len(self._tokens))):
            word = self._tokens[index].text.lower()
            token = self._tokens[index]
            letters = token.kind == "word" and len(word) > _LONG and not self._plausibility.everyday(word.rstrip("."))
            if told and (letters or self._plausibility.telling(token, word)):
                return index
            if self._tokens[index].kind not in {"word", "colon"} or (
                word not in _INSTEAD and not self._plausibility.everyday(word)
            ):
                return None
            told = told or word in _INSTEAD
        return None

    def _next_line(self, at: int) -> tuple[int, bool]:
        """The index of a telling word that is all that the next line holds, bullet and number left out; else `at`.
        Second: whether there was a bullet, with which a word that is no everyday one will do.
        """
        if at >= len(self._tokens) or self._tokens[at].text != "\n":
            return at, False
        for index in range(at + 1, min(at + 5, len(self._tokens))):
            token = self._tokens[index]
            number = token.text.strip(".").isdigit()
            bullet = index > at + 1
            word = token.kind == "word" and not number
            if word and (bullet or self._plausibility.telling(token, token.text)):
                return (index if self._around.ends_at(index + 1) else at), bullet
            if not (number or self._around.lists(token) or token.kind in {"end", "close"} or token.text in _BULLETS):
                return at, False
        return at, False

    def _plain_row(self, at: int) -> bool:
        """True for a further name in a row without anything between: "kik: zorblat quibdrem"."""
        if at < _ROW or at >= len(self._tokens):
            return False
        before, token = self._tokens[at - 1], self._tokens[at]
        words = before.kind == token.kind == "word" and self._tokens[at - 2].kind in {"colon", "word"}
        return (
            words
            and token.start - before.end == 1
            and all(self._plausibility.coined(one.text, natural=self._around.natural(at)) for one in (before, token))
            and not self._around.leads_to_app(at + 1)
        )
