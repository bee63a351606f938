"""The rules: what together is a hit, benign contexts, frames, house rules. Read from `rules.toml`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from monitor.detect.lint import check_between, check_words
from monitor.detect.toml_source import TomlSource, Where
from monitor.detect.wordlists import WordIndex, WordList

KINDS: Final = ("handle-and-term", "community-name", "house-rule")
FIELDS: Final = (
    "text",
    "title",
    "tags",
    "community",
    "community_description",
    "author.handle",
    "author.name",
    "author.bio",
)
_HEAD: Final[dict[str, type]] = {"name": str, "version": int, "distance": int, "bare_words": int, "threshold": float}
_LIMITS: Final = (("distance", 1, 1_000), ("bare_words", 0, 100), ("threshold", 0.01, 0.99))
_RULE: Final[dict[str, type]] = {
    "id": str, "kind": str, "enabled": bool, "communities": list, "platforms": list, "apps": list, "languages": list,
    "handle_fields": list, "term_fields": list, "weight": float,
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule. Empty lists do not restrict.

    :param communities: for a house rule: where a handle alone is a hit (lower case).
    :param weight: factor of the score.
    """

    id: str
    kind: str
    enabled: bool
    communities: frozenset[str]
    platforms: frozenset[str]
    apps: frozenset[str]
    languages: frozenset[str]
    handle_fields: frozenset[str]
    term_fields: frozenset[str]
    weight: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Company in which the named terms are innocent.

    :param sparing: those of the terms for which it takes two words of it in the term's own sentence.
    """

    id: str
    terms: frozenset[str]
    sparing: frozenset[str]
    why: str
    words: WordList


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """Words of posts that talk about coded words: news, rules of a place, prevention."""

    id: str
    why: str
    sure: WordList
    strong: WordList
    weak: WordList


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """All of it.

    :param distance: words that may lie between handle and term in one field.
    :param bare_words: words with a meaning of their own that a bare list may hold.
    :param threshold: the score from which a post is a hit.
    """

    distance: int
    bare_words: int
    threshold: float
    rules: Sequence[Rule]
    contexts: Sequence[Context]
    frames: Sequence[Frame]
    negated_before: WordList
    negated_after: WordList
    negated_over: WordList


def read_rules(source: TomlSource, *, apps: Iterable[str], terms: Iterable[str]) -> Rules:
    """The rules of a file. Raises `ConfigError` with file, line and the closest valid name."""
    source.check_heads(("rules", "rule", "context", "frame", "negation"))
    where, head = source.table("rules")
    source.check_keys(where, head, _HEAD)
    for key, least, most in _LIMITS:
        if key in head:
            check_between(source, where, key, head[key], least, most)
    app_names, term_names = list(apps), list(terms)
    negation_where, negation = source.table("negation")
    source.check_keys(negation_where, negation, {"before": str, "after": str, "over": str})
    for key, words in negation.items():
        check_words(source, negation_where, key, words)
    index, beside = WordIndex(), WordIndex()
    rules = [_rule(source, place, table, app_names) for place, table in source.tables("rule")]
    return Rules(
        distance=head.get("distance", 120),
        bare_words=head.get("bare_words", 3),
        threshold=float(head.get("threshold", 0.5)),
        rules=rules or _default_rules(),
        contexts=[_context(source, place, table, term_names, index) for place, table in source.tables("context")],
        frames=[_frame(source, place, table, index) for place, table in source.tables("frame")],
        negated_before=beside.add(str(negation.get("before", "")).split()),
        negated_after=beside.add(str(negation.get("after", "")).split()),
        negated_over=index.add(str(negation.get("over", "")).split()),
    )


def _default_rules() -> list[Rule]:
    nothing = frozenset[str]()
    return [
        Rule(
            id=kind, kind=kind, enabled=True, communities=nothing, platforms=nothing, apps=nothing, languages=nothing,
            handle_fields=nothing, term_fields=nothing, weight=1.0,
        )
        for kind in ("handle-and-term", "community-name")
    ]  # fmt: skip


def _rule(source: TomlSource, where: Where, table: dict[str, Any], apps: list[str]) -> Rule:
    source.check_keys(where, table, _RULE, required=("id", "kind"))
    source.check_name(where, "kind", table["kind"], KINDS)
    for app in table.get("apps", ()):
        source.check_name(where, "apps", app, apps)
    for key in ("handle_fields", "term_fields"):
        for name in table.get(key, ()):
            source.check_name(where, key, name, FIELDS)
    if table["kind"] == "house-rule" and not table.get("communities"):
        source.fail(where, "a house rule names no community.", do='Add communities = ["..."] that you moderate.')
    weight = float(table.get("weight", 1.0))
    if not 0 < weight <= 1:
        source.fail(where, f"weight {weight} is not between 0 and 1.", key="weight")
    return Rule(
        id=table["id"],
        kind=table["kind"],
        enabled=table.get("enabled", True),
        communities=frozenset(name.lower() for name in table.get("communities", ())),
        platforms=frozenset(table.get("platforms", ())),
        apps=frozenset(table.get("apps", ())),
        languages=frozenset(table.get("languages", ())),
        handle_fields=frozenset(table.get("handle_fields", ())),
        term_fields=frozenset(table.get("term_fields", ())),
        weight=weight,
    )


def _context(source: TomlSource, where: Where, table: dict[str, Any], terms: list[str], index: WordIndex) -> Context:
    source.check_keys(
        where,
        table,
        {"id": str, "terms": list, "sparing": list, "why": str, "words": dict},
        required=("id", "terms", "words"),
    )
    lists = cast("Mapping[str, Any]", table["words"])
    for language, words in lists.items():
        if not isinstance(words, str):
            source.fail(where, f"the words for {language!r} are not a text.", key=language)
        check_words(source, where, language, words)
    # An operator's lexicon may lack a shipped term: a context for it is without effect, not an error.
    known = frozenset(table["terms"]) & frozenset(terms)
    return Context(
        id=table["id"],
        terms=known,
        sparing=frozenset(table.get("sparing", ())) & known,
        why=table.get("why", table["id"]),
        words=index.add(word for words in lists.values() if known for word in words.split()),
    )


def _frame(source: TomlSource, where: Where, table: dict[str, Any], index: WordIndex) -> Frame:
    source.check_keys(
        where, table, {"id": str, "why": str, "sure": str, "strong": str, "weak": str}, required=("id", "strong")
    )
    for key in ("sure", "strong", "weak"):
        check_words(source, where, key, table.get(key, ""))
    return Frame(
        id=table["id"],
        why=table.get("why", table["id"]),
        sure=index.add(table.get("sure", "").split()),
        strong=index.add(table["strong"].split()),
        weak=index.add(table.get("weak", "").split()),
    )
