"""Where somebody is in the queue: carried along in addresses and forms, so that "next" stays in the same list."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from alerts.triage.records import Lane, Listing


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A list in a lane."""

    listing: Listing = Listing.OPEN
    lane: Lane = Lane.MAIN

    def queue(self, **more: object) -> str:
        """The address of this list."""
        return self._address("/queue", more)

    def alert(self, alert_id: int, **more: object) -> str:
        """The address of an alert, seen from this list."""
        return self._address(f"/alerts/{alert_id}", more)

    def step(self, alert_id: int, step: str) -> str:
        """The address that takes a form about an alert."""
        return f"/alerts/{alert_id}/{step}"

    def at(self, listing: Listing | str) -> Place:
        """Another list of the same lane."""
        return Place(listing=Listing(listing), lane=self.lane)

    def _address(self, path: str, more: dict[str, object]) -> str:
        query: dict[str, object] = {}
        if self.listing is not Listing.OPEN:
            query["list"] = self.listing
        if self.lane is not Lane.MAIN:
            query["lane"] = self.lane
        query |= more
        return f"{path}?{urlencode(query)}" if query else path
