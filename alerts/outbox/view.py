"""The outbox as people see it: masked, unless somebody reveals a report, which is recorded."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes
from email.policy import default as parse_policy

from sqlmodel import Session, col, func, select

from alerts.masking import Kind, Masker, Secret, tag
from alerts.masking.patterns import fold
from alerts.outbox.reports import ReportState, find_report, thaw
from alerts.roles import Permission, require
from alerts.triage.choice import worded
from monitor import audit
from monitor.channel_ports import Outgoing
from monitor.records import from_record
from monitor.store.keys import Keyring
from monitor.store.tables import Alert, Identity, Mention, Report, ReportEvent, Reveal, StoredPost


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportLine:
    """One report in a list. Nothing of its content."""

    id: str
    state: ReportState
    channel: str
    platform: str
    alert_id: int
    attempts: int
    due_at: datetime
    updated_at: datetime
    remote_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EventLine:
    """One step of a report."""

    at: datetime
    before: str | None
    after: str
    actor: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportView:
    """One report with what leaves and what happened.

    :param preview: exactly what leaves, in words; masked unless `clear`. None where it was erased.
    :param size: in bytes.
    """

    line: ReportLine
    to: str | None
    content_type: str | None
    sha256: str | None
    size: int | None
    preview: str | None
    why: str | None
    events: Sequence[EventLine]
    clear: bool


def listing(
    session: Session,
    *,
    state: ReportState | None = None,
    channel: str | None = None,
    alert_id: int | None = None,
    limit: int = 100,
) -> list[ReportLine]:
    """Reports, last changed first."""
    query = select(Report, StoredPost.platform).join(StoredPost, col(StoredPost.id) == col(Report.post_id))
    if state is not None:
        query = query.where(Report.state == state)
    if channel is not None:
        query = query.where(Report.channel == channel)
    if alert_id is not None:
        query = query.where(Report.alert_id == alert_id)
    found = session.exec(query.order_by(col(Report.updated_at).desc(), col(Report.id)).limit(limit))
    return [_line(report, platform) for report, platform in found]


def counts(session: Session) -> dict[ReportState, int]:
    """How many reports are in each state; states without one are left out."""
    found = session.exec(select(Report.state, func.count()).group_by(col(Report.state)))
    return {ReportState(state): count for state, count in found}


def _line(report: Report, platform: str) -> ReportLine:
    return ReportLine(
        id=report.id,
        state=ReportState(report.state),
        channel=report.channel,
        platform=platform,
        alert_id=report.alert_id,
        attempts=report.attempts,
        due_at=report.due_at,
        updated_at=report.updated_at,
        remote_id=report.remote_id,
    )


def show(session: Session, report_id: str) -> ReportView:
    """One report, masked. Raises `RefusedError` where there is none."""
    report = find_report(session, report_id)
    post = session.get_one(StoredPost, report.post_id)
    return _view(session, report, post, _masker(session, post))


def reveal(session: Session, report_id: str, *, by: str, reason: str, at: datetime, keyring: Keyring) -> ReportView:
    """One report in clear; who looked, and why, is recorded. Commit before it is shown.

    :raises AuthError: this person may not see alerts.
    :raises ConfigError: no reason.
    """
    why = worded(reason, "To reveal a report")
    require(session, by, Permission.REVIEW)
    report = find_report(session, report_id)
    if session.get_one(Alert, report.alert_id).lane == "safeguarding":
        require(session, by, Permission.SAFEGUARDING)
    session.add(Reveal(alert_id=report.alert_id, user=by, reason=why, at=at))
    audit.record(
        session,
        at,
        actor=by,
        action="report.reveal",
        subject=f"report:{report.id}",
        alert=report.alert_id,
        reason=keyring.lookup("reason", why).hex(),
    )
    return _view(session, report, session.get_one(StoredPost, report.post_id), None)


def _masker(session: Session, post: StoredPost) -> Masker:
    identities = session.exec(
        select(Identity).join(Mention, col(Mention.identity_id) == col(Identity.id)).where(Mention.post_id == post.id)
    )
    handles = [
        Secret(
            kind=Kind.HANDLE,
            text=fold(identity.handle)[0],
            label=f"handle {tag('H', identity.key_hash)} · {identity.app}",
        )
        for identity in identities
        if identity.handle
    ]
    record = from_record(post.record) if post.record is not None else None
    ids = [post.post_id, *([record.author.id] if record and record.author.id else [])]
    accounts = [Secret(kind=Kind.ACCOUNT, text=fold(text)[0], label="id") for text in ids]
    return Masker(secrets=(*Masker.for_post(record, ()).secrets, *handles, *accounts))


def _view(session: Session, report: Report, post: StoredPost, masker: Masker | None) -> ReportView:
    def worded(text: str | None) -> str | None:
        return masker.text(text) if masker and text else text

    outgoing = thaw(report.outgoing) if report.outgoing is not None else None
    events = session.exec(
        select(ReportEvent).where(ReportEvent.report_id == report.id).order_by(col(ReportEvent.id))
    )  # fmt: skip
    return ReportView(
        line=_line(report, post.platform),
        to=outgoing.to if outgoing else None,
        content_type=outgoing.content_type if outgoing else None,
        sha256=report.outgoing_sha256,
        size=len(outgoing.body) if outgoing else None,
        preview=worded(preview(outgoing)) if outgoing else None,
        why=worded(report.why),
        events=[
            EventLine(
                at=event.at,
                before=event.before,
                after=event.after,
                actor=event.actor,
                detail=worded(event.detail) or "",
            )
            for event in events
        ],
        clear=masker is None,
    )


def preview(outgoing: Outgoing) -> str:
    """What leaves, as a person reads it: the text of a mail and the names of its attachments, JSON indented."""
    if outgoing.content_type == "message/rfc822":
        mail = message_from_bytes(outgoing.body, policy=parse_policy)
        head = [f"{name}: {mail[name]}" for name in ("From", "To", "Date", "Subject", "Message-ID")]
        text = mail.get_body(("plain",))
        attached = [f"Attached: {part.get_filename()}" for part in mail.iter_attachments()]
        return "\n".join([*head, "", text.get_content().rstrip() if text else "", "", *attached]).rstrip()
    body = outgoing.body.decode("utf-8", "replace")
    if outgoing.content_type == "application/json":
        return json.dumps(json.loads(body), indent=2, ensure_ascii=False)
    return body.rstrip()
