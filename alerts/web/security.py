"""What every answer carries, how much a request may bring, and what is said when something breaks.

Plain ASGI, outside of everything else, so that error pages carry the headers too.
"""

from __future__ import annotations

import secrets
from typing import Final

import structlog
from starlette.datastructures import MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from alerts.web.render import Templates

CSP: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS: Final = {
    "Content-Security-Policy": CSP,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
MAX_BODY: Final = 64 * 1024
"""Bytes of one request's body: a decision with its reason needs a few thousand."""
_LONGEST_NAME: Final = 20
"""No part of a path of ours that is a word has more letters."""


class _TooLargeError(Exception):
    pass


class Shell:
    """The outermost layer: request id, headers, body limit, and a page for what nobody else caught."""

    def __init__(self, app: ASGIApp, templates: Templates) -> None:
        self._app = app
        self._templates = templates
        self._log = structlog.get_logger(__name__)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = secrets.token_hex(6)
        scope.setdefault("state", {})["request_id"] = request_id
        is_static = str(scope["path"]).startswith("/static/")
        started = False
        taken = 0

        async def limited() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > MAX_BODY:
                raise _TooLargeError
            return message

        async def signed(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
                headers["X-Request-Id"] = request_id
                headers["Cache-Control"] = "public, max-age=3600" if is_static else "no-store"
            await send(message)

        try:
            await self._app(scope, limited, signed)
        except _TooLargeError:
            await self._page(413, "That was more than this page takes.", request_id)(scope, receive, signed)
        except Exception as error:
            # Whatever it is, people get a page. Neither message nor traceback: both may quote a post.
            self._log.error("page failed", error=type(error).__name__, request_id=request_id, path=_shape(scope))
            if started:
                raise
            await self._page(500, "Something went wrong on the server.", request_id)(scope, receive, signed)

    def _page(self, status: int, what: str, request_id: str) -> Response:
        return self._templates.response(
            "error.html",
            status=status,
            what=what,
            kept="Nothing of this request was saved.",
            do="Go back and try again. If it stays, tell your operator the request's number.",
            request_id=request_id,
        )


def _shape(scope: Scope) -> str:
    """A path without its numbers and sealed addresses, for the log."""
    parts = str(scope["path"]).split("/")
    return "/".join("*" if part.isdigit() or len(part) > _LONGEST_NAME else part for part in parts)
