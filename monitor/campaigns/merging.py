"""What a person does to campaigns: makes two one, takes that back, parts one, or says that two stay apart.

Each is written down as a step, with the posts that moved, and never changed. Numbers that were given out keep working:
a merged campaign leads to where its posts are. The person's permission is asked for by whoever calls (`alerts`).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, update
from sqlmodel import Session, col, select

from monitor import audit
from monitor.campaigns.redirects import home_of
from monitor.campaigns.taking import UNDECIDED, Taking
from monitor.errors import RefusedError
from monitor.raising import raise_for
from monitor.reraising import ATTACHED
from monitor.store.keys import Keyring
from monitor.store.tables import (
    Alert,
    Campaign,
    CampaignStep,
    Occurrence,
    StoredPost,
    StoredWording,
    Suggestion,
)
from monitor.store.writing import insert_or_ignore, portions

_KEPT = "Nothing was changed."


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Who does something, why, and when."""

    user: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What was done: `posts` moved between `campaign_id` and `other_id`, the one that was merged or came out."""

    campaign_id: int
    other_id: int
    posts: Sequence[int]


class Merging:
    """Changes campaigns within one transaction, whose turn was taken (`take_turn`)."""

    def __init__(self, session: Session, keyring: Keyring) -> None:
        self._session = session
        self._keyring = keyring

    def merge(self, *, into: int, other: int, act: Act) -> Step:
        """Makes a campaign part of another. Raises `RefusedError`: they are one already, or do not go together."""
        into, other = home_of(self._session, into), home_of(self._session, other)
        first, second = self._campaign(into), self._campaign(other)
        if into == other:
            raise RefusedError("These campaigns are one already.", kept=_KEPT)
        if first.about != second.about:
            raise RefusedError(
                "One of these campaigns warns of, reports or quotes such posts: it shares no verdict with them.",
                kept=_KEPT,
                do="Decide both for themselves.",
            )
        posts = self._posts(other)
        taking = Taking(self._session, into=into, other=other)
        reasons = taking.news()
        self._move(col(Occurrence.campaign_id) == other, other, into, taking.state, of=taking.undecided)
        self._session.exec(
            update(StoredWording).where(col(StoredWording.campaign_id) == other).values(campaign_id=into)
        )
        taking.share_terms()
        second.merged_into = into
        self._session.add(second)
        self._touch(into)
        taking.raise_again(reasons, user=act.user, at=act.at)
        self._decide_suggestion(into, other, "merged", act)
        return self._written("merge", into, other, posts, act)

    def unmerge(self, other: int, act: Act) -> Step:
        """Takes the last merge of a campaign back, with what was found by its wordings since. Raises `RefusedError`."""
        campaign = self._campaign(other)
        last = self._session.exec(
            select(CampaignStep)
            .where(CampaignStep.other_id == other, CampaignStep.kind == "merge")
            .order_by(col(CampaignStep.id).desc())
        ).first()
        if campaign.merged_into is None or last is None:
            raise RefusedError(f"Campaign {other} is not merged.", kept=_KEPT)
        home = home_of(self._session, other)
        wordings = self._wordings_of(last.posts)
        for some in portions(last.posts):
            self._move(col(Occurrence.post_id).in_(some), home, other, ATTACHED)
        for some in portions(wordings):
            self._move(col(Occurrence.wording_id).in_(some), home, other, ATTACHED)
            self._session.exec(update(StoredWording).where(col(StoredWording.id).in_(some)).values(campaign_id=other))
        campaign.merged_into = None
        self._session.add(campaign)
        self._decide_suggestion(last.campaign_id, other, "open", act)
        return self._written("unmerge", home, other, self._posts(other), act)

    def split(self, campaign_id: int, posts: Collection[int], act: Act) -> Step:
        """Makes a campaign of posts, with all that have the same wording and handles as one of them.

        It goes by the number of its first post, and has an alert of its own. Raises `RefusedError`.
        """
        campaign = self._campaign(home_of(self._session, campaign_id))
        inside = self._posts(campaign.id)
        moving = self._groups_of(set(posts) & set(inside))
        if missing := sorted(set(posts) - set(inside)):
            raise RefusedError(
                f"Post {missing[0]} is not in campaign {campaign.id}.",
                kept=_KEPT,
                do="See `handlewatch campaigns show`.",
            )
        if not moving or campaign.id in moving:
            raise RefusedError(
                "The first post of a campaign, and what reads like it, stays in it.",
                kept=_KEPT,
                do="Name the posts that are to leave it, by their groups.",
            )
        made = self._new_home(min(moving), campaign, act)
        wordings = self._wordings_of(moving)
        for some in portions(moving):
            self._move(col(Occurrence.post_id).in_(some), campaign.id, made, ATTACHED)
        for some in portions(wordings):
            self._session.exec(update(StoredWording).where(col(StoredWording.id).in_(some)).values(campaign_id=made))
        before = self._alert(campaign.id)
        first = self._session.get_one(StoredPost, made)
        raise_for(self._session, made, first, act.at, lane=before.lane if before else "main")
        self._decide_suggestion(campaign.id, made, "dismissed", act, bridge=made)
        return self._written("split", campaign.id, made, moving, act)

    def dismiss(self, one: int, other: int, act: Act) -> Step:
        """Says that two campaigns are not one: nothing suggests it again. Raises `RefusedError`."""
        one, other = home_of(self._session, one), home_of(self._session, other)
        if one == other:
            raise RefusedError("These campaigns are one already.", kept=_KEPT)
        self._decide_suggestion(one, other, "dismissed", act, bridge=max(one, other))
        return self._written("dismiss", min(one, other), max(one, other), [], act)

    def _campaign(self, campaign_id: int) -> Campaign:
        found = self._session.get(Campaign, campaign_id)
        if found is None:
            raise RefusedError(f"There is no campaign {campaign_id}.", kept=_KEPT)
        return found

    def _posts(self, campaign_id: int) -> list[int]:
        return list(
            self._session.exec(
                select(Occurrence.post_id)
                .where(Occurrence.campaign_id == campaign_id)
                .order_by(col(Occurrence.post_id))
            )
        )

    def _wordings_of(self, posts: Sequence[int]) -> list[int]:
        found = {
            wording
            for some in portions(posts)
            for wording in self._session.exec(select(Occurrence.wording_id).where(col(Occurrence.post_id).in_(some)))
        }
        return sorted(wording for wording in found if wording is not None)

    def _groups_of(self, posts: Collection[int]) -> list[int]:
        """Posts, with all that have the same wording and handles as one of them."""
        moving = set(posts)
        for some in portions(self._wordings_of(sorted(posts))):
            moving.update(self._session.exec(select(Occurrence.post_id).where(col(Occurrence.wording_id).in_(some))))
        return sorted(moving)

    def _new_home(self, post_id: int, campaign: Campaign, act: Act) -> int:
        known = self._session.get(Campaign, post_id)
        if known is None:
            # Told from the keyed hash of a wording, which may have begun a campaign that was merged.
            first = self._keyring.lookup("split", str(post_id))
            insert_or_ignore(
                self._session, Campaign, id=post_id, first_hash=first, created_at=act.at, about=campaign.about
            )
        else:
            known.merged_into = None
            self._session.add(known)
            self._session.flush()
        return post_id

    def _move(self, which: Any, old: int, new: int, state: str, *, of: Collection[str] = UNDECIDED) -> None:
        """:param state: what posts in one of the states `of` become; the others stay what a person made of them."""
        values: dict[str, Any] = {
            "campaign_id": new,
            "origin_id": func.nullif(func.coalesce(col(Occurrence.origin_id), old), new),
        }
        here = (which, col(Occurrence.campaign_id) == old)
        self._session.exec(update(Occurrence).where(*here, col(Occurrence.state).in_(of)).values(**values, state=state))
        self._session.exec(update(Occurrence).where(*here).values(**values))

    def _alert(self, campaign_id: int) -> Alert | None:
        return self._session.exec(select(Alert).where(Alert.campaign_id == campaign_id)).first()

    def _touch(self, campaign_id: int) -> None:
        latest = select(func.max(Occurrence.added_at)).where(Occurrence.campaign_id == campaign_id).scalar_subquery()
        self._session.exec(update(Alert).where(col(Alert.campaign_id) == campaign_id).values(last_occurrence_at=latest))

    def _decide_suggestion(self, one: int, other: int, state: str, act: Act, *, bridge: int | None = None) -> None:
        """:param bridge: the post to name where nothing was suggested yet; None makes no suggestion then."""
        first, second = sorted((one, other))
        decided = (
            {"decided_by": None, "decided_at": None}
            if state == "open"
            else {
                "decided_by": act.user,
                "decided_at": act.at,
            }
        )
        if bridge is not None:
            insert_or_ignore(
                self._session,
                Suggestion,
                campaign_id=first,
                other_id=second,
                post_id=bridge,
                state=state,
                suggested_at=act.at,
                **decided,
            )
        self._session.exec(
            update(Suggestion)
            .where(col(Suggestion.campaign_id) == first, col(Suggestion.other_id) == second)
            .values(state=state, **decided)
        )

    def _written(self, kind: str, campaign_id: int, other_id: int, posts: Sequence[int], act: Act) -> Step:
        row = CampaignStep(
            kind=kind,
            campaign_id=campaign_id,
            other_id=other_id,
            user=act.user,
            reason=act.reason,
            at=act.at,
            posts=list(posts),
        )
        self._session.add(row)
        self._session.flush()
        audit.record(
            self._session,
            act.at,
            actor=act.user,
            action=f"campaign.{kind}",
            subject=f"campaign:{campaign_id}",
            other=other_id,
            posts=len(posts),
            step=row.id,
            reason=self._keyring.lookup("reason", act.reason).hex(),
        )
        return Step(campaign_id=campaign_id, other_id=other_id, posts=posts)
