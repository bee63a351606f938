"""What the people's side of campaigns hands out: nothing in clear."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from monitor.campaigns.growth import Growth


@dataclass(frozen=True, slots=True, kw_only=True)
class HandleIn:
    """A handle of a campaign, as its mask names it, and in how many of its posts it stands."""

    tag: str
    app: str
    posts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Posts of a campaign with one wording and the same handles: what a split moves. Named by its first post."""

    post: int
    posts: int
    handles: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class StepSeen:
    """What a person did to a campaign: merge, unmerge, split, dismiss."""

    kind: str
    campaign_id: int
    other_id: int
    posts: int
    user: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggested:
    """Two campaigns that a post bridges; `posts`: how many each has."""

    id: int
    campaigns: tuple[int, int]
    alerts: tuple[int, int]
    states: tuple[str, str]
    posts: tuple[int, int]
    bridge: int
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignView:
    """One campaign.

    :param asked: the number that was asked for, where it was merged into this one.
    :param about: it warns of, reports or quotes such posts.
    :param merged: campaigns that are part of it now.
    :param handle_count, group_count: how many there are; the lists hold the most frequent ones.
    """

    id: int
    asked: int
    alert_id: int
    state: str
    verdict: str | None
    lane: str
    about: bool
    growth: Growth
    handles: Sequence[HandleIn]
    handle_count: int
    groups: Sequence[Group]
    group_count: int
    merged: Sequence[int]
    steps: Sequence[StepSeen]
    suggestions: Sequence[Suggested]


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What an action did: `alert_id` is the alert to look at next.

    :param decided: the alert that a merge decided as a duplicate, if it did.
    """

    kind: str
    campaign_id: int
    other_id: int
    posts: int
    alert_id: int
    decided: int | None = None
