"""Frozen records that are made often, made quickly."""

from __future__ import annotations

from dataclasses import MISSING, fields
from typing import Any


def quick_init(kind: type[Any]) -> None:
    """Gives a frozen dataclass with slots an `__init__` that takes half the time.

    The one that `dataclasses` writes calls `object.__setattr__` for every field. This one makes the new record one of
    a twin class with the same slots that is not frozen, sets its fields there, and makes it one of `kind` again;
    what is asked for, what it does and what is refused afterwards stay the same. Fields may have defaults, but no
    `default_factory`.
    """
    twin = type(f"Open{kind.__name__}", (), {"__slots__": kind.__slots__})
    known: dict[str, Any] = {"_kind": kind, "_twin": twin, "_set": object.__setattr__}
    placed, named, lines = list[str](), list[str](), list[str]()
    for one in fields(kind):
        if one.default is not MISSING:
            known[f"_{one.name}"] = one.default
        given = one.name if one.default is MISSING else f"{one.name}=_{one.name}"
        (named if one.kw_only else placed).append(given)
        lines.append(f" self.{one.name} = {one.name}")
    whole = [
        f"def __init__({', '.join(['self', *placed, *(['*', *named] if named else ())])}):",
        " _set(self, '__class__', _twin)",
        *lines,
        " self.__class__ = _kind",
    ]
    exec("\n".join(whole), known)  # noqa: S102 - of the names of fields only, as dataclasses does it
    made = known["__init__"]
    made.__qualname__ = f"{kind.__qualname__}.__init__"
    made.__annotations__ = kind.__init__.__annotations__
    kind.__init__ = made
