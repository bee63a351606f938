"""The review page as an ASGI application."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.staticfiles import StaticFiles

from alerts.campaigns import Campaigns
from alerts.handles import HandleRecords, TooManyLookUpsError
from alerts.triage import FastLane, Triage
from alerts.web import alert, handle, login, queue, waiting
from alerts.web import campaigns as campaign_pages
from alerts.web.desk import Desk, NotLoggedInError
from alerts.web.problems import problem_page, status_of
from alerts.web.render import STATIC, Templates
from alerts.web.security import Shell
from alerts.web.sessions import COOKIE
from monitor.clock import Clock
from monitor.errors import HandlewatchError, StoreError
from monitor.settings import Settings
from monitor.store.database import Store


def create_app(
    *,
    store: Store,
    triage: Triage,
    fast_lane: FastLane,
    campaigns: Campaigns,
    handles: HandleRecords,
    settings: Settings,
    clock: Clock | None = None,
) -> FastAPI:
    """Makes the page. It keeps nothing but failed log-ins in memory: several processes can serve one store.

    :param clock: the store's, unless said otherwise.
    """
    templates = Templates()
    # No redirects to "the same page without the slash": their address would be built from the Host header.
    app = FastAPI(title="Handlewatch", docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    app.state.desk = Desk(
        store=store,
        triage=triage,
        fast_lane=fast_lane,
        campaigns=campaigns,
        handles=handles,
        settings=settings,
        clock=clock or store.now,
        templates=templates,
    )
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    for router in (login.router, queue.router, alert.router, waiting.router, campaign_pages.router, handle.router):
        app.include_router(router)
    app.add_api_route("/healthz", _healthz, methods=["GET", "HEAD"], include_in_schema=False)
    app.add_exception_handler(NotLoggedInError, _to_login)
    app.add_exception_handler(HandlewatchError, _explained)
    app.add_exception_handler(RequestValidationError, _unreadable)
    app.add_exception_handler(HTTPException, _http)
    app.add_middleware(Shell, templates=templates)
    return app


def _healthz(request: Request) -> Response:
    """Whether the page can read its store; says nothing else."""
    try:
        request.app.state.desk.sessions.find("-")
    except StoreError:
        return PlainTextResponse("the store cannot be read\n", 503)
    return PlainTextResponse("ok\n")


def _to_login(request: Request, error: Any) -> Response:  # noqa: ARG001 - a handler's shape
    wanted = "" if error.wanted == "/" else f"?wanted={_quoted(error.wanted)}"
    response = RedirectResponse(f"/login{wanted}", 303)
    response.delete_cookie(COOKIE, path="/")
    return response


def _quoted(path: str) -> str:
    return quote(path, safe="/")


def _explained(request: Request, error: Any) -> Response:
    page = problem_page(request, status=status_of(error), what=error.what, kept=error.kept, do=error.do)
    if isinstance(error, TooManyLookUpsError):
        page.headers["Retry-After"] = str(int(error.retry_after) + 1)
    return page


def _unreadable(request: Request, error: Any) -> Response:  # noqa: ARG001 - it may quote what was sent
    return problem_page(request, status=422, what="That address or form cannot be read.", kept="Nothing was changed.")


def _http(request: Request, error: Any) -> Response:
    what = {404: "There is no such page.", 405: "That page cannot be used this way."}
    return problem_page(request, status=error.status_code, what=what.get(error.status_code, "That did not work."))
