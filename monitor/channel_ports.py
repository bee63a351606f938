"""What a channel must offer, and what passes between it and the core: see `monitor.ports` for the sources' side."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import httpx
    from pydantic import BaseModel


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What a report is about: one post and the account that posted it."""

    platform: str
    instance: str | None
    post_id: str
    url: str | None
    cid: str | None
    account_id: str | None
    account_handle: str | None
    observed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportDraft:
    """A decided alert's occurrence, ready to be worded by a channel.

    `handles` are the canonical keys ("wickr:..."); channels whose profile forbids them leave them out.
    """

    report_id: str
    subject: Subject
    conduct: str
    risk: str
    note: str
    handles: Sequence[str]
    term_ids: Sequence[str]
    decided_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """Exactly what will leave: frozen when the report is queued, shown as the preview, sent unchanged."""

    to: str
    content_type: str
    body: bytes
    meta: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """A channel's answer: accepted, with what it gave us to refer to."""

    remote_id: str | None = None
    status: str = ""
    detail: str = ""


class NotSentError(Exception):
    """The channel knows that nothing reached the recipient: trying again is safe.

    :param retry_after: seconds to wait, where the recipient said so.
    """

    def __init__(self, why: str, *, retry_after: float | None = None) -> None:
        super().__init__(why)
        self.retry_after = retry_after


class RejectedError(Exception):
    """The recipient answered that it does not take this report; trying again will not help."""


class FateUnknownError(Exception):
    """It may or may not have arrived: a person decides, it is never re-sent blindly."""


class Channel(Protocol):
    """A configured way out. The only writes to a platform are its report calls."""

    name: str

    def prepare(self, draft: ReportDraft) -> Outgoing:
        """Words the report (pure: no I/O, same draft, same bytes). Raises `ValueError` with the reason where
        this channel cannot carry it.
        """
        ...

    async def send(self, outgoing: Outgoing) -> Receipt:
        """Sends it once. Raises `NotSentError`, `RejectedError` or `FateUnknownError`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelPlugin:
    """A kind of channel; see :class:`SourcePlugin`. `open` takes (name, options, http client)."""

    name: str
    summary: str
    options: type[BaseModel]
    open: Callable[[str, Any, httpx.AsyncClient], Channel]
    example: str = ""
