"""The screen: is this post a handle share together with coded terms? The slow reference path."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from monitor.detect.bundle import Bundle
from monitor.detect.screening import HandleMatch, Part, Screening, TermMatch
from monitor.post import Post


class Screen:
    """Decides about posts, one at a time; pure: same bundle, same post, same verdict."""

    def __init__(self, bundle: Bundle) -> None:
        self._bundle = bundle
        self._handles = [_handle_patterns(app) for app in bundle.apps["app"]]
        self._terms = [_term_pattern(term) for term in bundle.lexicon["term"]]

    @property
    def bundle(self) -> Bundle:
        """What it decides by."""
        return self._bundle

    def __call__(self, post: Post) -> Screening:
        """The verdict on one post."""
        handles = [match for name, text in post.fields() for match in self._find_handles(name, text)]
        terms = [match for name, text in post.fields() for match in self._find_terms(name, text)]
        hit = bool(handles and terms)
        parts = [Part(name="handle", weight=0.5, why="a handle is shared")] if handles else []
        parts += [Part(name="term", weight=0.4, why="a coded term is used")] if terms else []
        return Screening(
            hit=hit,
            score=sum(part.weight for part in parts),
            rule="handle-and-term" if hit else None,
            handles=handles,
            terms=terms,
            parts=parts,
            bundle=self._bundle.hash,
        )

    def _find_handles(self, name: str, text: str) -> Iterator[HandleMatch]:
        for app, pattern in self._handles:
            for found in pattern.finditer(text):
                handle = found["handle"]
                yield HandleMatch(
                    app=app, handle=handle, key=f"{app}:{handle.lower()}", field=name,
                    start=found.start("handle"), end=found.end("handle"), confidence=0.9,
                )  # fmt: skip

    def _find_terms(self, name: str, text: str) -> Iterator[TermMatch]:
        for term, pattern in self._terms:
            for found in pattern.finditer(text):
                yield TermMatch(term=term, field=name, start=found.start(), end=found.end())


def _handle_patterns(app: dict[str, Any]) -> tuple[str, re.Pattern[str]]:
    names = "|".join(re.escape(name) for name in sorted(app["names"], key=len, reverse=True))
    links = "".join(rf"|\b{re.escape(link)}/" for link in app.get("links", ()))
    return app["id"], re.compile(rf"(?:\b(?:{names})\s*[:=-]\s*@?{links})(?P<handle>{app['handle']})\b", re.IGNORECASE)


def _term_pattern(term: dict[str, Any]) -> tuple[str, re.Pattern[str]]:
    forms = "|".join(re.escape(form) for form in (term["id"], *term.get("variants", ())))
    return term["id"], re.compile(rf"\b(?:{forms})\b", re.IGNORECASE)
