"""Numbers of campaigns that were given out keep working: what was merged leads to where its posts are."""

from __future__ import annotations

from sqlmodel import Session, col, select

from monitor.store.tables import Campaign


def home_of(session: Session, campaign_id: int) -> int:
    """The campaign that has a campaign's posts now: itself, or what it was merged into, step by step.

    Steps end: a campaign is only ever merged into an older one, with a smaller number.
    """
    here = campaign_id
    while True:
        into = session.exec(select(col(Campaign.merged_into)).where(Campaign.id == here)).first()
        if into is None:
            return here
        here = into
