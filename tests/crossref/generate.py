"""Labelled posts that strain links, the same every time for a seed: neutral words, invented handles.

    python tests/crossref/generate.py [SEED] > links.ndjson

One post with many handles, an account that renames itself daily, a cycle, clocks that are off by years, the same string
on two apps and handles that look alike, a hub of 60 accounts, posts by nobody, the same posts again. The lines are as
`tests/graph/generate.py` makes them.
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Iterator, Sequence
from typing import Any

SYLLABLES = "zor blat quib bern vex mol dra fin gul pim tor wux yel nar kos blen dro fip gax hob jun krel lum".split()  # noqa: SIM905
TEXTS = ("anyone into taboo and nolimits?", "more taboo, nolimits trade here", "taboo nolimits people, hmu")
PLATFORMS = ("examplenet", "othernet", "forum")


class Maker:
    """Makes the posts."""

    def __init__(self, seed: int, *, many: int = 500, hub: int = 60) -> None:
        self._rng = random.Random(seed)
        self._many, self._hub = many, hub
        self._count = 0
        self._taken: set[str] = set()

    def posts(self) -> list[dict[str, Any]]:
        """Labelled records in a shuffled order."""
        made = [
            post
            for part in (self._crowd, self._renamed, self._cycle, self._skewed, self._twins, self._shared, self._nobody)
            for post in part()
        ]
        made += self._rng.sample(made, 20)
        self._rng.shuffle(made)
        return made

    def handle(self) -> str:
        """An invented handle that was not given out before."""
        while True:
            name = "".join(self._rng.choice(SYLLABLES) for _ in range(3)) + str(self._rng.randrange(10, 100))
            if name not in self._taken:
                self._taken.add(name)
                return name

    def _post(self, handles: Sequence[tuple[str, str]], account: str | None, **more: Any) -> dict[str, Any]:
        self._count += 1
        text = f"{self._rng.choice(TEXTS)} " + "\n".join(f"{app}: {handle}" for app, handle in handles)
        return {
            "platform": "examplenet",
            "id": f"l-{self._count:05d}",
            "created_at": f"2026-10-{self._rng.randrange(1, 29):02d}T12:00:00Z",
            "text": text,
            **({"author": {"id": account, "handle": f"user{account}"}} if account else {}),
            **more,
            "label": {"group": text, "campaign": text, "handles": handles, "kind": "links"},
        }

    def _crowd(self) -> Iterator[dict[str, Any]]:
        yield self._post([("wickr", self.handle()) for _ in range(self._many)], "crowd")

    def _renamed(self) -> Iterator[dict[str, Any]]:
        for day in range(28):
            author = {"id": "renamed", "handle": f"name{day}"}
            yield self._post(
                [("kik", self.handle())], None, author=author, created_at=f"2026-10-{day + 1:02d}T09:00:00Z"
            )

    def _cycle(self) -> Iterator[dict[str, Any]]:
        ring = [("wickr", self.handle()) for _ in range(12)]
        for at, one in enumerate(ring):
            for shared in (one, ring[(at + 1) % len(ring)]):
                yield self._post([shared], f"ring{at}", platform=PLATFORMS[at % 3])

    def _skewed(self) -> Iterator[dict[str, Any]]:
        for year in ("1970", "1999", "2051", "2400"):
            yield self._post([("telegram", self.handle())], "skewed", created_at=f"{year}-01-01T00:00:00Z")

    def _twins(self) -> Iterator[dict[str, Any]]:
        for number in range(10):
            name = f"{self.handle()}o"
            for at, (app, handle) in enumerate((("wickr", name), ("kik", name), ("wickr", f"{name[:-1]}0"))):
                yield self._post([(app, handle)], f"twin{number}-{at}")

    def _shared(self) -> Iterator[dict[str, Any]]:
        channel = ("telegram", self.handle())
        for number in range(self._hub):
            yield self._post([channel, ("wickr", self.handle())], f"fan{number}")

    def _nobody(self) -> Iterator[dict[str, Any]]:
        for _ in range(10):
            yield self._post([("wickr", self.handle()), ("kik", self.handle())], None)


if __name__ == "__main__":
    for post in Maker(int(sys.argv[1]) if len(sys.argv) > 1 else 7).posts():
        sys.stdout.write(json.dumps(post) + "\n")
