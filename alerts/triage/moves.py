"""Finding an alert for somebody, and moving it: one conditional update on the version that was seen."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import and_, or_, update
from sqlmodel import Session, col, select

from alerts.roles import Permission, require
from alerts.triage.queue import effective, lane_of_home
from alerts.triage.records import Lane, State
from monitor.errors import ConfigError, RefusedError
from monitor.store.tables import Alert, Decision, User
from monitor.store.writing import rows_changed


class NoSuchAlertError(ConfigError):
    """There is no alert of that number."""


def find(session: Session, alert_id: int, user: str | None) -> tuple[User | None, Alert]:
    """The person and the alert, if the person may see it. Raises `AuthError`, `NoSuchAlertError`.

    :param user: None for whoever runs the command line, who may look (masked) at the main lane.
    """
    person = require(session, user, Permission.REVIEW) if user is not None else None
    alert = session.get(Alert, alert_id) if 0 < alert_id < 2**31 else None
    if alert is None:
        raise NoSuchAlertError(f"There is no alert {alert_id}.", do="See the queue (`handlewatch alerts list`).")
    if Lane.SAFEGUARDING in {alert.lane, lane_of_home(session, alert)}:
        require(session, user or "", Permission.SAFEGUARDING)
    return person, alert


def find_for(session: Session, alert_id: int, user: str) -> tuple[User, Alert]:
    """The person who acts and the alert; see :func:`find`."""
    person, alert = find(session, alert_id, user)
    if person is None:
        raise AssertionError("a named user was looked up, or refused")
    return person, alert


def change(
    session: Session, alert: Alert, *, version: int, now: datetime, user: str, state: State, **values: Any
) -> None:
    """Moves an alert from what `user` saw at `version`, in one conditional update; refreshes `alert`.

    Open alerts and the user's own claims can be moved, and alerts in second review; `values` are further
    columns. `expects`, where given, is the state that it must be in. Raises `RefusedError`.
    """
    expects = values.pop("expects", None)
    step = 1 if values.pop("new_version", True) else 0
    free = or_(
        col(Alert.state) == State.OPEN,
        and_(col(Alert.state) == State.CLAIMED, or_(col(Alert.claimed_by) == user, col(Alert.claimed_until) <= now)),
    )
    changed = rows_changed(
        session,
        update(Alert)
        .where(
            col(Alert.id) == alert.id,
            col(Alert.version) == version,
            free if expects is None else col(Alert.state).in_(expects),
        )
        .values({"claimed_by": None, "claimed_until": None, **values, "state": state, "version": version + step}),
    )
    session.refresh(alert)
    if changed != 1:
        raise refusal(session, alert, version, now, user)


def refusal(session: Session, alert: Alert, version: int, now: datetime, user: str) -> RefusedError:
    """Why an alert cannot be moved: who decided it and when, who holds it, or that it changed."""
    kept = "Your action was not recorded and nothing was sent."
    state = effective(alert, now)
    last = standing(session, alert)
    if state in {State.DECIDED, State.SECOND_REVIEW} and last is not None:
        waits = "; it waits for a second person" if state is State.SECOND_REVIEW else ""
        who = "you" if last.user == user else last.user
        return RefusedError(
            f"Alert {alert.id} was already decided: {last.verdict} by {who} at {clock_words(last.decided_at)}{waits}.",
            kept=kept,
            do="Look at the alert again.",
        )
    if state is State.CLAIMED and alert.claimed_by != user and alert.claimed_until:
        return RefusedError(
            f"Alert {alert.id} is held by {alert.claimed_by} until {clock_words(alert.claimed_until)}.",
            kept=kept,
            do="Ask them to release it, or wait until then.",
        )
    return RefusedError(
        f"Alert {alert.id} has changed since you saw it (version {version}, now {alert.version}).",
        kept=kept,
        do="Look at the alert again.",
    )


def clock_words(moment: datetime) -> str:
    """A time for a sentence, in UTC."""
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def standing(session: Session, alert: Alert) -> Decision | None:
    """The step that brought an alert where it is; None where that was no decision."""
    return session.exec(
        select(Decision).where(Decision.alert_id == alert.id, Decision.alert_version == alert.version - 1)
    ).first()
