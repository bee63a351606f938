"""Triage: the queue, one alert, and what a person does with it: claim, reveal, decide, confirm, return, undo.

Every action is one transaction that asks for the person's permission itself, writes its audit row, and changes
the alert by one conditional update on the version that the person saw: of two who act at once, one is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from alerts.roles import ALLOWED, Permission, Role, require
from alerts.triage import abilities, decisions, moves
from alerts.triage import queue as queues
from alerts.triage import view as views
from alerts.triage.records import Choice, Claim, Counts, Decided, Lane, Listing, Outcome, QueuePage, State
from alerts.triage.reveals import note_reveal
from alerts.triage.shown import AlertView
from alerts.triage.texts import Prepare, Route
from alerts.verdicts import Conduct, Risk, Verdict
from monitor import audit
from monitor.errors import ConfigError, RefusedError
from monitor.linking import Linking
from monitor.settings import Review
from monitor.store.database import Store
from monitor.store.tables import Alert, Decision, User
from monitor.suggest import closest

Withdraw = Callable[[Session, Alert, Decision, datetime], object]
"""Takes back the reports of a decision inside the transaction; raises `RefusedError` where one has left."""

Relink = Callable[[Session, int], object]
"""Told inside the transaction of a campaign whose posts came into the safeguarding lane, or out of it."""

PAGE = 25


def _nothing(session: Session, campaign_id: int) -> None:
    """Where nothing is linked."""


class Triage:
    """The people's side of the store. Synchronous; safe from several threads.

    :param route: enqueues the reports of a final decision.
    :param prepare: words them before; None for a route that words them itself.
    :param withdraw: takes them back within the undo window.
    :param relink: keeps linked sets free of what is in the safeguarding lane.
    :param linking: which posts may be set beside those of other platforms; None for no terms to obey.
    :param ask_first: platforms that want deletions followed: their posts out of archives are shown only after a
        re-check.
    :raises ConfigError: a second person is asked for what does not exist: a slip that would let all through.
    """

    def __init__(
        self,
        store: Store,
        *,
        route: Route,
        withdraw: Withdraw,
        review: Review,
        prepare: Prepare | None = None,
        relink: Relink = _nothing,
        linking: Linking | None = None,
        ask_first: Collection[str] = (),
    ) -> None:
        _check(review)
        self._ask_first = frozenset(ask_first)
        self._linking = linking or Linking()
        self._store = store
        self._review = review
        self._decisions = decisions.Decisions(
            store, route=route, prepare=prepare, review=review, withdraw=withdraw, relink=relink
        )

    def queue(
        self,
        *,
        user: str | None,
        listing: Listing = Listing.OPEN,
        lane: Lane = Lane.MAIN,
        after: str | None = None,
        limit: int = PAGE,
    ) -> QueuePage:
        """One page of a list, everything masked.

        :param user: None for whoever runs the command line: the main lane only.
        :param after: where it starts (`QueuePage.after` of the page before).
        """
        with self._store.read() as session:
            if user is not None:
                require(session, user, Permission.REVIEW)
            elif listing is Listing.MINE:
                require(session, "", Permission.REVIEW)
            if lane is Lane.SAFEGUARDING:
                require(session, user or "", Permission.SAFEGUARDING)
            now = self._store.now()
            return queues.page(
                session,
                listing=listing,
                lane=lane,
                user=user or "",
                now=now,
                after=after,
                limit=max(1, min(limit, 200)),
            )

    def counts(self, *, user: str) -> Counts:
        """How many alerts wait in each list."""
        with self._store.read() as session:
            allowed = ALLOWED[Role(require(session, user, Permission.REVIEW).role)]
            return queues.counts(
                session,
                user=user,
                now=self._store.now(),
                second=Permission.SECOND_REVIEW in allowed,
                safeguarding=Permission.SAFEGUARDING in allowed,
            )

    def view(self, alert_id: int, *, user: str | None) -> AlertView:
        """One alert, masked. Raises `NoSuchAlertError`, `AuthError`.

        :param user: None for whoever runs the command line: the main lane only.
        """
        with self._store.read() as session:
            person, alert = moves.find(session, alert_id, user)
            return self._view(session, alert, person, clear=False)

    def reveal(self, alert_id: int, *, user: str, reason: str) -> AlertView:
        """One alert in clear. Who looked and why is committed before the text is handed out."""
        with self._store.write() as session:
            person, alert = moves.find_for(session, alert_id, user)
            note_reveal(session, self._store.keyring, alert_id, user=person.name, reason=reason, at=self._store.now())
            return self._view(session, alert, person, clear=True)

    def claim(self, alert_id: int, *, user: str) -> Claim:
        """Holds an alert for somebody; the holder's own claim is prolonged. Raises `RefusedError`."""
        with self._store.write() as session:
            person, alert = moves.find_for(session, alert_id, user)
            return self._claim(session, alert, person)

    def claim_next(self, *, user: str, lane: Lane = Lane.MAIN) -> Claim | None:
        """Holds the most urgent alert that nobody holds; None where there is none."""
        with self._store.read() as session:
            require(session, user, Permission.REVIEW)
            now = self._store.now()
            free = session.exec(
                select(Alert.id)
                .where(
                    Alert.lane == lane,
                    (col(Alert.state) == State.OPEN)
                    | ((col(Alert.state) == State.CLAIMED) & (col(Alert.claimed_until) <= now)),
                )
                .order_by(col(Alert.priority).desc(), col(Alert.id))
                .limit(PAGE)
            ).all()
        for alert_id in free:
            try:
                return self.claim(alert_id or 0, user=user)
            except RefusedError:
                continue  # somebody else was faster
        return None

    def _claim(self, session: Session, alert: Alert, person: User) -> Claim:
        now = self._store.now()
        until = now + timedelta(minutes=self._review.claim_minutes)
        own = queues.effective(alert, now) is State.CLAIMED and alert.claimed_by == person.name
        moves.change(
            session,
            alert,
            version=alert.version,
            now=now,
            user=person.name,
            state=State.CLAIMED,
            claimed_by=person.name,
            claimed_until=until,
            new_version=not own,
        )
        action = "alert.claim_prolong" if own else "alert.claim"
        audit.record(session, now, actor=person.name, action=action, subject=f"alert:{alert.id}", version=alert.version)
        return Claim(alert_id=alert.id or 0, version=alert.version, until=until)

    def release(self, alert_id: int, *, user: str) -> int:
        """Gives a claimed alert back to the queue; returns its version. Raises `RefusedError`."""
        with self._store.write() as session:
            person, alert = moves.find_for(session, alert_id, user)
            now = self._store.now()
            if alert.state != State.CLAIMED or alert.claimed_by != person.name:
                raise RefusedError(f"Alert {alert_id} is not held by {person.name}.", kept="Nothing was changed.")
            moves.change(session, alert, version=alert.version, now=now, user=person.name, state=State.OPEN)
            audit.record(
                session,
                now,
                actor=person.name,
                action="alert.release",
                subject=f"alert:{alert_id}",
                version=alert.version,
            )
            return alert.version

    def decide(
        self,
        alert_id: int,
        *,
        version: int,
        verdict: Verdict,
        reason: str,
        user: str,
        conduct: Conduct | None = None,
        risk: Risk | None = None,
        duplicate_of: int | None = None,
    ) -> Decided:
        """Decides an alert as it was at `version`.

        A reportable verdict needs a conduct and a risk. Where two people are needed (`review.second_person_for`,
        an escalation, a poster who may be a child) the alert goes to second review and nothing leaves.

        :raises ConfigError: the choice is incomplete.
        :raises RefusedError: it was decided before, or is held by somebody else; names who and when.
        :raises AuthError: the person may not.
        """
        choice = Choice(verdict=verdict, reason=reason, conduct=conduct, risk=risk, duplicate_of=duplicate_of)
        return self._decisions.decide(alert_id, version=version, choice=choice, user=user)

    def confirm(self, alert_id: int, *, version: int, reason: str, user: str) -> Decided:
        """A second, different person agrees: the verdict becomes final and its reports are enqueued."""
        return self._decisions.confirm(alert_id, version=version, reason=reason, user=user)

    def send_back(self, alert_id: int, *, version: int, reason: str, user: str) -> Decided:
        """A second, different person does not agree: the alert is open again."""
        return self._decisions.send_back(alert_id, version=version, reason=reason, user=user)

    def undo(self, alert_id: int, *, user: str) -> Decided:
        """Takes one's own decision back within `review.undo_seconds`: the alert is open again."""
        return self._decisions.undo(alert_id, user=user)

    def outcome(self, alert_id: int, *, user: str) -> Outcome | None:
        """What a person last made of an alert, for the word after it; None where the last step was another's."""
        with self._store.read() as session:
            person = require(session, user, Permission.REVIEW)
            seconds = self._review.undo_seconds
            return abilities.outcome(session, alert_id, person, self._store.now(), undo_seconds=seconds)

    def campaign(self, alert_id: int, *, user: str) -> int:
        """The campaign behind an alert that this person may look at."""
        with self._store.read() as session:
            _, alert = moves.find_for(session, alert_id, user)
            return alert.campaign_id

    def _view(self, session: Session, alert: Alert, person: User | None, *, clear: bool) -> AlertView:
        now = self._store.now()
        shown = views.build(
            session,
            self._store.keyring,
            alert,
            now=now,
            clear=clear,
            linking=self._linking,
            ask_first=self._ask_first,
        )
        if person is None:
            return shown
        can = abilities.of(session, alert, person, now, undo_seconds=self._review.undo_seconds)
        return views.with_abilities(shown, can)


def _check(review: Review) -> None:
    known = [*Conduct, *Risk]
    for name in review.second_person_for:
        if name not in known:
            raise ConfigError(
                f"review.second_person_for: there is no conduct or risk {name!r}.",
                kept="Nothing was changed.",
                do=closest(name, known),
            )


def parse_listing(text: str) -> Listing:
    """The list of that name. Raises `ConfigError`."""
    try:
        return Listing(text.strip().lower().replace("-", "_"))
    except ValueError:
        raise ConfigError(f"There is no list {text!r}.", do=f"There is: {', '.join(Listing)}.") from None


def parse_lane(text: str) -> Lane:
    """The lane of that name. Raises `ConfigError`."""
    try:
        return Lane(text.strip().lower())
    except ValueError:
        raise ConfigError(f"There is no lane {text!r}.", do=f"There is: {', '.join(Lane)}.") from None
