"""PRAW over our own client: it gets tokens and builds requests, in a thread; ours alone connects, on the loop.

Nothing that PRAW would read by itself counts: no praw.ini, no environment, no look for updates.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from configparser import ConfigParser
from functools import cached_property
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import httpx

from monitor.errors import AuthError, HandlewatchError
from monitor.net.errors import BadAnswerError
from monitor.net.ratelimit import Sleep
from sources.reddit_session import Login, LoopSession, refusal

if TYPE_CHECKING:
    from praw import Reddit


class RedditClient:
    """Asks Reddit, one question at a time. See the module."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        *,
        login: Login,
        base_url: str,
        auth_url: str,
        user_agent: str,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._client, self._login, self._sleep = client, login, sleep
        self._base_url, self._auth_url, self._user_agent = base_url, auth_url, user_agent
        self._turn = asyncio.Lock()

    @cached_property
    def _session(self) -> LoopSession:
        return LoopSession(self._client, asyncio.get_running_loop(), login=self._login, sleep=self._sleep)

    @property
    def last(self) -> httpx.Response | None:
        """The last answer."""
        return self._session.last

    @property
    def refused(self) -> bool:
        """Whether the credentials themselves were refused."""
        return self._session.unusable is not None

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
                "The credentials cannot be used: PRAW got no token with them.",
                do="Check client_id, client_secret and the account's password or refresh token.",
            ) from error
        except (PrawcoreException, PRAWException, KeyError, TypeError, ValueError, AssertionError) as error:
            # A bare 401 is a KeyError in prawcore, a 400 in another form a TypeError in PRAW.
            raise self._worded(error) from error

    @cached_property
    def _praw(self) -> Reddit:
        from praw import Reddit  # noqa: PLC0415 - heavy

        _read_no_praw_ini()
        # It warns of every renewed token, with the address; what is worth saying comes as an error.
        logging.getLogger("prawcore").setLevel(logging.ERROR)
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
            return refusal(last)
        return BadAnswerError(f"Reddit answered with something that cannot be used ({type(error).__name__}).")


def _read_no_praw_ini() -> None:
    """PRAW's settings are those that it ships with: one in the working directory could send credentials elsewhere."""
    from praw.config import Config  # noqa: PLC0415 - heavy

    if Config.CONFIG is None:
        shipped = ConfigParser()
        shipped.read_string(files("praw").joinpath("praw.ini").read_text(encoding="utf-8"))
        Config.CONFIG = shipped
