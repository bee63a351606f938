"""CSV and JSON lines: bytes of a row. Pure."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, TextIO, cast

from alerts.export.rows import COLUMNS

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\0", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What a spreadsheet takes as the beginning of a formula (OWASP ASVS 1.2.10, CWE-1236), full-width forms too."""


class Format(StrEnum):
    """The formats of a batch."""

    JSONL = "jsonl"
    CSV = "csv"


def jsonl_row(row: Mapping[str, Any]) -> bytes:
    """One JSON object on one line, keys sorted, ASCII (a lone surrogate in a post survives as an escape)."""
    return json.dumps(row, sort_keys=True, ensure_ascii=True, separators=(",", ":")).encode() + b"\n"


def cell(value: object) -> str:
    """A value as a CSV cell that no spreadsheet takes for a formula: a single quote goes before one that
    would be. Handles lose a leading "@" before (see `csv_row`), so that few need it.
    """
    if value is None:
        return ""
    if isinstance(value, list):
        return cell(" ".join(str(item) for item in cast("list[object]", value)))
    text = str(value)
    if isinstance(value, str) and text.startswith(FORMULA_STARTS):
        text = f"'{text}"
    return text


def csv_row(row: Mapping[str, Any]) -> bytes:
    """One record, RFC 4180: CRLF, quotes doubled, UTF-8."""
    handle = row["account_handle"]
    plain = {**row, "account_handle": handle.lstrip("@") if isinstance(handle, str) else handle}
    return _line(cell(plain[name]) for name in COLUMNS)


def csv_head() -> bytes:
    """The names of the columns."""
    return _line(COLUMNS)


def _line(cells: Any) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerow(cells)
    return out.getvalue().encode("utf-8", "backslashreplace")


HEADS: Mapping[Format, bytes] = {Format.JSONL: b"", Format.CSV: csv_head()}
ROWS: Mapping[Format, Callable[[Mapping[str, Any]], bytes]] = {Format.JSONL: jsonl_row, Format.CSV: csv_row}


def count_rows(form: Format, text: TextIO) -> int:
    """How many rows a file holds. Raises `ValueError` where it is not of that format."""
    if form is Format.JSONL:
        count = 0
        for line in text:
            if not line.startswith("{") or not json.loads(line):
                raise ValueError(f"line {count + 1} is no JSON object")
            count += 1
        return count
    reader = csv.reader(text, strict=True)
    try:
        head = next(reader, None)
        if head != list(COLUMNS):
            raise ValueError("the first line does not name the columns of a batch")
        count = 0
        for record in reader:
            if len(record) != len(COLUMNS):
                raise ValueError(f"row {count + 1} has {len(record)} cells")
            count += 1
    except csv.Error as error:
        raise ValueError(str(error)) from None
    return count
