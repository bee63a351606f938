"""A session of the form of `requests` for PRAW's thread, over our own client on the event loop.

Every request that PRAW makes goes to the text-only client: the same rate limits, retries, refusals and certificates
as everywhere.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

import httpx
import orjson

from monitor.errors import AuthError, RateLimitedError, UnreachableError
from monitor.net.errors import BadAnswerError, StatusError
from monitor.net.http import refused
from monitor.net.polite import COUNTED_AS, Retries
from monitor.net.ratelimit import MAX_WAIT, Sleep
from sources.shapes import as_dict, as_text

TOKEN_PATH: Final = "/api/v1/access_token"  # noqa: S105 - an address

_ATTEMPTS: Final = 3
_SPELLINGS: Final = 3
_NO_TOKEN: Final = {"access_token": "none", "token_type": "bearer", "expires_in": 86_400, "scope": "*"}
_CLOSED: Final = {
    "private": "the community is private",
    "quarantined": "the community is quarantined",
    "gold_only": "the community is closed",
    "banned": "the community is banned",
}
"""Reddit's word for why a community is not shown, in ours."""


@dataclass(frozen=True, slots=True, repr=False)
class Login:
    """What we read with; the plainest is an application alone. Without `client_id`: nothing."""

    client_id: str = ""
    client_secret: str = ""
    username: str = ""
    password: str = ""
    refresh_token: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer, in the form that prawcore expects. Its limits are obeyed by our client, so it sees none."""

    status_code: int
    headers: Mapping[str, str]
    content: bytes
    value: Any

    @property
    def text(self) -> str:
        """The body."""
        return self.content.decode(errors="replace")

    def json(self) -> Any:
        """The body, parsed; `ValueError` where it is no JSON."""
        if self.value is None:
            raise ValueError("no JSON")
        return self.value


class LoopSession:
    """A session that PRAW's thread uses; requests are made on the event loop. Stopped, it makes none."""

    def __init__(
        self, client: httpx.AsyncClient, loop: asyncio.AbstractEventLoop, *, login: Login, sleep: Sleep
    ) -> None:
        self.headers: dict[str, str] = {}  # PRAW writes its user agent there; our client sends its own
        self.last: httpx.Response | None = None
        self._client, self._loop, self._login, self._sleep = client, loop, login, sleep
        self._pending: concurrent.futures.Future[Answer] | None = None
        self._stopped = False
        self._refusals = 0
        self.unusable: AuthError | None = None
        """Why the credentials were refused: they are not tried again, many refusals get an address blocked."""

    def begin(self) -> None:
        """Takes requests again."""
        self._stopped = False

    def stop(self) -> None:
        """Breaks off the request under way, and makes no further one. Called on the loop."""
        self._stopped = True
        if self._pending is not None:
            self._pending.cancel()

    def close(self) -> None:
        """Nothing to close: the client is its owner's."""

    def request(self, method: str, url: str, **options: Any) -> Answer:
        """Makes a request and waits for it. Called in PRAW's thread."""
        if urlsplit(url).path.endswith(TOKEN_PATH):
            return self._wait(self._token(url, options))
        return self._wait(self._read(method.upper(), url, options))

    def _wait(self, asked: Coroutine[Any, Any, Answer]) -> Answer:
        if self._stopped:
            asked.close()
            raise concurrent.futures.CancelledError
        self._pending = asyncio.run_coroutine_threadsafe(asked, self._loop)
        if self._stopped:
            self._pending.cancel()
        return self._pending.result()

    async def _token(self, url: str, options: Mapping[str, Any]) -> Answer:
        """A token. Asking twice for one harms nobody, so that passing troubles are waited out, limits included."""
        if not self._login.client_id:
            return _answer(httpx.Response(200, json=_NO_TOKEN), _NO_TOKEN)
        if self.unusable is not None:
            raise self.unusable
        retries, attempt = Retries(), 0
        while True:
            try:
                return await self._ask_token(url, options)
            except AuthError as error:
                self.unusable = error
                raise
            except StatusError:
                raise
            except (RateLimitedError, UnreachableError) as error:
                attempt += 1
                limited = isinstance(error, RateLimitedError)
                if attempt == retries.attempts or (limited and (error.retry_after or 0) > MAX_WAIT):
                    raise
                if not limited:  # else our client waits before the next one
                    await self._sleep(retries.wait(attempt - 1))

    async def _ask_token(self, url: str, options: Mapping[str, Any]) -> Answer:
        auth: tuple[str, str] = options["auth"]
        data = dict[str, str](options.get("data") or ())
        response = await self._client.post(url, data=data, auth=auth, follow_redirects=False)
        self.last = response
        if response.status_code >= 300:
            raise _no_token(response)
        value = as_dict(_parsed(response))
        if "error" in value:
            raise _no_token(response)
        if not as_text(value.get("access_token")):
            raise BadAnswerError(f"{response.request.url.host} answered without a token.")
        lasts = value.get("expires_in")
        stated = {"expires_in": lasts if isinstance(lasts, int) else 3600, "scope": as_text(value.get("scope")) or "*"}
        return _answer(response, {**value, **stated})

    async def _read(self, method: str, url: str, options: Mapping[str, Any]) -> Answer:
        for attempt in range(_ATTEMPTS):
            response = await self._send(method, url, options)
            if response.status_code == 401 and self._login.client_id and not self._refusals:
                self._refusals += 1  # a token that ran out: prawcore gets another one, and asks again
                return _answer(response, None)
            if response.status_code >= 300:
                raise refusal(response)
            self._refusals = 0
            try:
                return _answer(response, _parsed(response))
            except BadAnswerError:
                if attempt == _ATTEMPTS - 1:
                    raise
        raise AssertionError("the last attempt returns or raises")

    async def _send(self, method: str, url: str, options: Mapping[str, Any]) -> httpx.Response:
        """Sends a read; follows it to the same address in another spelling."""
        params: Mapping[str, Any] | None = options.get("params")
        headers = dict[str, str](options.get("headers") or ()) if self._login.client_id else {}
        # Reddit counts by the application, whose tokens change.
        extensions = {COUNTED_AS: self._login.client_id} if self._login.client_id else {}
        for left in reversed(range(_SPELLINGS)):
            response = await self._client.request(
                method, url, params=params, headers=headers, extensions=extensions, follow_redirects=False
            )
            self.last = response
            to = urljoin(str(response.request.url), as_text(response.headers.get("location")))
            if not left or not response.is_redirect or _spelt(to) != _spelt(url):
                return response
            url, params = to, None if urlsplit(to).query else params
        raise AssertionError("the last one returns")


