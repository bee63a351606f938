"""What the streams tell: posts made, changed and deleted, accounts deleted, and what is said of the stream itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from sources.bluesky.records import POSTS, UnusableError

OPERATIONS: Final = frozenset({"create", "update", "delete"})


class BadFrameError(UnusableError):
    """A frame that cannot be used; the text says why, without any content."""


class Commit(NamedTuple):
    """A post was made, changed or deleted. `seq` is None on Jetstream's version-1 wire."""

    seq: int | None
    time_us: int
    did: str
    operation: str
    rkey: str
    cid: str | None
    record: Mapping[str, Any] | None

    @property
    def uri(self) -> str:
        """The post's at:// URI."""
        return f"at://{self.did}/{POSTS}/{self.rkey}"


class Other(NamedTuple):
    """An event that says nothing about posts; it only moves the cursor."""

    seq: int | None
    time_us: int


class AccountDeleted(NamedTuple):
    """An account was deleted, with everything it posted."""

    seq: int | None
    time_us: int
    did: str


class Several(NamedTuple):
    """What one commit of a repository did to several posts; `bad`: (where, why) of those that cannot be used."""

    seq: int | None
    time_us: int
    commits: Sequence[Commit]
    bad: Sequence[tuple[str, str]] = ()


class Notice(NamedTuple):
    """What the server says about the stream itself: an advice, or an error that ends it."""

    name: str
    message: str
    fatal: bool


Event = Commit | Several | AccountDeleted | Other
Frame = Event | Notice


def brief(error: Exception) -> str:
    """A missing field's name; other messages might quote content."""
    return str(error.args[0])[:40] if isinstance(error, KeyError) else "a field has another type"


def microseconds(stamp: str) -> int:
    """An ISO 8601 time as microseconds since 1970."""
    moment = datetime.fromisoformat(stamp)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    # Integers throughout: a float of these seconds has no room for the microseconds.
    return (int(moment.replace(microsecond=0).timestamp()) * 1_000_000) + moment.microsecond


def moment(time_us: int) -> datetime:
    """Microseconds since 1970 as a time."""
    seconds, rest = divmod(time_us, 1_000_000)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest)
