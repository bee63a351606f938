"""Asking a Lemmy server: which of its two APIs it speaks, its languages, and its errors in our words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

import httpx

from monitor.errors import AuthError, HandlewatchError, RateLimitedError, UnreachableError
from monitor.net.errors import BadAnswerError, StatusError
from monitor.net.http import get_json
from monitor.ports import SourceContext
from sources.shapes import as_dict, as_list, as_text

Version = Literal["auto", "v3", "v4"]

_LIMITED: Final = frozenset({"rate_limit_error", "too_many_requests"})
_CLOSED: Final = frozenset({"instance_is_private", "not_logged_in", "incorrect_login"})
_WAITS: Final = (10.0, 20.0, 30.0)
"""0.19 says 400 and `rate_limit_error`, not 429, and not how long to wait; its buckets fill up within a minute."""


class LemmyApi:
    """One server. `prepare` must have been called before `get`."""

    def __init__(self, context: SourceContext, server: str, version: Version, token: str | None) -> None:
        self.server = server
        self.version = "" if version == "auto" else version
        self.languages: Mapping[int, str] = {}
        self._context = context
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._guess = version == "auto"
        self._prepared = self._told = self._spoke = False
        self._lower = False

    async def prepare(self) -> None:
        """Finds out the version, and what the numbers of languages mean; both are asked once."""
        if self._prepared:
            return
        self.version = "" if self._guess else self.version
        if self.version != "v3" and (site := await self._site("v4")) is not None:
            self.version = "v4"
        else:
            self.version = self.version or "v3"
            site = await self._site("v3") if self.version == "v3" else None
        for one in map(as_dict, as_list(as_dict(site).get("all_languages"))):
            number, code = one.get("id"), as_text(one.get("code"))
            if isinstance(number, int) and code and code != "und":
                self.languages = {**self.languages, number: code}
        self._prepared, self._told = True, site is not None

    def begin(self) -> None:
        """A new poll: what the server did not say is asked again."""
        self._prepared = self._told

    async def _site(self, version: str) -> Mapping[str, Any] | None:
        """What the server says of itself in one API; None where it does not speak it, or does not say."""
        try:
            answer, _ = await self._ask(version, "/site", {})
        except (AuthError, UnreachableError):
            return None
        return as_dict(answer) or None

    async def get(self, path: str, params: Mapping[str, str]) -> tuple[Mapping[str, Any], httpx.Response]:
        """Reads an address below the API's.

        :raises BadAnswerError: the answer is no object.
        """
        given = {name: value.lower() if self._lower and name in _CHOICES else value for name, value in params.items()}
        try:
            answer, response = await self._ask(self.version, path, given)
        except StatusError as error:
            guessed = self._guess and not (self._told or self._spoke) and self.version == "v3"
            if error.status == 404 and guessed and not error.name.startswith("couldnt_find"):
                # The server says nothing of itself, and has not the older interface either: it names no entry
                # that it misses, though something before it may have put words to the refusal.
                answer, response = await self._ask("v4", path, given)
                self.version = "v4"
                return self._object(answer, response, path), response
            # 1.0's betas write its choices (`New`, `All`) in different ways.
            if self.version != "v4" or self._lower or error.status != 400 or "variant" not in error.what:
                raise
            self._lower = True
            return await self.get(path, params)
        self._spoke = True
        return self._object(answer, response, path), response

    @staticmethod
    def _object(answer: object, response: httpx.Response, path: str) -> Mapping[str, Any]:
        fields = as_dict(answer)
        if not fields:
            raise BadAnswerError(f"{response.request.url.host} answered {path} in another form than documented.")
        return fields

    async def _ask(self, version: str, path: str, params: Mapping[str, str]) -> tuple[Any, httpx.Response]:
        url = f"{self.server}/api/{version}{path}"
        for wait in (*_WAITS, None):
            try:
                return await get_json(self._context.http, url, params=dict(params), headers=self._headers)
            except StatusError as error:
                if error.name not in _LIMITED:
                    raise in_our_words(error) from error
            if wait is not None:
                await self._context.sleep(wait)
        raise RateLimitedError(
            f"{httpx.URL(url).host} refuses for now: too many requests.",
            retry_after=60,
            do="It goes on by itself when `handlewatch run` is running; else try again later.",
        )


_CHOICES: Final = frozenset({"type_", "sort"})


def in_our_words(error: StatusError) -> HandlewatchError:
    """Lemmy answers 400 and a name where others answer 401 or 403."""
    if error.name not in _CLOSED:
        return error
    brief = f"the server shows this only to accounts of its own ({error.name})."
    return AuthError(error.what, do="Give an access_token, or leave the server out.", brief=brief)
