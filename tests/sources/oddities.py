"""Answers in which one field is another than documented, or than wanted."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

_JUNK: tuple[Any, ...] = (
    None,
    7,
    -1,
    1.5,
    True,
    "x",
    "",
    [],
    [None],
    [7],
    {},
    {"a": 1},
    [{"a": None}],
    10**30,
    "\ud800",
)


def oddities(answer: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The answer over and over, each time with one field, however deep, replaced by something else."""
    for path in _paths(answer):
        for junk in _JUNK:
            odd: Any = deepcopy(answer)
            inside = odd
            for step in path[:-1]:
                inside = inside[step]
            inside[path[-1]] = junk
            yield odd


def texts_replaced(answer: dict[str, Any], text: str) -> Iterator[dict[str, Any]]:
    """The answer over and over, each time with one of its texts, however deep, replaced."""
    for path in _paths(answer):
        odd: Any = deepcopy(answer)
        inside = odd
        for step in path[:-1]:
            inside = inside[step]
        if isinstance(inside[path[-1]], str):
            inside[path[-1]] = text
            yield odd


def _paths(value: Any, *above: Any) -> Iterator[tuple[Any, ...]]:
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, inner in steps:
        yield (*above, step)
        yield from _paths(inner, *above, step)
