"""What is said when something cannot be done: what happened, what was saved, what to do, the request's number."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from alerts.handles import NotShownError, TooManyLookUpsError
from alerts.triage.moves import NoSuchAlertError
from alerts.web.desk import Desk
from alerts.web.references import OverError
from monitor.errors import AuthError, ConfigError, HandlewatchError, RateLimitedError, RefusedError, StoreError

_STATUS: tuple[tuple[type[HandlewatchError], int], ...] = (
    (NoSuchAlertError, 404),
    (NotShownError, 404),
    (OverError, 404),
    (AuthError, 403),
    (TooManyLookUpsError, 429),
    (RefusedError, 409),
    (ConfigError, 422),
    (RateLimitedError, 429),
    (StoreError, 503),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Why an action was not taken."""

    status: int
    what: str
    kept: str
    do: str

    @classmethod
    def of(cls, error: HandlewatchError) -> Problem:
        """What an error says. What a form named and is not there is a fault of the form, not a missing page."""
        status = status_of(error)
        return cls(status=422 if status == 404 else status, what=error.what, kept=error.kept, do=error.do)


def status_of(error: HandlewatchError) -> int:
    """The HTTP status that goes with an error."""
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 500)


def problem_page(request: Request, *, status: int, what: str, kept: str = "", do: str = "") -> Response:
    """A page that says what happened, what was saved, and what to do; with the request's number."""
    desk: Desk = request.app.state.desk
    return desk.templates.response(
        "error.html",
        status=status,
        what=what,
        kept=kept,
        do=do or "Go back, or start from the queue.",
        request_id=request.state.request_id,
    )
