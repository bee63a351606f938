"""What triage hands out: queue entries, what a person chooses, and what became of an action. See also `shown`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from alerts.verdicts import Conduct, Risk, Verdict


class State(StrEnum):
    """The states of an alert. A claim that ran out counts as open."""

    OPEN = "open"
    CLAIMED = "claimed"
    SECOND_REVIEW = "second_review"
    DECIDED = "decided"


class Lane(StrEnum):
    """Which queue: the safeguarding one is for people with that permission only."""

    MAIN = "main"
    SAFEGUARDING = "safeguarding"


class Listing(StrEnum):
    """The lists of a queue."""

    OPEN = "open"
    """Open and claimed, most urgent first."""
    MINE = "mine"
    """Claimed by the person who asks."""
    SECOND_REVIEW = "second_review"
    """Waiting for a second person; what the person who asks decided first is left out."""
    DECIDED = "decided"
    """Decided, latest first."""


class Step(StrEnum):
    """What a row of an alert's history is (`Decision.kind`)."""

    VERDICT = "verdict"
    CONFIRMATION = "confirmation"
    RETURN = "return"
    WITHDRAWAL = "withdrawal"
    RESTORATION = "restoration"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the queue: nothing in clear.

    :param handles: labels as "handle H-4F2KQ7 · wickr"; `terms`: how many coded terms.
    :param pending: the verdict that waits for a second person.
    """

    id: int
    state: State
    lane: Lane
    priority: int
    score: float
    rule: str
    handles: Sequence[str]
    terms: int
    platforms: Sequence[str]
    posts: int
    opened_at: datetime
    last_occurrence_at: datetime
    claimed_by: str | None = None
    claimed_until: datetime | None = None
    verdict: str | None = None
    decided_at: datetime | None = None
    pending: str | None = None

    @property
    def reason(self) -> str:
        """Why it is here, in one line: "handle H-4F2KQ7 · wickr + 2 coded terms, 14 posts on 3 platforms"."""
        handles = self.handles[0] if self.handles else "no handle"
        if len(self.handles) > 1:
            handles += f" and {len(self.handles) - 1} more"
        return (
            f"{handles} + {_many(self.terms, 'coded term')}, {_many(self.posts, 'post')} on "
            f"{_many(len(self.platforms), 'platform')}"
        )


def _many(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuePage:
    """Some lines of a queue. `after` is where the next page starts, None at the end."""

    rows: Sequence[Entry]
    after: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How many alerts there are for the person who asks."""

    open: int
    mine: int
    second_review: int
    decided: int
    safeguarding: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What a person chose: conduct and risk go with reportable, `duplicate_of` with duplicate."""

    verdict: Verdict
    reason: str
    conduct: Conduct | None = None
    risk: Risk | None = None
    duplicate_of: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """An alert that is held for somebody until `until`."""

    alert_id: int
    version: int
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What an action made of an alert; `version` is the new one.

    :param undo_until: until when the person may take it back, None where not.
    """

    alert_id: int
    decision_id: int
    version: int
    state: State
    lane: Lane
    verdict: Verdict
    at: datetime
    undo_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What somebody last made of an alert.

    :param reports: how many reports wait in their undo window, to leave at `leaves_at`.
    :param manual: how many a person has to file.
    :param withheld: it is final and reportable, and yet nothing leaves.
    """

    alert_id: int
    step: Step
    verdict: Verdict
    state: State
    lane: Lane
    at: datetime
    undo_until: datetime | None
    reports: int
    leaves_at: datetime | None
    manual: int = 0
    withheld: bool = False
