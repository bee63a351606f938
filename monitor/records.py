"""Post records: one JSON object a line, the format that archives, tests and other tools exchange.

The contract is the design's, section 5. Reading never stops at a bad line: it is reported with its number and
reason, and skipped.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import orjson

from monitor.lines import MAX_LINE_BYTES, LineReader, LongLine
from monitor.post import NOBODY, Author, Post

_TIMES = ("created_at", "first_seen_at", "edited_at")
_AUTHOR = ("id", "handle", "name", "bio")
_STRINGS = (
    "instance", "url", "title", "text", "community", "community_description", "lang", "reply_to", "quotes", "cid",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class BadLine:
    """A line that is no post record: where and why; none of its content."""

    number: int
    why: str
    source: str = ""

    def __str__(self) -> str:
        return f"{self.source}:{self.number}: {self.why}; skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A post and the line it came from. `warnings` name what could not be used and became null."""

    number: int
    post: Post
    warnings: tuple[str, ...] = ()


class RecordReader:
    """Iterates once over the records and bad lines of one input (plain, .gz, .zst, or "-").

    :param after_line: lines up to this number are passed over, to resume; numbers go on counting.
    :raises InputError: cannot be opened; while iterating: breaks off or is damaged, after everything before
        it was yielded.
    """

    def __init__(self, path: Path | str, *, after_line: int = 0, max_line_bytes: int = MAX_LINE_BYTES) -> None:
        self._lines = LineReader(path, after_line=after_line, max_line_bytes=max_line_bytes)
        self.name = self._lines.name

    @property
    def bytes_read(self) -> int:
        """Bytes of the (compressed) input read so far."""
        return self._lines.bytes_read

    @property
    def total_bytes(self) -> int | None:
        """Size of the (compressed) input in bytes; None for standard input."""
        return self._lines.total_bytes

    @property
    def line(self) -> int:
        """Number of the last line read."""
        return self._lines.line

    def __iter__(self) -> Iterator[Record | BadLine]:
        for line in self._lines:
            if isinstance(line, LongLine):
                yield too_long(line, self.name)
            elif (item := read_line(line.number, line.data, self.name)) is not None:
                yield item


def too_long(line: LongLine, source: str) -> BadLine:
    """A line over the limit as a bad one."""
    return BadLine(number=line.number, why=f"{line.size} bytes, over {MAX_LINE_BYTES >> 20} MiB", source=source)


def read_line(number: int, data: bytes, source: str = "") -> Record | BadLine | None:
    """One line as a record, or why it is none; None for a blank line.

    :param number: of the line; :param source: the name of its file.
    """
    if not data.strip():
        return None
    warnings: list[str] = []
    try:
        post = from_record(parse_line(data), warn=warnings.append)
    except ValueError as error:
        return BadLine(number=number, why=str(error), source=source)
    return Record(number=number, post=post, warnings=tuple(warnings))


def read_records(*paths: Path | str, warn: Callable[[str], None] | None = None) -> Iterator[Post | BadLine]:
    """The posts and bad lines of several inputs, in order.

    :param warn: is told, as "file:line: what", of values that could not be used and became null.
    :raises InputError: see :class:`RecordReader`.
    """
    for path in paths:
        for item in (reader := RecordReader(path)):
            if isinstance(item, BadLine):
                yield item
                continue
            if warn is not None:
                for warning in item.warnings:
                    warn(f"{reader.name}:{item.number}: {warning}")
            yield item.post


def parse_line(data: bytes) -> dict[str, Any]:
    """One line as a JSON object; lone surrogates are allowed. Raises `ValueError` with the reason."""
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError:
        value = _parse_tolerantly(data)
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")  # noqa: TRY004 - one kind of error, the line is bad
    return cast("dict[str, Any]", value)


def _parse_tolerantly(data: bytes) -> object:
    """What orjson refuses but is JSON all the same: lone surrogates, very long numbers."""
    try:
        return json.loads(data.decode())
    except UnicodeDecodeError as error:
        raise ValueError(f"invalid UTF-8 at byte {error.start}") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"invalid JSON at column {error.colno}: {error.msg}") from None
    except RecursionError:
        raise ValueError("invalid JSON: nested too deeply") from None
    except ValueError:
        raise ValueError("invalid JSON: a number is too long") from None


