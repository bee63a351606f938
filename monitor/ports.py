"""What a source must offer, and what passes between it and the core; `monitor.channel_ports` has the channels' side.

A source and a channel are plug-ins (`monitor.plugins`): those that ship with Handlewatch use nothing that
an organisation's private one could not.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, runtime_checkable

from monitor.drafts import Draft, columns_of

if TYPE_CHECKING:
    import httpx
    from pydantic import BaseModel

    from monitor.clock import Clock
    from monitor.net.bodies import TextType
    from monitor.post import Post, PostRef

Cursor = Mapping[str, Any]
"""Where a source goes on after a restart: JSON-serialisable, opaque to everybody but the source."""


class Seen(StrEnum):
    """What became of an interval of a source's time (the coverage ledger)."""

    SEEN = "seen"
    SKIPPED = "skipped"
    RATE_LIMITED = "rate_limited"
    FAILED = "failed"
    OUT_OF_REACH = "out_of_reach"


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """One interval of one scope (a timeline, a stream, a file) and what became of it.

    `start` None: from the beginning of what the source can show.
    """

    scope: str
    start: datetime | None
    end: datetime
    state: Seen
    posts: int = 0
    note: str = ""


class Records(Sequence["Post"]):
    """A batch's posts as columns of strings plus a constructor: a `Post` is built for survivors only.

    :param columns: screened field name -> one string a row ("" where a row has none). All columns are of
        one length. Tags are one column, `tags`, joined by newlines.
    :param build: makes the `Post` of a row.
    """

    __slots__ = ("_build", "columns")

    def __init__(self, columns: Mapping[str, Sequence[str]], build: Callable[[int], Post]) -> None:
        self.columns = columns
        self._build = build

    @classmethod
    def of(cls, drafts: Sequence[Draft]) -> Records:
        """Drafts, or posts that were built already, as records."""
        return cls(columns_of(drafts), lambda row: drafts[row].whole())

    def __len__(self) -> int:
        return len(next(iter(self.columns.values()), ()))

    def __getitem__(self, row: int | slice[Any, Any, Any]) -> Any:
        if isinstance(row, slice):
            return [self._build(index) for index in range(*row.indices(len(self)))]
        return self._build(range(len(self))[row])

    def __iter__(self) -> Iterator[Post]:
        return (self._build(row) for row in range(len(self)))


@dataclass(frozen=True, slots=True, kw_only=True)
class BadRecord:
    """Something that a source could not turn into a post: where (a line, an id) and why; no content."""

    where: str
    why: str


class AccountRef(NamedTuple):
    """Names one account: `key` is unique within its platform (`Author.key`)."""

    platform: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What a source hands over at once; committed in one transaction together with its cursor.

    `cursor` None leaves the stored one as it is. `deleted`: posts that the platform said are deleted;
    `deleted_accounts`: accounts that are deleted, with everything they posted.
    """

    records: Records
    cursor: Cursor | None = None
    coverage: Sequence[Coverage] = ()
    deleted: Sequence[PostRef] = ()
    deleted_accounts: Sequence[AccountRef] = ()
    bad: Sequence[BadRecord] = ()


class Source(Protocol):
    """A configured source. Made by its :class:`SourcePlugin`."""

    def collect(self, cursor: Cursor | None) -> AsyncGenerator[Batch, None]:
        """An async generator of batches from where `cursor` left off: a polled source ends when it has
        caught up, a stream goes on until cancelled. The next batch is asked for only when the last one is committed.

        Raises `AuthError`, `RateLimitedError` (with the seconds to wait) or `UnreachableError`; whatever
        was yielded before stays valid.
        """
        ...


class Standing(StrEnum):
    """What a re-check found. An error is `UNKNOWN`, never gone; `REMOVED_BY_...` needs the platform to say by whom."""

    UP = "up"
    EDITED = "edited"
    UNAVAILABLE = "unavailable"
    REMOVED_BY_AUTHOR = "removed_by_author"
    REMOVED_BY_MODERATOR = "removed_by_moderator"
    REMOVED_BY_COMMUNITY = "removed_by_community"
    REMOVED_BY_PLATFORM = "removed_by_platform"
    ACCOUNT_GONE = "account_gone"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A post as it was last seen here: what a re-check needs to find it and to tell an edit.

    :param text_hash: `monitor.post.text_hash` of the post as last seen; None where it is not to be compared.
    """

    ref: PostRef
    instance: str | None = None
    url: str | None = None
    cid: str | None = None
    account: str | None = None
    text_hash: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recheck:
    """What became of one post. `note` says in a few words on what that rests; no content."""

    ref: PostRef
    standing: Standing
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line of a source's doctor (`check`): what was looked at, how it is, and what to do where it is not well.

    `well` None: could not be found out. `offline`: because no server was reached at all.
    """

    what: str
    well: bool | None
    said: str = ""
    do: str = ""
    offline: bool = False


@runtime_checkable
class Checking(Protocol):
    """A source that can be examined: credentials, scopes, what they reach, clock skew, one real read."""

    async def check(self) -> Sequence[Finding]:
        """Looks at everything, raises nothing: what fails becomes a finding."""
        ...


@runtime_checkable
class Rechecking(Protocol):
    """A source that can say whether posts are still up."""

    async def recheck(self, posts: Sequence[Known]) -> Sequence[Recheck]:
        """One answer a post, in the given order, in the fewest calls. Raises nothing: errors are `UNKNOWN`."""
        ...


@runtime_checkable
class Refreshing(Protocol):
    """A source that can show a post's text again, as it is now."""

    async def refresh(self, post: Known) -> Post | None:
        """The post as it is now; None where it is not there any more. Raises as `collect` where that is unknown."""
        ...


