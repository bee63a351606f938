"""How sure is it that a word beside a messenger's name is a handle there?"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from monitor.detect.apps import App
from monitor.detect.spellings import Found
from monitor.detect.tokens import Token
from monitor.detect.vocabulary import Vocabulary

NO: Final = 0.0
_POINTED: Final = 0.75
"""From here on a colon or a cue says more than the word itself."""
_NATURAL: Final = 0.9
"""Share of a word's letter groups that natural words have too, from which it is taken for one."""
_FILE_OR_HOST: Final = re.compile(
    r".*\.(?:jpe?g|png|gif|webp|svg|html?|css|py|js|ts|json|xml|pdf|zip|rar|exe|apk|txt|docx?|mp3|mp4|avi|mov"
    r"|com|net|org|io|co|info|app|dev|php|ru|de|fr|es|it|pl|br|jp|cn|uk|us|eu|tv|xyz|test|example)\Z"
)
_QUANTITY: Final = re.compile(
    r"v[0-9]+(?:\.[0-9]+)*\Z|[0-9]+(?:[.,][0-9]+)*(?:st|nd|rd|th|am|pm|k|m|mb|gb|tb|kb|hrs?|h|mins?|secs?|s|x|yo|yrs?|y|f|ft|cm|mm|km|kg|lbs?|oz"
    r"|usd|eur|p|fps|hz|w|v|d|g|px|ish|min)?\Z"
)
_ODD: Final = re.compile(r"[0-9_]|[a-z][A-Z]|[A-Za-z]\.[A-Za-z0-9]")
_BLANKED: Final = re.compile(r"([^0-9])\1{3}|^([0-9])\2{3}|\.\.|x{4}|^.{0,3}x{3}\Z")
_MEET: Final = re.compile(
    r"(?:[0-9]{0,2}[mftwarhbncx]{1,4}4[mftwarhbncx]{1,4}|[a-z0-9]{1,4}4(?:u|ya|you|me|us|it|all|any|fun|free|real|sale|life"
    r"|ever|now|more|good|love|hire|rent|rp|role))\Z",
    re.IGNORECASE,
)
"""Who writes and who is looked for: M4A, f4m, mm4f; and "for" in the middle of a word: here4fun."""
_PIECE: Final = re.compile(r"[a-z]+")
_PIECES: Final = 3
_SENTENCE: Final = 3
"""Words that a sentence's end counts for."""
_SHORT: Final = 3
_PLAIN: Final = 4
_LONG: Final = 5
"""Words of another language beside an app's name are seldom longer; names often are."""
_MODELS: Final = re.compile(
    r"(?:mp3|mp4|ps4|ps5|h264|web3|covid19|utf8|win10|win11|3ds|b2b|p2p|24h|1v1|5g|4g|4k|i18n|k8s)\Z"
)


class Reach:
    """What was passed on the way from an app to a word.

    `explicit`: a colon, an arrow, "username"; `pointed`: a colon or an arrow itself; `cue`: "is", "add me"; `strange`:
    words that are no everyday words; `native`: words of another script; `alone`: the word has a line
    to itself; `named`: it is said to be the name; `headed`: the app's name begins its line; `mine`: "my" stands before
    it; `signed`: a sign (an emoji) stands between; `coded`: coded terms stand in the text that hardly anybody writes
    who means something else, so that a word beside an app's name is a handle where it looks like a natural one, too;
    `closed`: the word ends its sentence.
    """

    def __init__(self, *, explicit: bool = False, careful: bool = False) -> None:
        self.explicit = explicit
        self.careful = careful
        self.pointed = explicit
        self.cue = False
        self.quoted = False
        self.crossed = False
        self.native = False
        self.alone = False
        self.named = False
        self.headed = False
        self.mine = False
        self.signed = False
        self.coded = False
        self.closed = False
        self.steps = 0
        self.strange = 0
        self.lines = 0
        self.sentences = 0

    @property
    def open(self) -> bool:
        """True while a handle may still come: a few words on, in the same sentence or the next line."""
        return self.steps <= 9 and self.strange <= 3 and self.lines <= 2

    def line(self) -> bool:
        """A line's end: a handle may follow on the next line."""
        self.lines += 1
        self.crossed = True
        return self.strange == 0

    def sentence(self) -> bool:
        """A sentence's end: only a telling word soon after it still counts."""
        self.crossed = True
        self.explicit = self.pointed = False
        self.steps += _SENTENCE
        self.sentences += 1
        return self.strange == 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Tie:
    """How a word is tied to the app's name after it.

    :param linked: "on", "at" or a sign stands between; :param bracketed: the app's name is in brackets;
    :param introduced: "add", "I'm", "@" stands before it; :param first: it begins its sentence; :param coded: as in
    `Reach`.
    """

    linked: bool
    bracketed: bool = False
    introduced: bool = False
    first: bool = False
    coded: bool = False


