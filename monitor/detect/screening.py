"""What the screen says of one post: the contract of `handlewatch screen`, and what is frozen with an alert."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from monitor.quick import quick_init

if TYPE_CHECKING:
    from monitor.records import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class HandleMatch:
    """One shared handle. Offsets are code points of the field's text as given; the span covers the
    identifier alone (or the obfuscated run).

    :param handle: the canonical identifier (design, section 5).
    :param key: app + ":" + handle, lower-cased where the app ignores case.
    :param confidence: 0 to 1, that this is a handle of this app.
    :param steps: names of the folding steps without which it would not have been seen.
    :param same_name: the post says that the author's own name is the handle; the span is that of the name.
    """

    app: str
    handle: str
    key: str
    field: str
    start: int
    end: int
    confidence: float
    steps: Sequence[str] = ()
    same_name: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TermMatch:
    """One coded term: `term` is the lexicon's id."""

    term: str
    field: str
    start: int
    end: int
    steps: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One readable part of the score, or one reason against a hit: weights add up."""

    name: str
    weight: float
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Screening:
    """The screen's verdict on one post.

    :param score: 0 to 1.
    :param rule: the rule that made it a hit, None where it is none.
    :param parts: why, in order of weight; says why not where it is no hit.
    :param bundle: content hash of lexicon, rules, apps and engine ("sha256:...").
    """

    hit: bool
    score: float
    rule: str | None
    handles: Sequence[HandleMatch]
    terms: Sequence[TermMatch]
    parts: Sequence[Part]
    bundle: str

    def as_contract(self, platform: str, post_id: str) -> dict[str, Any]:
        """The JSON object that `handlewatch screen` writes for this post."""
        return {
            "platform": platform,
            "id": post_id,
            "hit": self.hit,
            "score": self.score,
            "rule": self.rule,
            "handles": [
                {
                    "app": match.app,
                    "handle": match.handle,
                    "key": match.key,
                    "field": match.field,
                    "start": match.start,
                    "end": match.end,
                    "confidence": match.confidence,
                }
                for match in self.handles
            ],
            "terms": [
                {"term": match.term, "field": match.field, "start": match.start, "end": match.end}
                for match in self.terms
            ],
            "bundle": self.bundle,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreenedRecord:
    """A record of an input and the verdict on its post."""

    record: Record
    screening: Screening


quick_init(HandleMatch)  # these are made for every hit
quick_init(TermMatch)
quick_init(Part)
quick_init(Screening)