@runtime_checkable
class Enriching(Protocol):
    """A source whose posts come without their author's bio: it is fetched for posts that hit or nearly hit only."""

    async def enrich(self, posts: Sequence[Post]) -> Sequence[Post]:
        """The posts with their authors' bios where those could be had; the others unchanged. Raises nothing."""
        ...


class Pace(StrEnum):
    """How a source is driven: polled on a schedule, or a stream that is kept open."""

    POLL = "poll"
    STREAM = "stream"
    ONCE = "once"


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceContext:
    """What the composition lends to a source: the text-only client, the clock, and how to wait.

    :param named: hosts that the operator named; only they may have private or loopback addresses.
    :param loopback: every server is on loopback: pacing minimums are waived.
    :param limit: about how many posts are wanted at most; None for all.
    :param pages: how many pages of each timeline may be read in one go; None leaves it to the source.
    """

    http: httpx.AsyncClient
    clock: Clock
    user_agent: str
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    named: frozenset[str] = frozenset()
    loopback: bool = False
    limit: int | None = None
    pages: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a platform's terms ask of an operator, as data. Facts with their source, not legal advice.

    :param approval_needed: the platform wants to approve this use before any of it.
    :param basis_needed: the operator must state its basis before the source is enabled.
    :param text_days: longest time a text may be kept, in days; None where none is stated.
    :param deletion_hours: how soon a deletion on the platform must be followed here; None where no time is
        stated (it is followed all the same where the platform tells of it).
    :param may_link: handles may be matched with those of other platforms.
    :param may_profile: posts may be gathered by account.
    :param may_share: kinds of recipient that texts may go to: platform, hotline, law_enforcement, partner.
    :param may_publish_time_to_act: how fast the platform acts may be published.
    :param link: where the terms are.
    :param checked: when they were last read.
    """

    platform: str
    approval_needed: bool
    basis_needed: bool
    text_days: float | None
    deletion_hours: float | None
    may_link: bool
    may_profile: bool
    may_share: frozenset[str]
    may_publish_time_to_act: bool
    link: str
    checked: date
    note: str = ""


def named_servers(options: object) -> Sequence[str]:
    """The servers that options name in the common way: as `addresses`, else as `base_url`; none where they do not."""
    addresses: Sequence[str] | None = getattr(options, "addresses", None)
    if addresses is not None:
        return addresses
    address: str | None = getattr(options, "base_url", None)
    return () if address is None else (address,)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourcePlugin:
    """A kind of source.

    :param options: pydantic model of its options; field descriptions document them (`sources show`).
    :param open: makes a source of validated options.
    :param accepts: the text types that its client may read; everything else is refused unread.
    :param servers: the addresses (URLs) of the servers that options name; empty for local files.
    :param credentials: names of options that are secrets; empty where the source has none.
    :param credentials_needed: it cannot read anything without them.
    :param example: a ready-to-use configuration section, TOML.
    :param lacks: what options that are valid lack before the source may run (not to try it), to follow its name in a
        sentence; empty for nothing.
    :param aliases: other names that people would type, in lower case.
    :param tells: its re-check can say whether a post is still there; None: as its class has one.
    :param starter: options with which it may start in counting mode when nothing is configured; None: not.
    """

    name: str
    summary: str
    pace: Pace
    options: type[BaseModel]
    open: Callable[[Any, SourceContext], Source]
    terms: Terms
    accepts: frozenset[TextType] = frozenset()
    servers: Callable[[Any], Sequence[str]] = named_servers
    credentials: Sequence[str] = ()
    credentials_needed: bool = False
    example: str = ""
    lacks: Callable[[Any], str] = field(default=lambda _: "")
    starter: Mapping[str, Any] | None = None
    aliases: Sequence[str] = ()
    tells: bool | None = None
