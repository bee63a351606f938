"""A merge that raised a not-reportable alert again is undone: the alert is what it was, unless something happened to it
since.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import update
from sqlmodel import Session, col, select

from alerts.triage.choice import same
from alerts.triage.moves import change
from alerts.triage.recording import record
from alerts.triage.records import State, Step
from alerts.verdicts import Verdict
from monitor.reraising import ATTACHED, COUNTED
from monitor.store.keys import Keyring
from monitor.store.tables import Alert, Decision, Occurrence, User


def restore(
    session: Session,
    keyring: Keyring,
    *,
    campaign_id: int,
    merged_at: datetime,
    person: User,
    now: datetime,
    undo_seconds: float,
) -> bool:
    """Lets the verdict stand again that the merge ended; False where it did not, or where somebody acted on the alert
    or a post joined since: then a person looks.

    :param campaign_id: that which the merged posts have just left. :param merged_at: when they came.
    """
    alert = session.exec(
        select(Alert)
        .where(Alert.campaign_id == campaign_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).first()
    if alert is None or alert.state != State.OPEN or alert.raised_again_at != merged_at:
        return False
    before = session.exec(
        select(Decision).where(Decision.alert_id == alert.id).order_by(col(Decision.alert_version).desc())
    ).first()
    # Deciding and raising are one step each: more than these two, and somebody held it meanwhile.
    if before is None or before.verdict != Verdict.NOT_REPORTABLE or alert.version != before.alert_version + 2:
        return False
    here = (col(Occurrence.campaign_id) == campaign_id,)
    if session.exec(select(Occurrence.post_id).where(*here, Occurrence.added_at > merged_at).limit(1)).first():
        return False
    change(
        session,
        alert,
        version=alert.version,
        now=now,
        user=person.name,
        state=State.DECIDED,
        verdict=before.verdict,
        decided_at=before.decided_at,
        raised_again_at=None,
        raised_for=None,
    )
    later = (col(Occurrence.added_at) > before.decided_at, col(Occurrence.state) == ATTACHED)
    session.exec(update(Occurrence).where(*here, *later).values(state=COUNTED))
    why = same(before, "the merge that raised it again was undone")
    record(
        session,
        alert,
        Step.RESTORATION,
        why,
        person,
        now,
        keyring=keyring,
        route=None,
        final=True,
        undo_seconds=undo_seconds,
    )
    return True
