"""The outbox: every report is a row with a state; one table says who may move it where.

Every move is one conditional UPDATE together with its `ReportEvent` and its audit row, in the caller's
transaction. Whoever comes second finds the state changed and changes nothing.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any

from sqlalchemy import insert, update
from sqlmodel import Session, col, select

from monitor import audit
from monitor.channel_ports import Outgoing
from monitor.errors import RefusedError
from monitor.store.tables import Report, ReportEvent
from monitor.store.writing import portions, rows_changed


class ReportState(StrEnum):
    """Where a report stands."""

    UNDO_WINDOW = "undo_window"
    QUEUED = "queued"
    CLAIMED = "claimed"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    UNCERTAIN = "uncertain"
    MANUAL = "manual"
    FILED = "filed"
    WITHDRAWN = "withdrawn"
    DEAD = "dead"


class Who(StrEnum):
    """Who moves a report: the machine, or a named person."""

    SYSTEM = "system"
    PERSON = "person"


_S, _SYSTEM, _PERSON = ReportState, frozenset({Who.SYSTEM}), frozenset({Who.PERSON})
TRANSITIONS: Mapping[tuple[ReportState, ReportState], frozenset[Who]] = {
    (_S.UNDO_WINDOW, _S.QUEUED): _SYSTEM | _PERSON,  # the window has passed, or somebody wants it sent now
    (_S.UNDO_WINDOW, _S.WITHDRAWN): _PERSON,
    (_S.QUEUED, _S.CLAIMED): _SYSTEM,
    (_S.QUEUED, _S.WITHDRAWN): _PERSON,
    (_S.QUEUED, _S.FILED): _PERSON,  # somebody filed it by hand while the channel waited
    (_S.CLAIMED, _S.ACCEPTED): _SYSTEM,
    (_S.CLAIMED, _S.REJECTED): _SYSTEM,
    (_S.CLAIMED, _S.QUEUED): _SYSTEM,  # known not to have been sent
    (_S.CLAIMED, _S.DEAD): _SYSTEM,  # known not to have been sent, too often
    (_S.CLAIMED, _S.UNCERTAIN): _SYSTEM,
    (_S.UNCERTAIN, _S.QUEUED): _PERSON,
    (_S.UNCERTAIN, _S.FILED): _PERSON,
    (_S.REJECTED, _S.QUEUED): _PERSON,
    (_S.REJECTED, _S.FILED): _PERSON,
    (_S.DEAD, _S.QUEUED): _PERSON,
    (_S.DEAD, _S.FILED): _PERSON,
    (_S.MANUAL, _S.FILED): _PERSON,
    (_S.MANUAL, _S.WITHDRAWN): _PERSON,
}
"""(from, to) -> who may. Whatever is not here is refused."""

BIRTHS = frozenset({ReportState.UNDO_WINDOW, ReportState.MANUAL})
"""The states in which a report can begin."""

MANUAL_CHANNEL = "manual"
"""The channel's name of reports that a person must file."""


def move(
    session: Session,
    report_id: str,
    *,
    before: ReportState,
    after: ReportState,
    who: Who,
    actor: str,
    at: datetime,
    detail: str = "",
    token: int | None = None,
    columns: Mapping[str, Any] | None = None,
) -> None:
    """Moves a report from one state to the next, in the caller's transaction.

    :param detail: what is to be remembered of this step (a recipient's answer); kept encrypted.
    :param token: the fencing token of the claim, where one must still hold.
    :param columns: other columns of the row to set with it.
    :raises RefusedError: this move is not allowed, or the report is no longer in `before` (or the claim is lost).
    """
    if who not in TRANSITIONS.get((before, after), frozenset()):
        raise _not_allowed(report_id, before, after, who)
    moving = update(Report).where(col(Report.id) == report_id, col(Report.state) == before)
    if token is not None:
        moving = moving.where(col(Report.token) == token)
    if rows_changed(session, moving.values(state=after, updated_at=at, **(columns or {}))) != 1:
        raise RefusedError(
            f"Report {report_id} is no longer {before}: somebody or something else moved it first.",
            kept="Nothing was changed.",
            do=f"Look again: handlewatch reports show {report_id}",
        )
    session.add(ReportEvent(report_id=report_id, before=before, after=after, at=at, actor=actor, detail=detail))
    audit.record(session, at, actor=actor, action="report.move", subject=f"report:{report_id}", before=before, to=after)


