"""Reading answers whose fields may be missing or of another type than documented: each gives an empty value then."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson

# These are called some dozens of times a post: no union of types is made, and nothing cast, at every call.


def as_dict(value: object) -> Mapping[str, Any]:
    """An object, or an empty one."""
    return value if isinstance(value, dict) else {}  # pyright: ignore[reportUnknownVariableType]


def as_list(value: object) -> Sequence[Any]:
    """A list, or an empty one."""
    return value if isinstance(value, list) else ()  # pyright: ignore[reportUnknownVariableType]


def is_list(value: object) -> bool:
    """Whether it is a list at all: an empty one says something else than a missing one."""
    return isinstance(value, list)


def parsed(body: bytes) -> Mapping[str, Any]:
    """An answer's object, or an empty one where the answer is no JSON."""
    try:
        return as_dict(orjson.loads(body))
    except orjson.JSONDecodeError:
        return {}


def as_text(value: object) -> str:
    """A text, or an empty one."""
    return value if isinstance(value, str) else ""


def as_id(value: object) -> str | None:
    """An id: a text, or a number as one; None for everything else and for an empty one."""
    if isinstance(value, str):
        return value or None
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else None


def as_time(value: object) -> datetime | None:
    """An ISO 8601 time, or seconds since 1970 (as a number or in a text), in UTC; None for everything else."""
    try:
        if isinstance(value, str) and value[4:5] == "-":  # nearly all of them
            moment = datetime.fromisoformat(value)
            return moment if moment.tzinfo is UTC else _in_utc(moment)
        if type(value) is int:  # nearly all others
            return datetime.fromtimestamp(value, UTC)
        if isinstance(value, bool) or not isinstance(value, (str, int, float)):
            return None
        if isinstance(value, str) and not value.replace(".", "", 1).isdigit():
            return _in_utc(datetime.fromisoformat(value))
        return datetime.fromtimestamp(float(value), UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _in_utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
