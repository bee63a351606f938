"""PRAW over our own client: it gets tokens and builds requests, in a thread; ours alone connects, on the loop.

PRAW is given a session of the form of `requests`, which hands every request to the text-only client: the same rate
limits, retries, refusals and certificates as everywhere. Nothing that PRAW would read by itself counts (praw.ini,
the environment, its look for updates).
"""

from __future__ import annotations

import asyncio
import concurrent.futures
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import httpx
import orjson

from monitor.errors import AuthError, HandlewatchError, UnreachableError
from monitor.net.errors import BadAnswerError, NotTextError, StatusError
from monitor.net.http import refused
from sources.shapes import as_dict, as_text

if TYPE_CHECKING:
    from praw import Reddit

TOKEN_PATH: Final = "/api/v1/access_token"  # noqa: S105 - an address

_ATTEMPTS: Final = 3
_NO_TOKEN: Final = {"access_token": "none", "token_type": "bearer", "expires_in": 86_400, "scope": "*"}
_CLOSED: Final = {
    "private": "the community is private",
    "quarantined": "the community is quarantined",
    "gold_only": "the community is closed",
    "banned": "the community is banned",
}
"""Reddit's word for why a community is not shown, in ours."""


@dataclass(frozen=True, slots=True)
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

    def __init__(self, client: httpx.AsyncClient, loop: asyncio.AbstractEventLoop, *, login: Login) -> None:
        self.headers: dict[str, str] = {}  # PRAW writes its user agent there; our client sends its own
        self.last: httpx.Response | None = None
        self._client, self._loop, self._login = client, loop, login
        self._pending: concurrent.futures.Future[Answer] | None = None
        self._stopped = False
        self._refusals = 0

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
        """A token. Asking twice for one harms nobody, so that passing troubles are waited out."""
        if not self._login.client_id:
            return _answer(httpx.Response(200, json=_NO_TOKEN), _NO_TOKEN)
        for attempt in range(_ATTEMPTS):
            try:
                auth: tuple[str, str] = options["auth"]
                data = dict[str, str](options.get("data") or ())
                response = await self._client.post(url, data=data, auth=auth, follow_redirects=False)
                self.last = response
                if response.status_code >= 300:
                    raise _no_token(response)
                value = as_dict(_parsed(response))
                if "error" not in value and not all(name in value for name in ("access_token", "expires_in", "scope")):
                    raise BadAnswerError(f"{response.request.url.host} answered without a token.")
                return _answer(response, value)
            except (AuthError, StatusError):
                raise
            except UnreachableError:
                if attempt == _ATTEMPTS - 1:
                    raise
        raise AssertionError("the last attempt returns or raises")

    async def _read(self, method: str, url: str, options: Mapping[str, Any]) -> Answer:
        headers = dict(options.get("headers") or {}) if self._login.client_id else {}
        for attempt in range(_ATTEMPTS):
            response = await self._client.request(
                method, url, params=options.get("params"), headers=headers, follow_redirects=False
            )
            self.last = response
            if response.status_code == 401 and self._login.client_id and not self._refusals:
                self._refusals += 1  # a token that ran out: prawcore gets another one, and asks again
                return _answer(response, None)
            if response.status_code >= 300:
                raise _refusal(response)
            self._refusals = 0
            try:
                return _answer(response, _parsed(response))
            except BadAnswerError:
                if attempt == _ATTEMPTS - 1:
                    raise
        raise AssertionError("the last attempt returns or raises")


class RedditClient:
    """Asks Reddit, one question at a time. See the module."""

    def __init__(
        self, client: httpx.AsyncClient, *, login: Login, base_url: str, auth_url: str, user_agent: str
    ) -> None:
        self._client, self._login = client, login
        self._base_url, self._auth_url, self._user_agent = base_url, auth_url, user_agent
        self._turn = asyncio.Lock()

    @cached_property
    def _session(self) -> LoopSession:
        return LoopSession(self._client, asyncio.get_running_loop(), login=self._login)

    @property
    def last(self) -> httpx.Response | None:
        """The last answer."""
        return self._session.last

    @property
    def scopes(self) -> frozenset[str]:
        """What the token allows, as Reddit said; empty before the first question."""
        praw = self.__dict__.get("_praw")
        core: Any = getattr(praw, "_core", None)
        return frozenset(getattr(getattr(core, "authorizer", None), "scopes", None) or ())

    async def get(self, path: str, params: Mapping[str, Any] | None = None) -> Any:
        """What Reddit answers to a read, parsed.

        :raises AuthError: credentials, their scope, or a community that is not open to us.
        :raises StatusError: another refusal (404: no such community any more).
        :raises BadAnswerError: nothing usable. :raises UnreachableError: no answer.
        """
        async with self._turn:
            self._session.begin()
            asking = asyncio.ensure_future(asyncio.to_thread(self._ask, path, dict(params or {})))
            try:
                return await asyncio.shield(asking)
            except asyncio.CancelledError:
                self._session.stop()
                await asyncio.wait((asking,))
                asking.exception()
                raise

    def _ask(self, path: str, params: dict[str, Any]) -> Any:
        """In a thread."""
        from praw.exceptions import PRAWException  # noqa: PLC0415 - heavy
        from prawcore.exceptions import OAuthException, PrawcoreException, RequestException  # noqa: PLC0415

        try:
            praw: Any = self._praw
            return praw.request(method="GET", path=path.lstrip("/"), params=params)
        except RequestException as error:
            told = error.original_exception
            if isinstance(told, HandlewatchError):
                raise told from None
            raise self._worded(told) from told
        except OAuthException as error:
            raise AuthError(
                "Reddit gives us no token: it does not take the credentials.",
                do="Check client_id, client_secret and the account's password or refresh token.",
            ) from error
        except (PrawcoreException, PRAWException, KeyError, TypeError, ValueError, AssertionError) as error:
            # A bare 401 is a KeyError in prawcore, a 400 in another form a TypeError in PRAW.
            raise self._worded(error) from error

    @cached_property
    def _praw(self) -> Reddit:
        from praw import Reddit  # noqa: PLC0415 - heavy

        login = self._login
        return Reddit(
            site_name="DEFAULT",
            requestor_kwargs={"session": self._session},
            check_for_updates=False,
            check_for_async=False,
            client_id=login.client_id or "none",
            client_secret=(login.client_secret or None) if login.client_id else "none",
            username=login.username or None,
            password=login.password or None,
            refresh_token=login.refresh_token or None,
            redirect_uri=None,
            user_agent=self._user_agent,
            oauth_url=f"{self._base_url.rstrip('/')}/",
            reddit_url=self._auth_url.rstrip("/"),
        )

    def _worded(self, error: Exception) -> HandlewatchError:
        last = self._session.last
        if last is not None and last.status_code >= 300:
            return _refusal(last)
        if isinstance(error, NotTextError | UnreachableError):
            return error
        return BadAnswerError(f"Reddit answered with something that cannot be used ({type(error).__name__}).")


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
    if response.status_code in {400, 401, 403}:
        return AuthError(
            f"{url.host} gives us no token ({response.status_code}).",
            do="Check client_id, client_secret and the account's password or refresh token.",
        )
    return refused(url.host, url.path, response.status_code, response.content)


def _refusal(response: httpx.Response) -> AuthError | StatusError:
    """An answer of 300 or above as an error, with Reddit's reason where it gives one that is known."""
    url, status = response.request.url, response.status_code
    host, header = url.host, response.headers.get("www-authenticate", "")
    if status < 400:
        to = urlsplit(as_text(response.headers.get("location"))).path
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
