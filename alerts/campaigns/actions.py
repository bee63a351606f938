"""What a person sees of campaigns and does to them. Each action is one transaction and asks for permission itself."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from typing import Protocol

from sqlmodel import Session, select

from alerts.campaigns import view
from alerts.campaigns.page import CampaignPage, Shows, SuggestedPage
from alerts.campaigns.records import CampaignView, Done, Suggested
from alerts.roles import ALLOWED, Permission, Role, require
from alerts.triage.choice import worded
from alerts.triage.moves import NoSuchAlertError, find_for
from alerts.triage.queue import effective
from alerts.triage.records import Decided, State
from alerts.triage.reveals import note_reveal
from alerts.verdicts import Verdict
from monitor.campaigns.merging import Act, Merging, Step
from monitor.campaigns.redirects import home_of
from monitor.errors import ConfigError, RefusedError
from monitor.linking import Linking
from monitor.store.database import Store
from monitor.store.tables import Alert, Suggestion, User
from monitor.store.writing import take_turn

_REFERENCE = re.compile(r"(c?)([0-9]{1,10})", re.IGNORECASE)
_KEPT = "Nothing was changed."


class Decides(Protocol):
    """What of `alerts.triage.Triage` a merge needs."""

    def decide(
        self, alert_id: int, *, version: int, verdict: Verdict, reason: str, user: str, duplicate_of: int | None = None
    ) -> Decided:
        """Decides an alert."""
        ...


class Campaigns:
    """Campaigns for people. An alert's number stands for its campaign; "c12" is campaign 12, merged ones included.

    :param linking: which posts may be set beside those of other platforms, or counted by account.
    :param ask_first: platforms that want deletions followed (`alerts.triage.Triage`).
    """

    def __init__(
        self,
        store: Store,
        triage: Decides,
        *,
        linking: Linking | None = None,
        ask_first: Collection[str] = (),
    ) -> None:
        self._store = store
        self._triage = triage
        self._shows = Shows(keyring=store.keyring, ask_first=frozenset(ask_first), linking=linking or Linking())

    def show(self, reference: str, *, user: str) -> CampaignView:
        """One campaign, masked. Raises `ConfigError`, `NoSuchAlertError`, `AuthError`."""
        with self._store.read() as session:
            person, alert, asked = self._find(session, reference, user)
            return view.build(session, alert, asked=asked, now=self._store.now(), safeguarding=_may_safeguard(person))

    def page(self, reference: str, *, user: str, page: int = 1) -> CampaignPage:
        """One campaign with its words, masked. Raises as :meth:`show` does.

        :param page: of its posts, from 1.
        """
        with self._store.read() as session:
            return self._page(session, reference, user, page=page, clear=False)

    def reveal(self, reference: str, *, user: str, reason: str, page: int = 1) -> CampaignPage:
        """The page in clear. Who looked and why is committed before anything is handed out."""
        with self._store.write() as session:
            person, alert, _ = self._find(session, reference, user)
            at, campaign = self._store.now(), alert.campaign_id
            note_reveal(
                session,
                self._store.keyring,
                alert.id or 0,
                user=person.name,
                reason=reason,
                at=at,
                campaign=campaign,
            )
            return self._page(session, reference, user, page=page, clear=True)

    def _page(self, session: Session, reference: str, user: str, *, page: int, clear: bool) -> CampaignPage:
        person, alert, asked = self._find(session, reference, user)
        may = _may_safeguard(person)
        shown = view.build(session, alert, asked=asked, now=self._store.now(), safeguarding=may)
        return self._shows.page(session, shown, alert, page=page, clear=clear)

    def suggested(self, *, user: str, limit: int = 20) -> Sequence[SuggestedPage]:
        """Suggestions with their words, masked, oldest first."""
        with self._store.read() as session:
            person = require(session, user, Permission.REVIEW)
            may = _may_safeguard(person)
            found = view.suggestions(session, now=self._store.now(), safeguarding=may, limit=limit)
            return self._shows.suggested(session, found)

    def suggestions(self, *, user: str, limit: int = 200) -> Sequence[Suggested]:
        """What posts bridge and nobody has decided, oldest first."""
        with self._store.read() as session:
            person = require(session, user, Permission.REVIEW)
            return view.suggestions(session, now=self._store.now(), safeguarding=_may_safeguard(person), limit=limit)

    def merge(self, one: str, other: str, *, user: str, reason: str) -> Done:
        """Makes the younger campaign part of the older one; its alert, if open, is decided as a duplicate.

        :raises RefusedError: they are one already, do not go together, or the alert is held or waits for somebody.
        """
        why = worded(reason, "To merge campaigns")
        with self._store.write() as session:
            take_turn(session)
            alerts = sorted((self._find(session, name, user)[1] for name in (one, other)), key=_age)
            into, younger = alerts
            state = effective(younger, self._store.now())
            if into.lane != younger.lane:
                raise RefusedError(
                    "One of these alerts is in the safeguarding lane, and the other is not.",
                    kept=_KEPT,
                    do="Decide the conduct of both first.",
                )
            if state is State.SECOND_REVIEW:
                raise RefusedError(
                    f"Alert {younger.id} waits for a second person.", kept=_KEPT, do="Confirm or return it first."
                )
            if state is State.DECIDED or into.id == younger.id:
                act = Act(user=user, reason=why, at=self._store.now())
                step = self._merging(session).merge(into=into.campaign_id, other=younger.campaign_id, act=act)
                return _done("merge", step, into.id or 0)
        self._triage.decide(
            younger.id or 0,
            version=younger.version,
            verdict=Verdict.DUPLICATE,
            reason=why,
            user=user,
            duplicate_of=into.id,
        )
        with self._store.read() as session:
            merged = view.build(session, into, asked=into.campaign_id, now=self._store.now(), safeguarding=True)
        last = merged.steps[-1]
        return Done(
            kind="merge",
            campaign_id=last.campaign_id,
            other_id=last.other_id,
            posts=last.posts,
            alert_id=into.id or 0,
            decided=younger.id,
        )

    def merge_suggested(self, suggestion_id: int, *, seen: Collection[str], user: str, reason: str) -> Done:
        """:meth:`merge` for a suggestion.

        :param seen: the two campaigns that the person saw, as "c12".
        :raises RefusedError: the suggestion is not about these, or was decided.
        """
        with self._store.read() as session:
            require(session, user, Permission.REVIEW)
            row = _suggestion(session, suggestion_id)
            pair = {f"c{home_of(session, one)}" for one in (row.campaign_id, row.other_id)}
        if pair != set(seen):
            raise RefusedError(
                f"Suggestion {suggestion_id} is not about these two campaigns, or one is part of another by now.",
                kept=_KEPT,
                do="Look at the suggestions again.",
            )
        one, other = sorted(pair)
        return self.merge(one, other, user=user, reason=reason)

    def dismiss(self, suggestion_id: int, *, user: str, reason: str) -> Done:
        """Says that two campaigns are not one: nothing suggests it again. Raises `ConfigError`, `RefusedError`."""
        why = worded(reason, "To dismiss a suggestion")

        def act(session: Session) -> tuple[Step, int]:
            require(session, user, Permission.REVIEW)
            row = _suggestion(session, suggestion_id)
            alert = self._find(session, f"c{row.campaign_id}", user)[1]
            self._find(session, f"c{row.other_id}", user)
            done = Act(user=user, reason=why, at=self._store.now())
            step = self._merging(session).dismiss(row.campaign_id, row.other_id, done)
            row.state, row.decided_by, row.decided_at = "dismissed", user, done.at
            session.add(row)
            return step, alert.id or 0

        return self._in_turn("dismiss", act)

    def split(self, reference: str, posts: Collection[int], *, user: str, reason: str) -> Done:
        """Makes groups, each named by one of its posts, a campaign with an alert of its own. Raises `RefusedError`."""
        why = worded(reason, "To split a campaign")

        def act(session: Session) -> tuple[Step, int]:
            alert = self._find(session, reference, user)[1]
            done = Act(user=user, reason=why, at=self._store.now())
            step = self._merging(session).split(alert.campaign_id, posts, done)
            made = session.exec(select(Alert.id).where(Alert.campaign_id == step.other_id)).one()
            return step, made or 0

        return self._in_turn("split", act)

    def _in_turn(self, kind: str, act: Callable[[Session], tuple[Step, int]]) -> Done:
        with self._store.write() as session:
            take_turn(session)
            step, alert_id = act(session)
        return _done(kind, step, alert_id)

    def _merging(self, session: Session) -> Merging:
        return Merging(session, self._store.keyring)

    def _find(self, session: Session, reference: str, user: str) -> tuple[User, Alert, int]:
        """Who asks, the alert of the campaign that has the posts now, and the campaign that was asked for."""
        found = _REFERENCE.fullmatch(reference.strip())
        if found is None:
            raise ConfigError(
                f"{reference[:40]!r} names no campaign.",
                kept=_KEPT,
                do="Name an alert (7) or a campaign (c12).",
            )
        number = int(found[2])
        require(session, user, Permission.REVIEW)
        asked = number if found[1] else find_for(session, number, user)[1].campaign_id
        alert = view.alert_of(session, asked) if asked < 2**31 else None
        if alert is None:
            raise NoSuchAlertError(f"There is no campaign {asked}.", do="See the queue (`handlewatch alerts list`).")
        person, alert = find_for(session, alert.id or 0, user)
        return person, alert, asked


def _suggestion(session: Session, suggestion_id: int) -> Suggestion:
    """A suggestion that nobody has decided. Raises `ConfigError`, `RefusedError`."""
    row = session.get(Suggestion, suggestion_id) if 0 < suggestion_id < 2**31 else None
    if row is None:
        raise ConfigError(
            f"There is no suggestion {suggestion_id}.", kept=_KEPT, do="See `handlewatch campaigns suggestions`."
        )
    if row.state != "open":
        raise RefusedError(f"Suggestion {suggestion_id} was decided: {row.state}.", kept=_KEPT)
    return row


def _age(alert: Alert) -> int:
    return alert.campaign_id


def _may_safeguard(person: User) -> bool:
    return Permission.SAFEGUARDING in ALLOWED[Role(person.role)]


def _done(kind: str, step: Step, alert_id: int) -> Done:
    return Done(
        kind=kind, campaign_id=step.campaign_id, other_id=step.other_id, posts=len(step.posts), alert_id=alert_id
    )
