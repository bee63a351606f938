"""Where a stored post belongs: the campaign of a wording that is one template with its own, else one of its own."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlmodel import Session, col, select

from monitor.campaigns.bands import Bands, together
from monitor.campaigns.comparing import WORDS, Comparing
from monitor.campaigns.looking import Known, Looking, NewWording
from monitor.campaigns.redirects import home_of
from monitor.campaigns.words import Identities, to_words, variant_hash, words_hash
from monitor.graph.likeness import FEWEST, Likeness
from monitor.graph.wording import Wording
from monitor.store.keys import Keyring
from monitor.store.tables import Campaign, Suggestion
from monitor.store.writing import put


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A post that was just stored. `identities`: (app, handle as in its key), sorted."""

    post_id: int
    wording: Wording
    identities: Identities
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """Where a post belongs; `new`: it began the campaign. `bridges`: campaigns that it suggests to merge with that."""

    campaign_id: int
    wording_id: int | None
    new: bool
    bridges: tuple[int, ...] = ()


class _Found(NamedTuple):
    """What the store has of a wording: itself (its number and its campaign), or the campaigns of what is like it."""

    variant: bytes
    words: bytes
    known: Known | None
    matches: frozenset[int]
    bands: Sequence[int]


class Placing:
    """Places posts within one transaction.

    Results do not depend on the order of arrival: campaigns, joined with the suggestions that nobody has decided, are
    those of `handlewatch graph` on the same posts.
    """

    def __init__(self, session: Session, keyring: Keyring, likeness: Likeness) -> None:
        self._session = session
        self._keyring = keyring
        self._likeness = likeness
        self._bands = Bands(keyring)

    def place(self, arrival: Arrival) -> Placed:
        """Puts a stored post into its campaign, which may be a new one."""
        looking = Looking(self._session)
        found = self._find(looking, arrival)
        if found.known is not None:
            self._restore(looking, arrival, found.known)
            looking.add_occurrence(found.known.campaign_id, arrival.post_id, found.known.id, arrival.at)
            return Placed(campaign_id=found.known.campaign_id, wording_id=found.known.id, new=False)
        if not found.matches:
            wording = looking.begin(self._new(arrival, found), arrival.post_id, arrival.at, about=arrival.wording.about)
            if wording is not None:
                return Placed(campaign_id=arrival.post_id, wording_id=wording, new=True)
        return self._kept(looking, arrival, found, self._campaign(found))

    def adopt(self, arrival: Arrival, campaign_id: int) -> Placed:
        """Reads the wording of a post that is in a campaign already, which people may have decided: it stays there.

        What it is like is suggested to be merged.
        """
        looking = Looking(self._session)
        found = self._find(looking, arrival)
        if found.known is None:
            return self._kept(looking, arrival, found, campaign_id)
        self._restore(looking, arrival, found.known)
        other = found.known.campaign_id
        if other != campaign_id:
            self._suggest(campaign_id, other, arrival)
        bridges = (other,) if other != campaign_id else ()
        return Placed(campaign_id=campaign_id, wording_id=found.known.id, new=False, bridges=bridges)

    def _find(self, looking: Looking, arrival: Arrival) -> _Found:
        variant = variant_hash(self._keyring, arrival.wording, arrival.identities)
        words = words_hash(self._keyring, arrival.wording)
        known, twin = looking.known(variant, words)
        if known is not None:
            return _Found(variant, words, known, frozenset(), ())
        asked = Comparing(self._keyring, self._likeness, arrival.wording)
        handles = self._bands.of_handles(arrival.identities)
        strangers = asked.weighed.whole.many >= FEWEST
        parts = self._bands.of_wording(arrival.wording) if strangers and twin is None else []
        related, near = looking.near(handles, parts)
        matches = asked.alike(related, (), related=True)
        if strangers and twin is not None and asked.like_itself():
            matches.add(twin.campaign_id)
        matches = asked.alike(near, matches, related=False)
        return _Found(variant, words, None, frozenset(matches), together([handles, *parts]))

    def _new(self, arrival: Arrival, found: _Found) -> NewWording:
        return NewWording(found.variant, found.words, self._sealed(arrival), found.bands)

    def _kept(self, looking: Looking, arrival: Arrival, found: _Found, campaign: int) -> Placed:
        wording = looking.keep(self._new(arrival, found), campaign, arrival.post_id, arrival.at)
        bridges = tuple(sorted(found.matches - {campaign}))
        for other in bridges:
            self._suggest(campaign, other, arrival)
        return Placed(campaign_id=campaign, wording_id=wording, new=False, bridges=bridges)

    def _restore(self, looking: Looking, arrival: Arrival, known: Known) -> None:
        """A wording whose words were hidden has a text again."""
        if known.hashed:
            looking.restore_words(known.id, self._sealed(arrival))

    def _sealed(self, arrival: Arrival) -> bytes:
        words = to_words(arrival.wording, self._likeness.neutral_in(arrival.wording))
        return self._keyring.seal(json.dumps(words).encode(), WORDS)

    def _campaign(self, found: _Found) -> int:
        """The campaign of a wording that begins none: the oldest one that matches."""
        oldest = min(found.matches, default=None)
        if oldest is not None:
            return oldest
        # It began a campaign once, before the rules by which wordings are read were changed.
        begun = self._session.exec(select(col(Campaign.id)).where(Campaign.first_hash == found.variant)).one()
        return home_of(self._session, begun)

    def _suggest(self, one: int, other: int, arrival: Arrival) -> None:
        first, second = sorted((one, other))
        put(
            self._session,
            Suggestion,
            campaign_id=first,
            other_id=second,
            post_id=arrival.post_id,
            state="open",
            suggested_at=arrival.at,
        )
