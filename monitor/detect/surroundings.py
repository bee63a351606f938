"""What stands around a token: lists, line ends, articles, apps that a word leads to."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from monitor.detect.apps import App
from monitor.detect.document import Document
from monitor.detect.tokens import Token
from monitor.detect.vocabulary import Vocabulary
from monitor.text.fold import fold


def _any_of(words: Sequence[str]) -> str:
    return "|".join(sorted({re.escape(fold(word).lower) for word in words}, key=len, reverse=True))


_MASKED: Final = re.compile(r".?[█▓▒░■□▪•…]|\*{1,8}[A-Za-z0-9_]|\*{3}")
_BLANK: Final = re.compile(r"[A-Za-z0-9]{0,4}([*#█▓▒░■□▪×])\1{2,40}(?![A-Za-z0-9*#])(?!\s?\S{3,40}\s?\1\1)")
_MASKED_BEFORE: Final = re.compile(r"[█▓▒░■□▪•]\Z|\*{3}\Z")
ENGLISH: Final = 2.0
KNOWN: Final = 1.0
UNKNOWN: Final = 0.9
_SHORT: Final = 4
_LEFT_OFF: Final = 5
_TIMES: Final = frozenset({"old", "new", "first", "second", "other", "main"})
_ITS: Final = frozenset({"the", "my", "your", "his", "her", "our", "it"})
_BULLETS: Final = frozenset("·•▪●")


_THAT: Final = (
    "that's", "thats", "that is", "this is", "it's", "its", "it is", "das ist", "dat is", "eso es",
    "ese es", "isso é", "esse é", "c'est", "cest", "questo è", "to jest", "это", "це", "bu", "itu",
)  # fmt: skip
_WHERE: Final = (
    "my", "on", "for", "a", "the", "in", "from", "mi", "mein", "auf", "bei", "mijn", "op", "meu", "no", "mon", "sur",
    "mio", "su", "mój", "na", "мой", "в", "мій", "benim",
)  # fmt: skip
_POINTS_BACK: Final = re.compile(
    rf"(?:[.!?…,;)\n-]|\sand\s)\s*(?P<that>(?:{_any_of(_THAT)})\s(?:(?:{_any_of(_WHERE)})\s){{0,2}})\Z"
)
"""What says before an app's name that the word before is a handle there: "zorblat. thats my kik"."""
_POINTING: Final = 30
_THAT_IS: Final = (["that", "is"], ["it", "is"])
_FIRST: Final = frozenset({"newline", "end", "bound", "other", "also", "colon"})
_LAST: Final = frozenset({"end", "newline", "bound", "close", "also"})


