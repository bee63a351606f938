"""When a post was posted, as far as it can be believed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

_OLDEST: Final = datetime(1995, 1, 1, tzinfo=UTC)
"""Before any platform that this is about: a clock that was never set."""


def moment(created_at: datetime | None, first_seen_at: datetime) -> datetime:
    """The claimed time; when it was first seen where none is claimed, or one that cannot be: later, or too early."""
    if created_at is None or not _OLDEST <= created_at <= first_seen_at:
        return first_seen_at
    return created_at
