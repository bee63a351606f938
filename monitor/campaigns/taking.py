"""What the posts of a merged campaign become under the verdict of the alert that takes them.

As with posts that join one by one (`monitor.joining`): nothing inherits a verdict, and what is new to a not-reportable
alert raises it again.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from sqlmodel import Session, col, select

from monitor.reraising import ATTACHED, COUNTED, WAITING, news, raise_again
from monitor.store.tables import Alert, AlertTerm, Occurrence

UNDECIDED: Final = (ATTACHED, WAITING, COUNTED)
"""States of posts that nobody said yes or no to, one by one."""
_DECIDED: Final = {"reportable": WAITING, "not_reportable": COUNTED}


class Taking:
    """One campaign about to become part of another, within the transaction that does it."""

    def __init__(self, session: Session, *, into: int, other: int) -> None:
        self._session = session
        self._into, self._other = into, other
        # Locked: an undo of its decision comes before or after.
        self._alert = session.exec(
            select(Alert).where(Alert.campaign_id == into).with_for_update().execution_options(populate_existing=True)
        ).first()
        self._merged = session.exec(select(Alert).where(Alert.campaign_id == other)).first()

    @property
    def undecided(self) -> tuple[str, ...]:
        """States of those posts that nobody decided on yet: the others keep what they are."""
        own = self._merged
        if own is not None and own.state == "decided" and own.verdict in _DECIDED:
            return (WAITING,)
        return UNDECIDED

    @property
    def state(self) -> str:
        """What these become."""
        alert = self._alert
        return _DECIDED.get(alert.verdict or "", ATTACHED) if alert and alert.state == "decided" else ATTACHED

    def news(self) -> list[str]:
        """What of them raises the alert again; to be asked before anything moves."""
        if self.state != COUNTED:
            return []
        fresh = select(Occurrence.post_id).where(
            Occurrence.campaign_id == self._other, col(Occurrence.state).in_(self.undecided)
        )
        if self._session.exec(fresh.limit(1)).first() is None:
            return []
        known = select(Occurrence.post_id).where(Occurrence.campaign_id == self._into)
        return list(news(self._session, fresh=fresh, known=known, stronger=self._stronger()))

    def _stronger(self) -> bool:
        known, coming = self._weights(self._alert), self._weights(self._merged)
        # An alert from before terms were noted says nothing of what is stronger.
        return bool(known) and max(coming.values(), default=0.0) > max(known.values())

    def _weights(self, alert: Alert | None) -> dict[bytes, float]:
        rows = select(AlertTerm.term_hash, AlertTerm.weight).where(AlertTerm.alert_id == (alert.id if alert else None))
        return dict(self._session.exec(rows).all())

    def share_terms(self) -> None:
        """The alert that has the posts now has their terms, too: what is stronger than any before goes by both."""
        if self._alert is None:
            return
        for term_hash, weight in self._weights(self._merged).items():
            known = self._session.get(AlertTerm, (self._alert.id, term_hash)) or AlertTerm(
                alert_id=self._alert.id or 0, term_hash=term_hash, weight=0.0
            )
            known.weight = max(known.weight, weight)
            self._session.add(known)

    def raise_again(self, reasons: list[str], *, user: str, at: datetime) -> None:
        """Opens the alert again, once everything has moved."""
        if self._alert is None or not reasons:
            return
        detail: dict[str, Any] = {"merged": self._other}
        raise_again(
            self._session,
            self._alert.id or 0,
            campaign_id=self._into,
            version=self._alert.version,
            reasons=reasons,
            at=at,
            actor=user,
            **detail,
        )
        self._session.refresh(self._alert)
