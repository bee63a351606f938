"""Why a post is a hit, or why it is not: what was folded, matched and weighed. Pure; holds the text in clear."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from monitor.detect.screen import Screen
from monitor.detect.screening import Screening
from monitor.post import Post
from monitor.text.fold import fold

_SHOWN = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class FoldedField:
    """A field that folding changed: what the matchers read, and the steps that changed it."""

    field: str
    folded: str
    steps: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """Something that was seen: a handle, a term or an app's name. `text` is the original's slice."""

    kind: str
    what: str
    text: str
    field: str
    start: int
    end: int
    steps: Sequence[str]
    confidence: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Everything about one verdict."""

    screening: Screening
    folded: Sequence[FoldedField]
    matches: Sequence[Match]
    threshold: float

    @property
    def verdict(self) -> str:
        """One sentence."""
        screening = self.screening
        if screening.hit:
            return f"A hit by the rule {screening.rule}: score {screening.score:.3f}."
        if screening.handles and screening.terms:
            why = next((part.why for part in screening.parts if part.weight <= 0), "the score is too low")
            return f"No hit: score {screening.score:.3f}, below {self.threshold}. Above all: {why}."
        missing = (
            "no coded term"
            if screening.handles
            else "no handle"
            if screening.terms
            else "neither a handle nor a coded term"
        )
        return f"No hit: there is {missing}."


def explain(screen: Screen, post: Post) -> Explanation:
    """Screens a post and says why the verdict is what it is."""
    screening = screen(post)
    fields = dict(post.fields())
    return Explanation(
        screening=screening,
        folded=list(_folded(post)),
        matches=sorted(
            _matches(screen, post, screening, fields), key=lambda one: (one.field, one.start, one.end, one.kind)
        ),
        threshold=screen.bundle.rules.threshold,
    )


def _folded(post: Post) -> Iterator[FoldedField]:
    for name, text in post.fields():
        folded = fold(text)
        if folded.cased != text and folded.cased:
            yield FoldedField(field=name, folded=folded.cased[:_SHOWN], steps=folded.steps(0, len(folded.cased)))


def _matches(screen: Screen, post: Post, screening: Screening, fields: dict[str, str]) -> Iterator[Match]:
    for handle in screening.handles:
        yield Match(
            kind="handle", what=handle.key, text=fields[handle.field][handle.start : handle.end], field=handle.field,
            start=handle.start, end=handle.end, steps=handle.steps, confidence=handle.confidence,
        )  # fmt: skip
    for term in screening.terms:
        yield Match(
            kind="term", what=term.term, text=fields[term.field][term.start : term.end], field=term.field,
            start=term.start, end=term.end, steps=term.steps,
        )  # fmt: skip
    sight = screen.look(post)
    for app in sight.apps:
        place = sight.doc.place(app.start, app.end)
        yield Match(
            kind="app", what=app.spelling.id, text=fields[place.field][place.start : place.end], field=place.field,
            start=place.start, end=place.end, steps=(*sight.doc.steps(app.start, app.end), *sorted(app.how)),
        )  # fmt: skip


def as_text(explanation: Explanation) -> Iterator[str]:
    """The explanation as lines for people."""
    yield explanation.verdict
    if explanation.folded:
        yield ""
        yield "Folded:"
        for one in explanation.folded:
            yield f"  {one.field}: {one.folded!r}" + (f" ({', '.join(one.steps)})" if one.steps else "")
    yield ""
    yield "Seen:" if explanation.matches else "Seen: nothing."
    for match in explanation.matches:
        sure = f", confidence {match.confidence}" if match.confidence is not None else ""
        steps = f", read through {', '.join(match.steps)}" if match.steps else ""
        yield f"  {match.kind} {match.what}: {match.text!r} at {match.field} {match.start}-{match.end}{sure}{steps}"
    yield ""
    yield "Weighed:" if explanation.screening.parts else "Weighed: nothing."
    for part in explanation.screening.parts:
        yield f"  {part.weight:+.3f} {part.name}: {part.why}"


def as_dict(explanation: Explanation) -> dict[str, Any]:
    """The explanation for machines."""
    screening = explanation.screening
    return {
        "hit": screening.hit,
        "score": screening.score,
        "rule": screening.rule,
        "verdict": explanation.verdict,
        "folded": [{"field": one.field, "folded": one.folded, "steps": list(one.steps)} for one in explanation.folded],
        "matches": [
            {
                "kind": one.kind, "what": one.what, "text": one.text, "field": one.field,
                "start": one.start, "end": one.end, "steps": list(one.steps), "confidence": one.confidence,
            }
            for one in explanation.matches
        ],
        "parts": [{"name": part.name, "weight": part.weight, "why": part.why} for part in screening.parts],
        "bundle": screening.bundle,
    }  # fmt: skip
