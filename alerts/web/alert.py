"""One alert: looking, claiming, revealing, deciding, and the second person."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from alerts.triage import parse_lane, parse_listing
from alerts.triage.records import Lane, Listing, State
from alerts.triage.shown import AlertView
from alerts.verdicts import Conduct, Risk, Verdict, parse_conduct, parse_risk, parse_verdict
from alerts.web.desk import Desk, Here, Reviewer, Signed
from alerts.web.forms import Form
from alerts.web.place import Place
from alerts.web.problems import Problem
from alerts.web.sessions import LoggedIn
from monitor.errors import AuthError, ConfigError, HandlewatchError, RefusedError

router = APIRouter(prefix="/alerts")


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What somebody had filled in, kept when it could not be taken."""

    verdict: str = ""
    conduct: str = ""
    risk: str = ""
    reason: str = ""
    duplicate_of: str = ""

    @classmethod
    def of(cls, form: Form) -> Draft:
        """The draft in a form."""
        return cls(
            verdict=form.text("verdict"),
            conduct=form.text("conduct"),
            risk=form.text("risk"),
            reason=form.text("reason"),
            duplicate_of=form.text("duplicate_of"),
        )


def _page(
    request: Request,
    desk: Desk,
    person: LoggedIn,
    place: Place,
    view: AlertView,
    *,
    problem: Problem | None = None,
    draft: Draft | None = None,
    done: int | None = None,
) -> Response:
    """The page of an alert. An answer to a form keeps the address that the reader is at."""
    return desk.page(
        request,
        "alert.html",
        person=person,
        status=problem.status if problem else 200,
        headers={"HX-Push-Url": "false"} if request.method == "POST" else None,
        view=view,
        place=place,
        rows=desk.triage.queue(user=person.name, listing=place.listing, lane=place.lane).rows,
        outcome=desk.triage.outcome(done, user=person.name) if done else None,
        problem=problem,
        draft=draft or Draft(),
        verdicts=list(Verdict),
        conducts=list(Conduct),
        risks=list(Risk),
        second_for=desk.settings.review.second_person_for,
        request_id=request.state.request_id,
    )


def _place(form: Form) -> Place:
    return Place(
        listing=parse_listing(form.text("list") or Listing.OPEN), lane=parse_lane(form.text("lane") or Lane.MAIN)
    )


@router.get("/{alert_id}")
def show(
    request: Request,
    alert_id: int,
    person: Reviewer,
    desk: Here,
    list: str = Listing.OPEN,  # noqa: A002 - the name in the address
    lane: str = Lane.MAIN,
    done: int | None = None,
) -> Response:
    """One alert, masked."""
    place = Place(listing=parse_listing(list), lane=parse_lane(lane))
    return _page(request, desk, person, place, desk.triage.view(alert_id, user=person.name), done=done)


@router.post("/{alert_id}/reveal")
def reveal(request: Request, alert_id: int, person: Reviewer, desk: Here, form: Signed) -> Response:
    """One alert in clear; the reveal is committed before this answer is made."""
    place = _place(form)
    try:
        view = desk.triage.reveal(alert_id, user=person.name, reason=form.text("reveal_reason"))
    except ConfigError as error:
        return _refused(request, desk, person, place, alert_id, error, Draft())
    return _page(request, desk, person, place, view)


@router.post("/{alert_id}/claim")
def claim(request: Request, alert_id: int, person: Reviewer, desk: Here, form: Signed) -> Response:
    """Holds an alert."""
    return _act(request, desk, person, form, alert_id, lambda: desk.triage.claim(alert_id, user=person.name))


@router.post("/{alert_id}/release")
def release(request: Request, alert_id: int, person: Reviewer, desk: Here, form: Signed) -> Response:
    """Gives it back."""
    return _act(request, desk, person, form, alert_id, lambda: desk.triage.release(alert_id, user=person.name))