def _not_allowed(report_id: str, before: ReportState, after: ReportState, who: Who) -> RefusedError:
    return RefusedError(
        f"A report that is {before} cannot become {after} by a {who}'s hand.",
        kept=f"Report {report_id} is unchanged.",
        do=f"From {before} it can become: {', '.join(_reachable(before, who)) or 'nothing else'}.",
    )


def _reachable(before: ReportState, who: Who) -> list[str]:
    return sorted(to for (origin, to), allowed in TRANSITIONS.items() if origin is before and who in allowed)


def withdraw_report(session: Session, report: Report, *, actor: str, at: datetime, detail: str = "") -> None:
    """Takes a report back and frees its slot, so that a later decision can report again. Raises `RefusedError`
    where it has left or may have.
    """
    move(
        session,
        report.id,
        before=ReportState(report.state),
        after=ReportState.WITHDRAWN,
        who=Who.PERSON,
        actor=actor,
        at=at,
        detail=detail,
        columns={"dedupe_key": f"{report.dedupe_key}:{report.id}"},
    )


def withdraw_all(session: Session, decision_id: int, *, actor: str, at: datetime, detail: str) -> None:
    """:func:`withdraw_report` for all reports of a decision that are left, in a few statements: a thousand,
    one by one, would hold the writer's lock for seconds. Raises `RefusedError` where one has left or may have.
    """
    session.flush()
    rows = session.exec(
        select(Report.id, Report.state)
        .where(Report.decision_id == decision_id, Report.state != ReportState.WITHDRAWN)
        .order_by(col(Report.id))
    ).all()
    for report_id, state in rows:
        if Who.PERSON not in TRANSITIONS.get((ReportState(state), ReportState.WITHDRAWN), frozenset()):
            raise _not_allowed(report_id, ReportState(state), ReportState.WITHDRAWN, Who.PERSON)
    for some in portions(rows):
        changed = rows_changed(
            session,
            update(Report)
            .where(
                col(Report.id).in_([report_id for report_id, _ in some]),
                col(Report.state).in_({state for _, state in some}),
            )
            .values(
                state=ReportState.WITHDRAWN,
                updated_at=at,
                dedupe_key=col(Report.dedupe_key).concat(":").concat(col(Report.id)),
            )
            .execution_options(synchronize_session=False),
        )
        if changed != len(some):
            raise RefusedError(
                "A report of this decision has left, or was moved, at this very moment.",
                kept="Nothing was changed.",
                do="Look again.",
            )
    if rows:
        events = [
            {"report_id": one, "before": state, "after": _S.WITHDRAWN, "at": at, "actor": actor, "detail": detail}
            for one, state in rows
        ]
        session.connection().execute(insert(ReportEvent), events)
    done = [
        audit.Done("report.move", f"report:{one}", {"before": state, "to": ReportState.WITHDRAWN})
        for one, state in rows
    ]
    audit.record_all(session, at, actor=actor, rows=done)


def freeze(outgoing: Outgoing) -> dict[str, Any]:
    """What leaves, as it is kept."""
    return {
        "to": outgoing.to,
        "content_type": outgoing.content_type,
        "body": base64.b64encode(outgoing.body).decode(),
        "meta": dict(outgoing.meta),
    }


def thaw(frozen: Mapping[str, Any]) -> Outgoing:
    """What was frozen, byte for byte."""
    return Outgoing(
        to=frozen["to"],
        content_type=frozen["content_type"],
        body=base64.b64decode(frozen["body"]),
        meta=frozen["meta"],
    )


def digest(frozen: Mapping[str, Any]) -> str:
    """SHA-256 (hex) of what leaves: what was previewed is what was sent."""
    return sha256(json.dumps(frozen, sort_keys=True).encode()).hexdigest()


_ID_BEGINS = re.compile(r"[0-9a-fA-F-]{4,36}")


def find_report(session: Session, report_id: str) -> Report:
    """The report of that id, or of the one that begins so. Raises `RefusedError` for none or several."""
    found: Sequence[Report] = ()
    if _ID_BEGINS.fullmatch(report_id):
        found = session.exec(select(Report).where(col(Report.id).startswith(report_id.lower())).limit(2)).all()
    if len(found) == 1:
        return found[0]
    raise RefusedError(
        f"There is no report {report_id[:40]!r}." if not found else f"Several reports begin with {report_id!r}.",
        kept="Nothing was changed.",
        do="See `handlewatch reports list`; at least four characters of an id are needed.",
    )
