"""Why a post is a hit, or why it is not: what was folded, matched and weighed. Pure; holds the text in clear."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from monitor.detect.screen import Screen
from monitor.detect.screening import Screening
from monitor.post import Post
from monitor.text.fold import fold

_SHOWN: Final = 2_000
_NEAR_MISS: Final = 0.15
"""What a post may lack to be called a near miss."""
_STEPS: Final = {
    "accent": "accents left out",
    "combining": "combining marks left out",
    "compatibility": "fullwidth, mathematical or circled letters",
    "digit": "digits of another script",
    "entity": "HTML entities",
    "glued": "joined to other words",
    "invisible": "invisible characters left out",
    "kana": "kana",
    "leet": "digits or signs for letters",
    "lettershape": "small capitals and squared letters",
    "lookalike": "look-alike letters of another script",
    "markup": "HTML tags left out",
    "pieces": "cut into pieces",
    "regional": "flag letters",
    "reversed": "written backwards",
    "separated": "letters set apart",
    "starred": "letters starred out",
    "stretched": "letters repeated",
    "typo": "a typing error",
}
"""Steps in words; one that is not here is called by its name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoldedField:
    """A field that folding changed: as given, as the matchers read it, and the steps that changed it."""

    field: str
    given: str
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
        """What the verdict is, and why above all: a sentence or two."""
        screening = self.screening
        if screening.hit:
            return f"A hit by the rule {screening.rule}: score {screening.score:.3f}."
        terms = _listed(match.what for match in self.matches if match.kind == "term")
        apps = _listed(match.what for match in self.matches if match.kind == "app")
        if screening.handles and screening.terms:
            lacks = self.threshold - screening.score
            miss = "A near miss, no hit" if lacks <= _NEAR_MISS else "No hit"
            against = next(
                (part.why for part in screening.parts if part.weight <= 0), "together they do not weigh enough"
            )
            return f"{miss}: score {screening.score:.3f}, {self.threshold} is needed. Against it: {against}."
        if screening.handles:
            shared = _listed(handle.app for handle in screening.handles)
            return f"No hit: a handle is shared ({shared}), but no coded term stands there."
        stands = f"a coded term stands there ({terms})" if screening.terms else "no coded term stands there"
        if apps:
            return f"No hit: {stands}; {apps} is named, but nothing beside it reads as a handle."
        if screening.terms:
            return f"No hit: {stands}, but no handle is shared."
        return "No hit: neither a handle nor a coded term stands there."


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
            yield FoldedField(
                field=name, given=_cut(text), folded=_cut(folded.cased), steps=folded.steps(0, len(folded.cased))
            )


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
        # A name in its own script is no disguise.
        folded = () if app.spelling.native else sight.doc.steps(app.start, app.end)
        yield Match(
            kind="app", what=app.spelling.id, text=fields[place.field][place.start : place.end], field=place.field,
            start=place.start, end=place.end, steps=(*folded, *sorted(app.how)),
        )  # fmt: skip


def as_text(explanation: Explanation) -> Iterator[str]:
    """The explanation as lines for people."""
    yield explanation.verdict
    if explanation.folded:
        yield ""
        yield "Folded, so that disguised letters read as what they show:"
        for one in explanation.folded:
            yield f"  {one.field}: {one.given!r}"
            yield f"  {' ' * len(one.field)}  {one.folded!r}"
            if one.steps:
                yield f"  {' ' * len(one.field)}  by {_worded(one.steps)}"
    yield ""
    yield (
        "Matched (offsets count the characters of the field as given):" if explanation.matches else "Matched: nothing."
    )
    for match in explanation.matches:
        yield f"  {_match(match)}"
    screening = explanation.screening
    yield ""
    yield "Weighed:" if screening.parts else "Weighed: nothing."
    for part in screening.parts:
        yield f"  {part.weight:+.3f} {part.name}: {part.why}"
    if screening.parts:
        than = "enough" if screening.score >= explanation.threshold else "not enough"
        yield f"  ={screening.score:.3f}, {than}: {explanation.threshold} is needed"


def _match(match: Match) -> str:
    sure = f", confidence {match.confidence}" if match.confidence is not None else ""
    steps = f", read through: {_worded(match.steps)}" if match.steps else ""
    return f"{match.kind} {match.what}: {match.text!r} at {match.field} {match.start}-{match.end}{sure}{steps}"


def _worded(steps: Sequence[str]) -> str:
    return "; ".join(_STEPS.get(step, step) for step in steps)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(names))


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]} ..."


def as_dict(explanation: Explanation) -> dict[str, Any]:
    """The explanation for machines."""
    screening = explanation.screening
    return {
        "hit": screening.hit,
        "score": screening.score,
        "rule": screening.rule,
        "verdict": explanation.verdict,
        "folded": [
            {"field": one.field, "given": one.given, "folded": one.folded, "steps": list(one.steps)}
            for one in explanation.folded
        ],
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
