"""Calls to YouTube's Data API: what they cost, and what its errors mean.

Searches have a bucket of their own (100 calls a day), everything else shares another (10,000 units, a list costs
one). Both are full again at midnight Pacific time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta, timezone, tzinfo
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import httpx
import orjson

from monitor.errors import AuthError, RateLimitedError
from monitor.net.errors import BadAnswerError, StatusError
from monitor.net.http import refused
from monitor.ports import SourceContext
from sources.budget import DailyBudget
from sources.shapes import as_dict, as_list, as_text, parsed

_ATTEMPTS: Final = 3
_HOUR: Final = 3600.0
_SPENT: Final = frozenset({"quotaExceeded", "dailyLimitExceeded", "dailyLimitExceededUnreg"})
_TOO_FAST: Final = frozenset({"rateLimitExceeded", "userRateLimitExceeded"})
_BAD_KEY: Final = frozenset({"keyInvalid", "keyExpired", "API_KEY_INVALID", "accessNotConfigured", "SERVICE_DISABLED"})


def pacific() -> tzinfo:
    """Where YouTube's day ends. Without a table of zones: winter time, whose midnight is never too early."""
    try:
        return ZoneInfo("America/Los_Angeles")
    except ZoneInfoNotFoundError:
        return timezone(timedelta(hours=-8))


@dataclass(frozen=True, slots=True)
class Rank:
    """How important a call is: 0 is the most, of so many; the least are left out first when a bucket gets empty."""

    place: int = 0
    of: int = 1


class YouTubeApi:
    """The API, with both budgets.

    :param searches: calls of search a day; `units`: units of everything else.
    """

    def __init__(self, context: SourceContext, address: str, key: str, *, searches: float, units: float) -> None:
        self._context, self._address = context, address
        self._key = {"key": key} if key else {}
        self._refused: AuthError | None = None
        zone = pacific()
        self.searches = DailyBudget(searches, unit="searches", clock=context.clock, zone=zone)
        self.units = DailyBudget(units, unit="units", clock=context.clock, zone=zone)

    async def items(
        self, name: str, params: Mapping[str, str], rank: Rank | None = None
    ) -> tuple[list[Mapping[str, Any]], Mapping[str, Any], httpx.Response]:
        """A list's items, the whole answer, and the response."""
        answer, response = await self.get(name, params, rank or Rank())
        if not isinstance(answer.get("items"), list):
            raise BadAnswerError("YouTube answered with no list of items.")
        return [item for item in map(as_dict, as_list(answer["items"])) if item], answer, response

    async def get(self, name: str, params: Mapping[str, str], rank: Rank) -> tuple[Mapping[str, Any], httpx.Response]:
        """Calls one method.

        :raises RateLimitedError: the budget, or YouTube's own count, leaves no more today.
        :raises StatusError: refused; `name` is YouTube's reason ("commentsDisabled", "videoNotFound").
        :raises AuthError: the key is not taken, or what is asked for is not shown to us.
        """
        if self._refused is not None:
            raise self._refused
        budget = self.searches if name == "search" else self.units
        for attempt in range(_ATTEMPTS):
            budget.ask(1, rank=rank.place, ranks=rank.of)
            budget.spend(1)  # refused calls count too
            response = await self._context.http.get(f"{self._address}/{name}", params={**params, **self._key})
            if response.is_error:
                raise self._refusal(response, budget)
            try:
                return as_dict(orjson.loads(response.content)), response
            except orjson.JSONDecodeError as error:
                if attempt == _ATTEMPTS - 1:
                    raise BadAnswerError(f"YouTube's JSON breaks off or is invalid, at {error.pos}.") from None
        raise AssertionError("the last attempt returns or raises")

    def _refusal(self, response: httpx.Response, budget: DailyBudget) -> Exception:
        """A refusal as an error, by the reason that YouTube gives."""
        told = as_dict(parsed(response.content).get("error"))
        several = (*as_list(told.get("errors")), *as_list(told.get("details")))
        reasons = [reason for one in several if (reason := as_text(as_dict(one).get("reason")))]
        if _SPENT.intersection(reasons):
            budget.spend(budget.left)
            try:
                budget.ask(1)
            except RateLimitedError as error:
                error.stated = True
                return error
            # No budget is kept on loopback, where tests are.
            return RateLimitedError("YouTube says that the day's quota is spent.", retry_after=_HOUR)
        if _TOO_FAST.intersection(reasons):
            return RateLimitedError("YouTube refuses for now: too many calls at once.", retry_after=60.0)
        url, status, reason = response.request.url, response.status_code, reasons[0] if reasons else ""
        if _BAD_KEY.intersection(reasons):
            self._refused = AuthError(
                f"YouTube does not take the API key ({status}): {reasons[-1]}.",
                do="Check the key, and that the YouTube Data API v3 is enabled for its project.",
            )
            return self._refused
        if reason in {"commentsDisabled", "videoNotFound", "playlistNotFound"}:
            what = f"YouTube has nothing to show at {url.path} ({status}): {reason}."
            return StatusError(what, status=status, name=reason)
        body = orjson.dumps({"error": reason, "message": as_text(told.get("message"))})
        error = refused(url.host, url.path, status, body)
        if isinstance(error, AuthError) and not reasons:
            self._refused = error
        return error
