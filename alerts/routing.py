"""From a decision to reports: which channel takes which post of a reportable alert."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from sqlmodel import Session

from monitor.store.tables import Alert, Decision, Report


class Routes(Protocol):
    """What triage asks of the reporting side; :class:`Router` is the real one."""

    def route(self, session: Session, *, alert: Alert, decision: Decision, at: datetime) -> list[Report]:
        """Enqueues the reports of a decision, inside the transaction of that decision.

        Call it for every final decision, whatever its verdict: it does nothing for those that are not
        reportable. `decision.id` must be set (flush first).

        :param at: when the decision was made, UTC.
        :return: the reports that are new; what was reported before is left alone (and recorded as such).
        """
        ...
