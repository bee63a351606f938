"""The text-only, polite HTTP client.

Three transports, each wrapping the next, are the whole of it: `PoliteTransport` (rate limits, retries of reads,
errors worded for people), `TextOnlyTransport` (listed text types only, within a size, no redirects elsewhere) and
`NetworkTransport` (addresses, proxies, certificates). A test puts `httpx.MockTransport` in the place of the last.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Collection
from contextlib import asynccontextmanager
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any, Final, cast

import httpx
import orjson

from monitor.clock import Clock
from monitor.errors import AuthError
from monitor.net.bodies import ACCEPT_ENCODING, MAX_BODY_BYTES, TextType, accept_header
from monitor.net.errors import BadAnswerError, RedirectRefusedError, StatusError
from monitor.net.network import NetworkTransport
from monitor.net.polite import PoliteTransport, Retries
from monitor.net.ratelimit import Limiter, Sleep
from monitor.net.textonly import TextOnlyTransport

_TIMEOUT: Final = httpx.Timeout(20.0, connect=10.0)


@asynccontextmanager
async def open_client(
    *,
    user_agent: str,
    accepts: Collection[TextType],
    clock: Clock,
    named: Collection[str] = (),
    limiter: Limiter | None = None,
    retries: Retries | None = None,
    sleep: Sleep = asyncio.sleep,
    limit: int = MAX_BODY_BYTES,
    transport: httpx.AsyncBaseTransport | None = None,
) -> AsyncGenerator[httpx.AsyncClient]:
    """The client that sources read with. It follows redirects on the same server only.

    :param user_agent: names the program and the operator's contact, never a person's (`Settings.user_agent`).
    :param accepts: the text types that may be read.
    :param named: hosts that the operator named.
    :param limiter: share one over all clients that use the same credentials.
    :param transport: what connects; a test gives `httpx.MockTransport`.
    """
    text_only = TextOnlyTransport(transport or NetworkTransport(named=named), accepts=accepts, named=named, limit=limit)
    polite = PoliteTransport(
        text_only,
        limiter=limiter or Limiter(clock=clock, sleep=sleep),
        retries=retries or Retries(),
        clock=clock,
        sleep=sleep,
    )
    async with httpx.AsyncClient(
        transport=polite,
        timeout=_TIMEOUT,
        follow_redirects=True,
        max_redirects=5,
        headers={"User-Agent": user_agent, "Accept": accept_header(accepts), "Accept-Encoding": ACCEPT_ENCODING},
        cookies=_no_cookies(),
    ) as client:
        yield client


@asynccontextmanager
async def open_plain_client(
    *,
    user_agent: str,
    accepts: Collection[TextType],
    named: Collection[str] = (),
    timeout: httpx.Timeout = _TIMEOUT,  # noqa: ASYNC109 - httpx's own, handed on
    limit: int = MAX_BODY_BYTES,
    transport: httpx.AsyncBaseTransport | None = None,
) -> AsyncGenerator[httpx.AsyncClient]:
    """The client that reports are sent with: text only and guarded in the same way, but every request is made
    once, no redirect is followed, and httpx's own errors tell whether anything may have arrived.
    """
    text_only = TextOnlyTransport(transport or NetworkTransport(named=named), accepts=accepts, named=named, limit=limit)
    async with httpx.AsyncClient(
        transport=text_only,
        timeout=timeout,
        follow_redirects=False,
        headers={"User-Agent": user_agent, "Accept": accept_header(accepts), "Accept-Encoding": ACCEPT_ENCODING},
        cookies=_no_cookies(),
    ) as client:
        yield client


def _no_cookies() -> CookieJar:
    """Takes none: what a server sets would tie together all that we read there."""
    return CookieJar(DefaultCookiePolicy(allowed_domains=()))


async def get(client: httpx.AsyncClient, url: str, **options: Any) -> httpx.Response:
    """Reads an address. Answers of 400 and above are raised: see :func:`refusal`."""
    try:
        response = await client.get(url, **options)
    except httpx.TooManyRedirects as error:
        raise RedirectRefusedError(f"{httpx.URL(url).host} sends us round in circles.") from error
    except httpx.InvalidURL as error:
        raise BadAnswerError(f"{error}.") from error
    if response.is_error:
        raise refusal(response)
    return response


async def get_json(
    client: httpx.AsyncClient, url: str, *, attempts: int = 3, **options: Any
) -> tuple[Any, httpx.Response]:
    """Reads an address that answers with JSON; an answer that is cut off or invalid is asked for again.

    :raises BadAnswerError: still no JSON.
    """
    for attempt in range(attempts):
        response = await get(client, url, **options)
        try:
            return orjson.loads(response.content), response
        except orjson.JSONDecodeError as error:
            if attempt == attempts - 1:
                raise BadAnswerError(
                    f"{response.request.url.host} answered with JSON that breaks off or is invalid, at {error.pos}."
                ) from None
    raise AssertionError("the last attempt returns or raises")


def refusal(response: httpx.Response) -> AuthError | StatusError:
    """An answer of 400 or above as an error: `AuthError` for 401 and 403, `StatusError` for the rest."""
    url = response.request.url
    return refused(url.host, url.path, response.status_code, response.content)


def refused(host: str, path: str, status: int, body: bytes) -> AuthError | StatusError:
    """The same, of its parts."""
    told, name, words = _server_words(body)
    said = f": {words}" if words else ""
    if status == 401:
        return AuthError(
            f"{host} wants credentials for {path}, or no longer takes ours (401){said}.",
            do="Check the access token.",
            brief=f"{host} wants credentials, or no longer takes ours (401).",
        )
    if status == 403:
        return AuthError(
            f"{host} does not allow us to read {path} (403){said}.",
            do="Check what the account may read.",
            brief=f"{host} does not allow us to read something (403).",
        )
    how = {404: "has nothing at", 410: "no longer has anything at"}.get(status, "refused")
    do = "Check the address and the name." if status in {404, 410} else "Check the source's options."
    what, brief = f"{host} {how} {path} ({status}){said}.", f"{host} refused a request ({status})."
    return StatusError(what, status=status, name=name, told=told, do=do, brief=brief)


def _server_words(body: bytes) -> tuple[bool, str, str]:
    """Whether an API speaks, the error's name, and its words, cut short and on one line."""
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError:
        return False, "", ""
    if not isinstance(answer, dict):
        return False, "", ""
    fields = cast("dict[str, Any]", answer)
    stated = [" ".join(str(fields.get(key) or "").split())[:120] for key in ("error", "message", "detail")]
    return True, stated[0], next(filter(None, (stated[1], stated[0], stated[2])), "")
