"""Names of the sides, and what the product's sides found."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

TERMS: Final = (100, 1_000, 10_000)
MIDDLE: Final = 1_000
BENIGN: Final = "benign"


def screened(what: object) -> str:
    """Name of the product's side: with so many terms, or on benign posts only."""
    return f"screen {what}"


def bare(what: object) -> str:
    """Name of the bare scan's side."""
    return f"bare {what}"


LOOP: Final = "loop over regexes"
ALTERNATION: Final = "alternation"


@dataclass(slots=True)
class Found:
    """What the rounds found, in all."""

    positives: int = 0
    found: int = 0
    others: int = 0
    duplicates: int = 0

    def add(self, positives: Collection[object], hits: Collection[object], *, duplicates: int) -> None:
        """Counts the hits of a round, by row or by id."""
        right = len(set(positives) & set(hits))
        self.positives += len(positives)
        self.found += right
        self.others += len(hits) - right
        self.duplicates += duplicates

    @property
    def recall(self) -> float:
        """Share of the positives that were found."""
        return self.found / self.positives if self.positives else 1.0