class Surroundings:
    """Answers about positions in a document's tokens."""

    def __init__(self, doc: Document, tokens: Sequence[Token], apps: Mapping[str, App], words: Vocabulary) -> None:
        self._doc = doc
        self._tokens = tokens
        self._apps = apps
        self._words = words

    def ordinal(self, at: int) -> bool:
        """An everyday word in its everyday use: "first line", "the signal"."""
        token = self._tokens[at]
        everyday = all(found.spelling.flat in self._apps[found.spelling.id].common_flats for found in token.found)
        before = self._tokens[at - 1] if at else None
        if at > 1 and before is not None and before.text.lower() in _TIMES:
            # "my old line": of all lines, the one with a name.
            everyday = everyday and self._tokens[at - 2].text.lower() not in self._words.mine
        return everyday and before is not None and before.kind == "word" and before.text.lower() in self._words.ordinal

    def joins(self, token: Token) -> bool:
        """True for what stands between things in a row: a comma, "and"."""
        return token.kind == "also" or (token.kind in {"word", "native"} and token.text.lower() in self._words.joining)

    def joins_apps(self, at: int, after: int) -> bool:
        """As :meth:`joins` for apps in a row, with a "my" before each: "my kik and my snap"."""
        return self.joins(self._tokens[at]) or (at > after and self._tokens[at].text.lower() in self._words.mine)

    def joined_before(self, at: int) -> bool:
        """True for a word right after two apps in a row: "kik + snap both zorblat"."""
        return (
            at > 2
            and self._tokens[at - 1].kind == self._tokens[at - 3].kind == "app"
            and self.joins(self._tokens[at - 2])
        )

    def lists(self, token: Token) -> bool:
        """True for what stands between handles in a row."""
        bullet = token.text in _BULLETS and self._doc.cased[token.start - 1 : token.start].isspace()
        return bullet or self.joins(token) or token.kind in {"at", "colon"}

    def goes_on(self, at: int) -> bool:
        """True for what stands between handles in a row, or opens brackets around one ("a (backup b)")."""
        token = self._tokens[at]
        opens = token.kind == "open" and at + 1 < len(self._tokens) and self.joins(self._tokens[at + 1])
        return opens or self.lists(token)

    def ends_at(self, at: int) -> bool:
        """True where a line, a sentence or a part of one ends."""
        return at >= len(self._tokens) or self._tokens[at].kind in {"newline", "end", "bound", "close", "also"}

    def leads_to_app(self, at: int) -> bool:
        """True where what stands before `at` belongs to an app that follows: "b on kik", "b (kik)", "b kik"."""
        for index, token in enumerate(self._tokens[at : at + 3], at):
            if token.kind in {"app", "service"}:
                # "b, kik: c": the colon says that kik has its own.
                after = self._tokens[index + 1] if index + 1 < len(self._tokens) else None
                return after is None or after.kind != "colon" or index > at
            if token.kind not in {"open", "at"} and token.text.lower() not in self._words.placing:
                return False
        return False

    def determined(self, at: int) -> bool:
        """True for a word after an article ("in the sidebar"), and before an apostrophe ("grandma's")."""
        before = self._tokens[at - 1] if at else None
        if before is not None and before.text.lower() == "its" and self.coined(at):
            return False  # "on tele its zorblat"
        owned = self._doc.lower[self._tokens[at].end :][:2] == "'s"
        return owned or (
            before is not None and before.kind == "word" and before.text.lower() in self._words.determining
        )

    def coined(self, at: int) -> bool:
        """True for letters that are no word of any language that may stand there."""
        word = self._tokens[at].text.lower().rstrip(".")
        return (
            self._tokens[at].kind == "word"
            and len(word) > _SHORT
            and word.isalpha()
            and not self._words.everyday(word)
            and self._words.naturalness(word) < self.natural(at)
        )

    def begins(self, at: int) -> bool:
        """True for a word that begins its sentence, or a row of names that does: "zorblat and quibdrem on ..."."""
        while (
            at > 1 and self.joins(self._tokens[at - 1]) and self._tokens[at - 2].kind == "word" and self.coined(at - 2)
        ):
            at -= 2
        return (
            at == 0
            or self._tokens[at - 1].kind in _FIRST
            or (self._tokens[at - 1].kind == "term" and self.coined(at))  # "taboo zorblat on kik"
        )

    def named(self, at: int) -> bool:
        """True for a word of which it is said that it is the name: "zorblat is the name"."""
        words = [token.text.lower() for token in self._tokens[at + 1 : at + 4]]
        return (
            len(words) > 2 and words[0] in {"is", "'s", "was"} and words[1] in _ITS and words[2] in self._words.naming
        )

    def is_mine(self, at: int, app: int) -> bool:
        """True for the "is" of "zorblat is my kik"."""
        words = [token.text.lower() for token in self._tokens[at:app]]
        return (
            len(words) == 2 and words[0] in {"is", "'s", "=", "es", "ist", "è", "est"} and words[1] in self._words.mine
        )

    def points_back(self, app: Token) -> int | None:
        """Where the words begin that say before an app's name that what stands before them is a handle there."""
        found = _POINTS_BACK.search(self._doc.lower, max(app.start - _POINTING, 0), app.start)
        return found.start("that") if found else None

    def stands_alone(self, at: int) -> int | None:
        """The position of the token before an app's name that is a sentence by itself: "add zorblat. kik. ..."; None
        where it is none, or begins a line.
        """
        before = self._tokens[at - 1] if at else None
        if before is None or not (before.kind == "end" or before.text[-1] == "."):
            return None
        after = at + 1
        if [token.text.lower() for token in self._tokens[after : after + 2]] in _THAT_IS:
            after += 2
        if after < len(self._tokens) and self._tokens[after].kind not in _LAST:
            return None
        return at - 2 if before.kind == "end" else at - 1

    def aside(self, at: int, app: int) -> bool:
        """True where only a comma, and an article, stand between a word and an app's name: "zorblat, the w app"."""
        words = [token.text.lower() for token in self._tokens[at + 1 : app]]
        return bool(words) and words[0] == "," and set(words[1:]) <= {"the", "my", "on"}

    def alone(self, at: int) -> bool:
        """True for a word that is all that its line holds, a table's bars and a list's number left out."""
        before, after = at - 1, at + 1
        while before > 0 and self._frames(self._tokens[before]):
            before -= 1
        while after < len(self._tokens) and self._tokens[after].text == "|":
            after += 1
        return (
            before >= 0
            and self._tokens[before].kind == "newline"
            and (after == len(self._tokens) or self._tokens[after].kind in {"newline", "bound"})
        )

    @staticmethod
    def _frames(token: Token) -> bool:
        """True for a table's bar, a tag's sign, and the number of a list's line."""
        return token.text in {"|", "-", "*", "#"} or (token.kind == "word" and token.text.strip(".").isdigit())

    def natural(self, at: int) -> float:
        """How natural a word's letters have to be, here, for it to be taken for a word (`Vocabulary.naturalness`):
        no word of English that is not known stands in an English text; one of another language may stand elsewhere.
        """
        around = [*self._tokens[max(at - 12, 0) : at], *self._tokens[at + 1 : at + 13]]
        # Words of another script are no matter.
        words = [token.text.lower() for token in around if token.kind == "word" and token.text.isalpha()]
        if all(map(self._words.english_word, words)):
            return ENGLISH
        return KNOWN if all(len(word) < _SHORT or self._words.everyday(word) for word in words) else UNKNOWN

    def headed(self, app: Token) -> bool:
        """True for a name that begins a line, or is all of it."""
        return self._doc.lower[max(app.start - 4, 0) : app.start].rstrip(" ")[-1:] in {"", "\n"}

    def mine(self, app: Token) -> bool:
        """True after "my"."""
        words = self._doc.lower[max(app.start - 12, 0) : app.start].split()
        return bool(words) and words[-1] in self._words.mine

    def masked(self, token: Token) -> bool:
        """Stars or blocks at a name's edge: somebody blanked a part of it, or left off its end ("zorb...")."""
        text = self._doc.cased
        if (token.kind == "spaced" and "___" in token.text) or (
            token.text.endswith("..") and len(token.text.rstrip(".")) <= _LEFT_OFF
        ):
            return True
        return bool(
            _MASKED.match(text[token.end : token.end + 10])
            or _MASKED_BEFORE.search(text[max(token.start - 4, 0) : token.start])
        )

    def blank(self, token: Token) -> bool:
        """Where a name should stand somebody left nothing of it, or its first letters ("kik: z*****"). What stands
        between the same signs is set off by them ("*** zorblat ***").
        """
        return _BLANK.match(self._doc.cased, token.start) is not None

    def is_target(self, at: int) -> bool:
        """The address of a Markdown link whose text the app's name is: `[wickr](https://...)`."""
        return at > 0 and self._tokens[at - 1].kind in {"open", "close"} and self._tokens[at - 1].text.endswith("(")
