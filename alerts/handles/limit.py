"""How many handles one person may look up within an hour: enough for work, too few to walk through a list."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlmodel import Session, col, func, select

from monitor.errors import RefusedError
from monitor.store.tables import AuditRow

WINDOW: Final = timedelta(hours=1)
SHOWN: Final = ("handle.show", "handle.reveal")
_RECENT: Final = 20_000
"""Rows of the audit trail that are looked through: it has no index by time, and grows for years."""


class TooManyLookUpsError(RefusedError):
    """Somebody looked up as many handles as they may for now.

    :param retry_after: seconds until the next one is possible.
    """

    def __init__(self, most: int, retry_after: float) -> None:
        minutes = max(1, -int(-retry_after // 60))
        super().__init__(
            f"You looked up {most} different handles within the last hour, and that is the most.",
            kept="This one was not looked up. That you asked is in the audit trail.",
            do=f"Go on in {minutes} min. Records that you opened before stay within reach. "
            "Whoever runs the installation can change `review.handles_an_hour`.",
        )
        self.retry_after = retry_after


def wait(session: Session, *, person: str, key: str, most: int, now: datetime) -> float:
    """Seconds until this person may look this handle up; 0 for now. One that was looked up is not counted again.

    Reads the audit trail, so that several pages and the terminal count together.
    """
    newest = session.exec(select(func.max(AuditRow.id))).one() or 0
    rows = session.exec(
        select(AuditRow)
        .where(
            col(AuditRow.id) > newest - _RECENT,
            AuditRow.actor == person,
            col(AuditRow.action).in_(SHOWN),
            col(AuditRow.at) > now - WINDOW,
        )
        .order_by(col(AuditRow.id))
    )
    last = {str(row.detail["key"]): row.at for row in rows}
    if key in last or len(last) < most:
        return 0
    return max(1.0, (sorted(last.values())[-most] + WINDOW - now).total_seconds())
