"""The screen over lines of post records, most of which are never decoded, and fewer still made posts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from monitor.detect.fast.alphabet import FIELD
from monitor.detect.fast.block import LineBlock
from monitor.detect.fast.screen import FastScreen
from monitor.detect.screening import ScreenedRecord
from monitor.lines import Block
from monitor.records import BadLine, parse_line, read_line


class LineScreen:
    """Screens blocks of lines. A line that shows no sign of a messenger is not decoded: its outer form is checked
    (an object with a platform and an id), what is inside is not.
    """

    def __init__(self, fast: FastScreen) -> None:
        self._fast = fast
        self._heads: list[bytes] = []

    def screen(self, block: Block, *, source: str = "", strict: bool = False) -> Iterator[ScreenedRecord | BadLine]:
        """The hits and the bad lines of a block, in order; of the decoded ones also those that came with warnings.

        :param source: the name of the file; :param strict: decode every line, so that every bad one is found.
        """
        lines = LineBlock(block.data, self._heads)
        rows = range(len(lines.starts)) if strict else sorted(self._fast.lines(lines) | lines.doubtful())
        outlines = [_outline(lines.line(row)) for row in rows]
        known = [(row, outline) for row, outline in zip(rows, outlines, strict=True) if outline is not None]
        closer = {row for row, outline in zip(rows, outlines, strict=True) if outline is None}
        columns = {name: [outline[at] for _, outline in known] for at, name in enumerate(("text", "community"))}
        closer |= {known[at][0] for at in self._fast.candidates(columns)}
        for row in rows if strict else sorted(closer):
            item = read_line(block.first + row, lines.line(row), source)
            if isinstance(item, BadLine):
                yield item
            elif item is not None and (row in closer or item.warnings):
                screening = self._fast.screen(item.post)
                if screening.hit or item.warnings:
                    yield ScreenedRecord(record=item, screening=screening)


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
