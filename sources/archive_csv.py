"""CSV files as post records: which column holds what, by the operator's map or by the columns' own names.

A row may go over several lines. Nothing is read ahead: the line after the last row is where reading goes on.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from monitor.lines import Line, LineReader, LongLine
from sources.shapes import as_time

_PLAIN: Final = (
    "platform", "id", "instance", "url", "created_at", "first_seen_at", "edited_at", "title", "text", "tags",
    "community", "community_description", "lang", "reply_to", "quotes", "cid", "media_count",
)  # fmt: skip
_AUTHOR: Final = ("id", "handle", "name", "bio")
FIELDS: Final = frozenset({*_PLAIN, *(f"author.{name}" for name in _AUTHOR)})
_TIMES: Final = frozenset({"created_at", "first_seen_at", "edited_at"})
_PACKED: Final = frozenset({".gz", ".zst"})
_DELIMITERS: Final = (",", ";", "\t", "|")


def is_csv(name: str) -> bool:
    """Whether a file says by its name that it is CSV."""
    path = Path(name)
    return (Path(path.stem).suffix if path.suffix.lower() in _PACKED else path.suffix).lower() in {".csv", ".tsv"}


def read_columns(value: object) -> object:
    """A column map as pairs "field=column": of a table, a list, or one text with commas."""
    if isinstance(value, dict):
        return tuple(f"{field}={column}" for field, column in value.items())  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


def check_columns(pairs: Sequence[str]) -> dict[str, str]:
    """Field -> column. Raises `ValueError` for a field that posts do not have."""
    columns: dict[str, str] = {}
    for pair in pairs:
        field, equals, column = (part.strip() for part in pair.partition("="))
        field = "author.handle" if field == "author" else field
        if not equals or not column or field not in FIELDS:
            raise ValueError("is field=column, with a field of post records (text, created_at, author.handle, ...)")
        columns[field] = column
    return columns


class CsvRows:
    """Turns the lines of one file into records.

    :raises ValueError: the first line has none of the columns that are asked for.
    """

    def __init__(self, path: Path, columns: Mapping[str, str], *, platform: str) -> None:
        self._name, self._platform = path.name, platform
        header = _header(path)
        self._delimiter = max(_DELIMITERS, key=header.count)
        titles = [name for row in csv.reader([header], delimiter=self._delimiter) for name in row]
        places = {name.strip(): place for place, name in enumerate(titles)}
        if columns:
            missing = [column for column in columns.values() if column not in places]
            if missing:
                raise ValueError(f"there is no column {missing[0]!r}")
            self._fields = {field: places[column] for field, column in columns.items()}
        else:
            known = {("author.handle" if name == "author" else name): place for name, place in places.items()}
            self._fields = {name: place for name, place in known.items() if name in FIELDS}
        if not self._fields:
            raise ValueError("no column is named like a field of post records; name them in `columns`")

    def records(self, lines: Iterator[Line | LongLine]) -> Iterator[tuple[int, Mapping[str, Any] | ValueError]]:
        """(last line, record, or what is wrong with it) of every row; of the first line nothing."""
        at = _At(lines)
        rows = csv.reader(at, delimiter=self._delimiter)
        while True:
            try:
                row = next(rows)
            except StopIteration:
                return
            except (csv.Error, ValueError) as error:
                yield at.line, ValueError("a field is too long" if isinstance(error, csv.Error) else str(error))
                rows = csv.reader(at, delimiter=self._delimiter)
                continue
            if row and at.line > 1:
                yield at.line, self._record(row, at.line)

    def _record(self, row: Sequence[str], line: int) -> Mapping[str, Any]:
        said = {field: row[place] for field, place in self._fields.items() if place < len(row) and row[place] != ""}
        record: dict[str, Any] = {name: value for name, value in said.items() if name in _PLAIN}
        record["author"] = {name: said[key] for name in _AUTHOR if (key := f"author.{name}") in said} or None
        record.setdefault("platform", self._platform)
        if "id" not in self._fields:
            record["id"] = f"{self._name}:{line}"
        for name in _TIMES & record.keys():
            moment = as_time(record[name].strip())
            record[name] = moment.isoformat() if moment else None
        if "tags" in record:
            record["tags"] = [tag.lstrip("#") for tag in record["tags"].replace(",", " ").replace(";", " ").split()]
        if "media_count" in record:
            record["media_count"] = int(record["media_count"]) if record["media_count"].isdecimal() else 0
        return record


class _At:
    """A file's lines as texts, and the number of the last one given."""

    def __init__(self, lines: Iterator[Line | LongLine]) -> None:
        self._lines = lines
        self.line = 0

    def __iter__(self) -> _At:
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        self.line = line.number
        if isinstance(line, LongLine):
            raise ValueError(f"{line.size} bytes, too long")  # noqa: TRY004 - one kind of error: the line is bad
        try:
            return line.data.decode("utf-8") + "\n"
        except UnicodeDecodeError as error:
            raise ValueError(f"invalid UTF-8 at byte {error.start}") from None


def _header(path: Path) -> str:
    """The first line."""
    for line in LineReader(path):
        if isinstance(line, Line):
            return line.data.decode("utf-8", "replace").lstrip("\ufeff")
        break
    return ""
