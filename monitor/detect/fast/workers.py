"""Several processes that screen the blocks of one large input, in turn; what they find comes back in order.

They are forked, so that what was loaded once is shared, and before any thread is started. Each has one block at a
time: memory stays flat, and no two can wait for each other.
"""

from __future__ import annotations

import multiprocessing
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any, Final

from monitor.detect.screening import ScreenedRecord
from monitor.errors import HandlewatchError, InputError
from monitor.lines import Block
from monitor.records import BadLine

_WAIT: Final = 5.0

Found = Sequence[ScreenedRecord | BadLine]
Work = Callable[[Block], Found]


class Workers:
    """Some processes. :meth:`close` them, whatever happens."""

    def __init__(self, work: Work, count: int) -> None:
        """:param work: what each does with a block."""
        context = multiprocessing.get_context("fork")
        self._ends: list[Connection[Any, Any]] = []
        self._processes: list[Any] = []
        for _ in range(count):
            ours, theirs = context.Pipe()
            self._ends.append(ours)
            process = context.Process(target=_serve, args=(work, theirs, tuple(self._ends)), daemon=True)
            process.start()
            theirs.close()
            self._processes.append(process)

    def screen(self, blocks: Iterable[Block | BadLine]) -> Iterator[ScreenedRecord | BadLine]:
        """What the work gives for each block, in order; bad lines among the blocks stay where they are.

        :raises InputError: as the blocks do, after everything before that.
        """
        free = deque(self._ends)
        waiting: deque[Connection[Any, Any] | BadLine] = deque()

        def first() -> Found:
            """The result that is next in order."""
            if isinstance(one := waiting.popleft(), BadLine):
                return (one,)
            found = _received(one)
            free.append(one)
            return found

        broken: InputError | None = None
        try:
            for block in blocks:
                if isinstance(block, BadLine):
                    waiting.append(block)
                    continue
                while not free:
                    yield from first()
                worker = free.popleft()
                _send(worker, block)
                waiting.append(worker)
        except InputError as error:
            broken = error
        while waiting:
            yield from first()
        if broken is not None:
            raise broken

    def close(self) -> None:
        """Ends the processes, whatever they do."""
        for end in self._ends:
            end.close()
        for process in self._processes:
            process.terminate()
            process.join(_WAIT)


def _send(worker: Connection[Any, Any], block: Block) -> None:
    try:
        worker.send((block.first, block.data))
    except OSError:
        raise _ended() from None


def _received(worker: Connection[Any, Any]) -> Found:
    try:
        found = worker.recv()
    except (EOFError, OSError):
        raise _ended() from None
    if isinstance(found, BaseException):
        raise found
    return found


def _ended() -> HandlewatchError:
    return HandlewatchError(
        "A process that screens ended too soon, perhaps for want of memory.",
        kept="What was printed is right, up to there.",
        do="Run it again with more memory.",
    )


def _serve(work: Work, end: Connection[Any, Any], others: Sequence[Connection[Any, Any]]) -> None:
    """Works until the other side closes; an interrupt is the other side's to handle."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for other in others:
        other.close()
    with suppress(EOFError, OSError):
        while True:
            first, data = end.recv()
            try:
                end.send(work(Block(first, data)))
            except (EOFError, OSError):
                raise
            except Exception as error:  # noqa: BLE001 - raised again where the blocks come from
                end.send(error)
