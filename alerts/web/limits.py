"""How often a log-in may fail: by name and by address, in a sliding window."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterable
from datetime import datetime, timedelta
from threading import Lock

WINDOW = timedelta(minutes=5)
PER_NAME = 5
PER_ADDRESS = 20
_REMEMBERED = 10_000


class Attempts:
    """Failed log-ins of the last minutes, in memory, bounded. Safe from several threads."""

    def __init__(self) -> None:
        self._failures: OrderedDict[tuple[str, str], deque[datetime]] = OrderedDict()
        self._lock = Lock()

    def wait(self, name: str, address: str, now: datetime) -> float:
        """Seconds until another attempt is allowed; 0 for now."""
        with self._lock:
            return max(self._wait(key, limit, now) for key, limit in _keys(name, address))

    def failed(self, name: str, address: str, now: datetime) -> None:
        """Remembers a failure."""
        with self._lock:
            for key, limit in _keys(name, address):
                times = self._failures.setdefault(key, deque(maxlen=limit))
                times.append(now)
                self._failures.move_to_end(key)
            while len(self._failures) > _REMEMBERED:
                self._failures.popitem(last=False)

    def succeeded(self, name: str) -> None:
        """Forgets the failures of a name."""
        with self._lock:
            self._failures.pop(("name", name), None)

    def _wait(self, key: tuple[str, str], limit: int, now: datetime) -> float:
        times = self._failures.get(key)
        if times is None:
            return 0
        while times and times[0] <= now - WINDOW:
            times.popleft()
        return (times[0] + WINDOW - now).total_seconds() if len(times) >= limit else 0


def _keys(name: str, address: str) -> Iterable[tuple[tuple[str, str], int]]:
    return (("name", name), PER_NAME), (("address", address), PER_ADDRESS)
