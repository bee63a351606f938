"""How a campaign grew: its posts by day and by platform, its accounts, when it was first and last seen. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import NamedTuple


class Seen(NamedTuple):
    """A stored version of a post, and when it was posted (`monitor.crossref.moments`)."""

    platform: str
    post_id: str
    at: datetime
    account: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OnPlatform:
    """What one platform has of a campaign."""

    platform: str
    posts: int
    accounts: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """A campaign in numbers. Days are UTC; those without a post are left out."""

    posts: int
    accounts: int
    first_at: datetime | None
    last_at: datetime | None
    days: Sequence[tuple[date, int]]
    platforms: Sequence[OnPlatform]


def growth(seen: Iterable[Seen]) -> Growth:
    """The numbers of a campaign; a post that was stored in several versions counts once, from its first."""
    posts: dict[tuple[str, str], Seen] = {}
    for one in seen:
        known = posts.get((one.platform, one.post_id))
        if known is None or one.at < known.at:
            posts[one.platform, one.post_id] = one
    by_platform: dict[str, list[Seen]] = {}
    for one in sorted(posts.values(), key=lambda one: (one.at, one.platform, one.post_id)):
        by_platform.setdefault(one.platform, []).append(one)
    days = Counter(one.at.astimezone(UTC).date() for one in posts.values())
    platforms = [
        OnPlatform(
            platform=name,
            posts=len(ones),
            accounts=_accounts(ones),
            first_at=ones[0].at,
            last_at=ones[-1].at,
        )
        for name, ones in sorted(by_platform.items())
    ]
    return Growth(
        posts=len(posts),
        accounts=_accounts(posts.values()),
        first_at=min((one.first_at for one in platforms), default=None),
        last_at=max((one.last_at for one in platforms), default=None),
        days=sorted(days.items()),
        platforms=platforms,
    )


def _accounts(seen: Iterable[Seen]) -> int:
    return len({one.account for one in seen if one.account is not None})