def from_record(record: Mapping[str, Any], *, warn: Callable[[str], None] | None = None) -> Post:
    """A record as a post; `author` nested or flat; unknown fields ignored.

    :param warn: is told what could not be used and became null (a date in the year 40000).
    :raises ValueError: with the reason, where platform, id or every text field is missing.
    """
    tell = warn or _ignore
    strings = {name: _string(record, name, tell) for name in _STRINGS}
    author = _author(record, tell)
    tags = _tags(record.get("tags"), tell)
    # Account names alone never make a post worth screening (they count as evidence only).
    texts = (strings["text"], strings["title"], strings["community"], strings["community_description"], author.bio)
    platform, post_id = _required(record, "platform"), _required(record, "id")
    if not tags and all(text is None for text in texts):
        raise ValueError("no text field (text, title, tags, community, community_description, author.bio)")
    count = record.get("media_count")
    times = {name: _time(record.get(name), name, tell) for name in _TIMES}
    return Post(
        platform=platform,
        id=post_id,
        author=author,
        tags=tags,
        media_count=count if isinstance(count, int) and count > 0 else 0,
        created_at=times["created_at"],
        first_seen_at=times["first_seen_at"],
        edited_at=times["edited_at"],
        **strings,
    )


def _ignore(_: str) -> None:
    pass


def _required(record: Mapping[str, Any], name: str) -> str:
    value = record.get(name)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str) or not value:
        raise ValueError(f"no {name}")
    return value


def _string(record: Mapping[str, Any], name: str, tell: Callable[[str], None]) -> str | None:
    value = record.get(name)
    if value is None or isinstance(value, str):
        return value
    tell(f"{name} is not a text; taken as null")
    return None


def _author(record: Mapping[str, Any], tell: Callable[[str], None]) -> Author:
    nested = record.get("author")
    if isinstance(nested, str):
        nested = {"handle": nested}
    named = cast("dict[str, Any]", nested) if isinstance(nested, dict) else {}
    values: dict[str, str | None] = {}
    for name in _AUTHOR:
        flat = f"author_{name}"
        value = named.get(name) if named.get(name) is not None else record.get(flat)
        # Platforms number accounts: an id may be a number.
        values[name] = str(value) if name == "id" and isinstance(value, int) else _string({flat: value}, flat, tell)
    return Author(**values) if any(value is not None for value in values.values()) else NOBODY


def _tags(value: object, tell: Callable[[str], None]) -> tuple[str, ...]:
    """Tags in their places: one that is no text becomes empty, so that tags[i] keeps its meaning."""
    if value is None:
        return ()
    if isinstance(value, str):
        return (value,)
    if not isinstance(value, list):
        tell("tags is not a list; taken as null")
        return ()
    listed = cast("list[object]", value)
    if not all(isinstance(tag, str) for tag in listed):
        tell("some tags are not texts; left out")
    return tuple(tag if isinstance(tag, str) else "" for tag in listed)


def _time(value: object, name: str, tell: Callable[[str], None]) -> datetime | None:
    """An ISO 8601 time or seconds since 1970, in UTC; a time without a zone is taken as UTC."""
    if value is None:
        return None
    try:
        if isinstance(value, str):
            moment = datetime.fromisoformat(value.strip())
            return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        pass
    tell(f"{name} is not a usable date; taken as null")
    return None


def to_record(post: Post) -> dict[str, Any]:
    """The post as a record with every field of the contract, `author` nested, times in ISO 8601."""
    author = post.author
    nested = {name: getattr(author, name) for name in _AUTHOR} if author != NOBODY else None
    return {
        "platform": post.platform,
        "id": post.id,
        "instance": post.instance,
        "url": post.url,
        **{name: _iso(getattr(post, name)) for name in _TIMES},
        "author": nested,
        "title": post.title,
        "text": post.text,
        "tags": list(post.tags),
        "community": post.community,
        "community_description": post.community_description,
        "lang": post.lang,
        "reply_to": post.reply_to,
        "quotes": post.quotes,
        "cid": post.cid,
        "media_count": post.media_count,
    }


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat().replace("+00:00", "Z")
