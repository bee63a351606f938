"""Communities called after an app and a coded term: a post's own one, and one that a text invites to."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from monitor.detect.apps import App
from monitor.detect.atoms import WORD
from monitor.detect.bundle import Bundle
from monitor.detect.company import sentence
from monitor.detect.document import Document
from monitor.detect.sight import Sight
from monitor.detect.spellings import Found
from monitor.detect.weighing import Weigher
from monitor.text.fold import fold

OWN: Final = 0.75
TOLD: Final = 0.6
"""Of a name in a text."""

_JOINED: Final = 50
"""Apps and terms of one community's name and description that are looked at."""
_IN_NAME: Final = 20
_IN_DESCRIPTION: Final = 12
"""Characters between the app's name and the term."""
_GROUPS: Final = frozenset(
    fold(
        "group groups channel channels server servers room rooms chat community space gc supergroup grupo canal sala"
        " groupe salon gruppe gruppo canale groep kanaal grupa kanał kanal группа группу группе канал канале чат сервер"
        " група grup kanalı saluran nhóm kênh"
    ).lower.split()
)
_COMING: Final = frozenset(
    fold(
        "join joining joined come search find back moved reopened open opened new invite invites add visit here únete"
        " únanse busca entra entrad vuelve nuevo novo nova entre procura rejoins rejoignez cherche nouveau komm kommt"
        " sucht suche neu wieder cerca nuovo zoek kom nieuw szukaj dołącz nowy заходи заходите вступай вступайте ищи"
        " ищите новый новая katıl ara yeni gabung cari baru"
    ).lower.split()
)
_SENTENCE: Final = 24
"""Words of a sentence that invites somewhere, at most: longer ones tell of something."""
_AGAINST: Final = frozenset(
    (
        "why", "banned", "removed", "closed", "shut", "reported", "report", "police", "dont", "not", "never", "avoid",
        "beware", "mods", "mod", "was", "were", "been", "deleted", "against",
    )
)  # fmt: skip
_LAST: Final = re.compile(r"[_-]?(?:chats?|groups?|rooms?|channels?|servers?|community|club|trades?|hub)(?![^\W_])")
_SEVERAL: Final = 2
_TEXTS: Final = frozenset({"title", "text", "author.bio"})


class Name(NamedTuple):
    """A community's name or description, or a text that speaks of one, that joins an app with a term."""

    where: str
    app: Found
    term: Found
    score: float

    def why(self) -> str:
        """The reason that is shown."""
        joins = f"joins {self.app.spelling.id} with {self.term.spelling.id}"
        return (
            f"the name of a community that is advertised {joins}"
            if self.where == "text"
            else f"the community's {self.where} {joins}"
        )


class Communities:
    """Looks for such names. Built once."""

    def __init__(self, bundle: Bundle, weigher: Weigher) -> None:
        self._common = frozenset(flat for app in bundle.apps for flat in app.common_flats)
        self._apps: Mapping[str, App] = {app.id: app for app in bundle.apps}
        self._lexicon = bundle.lexicon
        self._weigher = weigher

    def named(self, sight: Sight) -> Name | None:
        """The first name; None where there is none."""
        if not sight.terms or not sight.apps:
            return None
        return next(self._own(sight), None) or next(self._told(sight), None)

    def _own(self, sight: Sight) -> Iterator[Name]:
        for field, start, end in sight.doc.extents():
            if not field.startswith("community"):
                continue
            for app, term in _pairs(sight, start, end):
                if self._joined(sight, field, app, term) and not self._weigher.senses.innocent_name(
                    sight.doc, term, sight.apps, sight.terms
                ):
                    yield Name("name" if field == "community" else "description", app, term, OWN)

    def _joined(self, sight: Sight, field: str, app: Found, term: Found) -> bool:
        doc = sight.doc
        between = doc.lower[min(app.end, term.end) : max(app.start, term.start)]
        in_name = field == "community"
        near = len(between) <= (_IN_NAME if in_name else _IN_DESCRIPTION) and (
            in_name or not set(between) & set(".!?\n;:")
        )
        if not near or app.spelling.flat not in self._common or not self._ambiguous(doc, term):
            return near
        # Two everyday words: only written as one ("SessionTaboo"), and where a handle is shared there.
        return app.end == term.start and bool(sight.shares)

    def _ambiguous(self, doc: Document, term: Found) -> bool:
        # "SessionNoLimits": written together, the two words are one.
        loose = term.spelling.weak and not doc.lower[term.start : term.end].isalnum()
        return loose or self._lexicon[term.spelling.id].ambiguous

    @staticmethod
    def _is_one_word(doc: Document, app: Found, term: Found) -> bool:
        """True where an app and a term are joined by nothing or a sign; of several terms one stands beside the app."""
        between = doc.lower[min(app.end, term.end) : max(app.start, term.start)]
        return len(between) <= 1 and not between.isspace()

    def _told(self, sight: Sight) -> Iterator[Name]:
        """Names in texts: an app and a term as one word, called a group, to which somebody invites."""
        doc = sight.doc
        for field, start, end in doc.extents():
            if field not in _TEXTS:
                continue
            for app, term in _pairs(sight, start, end):
                if not self._is_one_word(doc, app, term) or "name" not in self._apps[app.spelling.id].shapes:
                    continue
                called = _LAST.match(doc.lower, max(app.end, term.end))
                if self._ambiguous(doc, term) and called is None and len(_within(sight, term)) < _SEVERAL:
                    continue  # "SnapMap"
                senses = self._weigher.senses
                if (
                    _invites(doc, term, called=called is not None)
                    and senses.means_one(doc, term, sight.apps, sight.terms)
                    and self._weigher.framed(doc, (), sight.apps) is None
                ):
                    yield Name("text", app, term, TOLD)


def _pairs(sight: Sight, start: int, end: int) -> Iterator[tuple[Found, Found]]:
    """Apps and terms of a field."""
    apps = [one for one in sight.apps if start <= one.start < end][:_JOINED]
    terms = [one for one in sight.terms if start <= one.start < end][:_JOINED]
    return ((app, term) for app in apps for term in terms)


def _within(sight: Sight, term: Found) -> set[str]:
    """The terms of the word that a term stands in."""
    start, end = term.start, term.end
    text = sight.doc.lower
    while start > 0 and text[start - 1].isalnum():
        start -= 1
    while end < len(text) and text[end].isalnum():
        end += 1
    return {one.spelling.id for one in sight.terms if start <= one.start < end}


def _invites(doc: Document, term: Found, *, called: bool) -> bool:
    """True where a sentence calls something a group and asks to come there, and does not speak against it.

    :param called: the name itself says that it is a group's.
    """
    words = [found[0] for found in WORD.finditer(doc.lower, *sentence(doc, term))]
    return (
        len(words) <= _SENTENCE
        and (called or not _GROUPS.isdisjoint(words))
        and not _COMING.isdisjoint(words)
        and _AGAINST.isdisjoint(words)
        and re.search(r"n't\b", doc.lower[slice(*sentence(doc, term))]) is None
    )
