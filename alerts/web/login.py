"""Logging in and out, and one's own looks: theme and keys."""

from __future__ import annotations

import re
import secrets
from threading import BoundedSemaphore
from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from alerts.roles import Permission
from alerts.web.desk import KEYS_COOKIE, THEME_COOKIE, Anybody, Desk, Here, Signed
from alerts.web.forms import Form, read_form, same_token
from alerts.web.sessions import COOKIE, LoggedIn
from monitor import audit
from monitor.errors import AuthError

router = APIRouter()

_LOGIN_COOKIE = "handlewatch_login"
_WANTED = re.compile(r"/(?:[A-Za-z0-9_][A-Za-z0-9_/-]*)?(?:\?[A-Za-z0-9_=&.-]*)?")
_LONGEST_NAME = 41
"""One more than a name can have: what is remembered of attempts stays small."""
_hashing = BoundedSemaphore(2)
"""One check takes 64 MiB by design: only so many at once."""


def _set(response: Response, request: Request, name: str, value: str, *, age: int | None = None) -> None:
    response.set_cookie(
        name, value, max_age=age, httponly=True, samesite="strict", secure=request.url.scheme == "https", path="/"
    )


def _wanted(path: str) -> str:
    """Where to go after the log-in: only a page of ours."""
    return path if _WANTED.fullmatch(path) and not path.startswith("/login") else "/"


def _form_page(
    request: Request, desk: Desk, *, wanted: str, status: int = 200, problem: str = "", name: str = ""
) -> HTMLResponse:
    token = request.cookies.get(_LOGIN_COOKIE) or secrets.token_urlsafe(24)
    page = desk.page(request, "login.html", status=status, problem=problem, name=name, wanted=wanted, login_token=token)
    _set(page, request, _LOGIN_COOKIE, token)
    return page


@router.get("/login")
def login_form(request: Request, desk: Here, wanted: str = "/") -> Response:
    """The log-in form."""
    if desk.sessions.find(request.cookies.get(COOKIE)) is not None:
        return RedirectResponse(_wanted(wanted), 303)
    return _form_page(request, desk, wanted=_wanted(wanted))


@router.post("/login")
def login(request: Request, desk: Here, form: Annotated[Form, Depends(read_form)]) -> Response:
    """Logs in. A wrong name and a wrong password are told the same way and cost the same time."""
    if not same_token(form.text("login_token"), request.cookies.get(_LOGIN_COOKIE, "")):
        raise AuthError("This log-in form is too old.", kept="Nothing was changed.", do="Load the page again.")
    name, wanted = form.text("name").lower()[:_LONGEST_NAME], _wanted(form.text("wanted"))
    address = request.client.host if request.client else "?"
    wait = desk.attempts.wait(name, address, desk.now())
    if wait > 0:
        minutes = max(1, round(wait / 60))
        page = _form_page(
            request,
            desk,
            wanted=wanted,
            status=429,
            problem=f"Too many attempts failed. Try again in {minutes} min.",
            name=name,
        )
        page.headers["Retry-After"] = str(int(wait) + 1)
        return page
    with _hashing:
        person = desk.users.check(name, form.secret("password"))
    if person is None:
        desk.attempts.failed(name, address, desk.now())
        _note_failure(desk, name)
        problem = "That name and password do not belong together."
        return _form_page(request, desk, wanted=wanted, status=401, problem=problem, name=name)
    desk.attempts.succeeded(name)
    token = desk.sessions.open(person.name)
    response = RedirectResponse(wanted, 303)
    _set(response, request, COOKIE, token, age=int(desk.settings.page.session_hours * 3600))
    response.delete_cookie(_LOGIN_COOKIE, path="/")
    return response


def _note_failure(desk: Desk, name: str) -> None:
    """Audited by name only where there is such a user: people type passwords into the wrong field."""
    known = any(person.name == name for person in desk.users.all())
    with desk.store.write() as session:
        audit.record(
            session,
            desk.now(),
            actor="system:page",
            action="user.login_failed",
            subject=f"user:{name}" if known else "user:unknown",
        )


@router.post("/logout")
def logout(person: Anybody, desk: Here, form: Signed) -> Response:  # noqa: ARG001 - the form's token is checked
    """Logs out."""
    desk.sessions.close(person)
    response = RedirectResponse("/login", 303)
    response.delete_cookie(COOKIE, path="/")
    return response


@router.post("/looks")
def looks(request: Request, person: Anybody, form: Signed) -> Response:  # noqa: ARG001 - only for who is logged in
    """Theme and keys, remembered in this browser."""
    response = RedirectResponse("/help", 303)
    theme, year = form.text("theme"), 365 * 24 * 3600
    _set(response, request, THEME_COOKIE, theme if theme in {"light", "dark"} else "system", age=year)
    _set(response, request, KEYS_COOKIE, "on" if form.text("keys") == "on" else "off", age=year)
    return response


@router.get("/help")
def help_page(request: Request, person: Anybody, desk: Here) -> Response:
    """Keys, words and looks."""
    return desk.page(request, "help.html", person=person)


@router.get("/")
def start(person: Anybody) -> Response:
    """Where work begins for this person."""
    return RedirectResponse(_start_of(person), 303)


def _start_of(person: LoggedIn) -> str:
    return "/queue" if person.may(Permission.REVIEW) else "/coverage"
