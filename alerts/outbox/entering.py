"""How reports come into the outbox: worded before, put there all at once, each place once."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import insert
from sqlmodel import Session, col, func, select

from alerts.outbox.reports import MANUAL_CHANNEL, ReportState
from monitor import audit
from monitor.store.keys import Keyring
from monitor.store.tables import Report, ReportEvent
from monitor.store.writing import portions, put_all


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """The place that a report takes in the outbox: one a channel, subject and reason.

    :param channel: the configured channel's name, or `MANUAL_CHANNEL`.
    :param subject: names what is reported, "platform/post id".
    :param reason: the reason code (the decision's conduct).
    """

    channel: str
    subject: str
    reason: str

    def key(self, keyring: Keyring) -> str:
        """The keyed hash (hex) that is unique in the outbox."""
        return keyring.lookup("report", json.dumps([self.channel, self.subject, self.reason])).hex()

    def report_id(self, keyring: Keyring, *, alert_id: int, version: int, turn: int = 0) -> str:
        """The id on the outside of the report that a decision on an alert makes, a UUID: asked again, it is the same.

        :param version: of the alert, which the decision is about.
        :param turn: how often the report was taken back before, under the same decision.
        """
        name = json.dumps([self.channel, self.subject, self.reason, alert_id, version, turn])
        return str(UUID(bytes=keyring.lookup("report.id", name)[:16], version=4))


def taken_back(session: Session, keyring: Keyring, slot: Slot) -> int:
    """How often a report in this place was taken back."""
    key = slot.key(keyring)
    # What was taken back keeps its key with its id behind it; ";" comes after ":".
    behind = (col(Report.dedupe_key) > f"{key}:", col(Report.dedupe_key) < f"{key};")
    return session.exec(select(func.count()).select_from(Report).where(*behind)).one()


@dataclass(frozen=True, slots=True, kw_only=True)
class Worded:
    """A report in its words, which has not come into the outbox yet.

    :param frozen: what leaves, as it is kept (`alerts.outbox.reports.freeze`); `sha256` of that.
    :param why: for a manual one: why no channel takes it.
    """

    slot: Slot
    report_id: str
    post_id: int
    frozen: Mapping[str, Any]
    sha256: str
    why: str | None = None

    @property
    def state(self) -> ReportState:
        """The state in which it begins."""
        return ReportState.MANUAL if self.slot.channel == MANUAL_CHANNEL else ReportState.UNDO_WINDOW


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Why reports exist: the decision, and who said so."""

    decision_id: int
    alert_id: int
    actor: str


def enqueue(
    session: Session,
    reports: Sequence[Worded],
    *,
    keyring: Keyring,
    cause: Cause,
    at: datetime,
    undo_seconds: float,
) -> list[str]:
    """Puts reports into the outbox, in the transaction of the decision that made them, which is flushed.

    What leaves is frozen. A slot that is taken already is left alone, which is audited. A thousand of them would hold
    the writer's lock for long one by one, so they are put there in a few statements.

    :param undo_seconds: how long they can be withdrawn before they may leave.
    :return: the new reports' ids; those of what was reported before are not among them.
    """
    later = at + timedelta(seconds=undo_seconds)
    keys = {one.report_id: one.slot.key(keyring) for one in reports}
    rows = [
        {
            "id": one.report_id,
            "decision_id": cause.decision_id,
            "alert_id": cause.alert_id,
            "post_id": one.post_id,
            "channel": one.slot.channel,
            "dedupe_key": keys[one.report_id],
            "state": one.state,
            "outgoing": one.frozen,
            "outgoing_sha256": one.sha256,
            "due_at": at if one.state is ReportState.MANUAL else later,
            "attempts": 0,
            "token": 0,
            "why": one.why,
            "created_at": at,
            "updated_at": at,
        }
        for one in reports
    ]
    entered = {row for some in portions(rows) for row in put_all(session, Report, some)}
    made = [one for one in reports if one.report_id in entered]
    known = _known(session, [keys[one.report_id] for one in reports if one.report_id not in entered])
    if made:
        session.connection().execute(insert(ReportEvent), [_began(one, cause, at) for one in made])
    audit.record_all(
        session,
        at,
        actor=cause.actor,
        rows=[
            _enqueued(one, cause) if one.report_id in entered else _repeated(known[keys[one.report_id]], cause)
            for one in reports
        ],
    )
    return [one.report_id for one in made]


def _known(session: Session, keys: Sequence[str]) -> dict[str, str]:
    """The reports that have these places."""
    return {
        key: report_id
        for some in portions(keys)
        for key, report_id in session.exec(select(Report.dedupe_key, Report.id).where(col(Report.dedupe_key).in_(some)))
    }


def _began(one: Worded, cause: Cause, at: datetime) -> dict[str, Any]:
    return {
        "report_id": one.report_id,
        "before": None,
        "after": one.state,
        "at": at,
        "actor": cause.actor,
        "detail": one.why or "",
    }


def _enqueued(one: Worded, cause: Cause) -> audit.Done:
    return audit.Done(
        "report.enqueue",
        f"report:{one.report_id}",
        {"to": one.state, "channel": one.slot.channel, "decision": cause.decision_id, "sha256": one.sha256},
    )


def _repeated(report_id: str, cause: Cause) -> audit.Done:
    return audit.Done("report.known", f"report:{report_id}", {"decision": cause.decision_id, "alert": cause.alert_id})
