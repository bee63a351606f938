"""The one switch that stops all sending, in every process, within a second.

Delivery takes the switch's row in the transaction in which it claims a report, and looks at it several times
a second while it sends.
"""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session, col, select

from alerts.roles import Permission, require
from monitor import audit
from monitor.errors import ConfigError
from monitor.store.tables import Switch
from monitor.store.writing import insert_or_ignore

SENDING = "sending"


def sending_on(session: Session) -> bool:
    """Whether sending is allowed; it is until somebody stops it."""
    on = session.exec(select(Switch.on).where(Switch.name == SENDING)).first()
    return on is None or on


def stopped_by(session: Session) -> Switch | None:
    """Who stopped sending, when and why; None while it is allowed."""
    row = session.get(Switch, SENDING)
    return None if row is None or row.on else row


def hold_switch(session: Session, at: datetime) -> bool:
    """Whether sending is allowed, and it stays so until the caller's transaction ends: who stops it waits
    for that. Call it first in the transaction, so that all claims take their locks in one order.
    """
    insert_or_ignore(
        session, Switch, name=SENDING, on=True, by="system:delivery", reason="never switched yet", changed_at=at
    )
    return session.exec(select(Switch.on).where(Switch.name == SENDING).with_for_update()).one()


def stop(session: Session, *, by: str, reason: str, at: datetime) -> bool:
    """Stops all sending. Returns whether that changed anything. Raises `AuthError`."""
    return _switch(session, on=False, by=by, reason=reason, at=at)


def resume(session: Session, *, by: str, reason: str, at: datetime) -> bool:
    """Allows sending again. Returns whether that changed anything. Raises `AuthError`, `ConfigError`."""
    if not reason.strip():
        # To stop asks for nothing but a person: it may be urgent.
        raise ConfigError("To resume sending, say why.", kept="Sending stays as it is.", do="Give --reason.")
    return _switch(session, on=True, by=by, reason=reason, at=at)


def _switch(session: Session, *, on: bool, by: str, reason: str, at: datetime) -> bool:
    require(session, by, Permission.STOP)
    insert_or_ignore(session, Switch, name=SENDING, on=True, by=by, reason=reason, changed_at=at)
    row = session.exec(select(Switch).where(col(Switch.name) == SENDING).with_for_update()).one()
    changed = row.on != on
    if changed:
        row.on, row.by, row.reason, row.changed_at = on, by, reason, at
        session.add(row)
    audit.record(
        session,
        at,
        actor=by,
        action="sending.resume" if on else "sending.stop",
        subject="switch:sending",
        changed=changed,
    )
    return changed
