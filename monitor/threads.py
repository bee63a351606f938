"""Threads that nobody waits for."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Thread
from typing import Any, ParamSpec, TypeVar

_P = ParamSpec("_P")
_T = TypeVar("_T")


class Abandonable(ThreadPoolExecutor):
    """An event loop's default executor whose work is abandoned at the end instead of waited for.

    The system's look-up of a host name cannot be interrupted, and takes many seconds where no name server answers:
    the end of a process must not wait for it. Each call has a thread of its own, so that a hanging one delays no
    other.
    """

    def submit(self, fn: Callable[_P, _T], /, *args: _P.args, **kwargs: _P.kwargs) -> Future[_T]:
        """Begins the work at once."""
        future: Future[_T] = Future()

        def work() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                result = fn(*args, **kwargs)
            except BaseException as error:  # noqa: BLE001  handed to whoever waits for the result
                future.set_exception(error)
            else:
                future.set_result(result)

        Thread(target=work, name="abandonable", daemon=True).start()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> Any:
        """Waits for nothing."""
