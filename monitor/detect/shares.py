"""Finds handle shares: which words beside a messenger's name are handles there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from monitor.detect.apps import App
from monitor.detect.document import Document
from monitor.detect.links import Links, Share
from monitor.detect.spellings import Found
from monitor.detect.tokens import Token, tokens_of
from monitor.detect.vocabulary import Vocabulary

_REACH: Final = 9
"""How many everyday words may stand between an app and its handle."""
_MORE: Final = 6
"""How many handles one app's name may introduce."""
_STRONG_CUES: Final = frozenset("id user username usernames nick nickname handle name tag usuario usuário pseudo utilisateur benutzername nutzername utente gebruikersnaam nazwa ник никнейм логин юзер юзернейм айди ид нік логін kullanıcı adı adım username: unom u un يوزر يوزري معرف معرفي اسمي ايدي آیدی ایدی आईडी यूज़रनेम यूजरनेम यूजर nama tên account acc acct".split())  # noqa: E501, SIM905
_AND: Final = frozenset("and or y e o u ou et und oder en of lub i и или та або ve veya ya da dan atau và hoặc و او أو یا और या a și sau nebo och eller backup second alt main also both plus n".split())  # noqa: E501, SIM905
_ON: Final = frozenset("on at in via en em no na sur su auf op bei в на у через üzerinden di w at's over from using über por per trên ở pe și på".split())  # noqa: E501, SIM905
_INTRODUCES: Final = frozenset("add as i'm im am find called named user username hmu message dm contact reach text me: is soy como como: je suis ich bin heiße heisse als sono ik ben jestem jako я ник ben saya".split())  # noqa: E501, SIM905
_QUANTITY: Final = re.compile(
    r"[0-9]+(?:[.,][0-9]+)*(?:st|nd|rd|th|am|pm|k|m|mb|gb|tb|kb|hrs?|h|mins?|secs?|s|x|yo|yrs?|y|f|ft|cm|mm|km|kg|lbs?|oz|usd|eur|p|fps|hz|w|v|d|g|px|ish|min)?\Z"  # noqa: E501
)
_MASKED: Final = re.compile(r"(?:.)?[█▓▒░■□▪•…]|\*{1,8}[A-Za-z0-9_]|\*{3}")
_MODELS: Final = frozenset("mp3 mp4 ps4 ps5 h264 web3 covid19 utf8 win10 win11 3ds b2b p2p 24h 1v1 5g 4g 4k".split())  # noqa: SIM905
_STATES: Final = frozenset(
    "broken down dead gone blocked banned full trash safe unsafe better best great fun slow fast easy hard open closed deleted private public awesome terrible secure encrypted popular useless annoying boring huge crashing lagging buggy suspended hacked required needed welcome ready up over nice cool weird evil shady sketchy anonymous fine working updated".split()  # noqa: E501, SIM905
)


class Shares:
    """Finds the shares of the given apps in documents. Built once."""

    def __init__(self, apps: Sequence[App], vocabulary: Vocabulary) -> None:
        self._apps = {app.id: app for app in apps}
        self._links = Links(apps)
        self._words = vocabulary
        self._never = vocabulary.never
        self._same = re.compile("|".join(_phrase(one) for one in vocabulary.same)) if vocabulary.same else None

    def find(
        self, doc: Document, apps: Sequence[Found], services: Sequence[Found], terms: Sequence[Found], *, author: str | None
    ) -> list[Share]:
        """The shares of a document, by position.

        :param author: the post's author.handle, for "same as my username".
        """
        shares = list(self._links.find(doc))
        taken = [share.whole for share in shares]
        mentioned = [one.spelling.id for one in apps]
        for share in (*self._links.ids(doc), *self._links.split_ids(doc, mentioned)):
            if not any(a < share.end and share.start < b for a, b in taken):
                shares.append(share)
                taken.append(share.whole)
        if apps:
            stop = [*services, *(term for term in terms if _whole_word(doc, term))]
            tokens = tokens_of(doc, apps, stop, taken)
            shares += _Reading(doc, tokens, self._apps, self._words).shares()
            if author and self._same is not None:
                shares += self._by_author(doc, apps, author)
        return sorted(shares, key=lambda share: (share.start, share.end))

    def _by_author(self, doc: Document, apps: Sequence[Found], author: str) -> Iterator[Share]:
        """ "Same as my username" beside an app: the author's own handle."""
        where = next(((a, b) for name, a, b in doc.extents() if name == "author.handle"), None)
        if self._same is None or where is None:
            return
        for found in self._same.finditer(doc.lower):
            near = [one for one in apps if _beside(doc, one, found.start(), found.end())]
            for one in near:
                app = self._apps[one.spelling.id]
                text = doc.cased[slice(*where)].removeprefix("u/").lstrip("@").partition("@")[0]
                handle = app.canonical(text, "name") if "name" in app.shapes else None
                if handle is not None:
                    at = doc.cased.find(text, where[0])
                    span = (at, at + len(text))
                    yield Share(app=app, handle=handle, start=span[0], end=span[1], confidence=0.9, whole=span, same=True)


