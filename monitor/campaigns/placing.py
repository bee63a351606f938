"""Where a stored post belongs: the campaign of a wording that is one template with its own, else one of its own."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import update
from sqlmodel import Session, col, select

from monitor.campaigns.bands import Bands, together
from monitor.campaigns.looking import Looking, Row
from monitor.campaigns.redirects import home_of
from monitor.campaigns.words import Identities, from_words, to_words, variant_hash, words_hash
from monitor.graph.likeness import FEWEST, Compared, Likeness
from monitor.graph.wording import Wording
from monitor.store.keys import Keyring
from monitor.store.tables import Campaign, Occurrence, StoredWording, Suggestion
from monitor.store.writing import insert_or_ignore

WORDS: Final = "wording.words"
"""What the words are sealed for."""


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
        placed = self._found(arrival)
        insert_or_ignore(
            self._session,
            Occurrence,
            campaign_id=placed.campaign_id,
            post_id=arrival.post_id,
            added_at=arrival.at,
            wording_id=placed.wording_id,
            state="attached",
        )
        return placed

    def _found(self, arrival: Arrival) -> Placed:
        looking = Looking(self._session)
        variant = variant_hash(self._keyring, arrival.wording, arrival.identities)
        known = looking.variant(variant)
        if known is not None:
            self._remember(known[0], arrival.wording)
            return Placed(campaign_id=known[1], wording_id=known[0], new=False)
        words = words_hash(self._keyring, arrival.wording)
        weighed = self._likeness.weigh(arrival.wording)
        handles = self._bands.of_handles(arrival.identities)
        strangers = weighed.whole.many >= FEWEST
        twin = looking.twin(words) if strangers else None
        parts = self._bands.of_wording(arrival.wording) if strangers and twin is None else []
        matches = self._alike(looking, looking.related(handles), weighed, set(), related=True)
        if twin is not None and self._likeness.same_template(weighed, weighed, related=False):
            matches.add(twin[1])
        matches = self._alike(looking, looking.near(parts), weighed, matches, related=False)
        campaign, new = self._campaign(arrival, variant, matches)
        wording = insert_or_ignore(
            self._session,
            StoredWording,
            campaign_id=campaign,
            variant_hash=variant,
            words_hash=words,
            words=to_words(arrival.wording),
            hashed=False,
            created_at=arrival.at,
        )
        if wording is None:
            raise AssertionError("writers take turns, and a wording that was looked for is there nevertheless")
        looking.add_bands(wording, together([handles, *parts]))
        bridges = tuple(sorted(matches - {campaign}))
        for other in bridges:
            self._suggest(campaign, other, arrival)
        return Placed(campaign_id=campaign, wording_id=wording, new=new, bridges=bridges)

    def _alike(
        self, looking: Looking, wordings: list[int], weighed: Compared, matches: set[int], *, related: bool
    ) -> set[int]:
        """The campaigns matched so far, with those of wordings that are one template with what was weighed."""
        found = set(matches)
        rows = looking.rows(wordings)
        for row in (rows[wording] for wording in wordings if wording in rows):
            if row.hashed or row.campaign_id in found:
                continue
            if self._likeness.same_template(weighed, self._likeness.weigh(self._read(row)), related=related):
                found.add(row.campaign_id)
        return found

    def _remember(self, wording_id: int, wording: Wording) -> None:
        """A wording that lost its words has a text again."""
        self._session.exec(
            update(StoredWording)
            .where(col(StoredWording.id) == wording_id, col(StoredWording.hashed))
            .values(words=to_words(wording), hashed=False)
        )

    def _read(self, row: Row) -> Wording:
        return from_words(json.loads(self._keyring.open(row.sealed, WORDS)))

    def _campaign(self, arrival: Arrival, variant: bytes, matches: Iterable[int]) -> tuple[int, bool]:
        oldest = min(matches, default=None)
        if oldest is not None:
            return oldest, False
        made = insert_or_ignore(
            self._session,
            Campaign,
            id=arrival.post_id,
            first_hash=variant,
            created_at=arrival.at,
            about=arrival.wording.about,
        )
        if made is not None:
            return made, True
        # It began a campaign once, before the rules by which wordings are read were changed.
        begun = self._session.exec(select(col(Campaign.id)).where(Campaign.first_hash == variant)).one()
        return home_of(self._session, begun), False

    def _suggest(self, one: int, other: int, arrival: Arrival) -> None:
        first, second = sorted((one, other))
        insert_or_ignore(
            self._session,
            Suggestion,
            campaign_id=first,
            other_id=second,
            post_id=arrival.post_id,
            state="open",
            suggested_at=arrival.at,
        )
