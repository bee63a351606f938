"""The record of one handle: asked for by its name or from what shows it; by POST, so that no address names it."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from alerts.handles import HandleRecord, Reference
from alerts.web.desk import Desk, Here, Reviewer, Signed
from alerts.web.problems import status_of
from alerts.web.sessions import LoggedIn
from alerts.web.timeline import timeline
from monitor.errors import ConfigError, HandlewatchError

router = APIRouter()

_LONGEST_PLATFORM = 200


@router.get("/handles")
def ask(request: Request, person: Reviewer, desk: Here) -> Response:
    """The form that takes one handle."""
    return _form(request, desk, person)


@router.post("/handles")
def look_up(request: Request, person: Reviewer, desk: Here, form: Signed) -> Response:
    """Goes to the record of one handle by its name, whether it was ever seen or not."""
    app, handle = form.text("app"), form.text("handle")
    try:
        reference = _named(desk, person, app, handle)
    except ConfigError as error:
        # What was typed goes back to who typed it, and nowhere else.
        return _form(request, desk, person, app=app, handle=handle, error=error)
    return _go(desk, person, reference)


def _named(desk: Desk, person: LoggedIn, app: str, handle: str) -> Reference:
    if not app:
        raise ConfigError("Choose the app of the handle.", kept="Nothing was looked up.")
    return desk.handles.find(app, handle, user=person.name)


@router.post("/alerts/{alert_id}/handle")
def from_alert(person: Reviewer, desk: Here, form: Signed, alert_id: int) -> Response:
    """Goes to the record of a handle that an alert shows, by its tag."""
    app, label = form.text("app"), form.text("tag")
    return _go(desk, person, desk.handles.of_alert(alert_id, app=app, label=label, user=person.name))


@router.get("/handles/record/{token}")
def show(request: Request, person: Reviewer, desk: Here, token: str) -> Response:
    """One record, masked. Each time is in the audit trail."""
    reference = desk.references.read(token, person)
    return _record(request, desk, person, reference, token, desk.handles.open(reference, user=person.name))


@router.post("/handles/record/{token}/reveal")
def reveal(request: Request, person: Reviewer, desk: Here, form: Signed, token: str) -> Response:
    """One record in clear; the reveal is committed before this answer is made."""
    reference = desk.references.read(token, person)
    try:
        record = desk.handles.open_clear(reference, user=person.name, reason=form.text("reveal_reason"))
    except ConfigError as error:
        record = desk.handles.open(reference, user=person.name)
        return _record(request, desk, person, reference, token, record, error=error)
    return _record(request, desk, person, reference, token, record)


@router.post("/handles/record/{token}/beside")
def beside(person: Reviewer, desk: Here, form: Signed, token: str) -> Response:
    """Goes to the record of a handle that this record shows, by its tag."""
    reference = desk.references.read(token, person)
    app, label = form.text("app"), form.text("tag")
    return _go(desk, person, desk.handles.beside(reference, app=app, label=label, user=person.name))


@router.post("/handles/record/{token}/platform")
def within(person: Reviewer, desk: Here, form: Signed, token: str) -> Response:
    """The record within one platform, or, where none is named, of all that may be linked."""
    reference = desk.references.read(token, person)
    platform = form.text("platform")[:_LONGEST_PLATFORM] or None
    return _go(desk, person, reference.within(platform))


def _go(desk: Desk, person: LoggedIn, reference: Reference) -> Response:
    return RedirectResponse(desk.references.address(reference, person), 303)


def _form(
    request: Request,
    desk: Desk,
    person: LoggedIn,
    *,
    app: str = "",
    handle: str = "",
    error: HandlewatchError | None = None,
) -> Response:
    return desk.page(
        request,
        "handles.html",
        person=person,
        status=status_of(error) if error else 200,
        headers=_stay(request),
        apps=desk.handles.apps,
        app=app,
        handle=handle,
        error=error,
        an_hour=desk.settings.review.handles_an_hour,
    )


def _record(
    request: Request,
    desk: Desk,
    person: LoggedIn,
    reference: Reference,
    token: str,
    record: HandleRecord,
    *,
    error: HandlewatchError | None = None,
) -> Response:
    kind, _, number = reference.through.partition(":")
    return desk.page(
        request,
        "handle.html",
        person=person,
        status=status_of(error) if error else 200,
        headers=_stay(request),
        record=record,
        own=f"/handles/record/{token}",
        alert=int(number) if kind == "alert" else None,
        through=number if kind == "handle" else None,
        timeline=timeline(record.timeline, record.returns),
        error=error,
    )


def _stay(request: Request) -> dict[str, str] | None:
    """An answer to a form keeps the address that the reader is at."""
    return {"HX-Push-Url": "false"} if request.method == "POST" else None
