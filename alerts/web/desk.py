"""What the page works with, and what every handler asks for: who is there, and a signed form."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends
from starlette.requests import Request
from starlette.responses import HTMLResponse

from alerts.campaigns import Campaigns
from alerts.handles import HandleRecords
from alerts.roles import Permission
from alerts.triage import FastLane, Triage
from alerts.users import Users
from alerts.web.collecting import Collectors
from alerts.web.forms import Form, read_form, same_token
from alerts.web.limits import Attempts
from alerts.web.references import References
from alerts.web.render import Templates
from alerts.web.sessions import COOKIE, LoggedIn, Sessions
from monitor.clock import Clock
from monitor.errors import AuthError
from monitor.settings import Settings
from monitor.store.database import Store

THEME_COOKIE = "handlewatch_theme"
KEYS_COOKIE = "handlewatch_keys"


class Desk:
    """Everything that the handlers share."""

    def __init__(
        self,
        *,
        store: Store,
        triage: Triage,
        fast_lane: FastLane,
        campaigns: Campaigns,
        handles: HandleRecords,
        settings: Settings,
        clock: Clock,
        templates: Templates,
    ) -> None:
        self.store = store
        self.triage = triage
        self.fast_lane = fast_lane
        self.campaigns = campaigns
        self.handles = handles
        self.references = References(store.keyring, clock)
        self.settings = settings
        self.now = clock
        self.users = Users(store)
        self.sessions = Sessions(store, hours=settings.page.session_hours)
        self.attempts = Attempts()
        self.collectors = Collectors(store, settings)
        self.templates = templates

    def page(
        self,
        request: Request,
        template: str,
        *,
        person: LoggedIn | None = None,
        status: int = 200,
        headers: dict[str, str] | None = None,
        **values: Any,
    ) -> HTMLResponse:
        """A page, with what every page shows: who is there, how many wait, how it looks."""
        reviews = person is not None and person.may(Permission.REVIEW)
        response = self.templates.response(
            template,
            status=status,
            person=person,
            counts=self.triage.counts(user=person.name) if person and reviews else None,
            joined=self.fast_lane.count(user=person.name) if person and reviews else 0,
            csrf=person.csrf if person else "",
            theme=_one_of(request.cookies.get(THEME_COOKIE), ("light", "dark"), "system"),
            keys=request.cookies.get(KEYS_COOKIE) != "off",
            now=self.now(),
            path=request.url.path,
            **values,
        )
        response.headers.update(headers or {})
        return response


def _one_of(value: str | None, allowed: tuple[str, ...], otherwise: str) -> str:
    return value if value in allowed else otherwise


class NotLoggedInError(Exception):
    """Nobody is logged in; `wanted` is where to go on afterwards."""

    def __init__(self, wanted: str = "/") -> None:
        super().__init__("not logged in")
        self.wanted = wanted


def desk_of(request: Request) -> Desk:
    """The app's desk."""
    return request.app.state.desk


Here = Annotated[Desk, Depends(desk_of)]


def anybody(request: Request, desk: Here) -> LoggedIn:
    """Who is logged in. Raises `NotLoggedInError`."""
    person = desk.sessions.find(request.cookies.get(COOKIE))
    if person is None:
        query = f"?{request.url.query}" if request.url.query else ""
        raise NotLoggedInError(f"{request.url.path}{query}" if request.method == "GET" else "/")
    return person


Anybody = Annotated[LoggedIn, Depends(anybody)]


def reviewer(person: Anybody) -> LoggedIn:
    """Who is logged in and may see content. Raises `AuthError`."""
    if not person.may(Permission.REVIEW):
        raise AuthError(
            f"As {person.role.replace('_', ' ')} you do not see alerts.",
            kept="Nothing was shown or changed.",
            do="Ask an admin for another role, if you should review.",
        )
    return person


Reviewer = Annotated[LoggedIn, Depends(reviewer)]


async def signed_form(request: Request, person: Anybody) -> Form:
    """A form with the session's token. Raises `AuthError`."""
    form = await read_form(request)
    if not same_token(form.text("csrf"), person.csrf):
        raise AuthError(
            "This form is from another session.", kept="Nothing was changed.", do="Load the page again, then repeat."
        )
    return form


Signed = Annotated[Form, Depends(signed_form)]
