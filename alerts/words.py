"""How things are called in front of people, on the page and on the terminal alike."""

from __future__ import annotations

from datetime import datetime

from alerts.triage.records import Entry, Lane, State

_FIELDS = {
    "text": "Text",
    "title": "Title",
    "community": "Community",
    "community_description": "About the community",
    "author.handle": "Account",
    "author.name": "Shown name",
    "author.bio": "About the account",
}


def field_name(name: str) -> str:
    """A screened field's name: "tags[0]" is "Tag 1"."""
    if name.startswith("tags["):
        return f"Tag {int(name[5:-1]) + 1}"
    return _FIELDS.get(name, name)


def strength(score: float) -> str:
    """How strong the evidence is, in a word; says nothing about how bad a post is."""
    if score >= 0.85:
        return "strong"
    return "medium" if score >= 0.6 else "weak"


def moment(time: datetime) -> str:
    """A point in time, in UTC, to the minute."""
    return f"{time:%Y-%m-%d %H:%M} UTC"


def age(time: datetime, now: datetime) -> str:
    """How long ago, in one unit."""
    seconds = max(0, int((now - time).total_seconds()))
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= length:
            return f"{seconds // length} {unit}"
    return "now"


def person_state(entry: Entry) -> str:
    """Where an alert stands, in a few words."""
    if entry.state is State.CLAIMED and entry.claimed_by and entry.claimed_until:
        return f"held by {entry.claimed_by} until {entry.claimed_until:%H:%M}"
    if entry.state is State.DECIDED:
        return f"decided: {entry.verdict}"
    if entry.state is State.SECOND_REVIEW:
        where = "safeguarding" if entry.lane is Lane.SAFEGUARDING else "second person"
        return f"waits for {where}: {entry.pending or 'escalated'}"
    return "open"