@router.post("/{alert_id}/undo")
def undo(request: Request, alert_id: int, person: Reviewer, desk: Here, form: Signed) -> Response:
    """Takes one's own decision back."""
    return _act(request, desk, person, form, alert_id, lambda: desk.triage.undo(alert_id, user=person.name))


@router.post("/{alert_id}/decide")
def decide(request: Request, alert_id: int, person: Reviewer, desk: Here, form: Signed) -> Response:
    """Decides; says so only once it is committed."""

    def act() -> object:
        if not form.text("verdict"):
            raise ConfigError("Choose a verdict.", kept="Nothing was changed.")
        verdict = parse_verdict(form.text("verdict"))
        reportable = verdict is Verdict.REPORTABLE
        return desk.triage.decide(
            alert_id,
            version=form.number("version") or 0,
            verdict=verdict,
            conduct=parse_conduct(form.text("conduct")) if reportable and form.text("conduct") else None,
            risk=parse_risk(form.text("risk")) if reportable and form.text("risk") else None,
            duplicate_of=form.number("duplicate_of") if verdict is Verdict.DUPLICATE else None,
            reason=form.text("reason"),
            user=person.name,
        )

    return _act(request, desk, person, form, alert_id, act, moves_on=True)


@router.post("/{alert_id}/confirm")
def confirm(request: Request, alert_id: int, person: Reviewer, desk: Here, form: Signed) -> Response:
    """The second person agrees."""

    def act() -> object:
        version, reason = form.number("version") or 0, form.text("reason")
        return desk.triage.confirm(alert_id, version=version, reason=reason, user=person.name)

    return _act(request, desk, person, form, alert_id, act, moves_on=True)


@router.post("/{alert_id}/return")
def send_back(request: Request, alert_id: int, person: Reviewer, desk: Here, form: Signed) -> Response:
    """The second person does not agree."""

    def act() -> object:
        version, reason = form.number("version") or 0, form.text("reason")
        return desk.triage.send_back(alert_id, version=version, reason=reason, user=person.name)

    return _act(request, desk, person, form, alert_id, act, moves_on=True)


def _act(
    request: Request,
    desk: Desk,
    person: LoggedIn,
    form: Form,
    alert_id: int,
    act: Callable[[], object],
    *,
    moves_on: bool = False,
) -> Response:
    """Does it, then shows the alert or the next one; where it is refused, the alert with the draft kept."""
    place = _place(form)
    try:
        act()
    except (RefusedError, ConfigError, AuthError) as error:
        return _refused(request, desk, person, place, alert_id, error, Draft.of(form))
    if not moves_on:
        return RedirectResponse(place.alert(alert_id), 303)
    following = _next(desk, person, place, alert_id) if form.text("then") == "next" else None
    if following is not None:
        return RedirectResponse(place.alert(following, done=alert_id), 303)
    if form.text("then") != "next" and _visible(desk, person, alert_id):
        return RedirectResponse(place.alert(alert_id, done=alert_id), 303)
    return RedirectResponse(place.queue(done=alert_id), 303)


def _refused(
    request: Request,
    desk: Desk,
    person: LoggedIn,
    place: Place,
    alert_id: int,
    error: HandlewatchError,
    draft: Draft,
) -> Response:
    view = desk.triage.view(alert_id, user=person.name)
    return _page(request, desk, person, place, view, problem=Problem.of(error), draft=draft)


def _next(desk: Desk, person: LoggedIn, place: Place, alert_id: int) -> int | None:
    """The first alert of the list that this person could work on."""
    page = desk.triage.queue(user=person.name, listing=place.listing, lane=place.lane)
    for row in page.rows:
        held = row.state is State.CLAIMED and row.claimed_by != person.name
        if row.id != alert_id and not held:
            return row.id
    return None


def _visible(desk: Desk, person: LoggedIn, alert_id: int) -> bool:
    try:
        desk.triage.view(alert_id, user=person.name)
    except AuthError:
        return False
    return True
