"""What a handle record is made of. Names are None where they are masked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformSeen:
    """Posts on one platform. Times are when they were posted, or seen where no credible time was given."""

    platform: str
    posts: int
    first_at: datetime
    last_at: datetime
    unavailable: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DaySeen:
    """How many posts on one day, UTC."""

    day: date
    posts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PostSeen:
    """One post."""

    platform: str
    account: str
    at: datetime
    first_seen_at: datetime
    state: str
    standing: str | None
    alerts: Sequence[int]
    url: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertSeen:
    """A campaign that shares the handle; `posts` are those that do."""

    id: int
    state: str
    verdict: str | None
    opened_at: datetime
    decided_at: datetime | None
    posts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictSeen:
    """One step in the history of such an alert."""

    alert_id: int
    step: str
    verdict: str
    at: datetime
    user: str
    final: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class HandleBeside:
    """Another handle that stands in the same posts. `key_hash` is what its record is opened by; never shown."""

    tag: str
    app: str
    name: str | None
    posts: int
    key_hash: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSeen:
    """An account that shared the handle. `posts` is None where its platform's terms forbid to gather by account.

    :param same_name: it said that its own name is the handle.
    :param names: other names that it had, latest first; empty where they are masked.
    """

    tag: str
    platform: str
    name: str | None
    posts: int | None
    same_name: bool = False
    names: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkedHandle:
    """Another handle of the same linked set.

    :param accounts: tags of accounts that shared both; none where other handles stand between.
    :param strength: how much those links count today, 0 to 1; None where others stand between.
    """

    tag: str
    app: str
    name: str | None
    accounts: Sequence[str]
    account_count: int
    strength: float | None
    key_hash: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkedHandles:
    """The linked set that the handle is in.

    :param hub: the handle joins nothing. :param by_person: a person said so, or that it joins all the same.
    :param accounts: that shared it; `hub_accounts`: how many make a hub by their number.
    """

    members: Sequence[LinkedHandle]
    member_count: int
    hub: bool
    by_person: bool
    accounts: int
    hub_accounts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookalike:
    """A handle that only looks like this one. It is another, until somebody knows better.

    :param same_string: written the same, on another app.
    """

    tag: str
    app: str
    name: str | None
    same_string: bool | None
    key_hash: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportSeen:
    """A report about one of the posts."""

    id: str
    alert_id: int
    platform: str
    channel: str
    state: str
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Return:
    """A new post on `platform` after an earlier one on `gone_platform` was found unavailable (`monitor.returns`)."""

    platform: str
    gone_platform: str
    unavailable_at: datetime
    returned_at: datetime
    days: float


@dataclass(frozen=True, slots=True, kw_only=True)
class HandleRecord:
    """What is known here of one handle.

    :param platform: the one platform that was asked for, None for all that may be linked.
    :param left_out: platforms that have posts with it and whose terms allow no linking with others.
    :param listed: how many of each list are shown at most; `posts`, `alert_count`, `handle_count`,
        `account_count` and `report_count` are whole.
    """

    tag: str
    app: str
    name: str | None
    platform: str | None
    posts: int
    first_at: datetime | None
    last_at: datetime | None
    platforms: Sequence[PlatformSeen]
    timeline: Sequence[DaySeen]
    latest: Sequence[PostSeen]
    alerts: Sequence[AlertSeen]
    alert_count: int
    verdicts: Sequence[VerdictSeen]
    handles: Sequence[HandleBeside]
    handle_count: int
    accounts: Sequence[AccountSeen]
    account_count: int
    linked: LinkedHandles | None
    lookalikes: Sequence[Lookalike]
    reports: Sequence[ReportSeen]
    report_count: int
    returns: Sequence[Return]
    left_out: Sequence[str]
    listed: int
    clear: bool
