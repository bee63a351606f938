"""What a report says in words. Neutral: what the post appears to do, never what somebody is; no coded terms,
no text of the post.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from urllib.parse import urlsplit

import httpx

from alerts.verdicts import Conduct, Risk
from monitor.channel_ports import ReportDraft

_NO_URL = re.compile(r"[\s\x00-\x1f\x7f<>\"\ud800-\udfff]")
_YEARS = range(1990, 2100)
_ON_A_LINE = 8


def utc(moment: datetime) -> str:
    """RFC 3339, seconds, "Z". Raises `ValueError` for a time without a zone or in an absurd year."""
    if moment.tzinfo is None:
        raise ValueError("a time without a timezone cannot be reported")
    if moment.year not in _YEARS:
        raise ValueError(f"the year {moment.year} cannot be right")
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def public_url(url: str | None) -> str:
    """The post's address, checked: the validators of the report formats take anything.

    :raises ValueError: there is none, or it is no plain web address.
    """
    if not url:
        raise ValueError("the post has no address")
    if _NO_URL.search(url):
        raise ValueError("the post's address holds characters that no address has")
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise ValueError("the post's address is not a valid one") from None
    if parts.scheme not in {"http", "https"} or not host:
        raise ValueError("the post's address is not a web address")
    if parts.username is not None or parts.password is not None:
        raise ValueError("the post's address carries a password")
    return url


def ascii_url(url: str) -> str:
    """A checked address as a URI (RFC 3986): the host by IDNA, the rest percent-encoded. Raises `ValueError`."""
    try:
        return url if url.isascii() else str(httpx.URL(url))
    except httpx.InvalidURL:
        raise ValueError("the post's address is not a valid one") from None


def host_of(url: str) -> str:
    """The host of a checked address, lower case."""
    return (urlsplit(url).hostname or "").lower()


def note_lines(draft: ReportDraft, *, handles: bool, link: bool = True) -> list[str]:
    """The note, a line each, most important first, for fields that do not hold them all.

    :param handles: name the messenger handles.
    """
    subject = draft.subject
    lines = [f"A public post appears to break the law and your rules ({Conduct(draft.conduct).label})."]
    if link and subject.url:
        lines.append(f"Post: {subject.url}")
    lines.append(f"Seen: {_seen(subject.observed_at)}")
    lines.append(f"Our reference: {draft.report_id}")
    if Risk(draft.risk) in {Risk.DANGER_NOW, Risk.CHILD_AT_RISK}:
        lines.append(f"Urgent: {Risk(draft.risk).label}.")
    if handles:
        # In portions, so that a field that does not hold all of them holds the first.
        for start in range(0, len(draft.handles), _ON_A_LINE):
            head = "Further handles" if start else "Messenger handles in the post"
            lines.append(f"{head}: {', '.join(draft.handles[start : start + _ON_A_LINE])}")
    if draft.note:
        lines.append(draft.note)
    lines.append("A person read the post before this was sent. No media was opened.")
    return lines


def _seen(moment: datetime) -> str:
    try:
        return utc(moment)
    except ValueError:  # an archive may claim any time, and a person must be able to file it all the same
        return "at a time that is not known"


def fit(lines: Sequence[str], limit: int) -> str:
    """The lines that fit into `limit` characters, whole, earlier ones first; one that is too long is left out."""
    kept: list[str] = []
    for line in lines:
        if len("\n".join([*kept, line])) <= limit:
            kept.append(line)
    if not kept:
        raise ValueError(f"the note does not fit into {limit} characters")
    return "\n".join(kept)
