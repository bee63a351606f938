"""The queue and its lists, taking the next alert, and what collectors missed."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from alerts.roles import Permission
from alerts.triage import parse_lane, parse_listing
from alerts.triage.records import Lane, Listing
from alerts.web.desk import Anybody, Here, Reviewer, Signed
from alerts.web.place import Place

router = APIRouter()


@router.get("/queue")
def queue(
    request: Request,
    person: Reviewer,
    desk: Here,
    list: str = Listing.OPEN,  # noqa: A002 - the name in the address
    lane: str = Lane.MAIN,
    after: str | None = None,
    done: int | None = None,
    taken: bool = False,
) -> Response:
    """One page of one list."""
    place = Place(listing=parse_listing(list), lane=parse_lane(lane))
    page = desk.triage.queue(user=person.name, listing=place.listing, lane=place.lane, after=after)
    return desk.page(
        request,
        "queue.html",
        person=person,
        place=place,
        rows=page.rows,
        after=page.after,
        first=after is None,
        outcome=desk.triage.outcome(done, user=person.name) if done else None,
        collecting=desk.collectors.state(),
        nothing_free=taken,
    )


@router.post("/claim-next")
def claim_next(person: Reviewer, desk: Here, form: Signed) -> Response:
    """Takes the most urgent alert that nobody holds."""
    place = Place(lane=parse_lane(form.text("lane") or Lane.MAIN))
    claim = desk.triage.claim_next(user=person.name, lane=place.lane)
    if claim is None:
        return RedirectResponse(place.queue(taken=1), 303)
    return RedirectResponse(place.alert(claim.alert_id), 303)


@router.get("/coverage")
def coverage(request: Request, person: Anybody, desk: Here) -> Response:
    """What was seen and what was not. No content: for every role."""
    return desk.page(
        request,
        "coverage.html",
        person=person,
        collecting=desk.collectors.state(),
        reviews=person.may(Permission.REVIEW),
    )
