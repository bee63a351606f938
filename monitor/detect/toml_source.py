"""A TOML file of ours, whose errors name file, line and the closest valid name."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn, cast

from monitor.errors import ConfigError
from monitor.suggest import closest

_KINDS = {
    str: "a text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    list: "a list",
    dict: "a table",
}


@dataclass(frozen=True, slots=True)
class Where:
    """A table of a file: `[name]`, or the `index`-th `[[name]]`."""

    name: str
    index: int | None = None

    def __str__(self) -> str:
        return f"[{self.name}]" if self.index is None else f"[[{self.name}]] number {self.index + 1}"


class TomlSource:
    """A parsed file. `name` is how messages call it.

    :raises ConfigError: not TOML; the message names the line.
    """

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.text = text
        try:
            self.data: dict[str, Any] = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            found = re.search(r"at line (\d+), column (\d+)", str(error))
            place = f":{found[1]}:{found[2]}" if found else ""
            what = re.sub(r" \(at .*\)", "", str(error))
            raise ConfigError(f"{name}{place}: not valid TOML: {what}.", do="Correct the line.") from None
        except RecursionError:
            raise ConfigError(f"{name}: lists or tables lie too deep in each other.", do="Write it flat.") from None

    def line(self, where: Where, key: str | None = None) -> int:
        """The line (from 1) of a table's head, or of a key in it."""
        head = re.compile(rf"\s*\[{{1,2}}\s*{re.escape(where.name)}\s*\]{{1,2}}")
        seen, line_of_head, line_within = -1, 1, 0
        for number, line in enumerate(self.text.splitlines(), 1):
            if re.match(r"\s*\[{1,2}[^=]*\]{1,2}\s*(#.*)?$", line):
                if line_of_head != 1 and key is not None and seen == (where.index or 0):
                    break
                if head.match(line):
                    seen += 1
                    if seen == (where.index or 0):
                        line_of_head = number
                        if key is None:
                            return number
            elif key is not None and seen == (where.index or 0) and re.match(rf"\s*\"?{re.escape(key)}\"?\s*=", line):
                return number
            elif key is not None and seen == (where.index or 0) and not line_within:
                # In a table within a line: links = [{ start = ... }]
                line_within = number if re.search(rf"[{{,]\s*\"?{re.escape(key)}\"?\s*=", line) else 0
        return line_within or line_of_head

    def fail(self, where: Where, what: str, *, key: str | None = None, do: str = "Correct the line.") -> NoReturn:
        """Raises a `ConfigError` that names file and line."""
        raise ConfigError(f"{self.name}:{self.line(where, key)}: {what}", do=do)

    def tables(self, name: str) -> list[tuple[Where, dict[str, Any]]]:
        """The `[[name]]` tables with their places."""
        value = self.data.get(name, [])
        if not isinstance(value, list):
            self.fail(Where(name), f"[{name}] is not a list of tables.", do=f"Write [[{name}]].")
        tables = cast("list[Any]", value)
        if not all(isinstance(table, dict) for table in tables):
            self.fail(Where(name), f"{name} holds something that is not a table.", do=f"Write [[{name}]].")
        return [(Where(name, index), cast("dict[str, Any]", table)) for index, table in enumerate(tables)]

    def table(self, name: str) -> tuple[Where, dict[str, Any]]:
        """The table `[name]`, empty where there is none."""
        value = self.data.get(name, {})
        if not isinstance(value, dict):
            self.fail(Where(name), f"{name} is not a table.", do=f"Write [{name}].")
        return Where(name), cast("dict[str, Any]", value)

    def check_heads(self, valid: Iterable[str]) -> None:
        """Refuses tables that nobody reads."""
        names = list(valid)
        for name in self.data:
            if name not in names:
                self.fail(Where(name), f"There is no table {name!r}.", do=closest(name, names))

    def check_keys(
        self,
        where: Where,
        table: Mapping[str, Any],
        kinds: Mapping[str, type],
        *,
        required: Iterable[str] = (),
        tables: Iterable[str] = (),
    ) -> None:
        """Refuses unknown keys, wrong types and missing ones. Lists hold texts, those named in `tables` hold tables."""
        for key, value in table.items():
            if key not in kinds:
                self.fail(where, f"{where} has no key {key!r}.", key=key, do=closest(key, kinds))
            wanted = kinds[key]
            fits = isinstance(value, wanted) or (wanted is float and isinstance(value, int))
            if not fits or (wanted is not bool and isinstance(value, bool)):
                self.fail(where, f"{key} is not {_KINDS[wanted]}.", key=key)
            if (
                wanted is list
                and key not in tables
                and not all(isinstance(one, str) for one in cast("list[Any]", value))
            ):
                self.fail(where, f"{key} holds something that is not a text.", key=key)
        for key in required:
            if not table.get(key):
                self.fail(where, f"{where} lacks {key}.", do=f"Add `{key} = ...`.")

    def check_name(self, where: Where, key: str, value: str, valid: Iterable[str]) -> None:
        """Refuses a value that is none of the valid names."""
        names = list(valid)
        if value not in names:
            self.fail(where, f"{key}: there is no {value!r}.", key=key, do=closest(value, names))
