"""Puts hits into groups (same handles, nearly the same text) and campaigns (same template, whatever the handles).

Members are taken in one order, so that nothing depends on the order in which they came. Time and memory grow in
proportion to the members: a wording is compared with those that share a band or a handle with it, and no more than
a few dozen of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from monitor.graph.joining import Sets
from monitor.graph.likeness import FEWEST, Compared, Likeness, text_of
from monitor.graph.nearby import Nearby
from monitor.graph.sketch import sketch
from monitor.graph.wording import Wording

NEWEST: Final = 32
"""Wordings of one handle that a further one is compared with."""
_HANDLES: Final = 64
"""Handles of a post by which related posts are looked for."""

Handles = tuple[tuple[str, str], ...]


class Placed(NamedTuple):
    """Where a member belongs: the numbers of its group and its campaign, each that of its first member."""

    group: int
    campaign: int


class Grouping:
    """Places members one after another."""

    def __init__(self, likeness: Likeness) -> None:
        self._likeness = likeness
        self._campaigns = Sets()
        self._first: list[int] = []
        self._handles: list[Handles] = []
        self._weighed: list[Compared] = []
        self._variants: dict[tuple[Wording, Handles], int] = {}
        self._by_wording: dict[Wording, int] = {}
        self._by_handle: dict[tuple[str, str], list[int]] = {}
        self._nearby = Nearby()
        self._sketched: list[int] = []
        """Variant of each text in the index."""

    def place(self, members: Iterable[tuple[Wording, Handles]]) -> Sequence[Placed]:
        """Where each member belongs; members in the order of their time."""
        variants = [self._variant(at, wording, handles) for at, (wording, handles) in enumerate(members)]
        groups: dict[tuple[int, Handles], int] = {}
        placed: list[Placed] = []
        for at, variant in enumerate(variants):
            campaign = self._campaigns.of(variant)
            group = groups.setdefault((campaign, self._handles[variant]), at)
            placed.append(Placed(group, self._first[campaign]))
        return placed

    def _variant(self, at: int, wording: Wording, handles: Handles) -> int:
        """The number of a wording with handles; new ones find their campaign."""
        known = self._variants.get((wording, handles))
        if known is not None:
            return known
        twin = self._by_wording.get(wording)
        variant = self._campaigns.add()
        weighed = self._weighed[twin] if twin is not None else self._likeness.weigh(wording)
        self._variants[wording, handles] = variant
        self._first.append(at)
        self._handles.append(handles)
        self._weighed.append(weighed)
        self._join_related(variant, handles)
        if weighed.whole.many >= FEWEST:
            if twin is None:
                self._join_strangers(variant, wording)
            elif self._likeness.same_template(weighed, weighed, related=False):
                self._campaigns.join(twin, variant)
        self._by_wording.setdefault(wording, variant)
        return variant

    def _join_related(self, variant: int, handles: Handles) -> None:
        """Joins it with those that share a handle."""
        for handle in handles[:_HANDLES]:
            others = self._by_handle.setdefault(handle, [])
            for other in others[-NEWEST:]:
                self._join(variant, other, related=True)
            others.append(variant)

    def _join_strangers(self, variant: int, wording: Wording) -> None:
        """Joins it with those of a like wording."""
        parts = {text_of(wording.whole), text_of(wording.lines), text_of(wording.sentences)}
        sketches = [sketch(text) for text in sorted(parts) if text]
        for bands in sketches:
            for number in self._nearby.find(bands):
                self._join(variant, self._sketched[number], related=False)
        for bands in sketches:
            self._nearby.add(bands)
            self._sketched.append(variant)

    def _join(self, variant: int, other: int, *, related: bool) -> None:
        if self._campaigns.of(variant) != self._campaigns.of(other) and self._likeness.same_template(
            self._weighed[variant], self._weighed[other], related=related
        ):
            self._campaigns.join(variant, other)
