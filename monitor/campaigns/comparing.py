"""Compares one wording with stored ones, in words or hidden."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Final

import orjson

from monitor.campaigns.looking import Row
from monitor.campaigns.words import from_words, hide
from monitor.graph.blind import Blind
from monitor.graph.glance import Glance
from monitor.graph.likeness import Compared, Likeness
from monitor.graph.wording import Wording
from monitor.store.keys import Keyring

WORDS: Final = "wording.words"
"""What the words are sealed for."""

_BLIND: Final = Blind()


class Comparing:
    """One wording, ready to be compared."""

    def __init__(self, keyring: Keyring, likeness: Likeness, wording: Wording) -> None:
        self._keyring = keyring
        self._likeness = likeness
        self._wording = wording
        self.weighed = likeness.weigh(wording)

    def like_itself(self) -> bool:
        """Whether strangers with this very wording are one template: it may be too common."""
        return self._likeness.same_template(self.weighed, self.weighed, related=False)

    def alike(self, rows: Iterable[Row], matches: Iterable[int], *, related: bool) -> set[int]:
        """The campaigns matched so far, with those of stored wordings that are one template with this one."""
        found = set(matches)
        for row in rows:
            if row.campaign_id not in found and self._same(row, related=related):
                found.add(row.campaign_id)
        return found

    def _same(self, row: Row, *, related: bool) -> bool:
        other = from_words(orjson.loads(self._keyring.open(row.sealed, WORDS)))
        likeness, glance = (_BLIND, self._hidden[0]) if row.hashed else (self._likeness, self._glance)
        if not related and glance.unlike(other):
            return False
        weighed = self._hidden[1] if row.hashed else self.weighed
        return likeness.same_template(weighed, likeness.weigh(other), related=related)

    @cached_property
    def _glance(self) -> Glance:
        return Glance(self._wording)

    @cached_property
    def _hidden(self) -> tuple[Glance, Compared]:
        wording = hide(self._keyring, self._wording, self._likeness.neutral_in(self._wording))
        return Glance(wording), _BLIND.weigh(wording)