def _spelt(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.netloc, parts.path.rstrip("/").lower()


def _answer(response: httpx.Response, value: Any) -> Answer:
    names = ("www-authenticate", "location")
    headers = {name: response.headers[name] for name in names if name in response.headers}
    return Answer(response.status_code, headers, response.content, value)


def _parsed(response: httpx.Response) -> Any:
    try:
        value = orjson.loads(response.content)
    except orjson.JSONDecodeError as error:
        host = response.request.url.host
        raise BadAnswerError(f"{host} answered with JSON that breaks off or is invalid, at {error.pos}.") from None
    if not isinstance(value, dict | list):
        raise BadAnswerError(f"{response.request.url.host} answered with no object.")
    return value  # pyright: ignore[reportUnknownVariableType]


def _no_token(response: httpx.Response) -> AuthError | StatusError:
    url = response.request.url
    if response.status_code in {200, 400, 401, 403}:  # Reddit says "invalid_grant" with a 200
        return AuthError(
            f"{url.host} gives us no token ({response.status_code}).",
            do="Check client_id, client_secret and the account's password or refresh token.",
        )
    return refused(url.host, url.path, response.status_code, response.content)


def refusal(response: httpx.Response) -> AuthError | StatusError:
    """An answer of 300 or above as an error, with Reddit's reason where it gives one that is known."""
    url, status = response.request.url, response.status_code
    host, header = url.host, response.headers.get("www-authenticate", "")
    if status < 400:
        to = urlsplit(as_text(response.headers.get("location"))).path
        if "/login" in to.lower():
            what = f"{host} shows this to those only who sign in (a login wall, {status}), whatever became of it."
            return AuthError(what, do="Give the application's credentials.", brief=what)
        # A search in a community that is not there leads to the search for communities.
        gone = to.startswith("/subreddits/search")
        how = "has no such community" if gone else "has it elsewhere now"
        return StatusError(
            f"{host} {how}: {url.path} ({status}).",
            status=404 if gone else status,
            do="Check the community's name.",
            brief=f"{host} {how} ({status}).",
        )
    if "insufficient_scope" in header:
        return AuthError(
            f"{host} wants a scope for {url.path} that our token lacks ({status}).",
            do="Give the application the scope read.",
            brief=f"{host} wants a scope that our token lacks ({status}).",
        )
    reason = _CLOSED.get(as_text(as_dict(_or_nothing(response)).get("reason")))
    if reason is None or status not in {403, 404}:
        return refused(host, url.path, status, response.content)
    what, brief = f"{host} does not show {url.path} ({status}): {reason}.", f"{reason} ({status})."
    if status == 403:
        return AuthError(what, do="Ask its moderators, or leave it out.", brief=brief)
    return StatusError(what, status=status, do="Leave it out.", brief=brief)


def _or_nothing(response: httpx.Response) -> Any:
    try:
        return orjson.loads(response.content)
    except orjson.JSONDecodeError:
        return None
