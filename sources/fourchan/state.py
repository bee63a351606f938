"""What is known of a board: its threads, how far each was read, and its newest posts' versions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from monitor.drafts import version_mark
from sources.fourchan.posts import BoardPost
from sources.shapes import as_dict, as_list, as_text, as_time

MARKS_KEPT: Final = 1000
"""Posts of a board whose version is remembered: of these, changes and removals are seen."""


@dataclass(slots=True)
class ThreadState:
    """Up to which post a thread was read, at which version (as the board lists it); 0: not yet."""

    version: int = 0
    last: int = 0
    modified: str = ""


@dataclass(slots=True)
class BoardState:
    """What is known of a board.

    :param modified: its listing's Last-Modified, once everything that it listed was read.
    :param until: up to when it was seen; None before the first poll has ended.
    :param count: posts given in the poll under way, of which the oldest was made at `since`.
    """

    threads: dict[int, ThreadState] = field(default_factory=dict[int, ThreadState])
    marks: dict[int, tuple[int, str]] = field(default_factory=dict[int, tuple[int, str]])
    modified: str = ""
    until: datetime | None = None
    count: int = 0
    since: datetime | None = None

    @classmethod
    def load(cls, stored: object) -> BoardState:
        """Of a cursor."""
        values = as_dict(stored)
        state = cls(modified=as_text(values.get("modified")), until=as_time(values.get("until")))
        state.count, state.since = _number(values.get("count")), as_time(values.get("since"))
        for one in as_list(values.get("threads")):
            number, version, last, modified = [*as_list(one), 0, 0, 0, ""][:4]
            state.threads[_number(number)] = ThreadState(_number(version), _number(last), as_text(modified))
        for one in as_list(values.get("marks")):
            number, thread, mark = [*as_list(one), 0, 0, ""][:3]
            state.marks[_number(number)] = (_number(thread), as_text(mark))
        return state

    def dump(self) -> dict[str, Any]:
        """For a cursor."""
        return {
            "threads": [[number, one.version, one.last, one.modified] for number, one in self.threads.items()],
            "marks": [[number, thread, mark] for number, (thread, mark) in self.marks.items()],
            "modified": self.modified,
            "until": self.until and self.until.isoformat(),
            "count": self.count,
            "since": self.since and self.since.isoformat(),
        }

    def fresh(self, thread: int, posts: Sequence[BoardPost]) -> list[BoardPost]:
        """A thread's posts that are new, or known in another version; they are remembered."""
        last = self.threads[thread].last if thread in self.threads else 0
        found: list[BoardPost] = []
        for post in posts:
            number, mark = post.number, version_mark(post)
            if number > last or (number in self.marks and self.marks[number][1] != mark):
                found.append(post)
            if number > last or number in self.marks:
                self.marks.pop(number, None)
                self.marks[number] = (thread, mark)
        while len(self.marks) > MARKS_KEPT:
            del self.marks[next(iter(self.marks))]
        return found

    def removed(self, thread: int, numbers: Sequence[int]) -> list[int]:
        """Numbers of known posts that a whole thread does not have any more.

        What is older than its oldest reply does not count: some threads let go of their beginning.
        """
        there, oldest = set(numbers), min((number for number in numbers if number != thread), default=None)
        gone = [
            number
            for number, (where, _) in self.marks.items()
            if where == thread and number not in there and number != thread and (oldest is None or number > oldest)
        ]
        for number in gone:
            del self.marks[number]
        return gone

    def forget(self, thread: int) -> None:
        """A thread has left its board."""
        self.threads.pop(thread, None)
        self.marks = {number: mark for number, mark in self.marks.items() if mark[0] != thread}


def _number(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0
