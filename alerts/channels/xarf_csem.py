"""A XARF v4 report of type `csem`, for text that solicits: built as a dict, checked by the package's schema.

Built by hand because the package's own maker overwrites `report_id` and `timestamp`; addresses and times are
checked by us because the schema's formats are not enforced (reference: xarf 1.0.0 with schemas 4.2.0).
"""

from __future__ import annotations

import json
import re
from typing import Any

import xarf

from alerts.channels.facts import ChannelFacts
from alerts.channels.wording import ascii_url, fit, host_of, note_lines, public_url, utc
from monitor.channel_ports import ReportDraft

_VERSION = "4.2.0"
_DOMAIN = re.compile(r"(?:[a-z0-9]+(?:-[a-z0-9]+)*\.)+[a-z]{2,}")  # the schema's own; an address has none


def csem_report(
    draft: ReportDraft, *, facts: ChannelFacts, organisation: str, contact: str, handles: bool
) -> bytes | None:
    """The report as JSON, UTF-8; None where this conduct has no XARF type.

    :param organisation: who reports (at most 200 characters); `contact` is its e-mail address.
    :raises ValueError: the post has no usable address, or the report would not be valid.
    """
    exploitation = facts.reasons.get(draft.conduct)
    if exploitation is None:
        return None
    subject, url = draft.subject, ascii_url(public_url(draft.subject.url))
    who = {"org": organisation, "contact": contact, "domain": contact.rpartition("@")[2].lower()}
    indicators = {"account_id": subject.account_id or subject.account_handle}
    if handles and draft.handles:
        indicators["pattern_of_behavior"] = f"messenger handles shared in the post: {', '.join(draft.handles)}"
    report: dict[str, Any] = {
        "xarf_version": _VERSION,
        "report_id": draft.report_id,
        "timestamp": utc(subject.observed_at),
        "reporter": who,
        "sender": who,
        "source_identifier": host_of(url),
        "category": "content",
        "type": "csem",
        "url": url,
        **({"domain": host_of(url)} if _DOMAIN.fullmatch(host_of(url)) else {}),
        "verified_at": utc(draft.decided_at),
        "verification_method": "manual",
        "exploitation_type": exploitation,
        "detection_method": "manual_review",
        "platform": facts.platforms.get(subject.platform, "social_media"),
        "evidence_type": ["metadata"],
        "perpetrator_indicators": {name: value for name, value in indicators.items() if value},
        "description": fit(note_lines(draft, handles=handles), facts.text_limit),
    }
    _check(report)
    return json.dumps(report, indent=2, sort_keys=True, ensure_ascii=True).encode()


def _check(report: dict[str, Any]) -> None:
    result = xarf.parse(report)
    if result.errors or result.report is None or result.warnings:
        problems = [f"{problem.field}: {problem.message}" for problem in (*result.errors, *result.warnings)]
        raise ValueError(f"the XARF report would not be valid ({'; '.join(problems) or 'unreadable'})")
