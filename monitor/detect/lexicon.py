"""The lexicon: coded terms as data, with source, ambiguity and what spelling around them is tolerated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from monitor.detect.lint import check_spelling, check_typo
from monitor.detect.spelling import EVERYTHING, TOLERANCES, Spelling
from monitor.detect.toml_source import TomlSource, Where

_KINDS: Final[dict[str, type]] = {
    "id": str, "variants": list, "loose": list, "source": str, "ambiguous": bool, "tolerance": list, "weight": float,
    "languages": list, "note": str,
}  # fmt: skip
_MAX_TERMS: Final = 200_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """A coded term.

    :param variants: other ways to write it ("teens").
    :param loose: ways that are also everyday words ("no limits"): ambiguous even where the term is not.
    :param ambiguous: it has an innocent sense: needs another term or a bare list of words.
    :param weight: of its part of the score, 0 to 1.
    """

    id: str
    variants: Sequence[str]
    loose: Sequence[str]
    source: str
    ambiguous: bool
    tolerance: frozenset[str]
    weight: float

    def spellings(self) -> list[Spelling]:
        """As the matcher takes them. A loose spelling is `weak`."""
        return [
            *(
                Spelling.of("term", self.id, text, weak=self.ambiguous, tolerance=self.tolerance)
                for text in (self.id, *self.variants)
            ),
            *(Spelling.of("term", self.id, text, weak=True, tolerance=self.tolerance) for text in self.loose),
        ]


def read_lexicon(source: TomlSource) -> dict[str, Term]:
    """The terms of a file by id. Raises `ConfigError` with file, line and the closest valid name."""
    source.check_heads(("lexicon", "term"))
    where, head = source.table("lexicon")
    source.check_keys(where, head, {"name": str, "version": int, "note": str})
    tables = source.tables("term")
    if not tables:
        source.fail(Where("term"), "there is no [[term]].", do='Add at least one: [[term]] with id = "...".')
    if len(tables) > _MAX_TERMS:
        source.fail(Where("term"), f"{len(tables)} terms are more than {_MAX_TERMS}.", do="Split the lexicon.")
    terms: dict[str, Term] = {}
    for place, table in tables:
        term = _term(source, place, table)
        if term.id in terms:
            source.fail(place, f"the term {term.id!r} is there already.", key="id", do="Keep one of them.")
        terms[term.id] = term
    return terms


def _term(source: TomlSource, where: Where, table: dict[str, Any]) -> Term:
    source.check_keys(where, table, _KINDS, required=("id",))
    for name in table.get("tolerance", ()):
        source.check_name(where, "tolerance", name, TOLERANCES)
    weight = float(table.get("weight", 1.0))
    if not 0 < weight <= 1:
        source.fail(where, f"weight {weight} is not between 0 and 1.", key="weight")
    term = Term(
        id=table["id"],
        variants=tuple(table.get("variants", ())),
        loose=tuple(table.get("loose", ())),
        source=table.get("source", ""),
        ambiguous=table.get("ambiguous", False),
        tolerance=frozenset(table.get("tolerance", EVERYTHING)),
        weight=weight,
    )
    texts = [("id", term.id), *(("variants", one) for one in term.variants), *(("loose", one) for one in term.loose)]
    for key, text in texts:
        check_spelling(source, where, key, text)
        if "typo" in term.tolerance:
            check_typo(source, where, text)
    return term
