"""Text, and nothing else: which answers are let through, and how much of them."""

from __future__ import annotations

from collections.abc import AsyncIterable, Collection
from typing import Final, cast

import httpx

from monitor.net.bodies import MAX_BODY_BYTES, TextType, read_body, text_type
from monitor.net.errors import NotTextError, RedirectRefusedError

_LOGIN: Final = ("/login", "/signin", "/sign_in", "/log-in")
UNREAD: Final = "handlewatch.unread"
"""Extension of a request whose answer has no end: its text is handed on unread (`monitor.net.endless.lines`)."""

_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_ERROR_TYPES: Final = frozenset({TextType.JSON, TextType.PLAIN, TextType.HTML, TextType.XML})
_ERROR_BODY_BYTES: Final = 64 * 1024


class TextOnlyTransport(httpx.AsyncBaseTransport):
    """Lets text through, and nothing else.

    An answer of another type is refused before its body is read; a listed one is read up to `limit` unpacked
    bytes. Event streams are passed on unread. Error answers (400 and above) are passed on with the beginning of
    their body where that is text. Raises httpx's errors and those of `monitor.net.errors`.
    """

    def __init__(
        self,
        inner: httpx.AsyncBaseTransport,
        *,
        accepts: Collection[TextType],
        named: Collection[str] = (),
        limit: int = MAX_BODY_BYTES,
    ) -> None:
        self._inner = inner
        self._accepts = accepts
        self._named = named
        self._limit = limit

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Sends one request and reads its answer."""
        response = await self._inner.handle_async_request(request)
        response.request = request
        try:
            if response.status_code in _REDIRECTS:
                self._check_redirect(request, response)
                return self._with_body(response, b"")
            kind = text_type(response.headers.get("content-type", ""))
            unread = kind is TextType.EVENT_STREAM or request.extensions.get(UNREAD)
            if unread and kind in self._accepts and response.is_success:
                return response
            body = await self._read(response, kind)
        except BaseException:
            await response.aclose()
            raise
        await response.aclose()
        return self._with_body(response, body)

    async def _read(self, response: httpx.Response, kind: TextType | None) -> bytes:
        empty = response.headers.get("content-length") == "0" or response.status_code in {204, 304}
        if empty or response.request.method == "HEAD":
            return b""
        failed = response.is_error
        if kind is None or (kind not in self._accepts and not (failed and kind in _ERROR_TYPES)):
            if failed:
                return b""
            stated = response.headers.get("content-type") or "nothing about its type"
            raise NotTextError(
                f"{response.request.url.host} answered with {stated}, where {_listed(self._accepts)} was asked for.",
                page=kind is not None,
                kept="Its body was not read.",
            )
        return await read_body(
            cast("AsyncIterable[bytes]", response.stream),
            encoding=response.headers.get("content-encoding", ""),
            kind=kind,
            limit=_ERROR_BODY_BYTES if failed else self._limit,
            cut=failed,
        )

    def _check_redirect(self, request: httpx.Request, response: httpx.Response) -> None:
        target = request.url.join(response.headers.get("location", ""))
        same = target.host == request.url.host and (
            (target.scheme, target.port) == (request.url.scheme, request.url.port)
            or (request.url.scheme, target.scheme, target.port) == ("http", "https", None)
        )
        downgrade = request.url.scheme == "https" and target.scheme != "https"
        if (same or target.host in self._named) and target.scheme in {"http", "https"} and not downgrade:
            return
        login = any(word in target.path.lower() for word in _LOGIN)
        if login:
            what = f"{request.url.host} sends us to a login at {target.host}: it shows this to those only who sign in."
        else:
            what = f"{request.url.host} sends us on to {target.host or 'no server'}, which nobody named."
        raise RedirectRefusedError(
            what,
            kept="Nothing was sent there.",
            do="Give credentials, where the source has any; or leave it out."
            if login
            else "If the server has moved, name its new address in the configuration.",
        )

    @staticmethod
    def _with_body(response: httpx.Response, body: bytes) -> httpx.Response:
        left = {"content-encoding", "content-length", "transfer-encoding"}
        headers = [(name, value) for name, value in response.headers.multi_items() if name.lower() not in left]
        return httpx.Response(
            response.status_code,
            headers=headers,
            content=body,
            request=response.request,
            extensions=response.extensions,
        )

    async def aclose(self) -> None:
        """Closes the transport below."""
        await self._inner.aclose()


def _listed(types: Collection[TextType]) -> str:
    return " or ".join(sorted(types)) or "nothing"
