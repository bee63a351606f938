"""The screen: is this post a handle share together with coded terms? The slow reference path: fold everything,
scan everything. It defines what is right.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from monitor.detect.backwards import OVERRIDE, both_ways, overridden
from monitor.detect.bundle import Bundle
from monitor.detect.communities import Communities, Name
from monitor.detect.document import Document
from monitor.detect.links import Share
from monitor.detect.rules import Rule
from monitor.detect.screening import HandleMatch, Part, Screening, TermMatch
from monitor.detect.shares import Shares
from monitor.detect.sight import Sight
from monitor.detect.spelling import Spelling
from monitor.detect.spellings import Found, Spellings
from monitor.detect.weighing import Weigher
from monitor.post import Post

HOUSE: Final = 0.7


class Screen:
    """Decides about posts, one at a time; pure: same bundle, same post, same verdict."""

    def __init__(self, bundle: Bundle) -> None:
        self._bundle = bundle
        self._words = bundle.vocabulary
        self._spellings = Spellings(
            [
                *(spelling for app in bundle.apps for spelling in app.spellings()),
                *(spelling for term in bundle.lexicon.values() for spelling in term.spellings()),
                *(Spelling.of("service", name, name, tolerance=frozenset({"leet"})) for name in bundle.services),
            ],
            links=[link.start for app in bundle.apps for link in app.links],
            fillers=bundle.vocabulary.filler,
            everyday=bundle.vocabulary.everyday,
        )
        self._shares = Shares(bundle.apps, bundle.vocabulary)
        self._weigher = Weigher(bundle.rules, bundle.lexicon, bundle.vocabulary)
        self._communities = Communities(bundle, self._weigher)

    @property
    def spellings(self) -> Spellings:
        """The matcher of names and terms that it uses."""
        return self._spellings

    @property
    def bundle(self) -> Bundle:
        """What it decides by."""
        return self._bundle

    def __call__(self, post: Post) -> Screening:
        """The verdict on one post."""
        sight = self.look(post)
        weighed = self._weigher.weigh(sight.doc, sight.shares, sight.terms, sight.apps)
        score, parts, rule = weighed.score, list(weighed.parts), None
        if sight.shares and weighed.live and score >= self._bundle.rules.threshold:
            rule = self._combination(post, sight)
        if rule is None and (named := self._community_name(post, sight)) is not None:
            rule, name = named
            more = round(max(name.score - score, 0.0), 3)
            parts.insert(0, Part(name="community-name", weight=more, why=name.why()))
            score = max(score, name.score)
        if rule is None and sight.shares and (house := self._house_rule(post, sight)) is not None:
            rule = house
            why = "this community forbids messenger handles"
            parts.insert(0, Part(name="house-rule", weight=round(max(HOUSE - score, 0.0), 3), why=why))
            score = max(score, HOUSE)
        live = weighed.live if rule is not None and weighed.live else sight.terms
        return Screening(
            hit=rule is not None,
            score=round(min(score * (rule.weight if rule else 1.0), 0.99), 3),
            rule=rule.id if rule else None,
            handles=[_handle(sight.doc, share) for share in sight.shares],
            terms=[_term(sight.doc, term) for term in live],
            parts=parts,
            bundle=self._bundle.hash,
        )

    def look(self, post: Post) -> Sight:
        """What the post holds, unweighed. A text written backwards is read backwards as well."""
        doc = Document.of(post)
        sight = self._read(doc, post)
        fields = dict(post.fields())
        override = any(OVERRIDE in text for text in fields.values())
        if self._spellings.reads_backwards(doc):
            back = self._read(doc.reversed(), post)
            if not self._spellings.names_backwards(doc):
                back = replace(back, shares=(), apps=())

            def shares_of(apps: Sequence[Found], terms: Sequence[Found]) -> Sequence[Share]:
                return self._shares.find(doc, apps, sight.services, terms, author=post.author.handle)

            def said() -> bool:
                return self._shares.says_backwards(doc)

            sight = both_ways(doc, sight, back, self._words.everyday, shares_of, said=None if override else said)
        if override:
            sight = replace(sight, shares=overridden(doc, sight.shares, fields.__getitem__))
        return sight

    def _read(self, doc: Document, post: Post) -> Sight:
        found: dict[str, list[Found]] = {"app": [], "term": [], "service": []}
        for one in self._spellings.find(doc):
            found[one.spelling.kind].append(one)
        shares = self._shares.find(doc, found["app"], found["service"], found["term"], author=post.author.handle)
        return Sight(doc=doc, shares=shares, terms=found["term"], apps=found["app"], services=found["service"])

    def _combination(self, post: Post, sight: Sight) -> Rule | None:
        for rule in self._bundle.rules.rules:
            if rule.kind == "handle-and-term" and _applies(rule, post) and _fits(rule, sight):
                return rule
        return None

    def _community_name(self, post: Post, sight: Sight) -> tuple[Rule, Name] | None:
        """An app's name joined with a coded term in a community's name or description."""
        rule = next(
            (one for one in self._bundle.rules.rules if one.kind == "community-name" and _applies(one, post)), None
        )
        named = self._communities.named(sight) if rule is not None else None
        return (rule, named) if rule is not None and named is not None else None

    def _house_rule(self, post: Post, sight: Sight) -> Rule | None:
        for rule in self._bundle.rules.rules:
            if rule.kind != "house-rule" or not _applies(rule, post) or not _fits(rule, sight, terms=False):
                continue
            if (post.community or "").lower().removeprefix("r/") in {
                name.removeprefix("r/") for name in rule.communities
            }:
                return rule
        return None


def _applies(rule: Rule, post: Post) -> bool:
    return (
        rule.enabled
        and (not rule.platforms or post.platform in rule.platforms)
        and (not rule.languages or post.lang is None or post.lang in rule.languages)
    )


def _fits(rule: Rule, sight: Sight, *, terms: bool = True) -> bool:
    def plain(position: int) -> str:
        return sight.doc.field(position).partition("[")[0]

    shares = [
        share
        for share in sight.shares
        if (not rule.apps or share.app.id in rule.apps)
        and (not rule.handle_fields or plain(share.start) in rule.handle_fields)
    ]
    found = [term for term in sight.terms if not rule.term_fields or plain(term.start) in rule.term_fields]
    return bool(shares) and (not terms or bool(found))


def _handle(doc: Document, share: Share) -> HandleMatch:
    place = share.place or doc.place(share.start, share.end)
    return HandleMatch(
        app=share.app.id,
        handle=share.handle,
        key=share.app.key(share.handle),
        field=place.field,
        start=place.start,
        end=place.end,
        confidence=round(share.confidence, 2),
        steps=("markup",) if share.place else (*doc.steps(share.start, share.end), *share.how),
        same_name=share.same,
    )


def _term(doc: Document, term: Found) -> TermMatch:
    place = doc.place(term.start, term.end)
    steps = (*doc.steps(term.start, term.end), *sorted(term.how))
    return TermMatch(term=term.spelling.id, field=place.field, start=place.start, end=place.end, steps=steps)
