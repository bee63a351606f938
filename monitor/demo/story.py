"""What happened before somebody opens the demo: an alert was decided, a post was found gone, and days later more came.

So there is something of each to see: a campaign that grows, a post that waits in the fast lane, two campaigns that
one post is like, and a handle that came back.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from importlib.resources import files
from typing import Final

from sqlmodel import Session, col, select

from alerts.verdicts import Conduct, Risk, Verdict
from monitor.demo.installation import Demo
from monitor.hits import HitScreen
from monitor.intake import Committed
from monitor.ports import Batch, Recheck, Records, Standing
from monitor.post import PostRef
from monitor.rechecking import follow
from monitor.records import from_record
from monitor.store.database import open_store
from monitor.store.keys import load_keyring
from monitor.store.tables import Alert, Occurrence, StoredPost

DECIDED: Final = "t3_s020"
"""A post of the sample whose alert grace decided."""
GONE: Final = PostRef("reddit", "t3_s022")
"""One that was found unavailable, with a handle that comes back."""
GONE_AT: Final = datetime(2026, 10, 24, 12, tzinfo=UTC)


def tell(demo: Demo) -> Committed:
    """Lets it happen, after the sample was collected; gives what came later."""
    app = demo.app
    with app.store.read() as session:
        alert = _alert_of(session, DECIDED)
    app.triage.decide(
        alert.id or 0,
        version=alert.version,
        verdict=Verdict.REPORTABLE,
        conduct=Conduct.OFFERS_OR_ASKS_MATERIAL,
        risk=Risk.TRADE,
        reason="a handle beside coded terms; decided for this demo",
        user="grace",
    )
    # A re-check of those days, by a clock of those days.
    then = open_store(app.settings.database_url, load_keyring(demo.home), clock=lambda: GONE_AT)
    try:
        follow(then, [Recheck(ref=GONE, standing=Standing.REMOVED_BY_MODERATOR)], actor="system:demo")
    finally:
        then.close()
    lines = files("monitor.demo").joinpath("later.ndjson").read_text("utf-8").splitlines()
    posts = [from_record(json.loads(line)) for line in lines]
    screened = HitScreen(app.screen)(Batch(records=Records.of(posts)))
    return app.intake.commit(screened, source="sample")


def _alert_of(session: Session, post_id: str) -> Alert:
    return session.exec(
        select(Alert)
        .join(Occurrence, col(Occurrence.campaign_id) == col(Alert.campaign_id))
        .join(StoredPost, col(StoredPost.id) == col(Occurrence.post_id))
        .where(StoredPost.post_id == post_id)
    ).one()
