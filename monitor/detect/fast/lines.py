"""The screen over lines of post records, most of which are never decoded, and fewer still made posts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final, cast

from monitor.detect.fast.alphabet import FIELD, ROW
from monitor.detect.fast.screen import FastScreen
from monitor.detect.screening import ScreenedRecord
from monitor.lines import Block
from monitor.records import BadLine, parse_line, read_line

_SEPARATOR: Final = bytes([ROW])
_ESCAPE: Final = re.compile(rb"\\[^\"/nrt]")
"""An escape that stands for more than a blank or a sign."""


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
        rows = range(len(lines)) if strict else self._wanted(lines)
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

    def _wanted(self, lines: Sequence[bytes]) -> list[int]:
        """Rows of the lines that have to be decoded."""
        plain: list[int] = []
        wanted: list[int] = []
        for row, line in enumerate(lines):
            (plain if _plain(line) else wanted).append(row)
        wanted += [plain[row] for row in self._fast.gate.lines([lines[row] for row in plain])]
        return sorted(wanted)


def _plain(line: bytes) -> bool:
    """True for what looks like a record in ASCII without any of the escapes that need decoding."""
    return (
        line.isascii()
        and line.startswith(b'{"')
        and line.endswith((b"}", b"}\r"))
        and b'"platform"' in line
        and b'"id"' in line
        and _SEPARATOR not in line
        and _ESCAPE.search(line) is None
    )


def _outline(line: bytes) -> tuple[str, str] | None:
    """What a record says (its texts together), and its community; None for what has to be looked at closely."""
    try:
        record = parse_line(line)
    except ValueError:
        return None
    get = record.get
    if not isinstance(get("platform"), str) or not isinstance(get("id"), str):
        return None
    named: object = get("author")
    author = cast("dict[str, object]", named) if isinstance(named, dict) else {"name": named}
    tags: object = get("tags")
    texts = (
        get("title"), get("text"), *(cast("list[object]", tags) if isinstance(tags, list) else (tags,)),
        get("community"), get("community_description"),
        author.get("handle"), author.get("name"), author.get("bio"),
        get("author_handle"), get("author_name"), get("author_bio"),
    )  # fmt: skip
    said = FIELD.join([text for text in texts if isinstance(text, str)])
    community = FIELD.join([text for text in texts[-8:-6] if isinstance(text, str)])
    return (said, community) if said else None
