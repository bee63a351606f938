# APScheduler 3 ships no types; these are the calls that Handlewatch makes.
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

class AsyncIOScheduler:
    def __init__(self, *, timezone: str, job_defaults: Mapping[str, Any]) -> None: ...
    def add_job(
        self,
        func: Callable[..., Awaitable[None]],
        trigger: str,
        *,
        seconds: float,
        args: Sequence[Any],
        next_run_time: datetime,
    ) -> object: ...
    def start(self) -> None: ...
    def shutdown(self, wait: bool = True) -> None: ...
