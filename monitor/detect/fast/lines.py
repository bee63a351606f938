"""The screen over lines of post records, most of which are never decoded, and fewer still made posts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, cast

from monitor.detect.fast.screen import FastScreen
from monitor.detect.screening import ScreenedRecord
from monitor.lines import Block
from monitor.records import BadLine, parse_line, read_line

_ESCAPES: Final = (b"\\u", b"\\\\", b"\\b", b"\\f")
"""Escapes that stand for more than a blank or a sign."""
_TEXTS: Final = (
    "title", "text", "community", "community_description", "author_handle", "author_name", "author_bio",
)  # fmt: skip


class LineScreen:
    """Screens blocks of lines. A line that shows no sign of a messenger is not decoded: its outer form is checked
    (an object with a platform and an id), what is inside is not.
    """

    def __init__(self, fast: FastScreen) -> None:
        self._fast = fast

    def screen(self, block: Block, *, source: str = "", strict: bool = False) -> Iterator[ScreenedRecord | BadLine]:
        """The hits and the bad lines of a block, in order; of the decoded ones also those that came with warnings.

        :param source: the name of the file; :param strict: decode every line, so that every bad one is found.
        """
        lines = block.data.split(b"\n")
        rows = range(len(lines)) if strict else self._wanted(block.data, lines)
        outlines = [_outline(lines[row]) for row in rows]
        known = [(row, outline) for row, outline in zip(rows, outlines, strict=True) if outline is not None]
        closer = {row for row, outline in zip(rows, outlines, strict=True) if outline is None}
        columns = {name: [outline[at] for _, outline in known] for at, name in enumerate(("text", "community"))}
        closer |= {known[at][0] for at in self._fast.candidates(columns)}
        for row in rows if strict else sorted(closer):
            item = read_line(block.first + row, lines[row], source)
            if isinstance(item, BadLine):
                yield item
            elif item is not None and (row in closer or item.warnings):
                screening = self._fast.screen(item.post)
                if screening.hit or item.warnings:
                    yield ScreenedRecord(record=item, screening=screening)

    def _wanted(self, data: bytes, lines: Sequence[bytes]) -> list[int]:
        """Rows of the lines that have to be decoded."""
        escapes = [escape for escape in _ESCAPES if escape in data]
        plain: list[int] = []
        wanted: list[int] = []
        for row, line in enumerate(lines):
            (plain if _plain(line, escapes) else wanted).append(row)
        wanted += [plain[row] for row in self._fast.gate.lines([lines[row] for row in plain])]
        return sorted(wanted)


def _plain(line: bytes, escapes: Sequence[bytes]) -> bool:
    """True for what looks like a record in ASCII without any of the escapes that need decoding."""
    return (
        line.isascii()
        and line.startswith(b'{"')
        and line.endswith((b"}", b"}\r"))
        and b'"platform"' in line
        and b'"id"' in line
        and not any(escape in line for escape in escapes)
    )


def _outline(line: bytes) -> tuple[str, str] | None:
    """What a record says (its texts together), and its community; None for what has to be looked at closely."""
    try:
        record = parse_line(line)
    except ValueError:
        return None
    if not isinstance(record.get("platform"), str) or not isinstance(record.get("id"), str):
        return None
    author: object = record.get("author")
    texts = [*_strings(record, _TEXTS), *_listed(record.get("tags")), *_listed(author)]
    if isinstance(author, dict):
        texts += _strings(cast("dict[str, Any]", author), ("handle", "name", "bio"))
    community = "\n".join(_strings(record, ("community", "community_description")))
    return ("\n".join(texts), community) if texts else None


def _strings(record: Mapping[str, Any], names: Sequence[str]) -> list[str]:
    return [value for name in names if isinstance(value := record.get(name), str)]


def _listed(value: object) -> list[str]:
    """The strings of a list, or the string itself."""
    if isinstance(value, str):
        return [value]
    return [one for one in cast("list[object]", value) if isinstance(one, str)] if isinstance(value, list) else []
