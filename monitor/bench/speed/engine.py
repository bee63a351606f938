"""The product as it is measured: columns to verified, scored hits with original offsets, duplicates known."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from monitor.bench.speed.invented import invent_terms
from monitor.detect.bundle import Bundle, load_bundle
from monitor.detect.fast.screen import FastScreen
from monitor.detect.screen import Screen
from monitor.detect.template import template
from monitor.post import Post

PLATFORM = "bench"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Rows of the hits, ascending, and how many of them had a template that was seen before."""

    rows: Sequence[int]
    duplicates: int


class Engine:
    """The fast path with the shipped apps and rules and so many terms. It remembers words as it does in use, so
    a text must never be given twice.
    """

    def __init__(self, bundle: Bundle) -> None:
        self._screen = FastScreen(Screen(bundle))

    def __call__(self, texts: Sequence[str]) -> Outcome:
        """Screens one column of texts."""

        def build(row: int) -> Post:
            return Post(platform=PLATFORM, id=str(row), text=texts[row])

        rows: list[int] = []
        seen: set[bytes] = set()
        for row, post, screening in self._screen.hits({"text": texts}, build):
            rows.append(row)
            seen.add(hashlib.sha256(template(post, screening).encode("utf-8", "surrogatepass")).digest())
        return Outcome(rows=rows, duplicates=len(rows) - len(seen))


def lexicon_toml(terms: Sequence[str]) -> str:
    """A lexicon of the terms."""
    entries = [f'[[term]]\nid = "{term}"\nsource = "invented for the benchmark"\n' for term in terms]
    return "\n".join(['[lexicon]\nname = "benchmark"\nversion = 1\n', *entries])


def bundles(sizes: Sequence[int]) -> dict[int, tuple[list[str], Bundle]]:
    """Terms and bundle of lexicons of so many invented terms; a smaller one is the beginning of a larger one."""
    terms = invent_terms(max(sizes), load_bundle())
    found: dict[int, tuple[list[str], Bundle]] = {}
    with TemporaryDirectory(prefix="handlewatch-bench-") as folder:
        for size in sizes:
            path = Path(folder) / "lexicon.toml"
            path.write_text(lexicon_toml(terms[:size]), encoding="utf-8")
            found[size] = (terms[:size], load_bundle(lexicon=path))
    return found


def plain_names(bundle: Bundle) -> list[str]:
    """What a script would look for: the first plain name of every app, and its everyday one."""
    found = [name for app in bundle.apps for name in (app.id, *app.names[:1], *app.common[:1])]
    return sorted({name for name in found if name.isascii() and name.isalpha()})