class Plausibility:
    """Judges words. Built once for a vocabulary."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._words = vocabulary

    def never(self, text: str, *, at: bool) -> bool:
        """True for what is no handle in any place: everyday words, quantities, placeholders, blanked names."""
        word = text.lower()
        if not any(char.isalpha() for char in text) or word in self._words.blank or _BLANKED.search(word):
            return True
        if _FILE_OR_HOST.match(word) or self._says_so(word):
            return True
        return not at and (
            word in self._words.neutral
            or _MODELS.match(word) is not None
            or _MEET.match(text) is not None
            or _QUANTITY.match(word) is not None
        )

    def everyday(self, word: str) -> bool:
        """True for a word, in lower case, that people use without meaning a handle."""
        return self._words.everyday(word)

    def _says_so(self, word: str) -> bool:
        """True for words that introduce a handle, joined by signs ("_id_is" in "wickr_id_is: zorblat_77")."""
        parts = [part for part in re.split(r"[_.-]+", word) if part]
        if len(parts) <= word[0].isalnum():
            return False
        stands = any(part in self._words.blank for part in parts)  # "your_name_here"
        return all(
            part in self._words.cue or part in self._words.naming or (stands and part in self._words.neutral)
            for part in parts
        )

    def coined(self, text: str, *, natural: float) -> bool:
        """True for five letters or more that are no word of any language that is known here."""
        word = text.lower()
        return (
            len(word) > _PLAIN
            and word.isalpha()
            and not self._words.everyday(word)
            and self._words.naturalness(word) < natural
        )

    def telling(self, token: Token, text: str) -> bool:
        """True for what hardly is a word: digits, underscores, inner capitals, an '@' before it, letters set apart."""
        return token.at or token.kind == "spaced" or _ODD.search(text) is not None

    def forwards(
        self,
        token: Token,
        text: str,
        app: App,
        found: Found,
        reach: Reach,
        following: Token | None,
        *,
        natural_here: Callable[[], float],
    ) -> float:
        """Confidence in a word after an app's name; 0 where it is no handle.

        :param natural_here: says from where on a word's letters are natural enough for it to be a word
            (`Surroundings.natural`); asked of few words.
        """
        if self.never(text, at=token.at):
            return NO
        common = found.spelling.flat in app.common_flats
        if self.telling(token, text):
            told = reach.coded and reach.steps == 0 and not reach.crossed and _closes(following)
            if common and not told and not self._clear(token, text, reach):
                return NO
            return 0.97 if reach.explicit else 0.9 if reach.steps <= 3 or reach.cue else 0.8
        word = text.lower()
        sure = self._letters(
            word, reach, weak=found.spelling.weak, common=common, native=found.spelling.native, following=following
        )
        if not sure or sure >= _POINTED or self._words.naturalness(word) < (natural := natural_here()):
            return sure
        least = _PLAIN if natural > 1 else _LONG
        goes_on = following is not None and following.text.lower() in self._words.neutral
        ends = reach.closed or goes_on or _closes(following)
        return sure if reach.coded and len(word) > least and ends else NO

    def _clear(self, token: Token, text: str, reach: Reach) -> bool:
        """True for a telling word that is clearly the handle of an app whose name is an everyday word."""
        if token.at and reach.cue and not reach.crossed and self.invented(text):
            return True
        if reach.explicit or token.at:
            return reach.steps <= 3
        if reach.headed and reach.alone and reach.steps == 0 and reach.lines == 1:
            return self.invented(text)
        return (reach.steps == 0 or reach.cue) and reach.steps <= 3 and not reach.crossed and self.invented(text)

    def invented(self, text: str) -> bool:
        """True for a name with digits of whose letters at least four in a row are no everyday word."""
        pieces = _PIECE.findall(text.lower())
        odd = any(len(piece) > 3 and not self._words.everyday(piece) for piece in pieces)
        return odd and len(pieces) <= _PIECES and text[-1].isdigit() and text[0].isalpha()

    def _letters(  # noqa: PLR0911 - one line a case
        self, word: str, reach: Reach, *, weak: bool, common: bool, native: bool, following: Token | None
    ) -> float:
        """Confidence in a handle of nothing but letters, which may be a word."""
        closes = reach.closed or _closes(following)
        label = following is not None and following.kind == "colon" and following.text == ":"
        if len(word) < 4 or reach.careful or word in self._words.state or label:
            return NO
        if reach.strange:
            led = reach.coded and reach.pointed and not common and not reach.crossed and closes
            return _POINTED if led and not self._words.everyday(word) else NO
        last = following is None or following.kind not in {"word", "native", "at", "spaced"}
        next_word = "" if following is None else following.text.lower()
        if reach.named and not self._words.everyday(word):
            return 0.85
        if self._words.everyday(word):
            follows = last or next_word in self._words.cue or next_word in self._words.joining
            return _POINTED if reach.pointed and follows and not common and not reach.crossed else NO
        if reach.explicit:
            return _POINTED if common else 0.9
        if common:
            mine = reach.mine and reach.cue and reach.steps == 1 and last
            signed = reach.signed and reach.steps == 0 and (following is None or following.kind == "other")
            told = reach.coded and closes and reach.steps <= 1 and (reach.cue or reach.quoted or native)
            return 0.74 if mine or signed or (told and not reach.crossed) else NO
        if reach.cue or reach.quoted or reach.native:
            return 0.8 if reach.cue and last else 0.74
        # "kik zorblat anyone", "kik zorblat 추가": what follows is an everyday word or of another script.
        plain = (
            last
            or reach.closed
            or (following is not None and following.kind == "native")
            or len(next_word) < _SHORT
            or self._words.everyday(next_word)
        )
        near = reach.steps == 0 and (not reach.crossed or reach.alone) and plain
        # "Taboo. Wickr? zorblat."
        near = near or (reach.coded and reach.sentences == 1 and reach.steps == _SENTENCE and closes)
        return 0.7 if near and (not weak or len(word) > 4) else NO

    def backwards(  # noqa: PLR0911 - one line a case
        self, token: Token, text: str, app: App, found: Found, tie: Tie, *, natural_here: Callable[[], float]
    ) -> float:
        """Confidence in a word before an app's name; `natural_here` as for :meth:`forwards`."""
        if self.never(text, at=token.at):
            return NO
        common = found.spelling.flat in app.common_flats
        if self.telling(token, text):
            return NO if common and not tie.linked else 0.94 if tie.linked and tie.introduced else 0.87
        word = text.lower()
        if len(word) < 4 or self._words.everyday(word):
            return NO
        made, natural = self._words.naturalness(word), natural_here()
        if common and not (tie.linked and tie.introduced and natural > 1 and made < _NATURAL):
            return NO
        if not tie.bracketed and made >= natural:
            equal = tie.linked and tie.first and len(word) > _LONG
            if not (tie.coded and (tie.introduced or equal)):
                return NO
        if tie.bracketed or (tie.linked and (tie.introduced or tie.first)):
            return 0.77
        return 0.7 if tie.introduced and not tie.linked and len(word) > 4 else NO


def _closes(following: Token | None) -> bool:
    """True where a part of a sentence ends before a token, or another word that is hardly one begins."""
    return (
        following is None or following.kind not in {"word", "native", "at", "spaced"} or len(following.text) <= _SHORT
    )
