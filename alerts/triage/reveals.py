"""Writing down that somebody sees masked text in clear: who, what, why; before it is handed out."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from alerts.triage.choice import worded
from monitor import audit
from monitor.store.keys import Keyring
from monitor.store.tables import Reveal

TO_REVEAL = "To reveal an alert"


def note_reveal(
    session: Session, keyring: Keyring, alert_id: int, *, user: str, reason: str, at: datetime, **what: int | str
) -> None:
    """Adds the row and its audit row. Raises `ConfigError` without a reason.

    :param what: which part of the alert, where it is not its first post.
    """
    why = worded(reason, TO_REVEAL)
    row = Reveal(alert_id=alert_id, user=user, reason=why, at=at)
    session.add(row)
    session.flush()
    audit.record(
        session,
        at,
        actor=user,
        action="alert.reveal",
        subject=f"alert:{alert_id}",
        reveal=row.id,
        reason=keyring.lookup("reason", why).hex(),
        **what,
    )
