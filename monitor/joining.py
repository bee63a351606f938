"""What a post does that joins a campaign whose alert is there already.

While people have yet to decide, it is one post more. Joins it a reportable alert, it waits for a person's yes or no, by
itself; a not-reportable one, it is counted, and the alert is raised again only where the post brings something new.
Whoever holds an alert meanwhile acts on a version: what is raised again has a new one.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import ModuleType
from typing import Any, Final, NamedTuple

from sqlalchemy import bindparam, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, func, select

from monitor import audit
from monitor.detect.screening import Screening
from monitor.raising import Stands
from monitor.reraising import ADDED, ATTACHED, COUNTED, WAITING, news, raise_again
from monitor.store.keys import Keyring
from monitor.store.tables import Alert, AlertTerm, Occurrence, StoredPost
from monitor.store.writing import run

_DECIDED: Final = "decided"
_REPORTABLE: Final = "reportable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """A post that was just placed. `standing`: where its alert stands; None where the post raised it."""

    alert_id: int
    campaign_id: int
    row: int
    platform: str
    name: str
    screening: Screening
    standing: Stands | None
    at: datetime


class Grown(NamedTuple):
    """An alert that grew, for a notice: posts that it has now, and how many of them wait for a yes or no."""

    alert_id: int
    state: str
    posts: int
    waiting: int


class Joining:
    """Lets posts join alerts within one transaction.

    :param weights: of the lexicon's terms, by their ids.
    :param quiet: how long there is no further notice of an alert.
    """

    def __init__(self, session: Session, keyring: Keyring, *, weights: Mapping[str, float], quiet: timedelta) -> None:
        self._session = session
        self._keyring = keyring
        self._weights = weights
        self._quiet = quiet
        self._terms: dict[int, dict[bytes, float]] = {}  # by alert; writers take turns: nobody else changes them

    def join(self, post: Joined) -> Grown | None:
        """Writes down what follows; gives what a notice says where one is due."""
        strongest = self._strongest(post)
        stronger = self._note_terms(post) > strongest
        alert = post.standing
        if alert is None:
            return None
        if alert.state == _DECIDED and alert.verdict == _REPORTABLE:
            self._wait(post)
        elif alert.state == _DECIDED:
            self._set(post.campaign_id, [post.row], COUNTED)
            self._raise_again(post, alert, stronger=stronger)
        return self._notice(post, alert)

    def _known_terms(self, alert_id: int) -> dict[bytes, float]:
        known = self._terms.get(alert_id)
        if known is None:
            known = dict(run(self._session, _TERMS, {"alert_id": alert_id}).all())
            self._terms[alert_id] = known
        return known

    def _strongest(self, post: Joined) -> float:
        """The most that a term weighed before this post."""
        if post.standing is None:
            self._terms[post.alert_id] = {}
            return 0.0
        known = self._known_terms(post.alert_id)
        if not known:  # raised before terms were noted
            explanation = self._session.get_one(Alert, post.alert_id).explanation
            self._keep(post.alert_id, {term["term"] for term in explanation.get("terms", ())})
        return max(known.values(), default=0.0)

    def _note_terms(self, post: Joined) -> float:
        """Notes the terms of a post; gives what the strongest of them weighs."""
        terms = {match.term for match in post.screening.terms}
        self._keep(post.alert_id, terms)
        return max(map(self._weight, terms), default=0.0)

    def _keep(self, alert_id: int, terms: Collection[str]) -> None:
        known = self._known_terms(alert_id)
        weights = {self._keyring.lookup("term", term): self._weight(term) for term in sorted(terms)}
        more = {key: weight for key, weight in weights.items() if key not in known or weight > known[key]}
        if more:
            rows = [{"alert_id": alert_id, "term_hash": key, "weight": weight} for key, weight in more.items()]
            run(self._session, _KEEP[self._session.get_bind().dialect.name], rows)
            known.update(more)

    def _weight(self, term: str) -> float:
        return self._weights.get(term, 1.0)

    def _wait(self, post: Joined) -> None:
        """The post waits for a person; so does a new version of one that waits or was left out, in its place. A new
        version of a post that is reported is reported already.
        """
        earlier = self._session.exec(
            select(StoredPost.id, Occurrence.state)
            .join(Occurrence, col(Occurrence.post_id) == col(StoredPost.id))
            .where(
                Occurrence.campaign_id == post.campaign_id,
                StoredPost.platform == post.platform,
                StoredPost.post_id == post.name,
                col(StoredPost.id) < post.row,
            )
        ).all()
        if any(state in {ATTACHED, ADDED} for _, state in earlier) and all(state != WAITING for _, state in earlier):
            return
        self._set(post.campaign_id, [row or 0 for row, state in earlier if state == WAITING], ATTACHED)
        self._set(post.campaign_id, [post.row], WAITING)
        audit.record(
            self._session,
            post.at,
            actor="system:intake",
            action="alert.fast_lane",
            subject=f"alert:{post.alert_id}",
            post=post.row,
        )

    def _set(self, campaign_id: int, rows: Collection[int], state: str) -> None:
        self._session.exec(
            update(Occurrence)
            .where(col(Occurrence.campaign_id) == campaign_id, col(Occurrence.post_id).in_(rows))
            .values(state=state)
        )

    def _raise_again(self, post: Joined, alert: Stands, *, stronger: bool) -> None:
        """Only where the post brings something new."""
        others = select(Occurrence.post_id).where(
            Occurrence.campaign_id == post.campaign_id, col(Occurrence.post_id) != post.row
        )
        reasons = list(news(self._session, fresh=[post.row], known=others, stronger=stronger))
        if reasons:
            raise_again(
                self._session,
                post.alert_id,
                campaign_id=post.campaign_id,
                version=alert.version,
                reasons=reasons,
                at=post.at,
                actor="system:intake",
                post=post.row,
            )

    def _notice(self, post: Joined, alert: Stands) -> Grown | None:
        if alert.noticed_at is not None and post.at < alert.noticed_at + self._quiet:
            return None
        self._session.exec(update(Alert).where(col(Alert.id) == post.alert_id).values(noticed_at=post.at))
        in_it = select(Occurrence.state, func.count()).where(Occurrence.campaign_id == post.campaign_id)
        states = dict(self._session.exec(in_it.group_by(col(Occurrence.state))).all())
        grown = Grown(post.alert_id, alert.state, sum(states.values()), states.get(WAITING, 0))
        audit.record(
            self._session,
            post.at,
            actor="system:intake",
            action="alert.grew",
            subject=f"alert:{post.alert_id}",
            posts=grown.posts,
            waiting=grown.waiting,
        )
        return grown


_TERMS: Final = select(AlertTerm.term_hash, AlertTerm.weight).where(AlertTerm.alert_id == bindparam("alert_id"))


def _keep(dialect: ModuleType) -> Any:
    statement = dialect.insert(AlertTerm)
    return statement.on_conflict_do_update(
        index_elements=["alert_id", "term_hash"], set_={"weight": statement.excluded.weight}
    )


_KEEP: Final[dict[str, Any]] = {"sqlite": _keep(sqlite), "postgresql": _keep(postgresql)}