def _phrase(phrase: str) -> str:
    edge = r"(?![a-z0-9])" if phrase[-1].isascii() and phrase[-1].isalnum() else ""
    start = r"(?<![a-z0-9])" if phrase[0].isascii() and phrase[0].isalnum() else ""
    return f"{start}{re.escape(phrase)}{edge}"


def _beside(doc: Document, one: Found, start: int, end: int) -> bool:
    """An app's name within a sentence or so of a phrase."""
    between = doc.lower[one.end : start] if one.end <= start else doc.lower[end : one.start]
    return len(between) <= 60 and "\x1e" not in between and between.count("\n") <= 1


def _whole_word(doc: Document, term: Found) -> bool:
    text = doc.lower
    before = text[term.start - 1] if term.start else " "
    after = text[term.end] if term.end < len(text) else " "
    return before not in "_.-@" and not (before.isalnum() or after.isalnum() or after == "_")


class _Reading:
    """One reading of a document's tokens."""

    def __init__(self, doc: Document, tokens: list[Token], apps: dict[str, App], words: Vocabulary) -> None:
        self._doc = doc
        self._tokens = tokens
        self._apps = apps
        self._words = words
        self._never = words.never
        self._used: set[int] = set()

    def shares(self) -> list[Share]:
        """Every app's handles, reading forwards first and backwards where that finds nothing."""
        found: list[Share] = []
        at = 0
        while at < len(self._tokens):
            if self._tokens[at].kind != "app":
                at += 1
                continue
            group, after = self._group(at)
            forward = self._forward(group, after)
            backward = self._backward(group, at)
            if forward and backward and self._prefers_backward(at, backward, forward):
                forward = []
            chosen = forward or backward
            found += [share for _, shares in chosen for share in shares]
            self._used.update(index for index, _ in chosen)
            at = after
        return found

    def _group(self, at: int) -> tuple[list[Token], int]:
        """Apps named in a row ("kik / snap"), and the position after them."""
        group = [self._tokens[at]]
        after = at + 1
        while True:
            ahead = after
            while ahead < len(self._tokens) and ahead - after < 3 and self._joins(self._tokens[ahead]):
                ahead += 1
            if ahead == after or ahead >= len(self._tokens) or self._tokens[ahead].kind != "app":
                return group, after
            group.append(self._tokens[ahead])
            after = ahead + 1

    def _joins(self, token: Token) -> bool:
        return token.kind in {"also", "open", "close"} or (token.kind in {"word", "native"} and token.text.lower() in _AND)

    def _forward(self, group: list[Token], at: int) -> list[tuple[int, list[Share]]]:
        """Handles after an app: (token's index, the shares it makes)."""
        reach = _Reach()
        while at < len(self._tokens) and reach.open:
            token = self._tokens[at]
            if token.kind in {"app", "bound", "url"} or (token.kind == "service" and not reach.explicit):
                break
            shares = self._shares(group, at, reach)
            if shares:
                return [(at, shares), *self._more(group, at + 1, reach)]
            if not self._passes(token, at, reach):
                break
            at += 1
        return []

    def _passes(self, token: Token, at: int, reach: _Reach) -> bool:
        """Notes what a token between app and handle says; False where nothing after it can be the app's handle."""
        word = token.text.lower()
        match token.kind:
            case "colon":
                reach.colon(token.text)
            case "newline":
                return reach.line()
            case "end":
                return reach.sentence(token.text)
            case "open" | "at":
                reach.quoted = True
            case "taken" | "spaced" | "phone" | "address" | "service":
                return False
            case "word" | "native":
                return self._passes_word(word, token, reach)
            case _:
                pass
        return True

    def _passes_word(self, word: str, token: Token, reach: _Reach) -> bool:
        if word in self._words.blank and reach.explicit and word not in _STRONG_CUES:
            return False
        if word in self._words.blank and reach.explicit and self._ends_here(token):
            return False
        if word in _STRONG_CUES:
            reach.explicit = True
        elif word in self._words.cue:
            reach.cue = True
        reach.steps += 1
        if word not in self._never and token.kind == "word":
            reach.strange += 1
        return True

    def _ends_here(self, token: Token) -> bool:
        index = self._tokens.index(token)
        return index + 1 >= len(self._tokens) or self._tokens[index + 1].kind in {"newline", "end", "bound", "close", "also"}

    def _more(self, group: list[Token], at: int, reach: _Reach) -> Iterator[tuple[int, list[Share]]]:
        """Further handles of the same app: "a or b", "a / b", "a, backup b"."""
        for _ in range(_MORE):
            start = at
            while at < len(self._tokens) and at - start < 4 and (self._joins(self._tokens[at]) or self._tokens[at].kind in {"at", "colon"}):
                at += 1
            if at == start or at >= len(self._tokens) or self._leads_to_app(at + 1):
                return
            shares = self._shares(group, at, _Reach(explicit=reach.explicit, careful=True))
            if not shares:
                return
            yield at, shares
            at += 1

    def _leads_to_app(self, at: int) -> bool:
        """True where what stands before `at` belongs to an app that follows: "b on kik", "b (kik)"."""
        for token in self._tokens[at : at + 3]:
            if token.kind in {"app", "service"}:
                return True
            if token.kind not in {"open", "at"} and token.text.lower() not in _ON:
                return False
        return False

    def _backward(self, group: list[Token], at: int) -> list[tuple[int, list[Share]]]:
        """A handle before an app: "zorblat_77 on kik", "zorblat_77 (kik)", "zorblat_77 kik"."""
        back = at - 1
        linked = False
        while back >= 0 and at - back <= 4:
            token = self._tokens[back]
            if token.kind in {"open", "colon", "at", "other", "close", "also"}:
                linked = linked or token.kind != "other"
            elif token.text.lower() in _ON or token.text.lower() in {"my", "mein", "mi", "mon", "моем", "is", "my"}:
                linked = True
            else:
                break
            back -= 1
        if back < 0 or back in self._used or self._tokens[back].kind in {"newline", "bound", "end", "app", "service"}:
            return []
        introduced = any(
            token.text.lower() in _INTRODUCES or token.kind in {"colon", "open", "at"}
            for token in self._tokens[max(back - 2, 0) : back]
        )
        reach = _Reach(explicit=linked and introduced, careful=not linked)
        shares = self._shares(group, back, reach, backward=True)
        if not shares:
            return []
        found = [(back, [replace(share, confidence=share.confidence - 0.03) for share in shares])]
        return [*self._before(group, back - 1), *found]

    def _before(self, group: list[Token], at: int) -> Iterator[tuple[int, list[Share]]]:
        """Further handles before the first: "a and b on kik"."""
        while at > 0 and self._joins(self._tokens[at]) and at - 1 not in self._used:
            shares = self._shares(group, at - 1, _Reach(careful=True), backward=True)
            if not shares:
                return
            yield at - 1, shares
            at -= 2

    def _prefers_backward(self, at: int, backward: Sequence[tuple[int, object]], forward: Sequence[tuple[int, object]]) -> bool:
        """Between a handle on both sides: the one that is tied more closely."""
        before = self._tokens[backward[-1][0] + 1 : at]
        after_index = forward[0][0]
        between = [token for token in self._tokens[at + 1 : after_index] if token.kind != "app"]
        if any(token.kind == "colon" and token.text[0] in ":=→➡" for token in between[:2]):
            return False
        if any(token.text.lower() in _ON or token.kind == "open" for token in before):
            return True
        return bool(between) and (self._leads_to_app(after_index + 1) or any(t.kind in {"also", "newline", "end"} for t in between))

    def _shares(self, group: list[Token], at: int, reach: _Reach, *, backward: bool = False) -> list[Share]:
        """What the token at `at` is to the apps of a group: a share for each that it fits."""
        token = self._tokens[at]
        if at in self._used or token.kind not in {"word", "spaced", "phone", "address", "other"}:
            return []
        return [share for app in group if (share := self._share(app, token, at, reach, backward=backward)) is not None]

    def _share(self, mark: Token, token: Token, at: int, reach: _Reach, *, backward: bool) -> Share | None:
        for found in mark.found:
            app = self._apps[found.spelling.id]
            for shape in app.shapes:
                read = self._read(shape, token)
                if read is None:
                    continue
                text, start, end, how = read
                sure = self._sure(shape, text, app, found, token, at, reach, backward=backward)
                handle = app.canonical(text, shape) if sure else None
                if handle is not None:
                    return Share(app=app, handle=handle, start=start, end=end, confidence=sure, whole=(start, end), how=how)
        return None

    def _read(self, shape: str, token: Token) -> tuple[str, int, int, tuple[str, ...]] | None:
        """(text, start, end, tolerances): a token's text as a shape wants it."""
        start, end = token.start, token.end
        if shape in {"phone", "zangi-number"}:
            return (token.text, start, end, ()) if token.kind == "phone" else None
        if shape == "xmpp-address":
            return (token.text, start, end, ()) if token.kind == "address" else None
        if token.kind == "spaced":
            gap = re.search(r"[^A-Za-z0-9]+", token.text)
            together = token.text.replace(gap[0], "") if gap else token.text
            return together, start, end, ("separated",)
        if token.kind != "word":
            return None
        text = token.text
        while len(text) > 2 and text[0] == text[-1] == "_":
            text, start, end = text[1:-1], start + 1, end - 1
        lead = len(text) - len(text.lstrip(".-\\"))
        text, start = text[lead:], start + lead
        trimmed = text.rstrip(".-\\")
        end -= len(text) - len(trimmed)
        plain = trimmed.replace("\\", "")
        if shape == "name" and "#" in plain:
            return None
        if len(plain) > 7 and re.fullmatch(r"[A-Za-z0-9](?:_[A-Za-z0-9]){3,}", plain):
            return plain.replace("_", ""), start, end, ("separated",)
        return (plain, start, end, ()) if plain else None

    def _sure(
        self, shape: str, text: str, app: App, found: Found, token: Token, at: int, reach: _Reach, *, backward: bool
    ) -> float:
        """Confidence that this is a handle; 0 where it is none."""
        if self._masked(token):
            return 0
        if shape != "name":
            return 0.98 if shape in {"discord-tag", "signal-name", "phone", "zangi-number"} else 0.97
        word = text.lower()
        if not any(char.isalpha() for char in text) or not self._latin(token):
            return 0
        if (not token.at and (word in self._never or word in _MODELS)) or word in self._words.blank or _QUANTITY.match(word):
            return 0
        if re.search(r"(.)\1{3}", word) or ".." in word or re.search(r"x{3}", word):
            return 0
        name = found.spelling.flat
        common = any(name == one for one in _flats(app.common))
        weak = found.spelling.weak
        telling = token.at or bool(re.search(r"[0-9_]|[a-z][A-Z]|[a-z]\.[a-z0-9]", text)) or token.kind == "spaced"
        if telling:
            near = reach.explicit or reach.steps <= 3 or reach.cue
            return 0.0 if common and not (reach.explicit or token.at) else 0.97 if reach.explicit else 0.9 if near else 0.8
        return self._sure_of_letters(word, at, reach, weak=weak, common=common, backward=backward)

    def _sure_of_letters(self, word: str, at: int, reach: _Reach, *, weak: bool, common: bool, backward: bool) -> float:
        """Confidence in a handle of nothing but letters, which may be a word."""
        if len(word) < 4 or reach.strange or reach.careful or word in _STATES:
            return 0
        if backward:
            return 0.8 if reach.explicit and not common else 0
        last = at + 1 >= len(self._tokens) or self._tokens[at + 1].kind not in {"word", "native", "at", "spaced"}
        follows = not last and self._tokens[at + 1].text.lower() in (self._words.cue | self._words.approach | _AND)
        if common:
            return 0.7 if reach.explicit and last and reach.steps else 0
        if reach.explicit:
            return 0.9 if last or follows or not weak else 0.75
        if reach.cue or reach.quoted:
            return 0.75 if last or follows else 0
        return 0.7 if last and not weak and reach.steps == 0 and not reach.crossed else 0

    def _masked(self, token: Token) -> bool:
        after = self._doc.cased[token.end : token.end + 10]
        before = self._doc.cased[max(token.start - 4, 0) : token.start]
        return _MASKED.match(after) is not None or bool(re.search(r"[█▓▒░■□▪•]\Z|\*{3}\Z", before))

    def _latin(self, token: Token) -> bool:
        """False for a word of another script that folding turned into Latin letters."""
        original = self._doc.original(token.start, token.end)
        if original.isascii():
            return True
        others = sum("\u0370" <= char <= "\u058f" for char in original)
        latin = sum(char.isascii() and char.isalnum() for char in original)
        letters = sum(char.isalnum() for char in original)
        return others == 0 or latin > 0 or others < letters


def _flats(names: Sequence[str]) -> Iterator[str]:
    from monitor.detect.spellings import Spelling

    return (Spelling.of("", name).flat for name in names)


class _Reach:
    """What was passed on the way from an app to a word.

    `explicit`: a colon, an arrow, "username"; `cue`: "is", "add me"; `strange`: words that are no everyday words.
    """

    def __init__(self, *, explicit: bool = False, careful: bool = False) -> None:
        self.explicit = explicit
        self.careful = careful
        self.cue = False
        self.quoted = False
        self.crossed = False
        self.steps = 0
        self.strange = 0
        self._lines = 0

    @property
    def open(self) -> bool:
        """True while a handle may still come."""
        return self.steps <= _REACH and self.strange <= 3 and self._lines <= 2

    def colon(self, text: str) -> None:
        """A colon or an arrow; a dash says less, but says it."""
        self.explicit = True

    def line(self) -> bool:
        """A line's end: a handle may follow on the next line."""
        self._lines += 1
        self.crossed = True
        return self.strange == 0

    def sentence(self, text: str) -> bool:
        """A sentence's end: only a telling word right after it still counts."""
        self.crossed = True
        self.explicit = False
        self.steps += 3
        return self.strange == 0
