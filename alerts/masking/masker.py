"""Masked text: what a post says, cut into segments, with everything that identifies or gives access hidden.

Pure. Evidence comes as spans in the original text (the frozen explanation); beside it, every other occurrence
of the same handles and terms is hidden, and e-mail addresses, phone numbers, links and account names. In a
masked view the clear text is not in the result at all; a clear view has the same segments with their text.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import groupby

from alerts.masking.patterns import Found, contacts, fold, names, occurrences, sensitive_host, short_host, token
from alerts.masking.visible import Visible, visible
from monitor.post import Post

EXCERPT = 12_000
"""Code points of one field that are shown; longer ones are cut around the first evidence."""
SHOWN_NAME = "shown name"
_LEAD = 2_000
_MARGIN = 600
_TAG_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's: no I, L, O, U to misread
_TAG_LETTERS = 6


class Kind(StrEnum):
    """What a segment is."""

    PLAIN = "plain"
    HANDLE = "handle"
    TERM = "term"
    LINK = "link"
    CONTACT = "contact"
    ACCOUNT = "account"
    CONTROL = "control"


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A run of a field as it is shown.

    :param text: what to show: the mask's label where `masked`, else the text itself.
    :param label: what the run is, in words ("handle H-4F2KQ7, wickr"); empty for plain text.
    :param evidence: whether the screen named this run; else it is hidden for what it looks like.
    """

    kind: Kind
    text: str
    label: str = ""
    masked: bool = False
    evidence: bool = False

    def __str__(self) -> str:
        return f"[{self.text}]" if self.masked or self.kind is Kind.CONTROL else self.text


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """One piece of evidence: a handle or a term in a field, offsets in code points of the text as given."""

    kind: Kind
    field: str
    start: int
    end: int
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Secret:
    """A text that must not show anywhere: a handle, a term or an account name."""

    kind: Kind
    text: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A field of a post, ready to be shown. `before` and `after`: code points that are left out."""

    name: str
    segments: tuple[Segment, ...]
    before: int = 0
    after: int = 0

    def __str__(self) -> str:
        return "".join(map(str, self.segments))


def clean(text: str, *, limit: int = 400) -> str:
    """A short text from elsewhere that is no content (a platform's name, a reference): controls named, cut."""
    cut = text if len(text) <= limit else f"{text[: limit - 1]}…"
    return "".join(map(str, _plain(cut.replace("\r", " ").replace("\n", " "))))


def tag(prefix: str, digest: bytes) -> str:
    """A short stable name for something that is not named: "H-4F2KQ7", from the first 30 bits of a keyed hash."""
    bits = int.from_bytes(digest[:4], "big") >> 2
    letters = (_TAG_ALPHABET[bits >> shift & 31] for shift in range(5 * (_TAG_LETTERS - 1), -1, -5))
    return f"{prefix}-{''.join(letters)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Masker:
    """Masks the texts of one alert.

    :param secrets: what is hidden wherever it occurs.
    :param clear: show everything; the segments stay the same.
    :param account: the label of the account that posted.
    """

    secrets: Sequence[Secret] = field(default=())
    clear: bool = False
    account: str = "account"

    @classmethod
    def for_post(
        cls,
        post: Post | None,
        spans: Sequence[Span],
        *,
        known: Mapping[str, Sequence[str]] | None = None,
        clear: bool = False,
        account: str = "account",
    ) -> Masker:
        """A masker that knows the handles, terms and account names of a post.

        :param known: label -> further texts of that handle or term (its canonical form, its id).
        """
        secrets: dict[tuple[Kind, str], Secret] = {}
        texts = dict(post.fields()) if post else {}
        for span in spans:
            shown = visible(texts.get(span.field, ""), keep=[(span.start, span.end)])
            low, high = _range(shown, span.start, span.end)
            for text in (shown.text[low:high], *(known or {}).get(span.label, ())):
                if folded := fold(text)[0]:
                    secrets.setdefault((span.kind, folded), Secret(kind=span.kind, text=folded, label=span.label))
        names = ((post.author.handle, account), (post.author.name, SHOWN_NAME)) if post else ()
        for name, label in names:
            folded = fold(name or "")[0].lstrip("@").strip()
            if len(folded) > 2:
                secrets.setdefault((Kind.ACCOUNT, folded), Secret(kind=Kind.ACCOUNT, text=folded, label=label))
        return cls(secrets=tuple(secrets.values()), clear=clear, account=account)

    def host(self, url: str | None) -> str | None:
        """The host of a link as it may be named beside a masked post; None where it must not be."""
        return short_host(url, self._hides) if url else None

    def _hides(self, host: str) -> bool:
        return sensitive_host(host, [secret.text for secret in self.secrets])

    def post(self, post: Post, spans: Iterable[Span]) -> tuple[Field, ...]:
        """Every text field of a post, in the order in which they are shown."""
        by_field: dict[str, list[Span]] = {}
        for span in spans:
            by_field.setdefault(span.field, []).append(span)
        return tuple(self.field(name, text, by_field.get(name, ())) for name, text in post.fields())

    def text(self, text: str) -> str:
        """A text of ours or a recipient's (words of the score, an answer), with masks in brackets."""
        return str(self.field("", text, ()))

    def reason(self, text: str) -> str:
        """What a person typed: it may also name handles of other alerts."""
        return str(self.field("reason", text, ()))

    def field(self, name: str, text: str, spans: Sequence[Span]) -> Field:
        """One field."""
        low, high = _excerpt(len(text), spans)
        from_, to = max(0, low - _MARGIN), min(len(text), high + _MARGIN)
        local = [
            (max(span.start - from_, 0), min(span.end, to) - from_, span)
            for span in spans
            if span.start < to and span.end > from_
        ]
        shown = visible(text[from_:to], keep=[(start, end) for start, end, _ in local])
        marks: list[Found | None] = [None] * len(shown.text)
        for found in self._looks(name, shown):
            _paint(marks, found)
        for start, end, span in sorted(local, key=lambda item: item[2].kind is Kind.HANDLE):
            first, last = _range(shown, start, end)
            _paint(marks, Found(first, last, span.kind, span.label, evidence=True))
        first, last = _range(shown, low - from_, high - from_)
        return Field(
            name=name,
            segments=tuple(self._segments(shown.text, marks, first, last)),
            before=low,
            after=len(text) - high,
        )

    def _looks(self, name: str, shown: Visible) -> Iterator[Found]:
        """What is hidden for what it looks like, least telling first: later ones are painted over earlier."""
        if name in {"author.handle", "author.name"}:
            label = self.account if name == "author.handle" else SHOWN_NAME
            yield Found(0, len(shown.text), Kind.ACCOUNT, label)
        folded, places = fold(shown.text)
        if name:
            yield from names(shown.text)
        yield from contacts(shown.text, hide_host=self._hides)
        for kind in (Kind.ACCOUNT, Kind.TERM, Kind.HANDLE):
            for secret in self.secrets:
                if secret.kind is kind:
                    whole = kind is not Kind.HANDLE or len(secret.text) < 4
                    for start, end in occurrences(folded, secret.text, whole_word=whole):
                        yield Found(places[start], places[end - 1] + 1, kind, secret.label)

    def _segments(self, text: str, marks: Sequence[Found | None], first: int, last: int) -> Iterator[Segment]:
        shown: set[int] = set()
        before: Found | None = None
        for found, indices in groupby(range(first, last), key=lambda index: marks[index]):
            run = [text[index] for index in indices]
            if found is None:
                yield from _plain("".join(run))
            elif self.clear:
                yield from _plain("".join(run), found)
            elif found.evidence or not (
                id(found) in shown or (before and (before.kind, before.label) == (found.kind, found.label))
            ):
                yield Segment(
                    kind=Kind(found.kind),
                    text=found.label,
                    label=_spoken(found),
                    masked=True,
                    evidence=found.evidence,
                )
            if found is not None:
                shown.add(id(found))
            before = found


def _spoken(found: Found) -> str:
    return found.label.replace(" · ", ", ")


def _excerpt(length: int, spans: Sequence[Span]) -> tuple[int, int]:
    if length <= EXCERPT:
        return 0, length
    low = max(0, min((span.start for span in spans), default=0) - _LEAD)
    low = min(low, length - EXCERPT)
    return low, low + EXCERPT


def _range(shown: Visible, start: int, end: int) -> tuple[int, int]:
    """The shown characters that stand for original offsets [start, end)."""
    first = bisect_right(shown.ends, start)
    return first, max(first, bisect_left(shown.starts, end))


def _paint(marks: list[Found | None], found: Found) -> None:
    marks[found.start : found.end] = [found] * (found.end - found.start)


def _plain(text: str, found: Found | None = None) -> Iterator[Segment]:
    """Text as it is, control and bidirectional characters named instead of obeyed."""
    kind = Kind(found.kind) if found else Kind.PLAIN
    label, evidence = (_spoken(found), found.evidence) if found else ("", False)
    done = 0
    for match in re.finditer(r"[^\n\t\x20-\x7e]", text):
        name = token(text, match.start())
        if name is None:
            continue
        if match.start() > done:
            yield Segment(kind=kind, text=text[done : match.start()], label=label, evidence=evidence)
        yield Segment(kind=Kind.CONTROL, text=name, label=f"control character {name}", evidence=evidence)
        done = match.end()
    if done < len(text):
        yield Segment(kind=kind, text=text[done:], label=label, evidence=evidence)
