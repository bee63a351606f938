"""A budget by the day: reads that cost money, or that a platform gives only so many of.

It is kept in the source's cursor, so that a restart does not spend it twice. Scopes are in order of importance: when
what is left gets less, the last ones are read no more that day, and the coverage ledger says so.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, Final

from monitor.clock import Clock
from monitor.errors import RateLimitedError
from sources.shapes import as_dict

_KEPT_BACK: Final = 0.5
"""The least important scope stops when this part of the budget is spent."""


class DailyBudget:
    """So much a day; the day ends at midnight in `zone`.

    :param limit: in whatever unit is spent (dollars, calls, units).
    :param unit: its name, for messages.
    """

    def __init__(self, limit: float, *, unit: str, clock: Clock, zone: tzinfo = UTC) -> None:
        self._limit, self._unit, self._clock, self._zone = limit, unit, clock, zone
        self._day, self._spent = "", 0.0

    def load(self, stored: object) -> None:
        """Goes on from what :meth:`dump` gave; what was spent here meanwhile (on a re-check) counts all the same."""
        values = as_dict(stored)
        told, day = values.get("spent"), str(values.get("day") or "")
        spent = float(told) if isinstance(told, int | float) else 0.0
        if day >= self._day:
            self._spent = max(spent, self._spent) if day == self._day else spent
            self._day = day

    def dump(self) -> dict[str, Any]:
        """For the cursor."""
        return {"day": self._day, "spent": round(self._spent, 6)}

    @property
    def left(self) -> float:
        """What may still be spent today."""
        self._turn()
        return max(0.0, self._limit - self._spent)

    def spend(self, amount: float) -> None:
        """Counts what was spent, whether or not it was allowed for."""
        self._turn()
        self._spent += amount

    def ask(self, amount: float, *, rank: int = 0, ranks: int = 1) -> None:
        """Whether so much may be spent for the scope of this rank (0 is the most important).

        :raises RateLimitedError: it may not, before the day ends.
        """
        self._turn()
        share = 1.0 - _KEPT_BACK * rank / max(1, ranks)
        if self._spent + amount <= self._limit * share:
            return
        why = "is spent" if self._spent + amount > self._limit else "is kept for what comes first"
        raise RateLimitedError(
            f"The day's budget of {self._limit:g} {self._unit} {why} ({self._spent:g} spent).",
            retry_after=self._rest_of_day(),
            do="Raise the budget, or name fewer things to read.",
        )

    def _turn(self) -> None:
        today = self._clock().astimezone(self._zone).date().isoformat()
        if today != self._day:
            self._day, self._spent = today, 0.0

    def _rest_of_day(self) -> float:
        now = self._clock().astimezone(self._zone)
        midnight = datetime.combine(now.date() + timedelta(days=1), datetime.min.time(), self._zone)
        return (midnight - now).total_seconds()
