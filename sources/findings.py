"""What sources' doctors (`check`) have in common: errors as findings, and the skew of clocks."""

from __future__ import annotations

from typing import Final

import httpx

from monitor.clock import Clock
from monitor.errors import AuthError, HandlewatchError
from monitor.net.errors import is_offline
from monitor.net.ratelimit import server_time
from monitor.ports import Finding

MOST_SKEW: Final = 60.0
"""Seconds that our clock may differ from a server's."""


def failure(what: str, error: HandlewatchError) -> Finding:
    """An error as a finding: refused is not well, everything else may pass and could not be found out."""
    refused = isinstance(error, AuthError)
    well = False if refused else None
    return Finding(what=what, well=well, said=error.what, do=error.do, offline=is_offline(error))


def clock_skew(response: httpx.Response, clock: Clock) -> Finding:
    """How far our clock is from the server's, by its Date header (whole seconds)."""
    now = clock()
    if "date" not in response.headers:
        return Finding(what="clock", well=None, said="the server does not say its time")
    seconds = (now - server_time(response.headers, now)).total_seconds()
    if abs(seconds) <= MOST_SKEW:
        return Finding(what="clock", well=True, said=f"within {max(1, round(abs(seconds)))} s of the server's")
    side = "ahead of" if seconds > 0 else "behind"
    return Finding(
        what="clock",
        well=False,
        said=f"{abs(seconds):.0f} s {side} the server's",
        do="Set this machine's clock (NTP); limits and times are reckoned with it.",
    )
