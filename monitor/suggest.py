"""The closest valid name, for error messages."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def closest(name: str, valid: Iterable[str]) -> str:
    """A sentence: "Did you mean 'x'?" or, with nothing close, the list of what there is."""
    names = sorted(map(str, valid))
    near = get_close_matches(name, names, n=1, cutoff=0.6)
    return f"Did you mean {near[0]!r}?" if near else f"There is: {', '.join(names) or 'nothing'}."
