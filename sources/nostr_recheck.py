"""Whether events are still on relays: each relay decides for itself, so each is asked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from monitor.errors import HandlewatchError
from monitor.ports import Known, Recheck, Standing
from sources.nostr_events import tags_of
from sources.nostr_relay import Relay

DELETION: Final = 5
_ASKED_AT_ONCE: Final = 100


def parts(names: Sequence[str]) -> Iterator[list[str]]:
    """Names in parts that may be asked for at once."""
    for start in range(0, len(names), _ASKED_AT_ONCE):
        yield list(names[start : start + _ASKED_AT_ONCE])


def is_id(name: str) -> bool:
    """Whether it is an event's id; relays close on questions with others."""
    return len(name) == 64 and all(char in "0123456789abcdef" for char in name)


@dataclass(slots=True)
class _Found:
    """What the relays answered. `asked`: (event, account) of requests to delete."""

    kept: dict[str, set[str]] = field(default_factory=dict[str, set[str]])
    asked: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])
    failed: int = 0


async def look_for(posts: Sequence[Known], relays: Sequence[Relay]) -> list[Recheck]:
    """Asks all relays for the events, and for requests to delete them, which count where their author signed them."""
    ids = list(dict.fromkeys(known.ref.id for known in posts if is_id(known.ref.id)))
    found = _Found()
    for relay in relays:
        try:
            for some in parts(ids):
                await _ask(relay, some, found)
        except HandlewatchError:
            found.failed += 1
    return [_standing(known, found, len(relays)) for known in posts]


async def _ask(relay: Relay, ids: list[str], found: _Found) -> None:
    answer = await relay.ask({"ids": ids}, {"kinds": [DELETION], "#e": ids})
    for event in answer.events:
        if event["id"] in ids:
            found.kept.setdefault(event["id"], set()).add(relay.url)
        elif event["kind"] == DELETION:
            found.asked |= {(tag[1], event["pubkey"]) for tag in tags_of(event, "e")}


def _standing(known: Known, found: _Found, relays: int) -> Recheck:
    kept = len(found.kept.get(known.ref.id, ()))
    deleted = known.account is not None and (known.ref.id, known.account) in found.asked
    if kept:
        standing, note = Standing.UP, f"on {kept} of {relays} relays"
        note += ", though its author asked to delete it" if deleted else ""
    elif not is_id(known.ref.id):
        standing, note = Standing.UNKNOWN, "not an event's id"
    elif found.failed:
        standing, note = Standing.UNKNOWN, f"{found.failed} of {relays} relays did not answer"
    elif deleted:
        standing, note = Standing.REMOVED_BY_AUTHOR, "its author asked to delete it"
    else:
        standing, note = Standing.UNAVAILABLE, f"on none of {relays} relays"
    return Recheck(ref=known.ref, standing=standing, note=note)
