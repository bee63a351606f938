"""One alert as it is shown: its handles, terms, posts, history and reports, and what the person may do with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from alerts.masking import Field
from alerts.triage.records import Lane, State, Step
from monitor.priority import Part as PriorityPart


@dataclass(frozen=True, slots=True, kw_only=True)
class HandleSeen:
    """One identity of an alert and where else it is known.

    :param name: the handle in clear; None in a masked view.
    :param posts: stored posts that share it, in `platforms`.
    :param alerts: other alerts about it, as (id, state or verdict).
    """

    tag: str
    app: str
    name: str | None
    confidence: float
    steps: Sequence[str]
    first_seen_at: datetime | None
    posts: int
    platforms: Sequence[str]
    alerts: Sequence[tuple[int, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class TermSeen:
    """One coded term of an alert; `name` is the lexicon's id, None in a masked view."""

    tag: str
    name: str | None
    times: int
    steps: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScorePart:
    """One readable part of the score; `why` is masked like the post."""

    name: str
    weight: float
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PostShown:
    """The post that raised the alert. `url` is None in a masked view, `host` where it is not known.

    :param available: its record is there. :param expired: but its words are gone, kept as long as they may be.
    :param unchecked: it is from an archive, and its platform must be asked first whether it is still there.
    :param standing: what the last re-check found (`monitor.ports.Standing`), at `checked_at`.
    """

    platform: str
    instance: str | None
    url: str | None
    host: str | None
    account: str
    created_at: datetime | None
    edited_at: datetime | None
    first_seen_at: datetime
    lang: str | None
    media_count: int
    available: bool
    expired: bool
    unchecked: bool
    standing: str | None
    checked_at: datetime | None
    fields: Sequence[Field]


@dataclass(frozen=True, slots=True, kw_only=True)
class OccurrenceShown:
    """One post of the campaign. `url` is None in a masked view."""

    post_id: int
    platform: str
    instance: str | None
    account: str
    url: str | None
    created_at: datetime | None
    first_seen_at: datetime
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryStep:
    """One row of the alert's history; `reason` is masked like the post."""

    step: Step
    at: datetime
    user: str
    verdict: str
    conduct: str | None
    risk: str | None
    reason: str
    duplicate_of: int | None
    final: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportShown:
    """One report of this alert, and where it stands."""

    id: str
    channel: str
    state: str
    post_id: int
    due_at: datetime
    updated_at: datetime
    attempts: int
    why: str | None
    remote_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Returned:
    """Something that became unavailable on `gone_platform` and came back on `platform` (`monitor.returns`).

    :param kind: handle, campaign, bio, community.
    """

    kind: str
    platform: str
    gone_platform: str
    gone_at: datetime
    returned_at: datetime
    days: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Abilities:
    """What the person who looks may do now, so that the page offers nothing that would be refused."""

    claim: bool = False
    release: bool = False
    decide: bool = False
    confirm: bool = False
    undo_until: datetime | None = None
    held_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertView:
    """One alert as it is shown to one person.

    :param priority_parts: why it is where it is in the queue: their points add up to its priority.
    :param raised_for: what was new when it was raised again, after a decision.
    :param part_of: the alert that has its posts, where its campaign was merged.
    :param waiting: posts that joined it and wait in the fast lane.
    """

    id: int
    state: State
    version: int
    lane: Lane
    priority: int
    score: float
    rule: str
    bundle: str
    opened_at: datetime
    last_occurrence_at: datetime
    claimed_by: str | None
    claimed_until: datetime | None
    verdict: str | None
    decided_at: datetime | None
    handles: Sequence[HandleSeen]
    terms: Sequence[TermSeen]
    parts: Sequence[ScorePart]
    post: PostShown
    occurrences: Sequence[OccurrenceShown]
    occurrence_count: int
    platforms: Sequence[str]
    history: Sequence[HistoryStep]
    reports: Sequence[ReportShown]
    reveals: int
    clear: bool
    priority_parts: Sequence[PriorityPart] = ()
    raised_again_at: datetime | None = None
    raised_for: Sequence[str] = ()
    returns: Sequence[Returned] = ()
    part_of: int | None = None
    waiting: int = 0
    can: Abilities = field(default=Abilities())

    @property
    def pending(self) -> HistoryStep | None:
        """The verdict that waits for a second person."""
        return self.history[-1] if self.state is State.SECOND_REVIEW and self.history else None
