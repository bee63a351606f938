"""Archives: files of post records, Reddit's dumps of submissions and comments, and CSV; plain, .gz and .zst.

Resumable at the line: a cursor names a file by its name and the hash of its beginning, so that another file of
the same name is read from its start, and one that has grown is read on.
"""

from __future__ import annotations

import asyncio
import hashlib
import stat
from collections.abc import AsyncGenerator, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Final, Literal, NamedTuple

from pydantic import BeforeValidator, Field, field_validator

from monitor.errors import InputError
from monitor.lines import Line, LineReader, LongLine
from monitor.ports import BadRecord, Batch, Coverage, Cursor, Pace, Records, Seen, SourceContext, SourcePlugin
from monitor.post import Post
from monitor.records import from_record, parse_line
from monitor.sourcing import Names, SourceOptions
from sources.archive_csv import CsvRows, check_columns, is_csv, read_columns
from sources.media import drop_media_links
from sources.reddit_dumps import looks_like_reddit, to_post
from sources.shapes import as_dict
from sources.terms import load_terms

BATCH_POSTS: Final = 1000
_HEAD_BYTES: Final = 64 * 1024

_Made = tuple[int, Post | ValueError | None]
"""A line's number, and what it makes: a post, what is wrong with it, or nothing."""

Layout = Literal["auto", "records", "reddit", "csv"]


class ArchiveOptions(SourceOptions):
    """Which files are read, and what is in them."""

    files: Names = Field(
        description="Files to read, in this order: .ndjson or .csv, plain, .gz or .zst (long windows too)."
    )
    layout: Layout = Field(
        "auto",
        description="records (post records), reddit (dumps RS_*, RC_*), csv, or auto: told by a file's name (.csv, "
        ".tsv) and by each line.",
    )
    columns: Annotated[tuple[str, ...], BeforeValidator(read_columns)] = Field(
        (),
        description="Of CSV: which column holds which field of post records, as field=column (text=body,"
        "created_at=date,author.handle=user). Without this: columns named like fields.",
        examples=[{"text": "body", "created_at": "date", "author.handle": "user"}],
    )
    platform: str = Field(
        "archive", min_length=1, description="Of CSV: the platform of posts, where no column says it."
    )
    provenance: str | None = Field(
        None, description="Where the archive comes from. Needed before `handlewatch run` reads it."
    )

    @field_validator("files")
    @classmethod
    def _some(cls, files: tuple[str, ...]) -> tuple[str, ...]:
        if not files:
            raise ValueError("name a file")
        return files

    @field_validator("columns")
    @classmethod
    def _fields(cls, columns: tuple[str, ...]) -> tuple[str, ...]:
        check_columns(columns)
        return columns


class Progress(NamedTuple):
    """How far reading has come. Bytes are those of the (compressed) file."""

    file: str
    line: int
    bytes_read: int
    total_bytes: int | None


@dataclass(slots=True)
class _Place:
    """How far one file was read; `size` is set where it was read to its end at that size."""

    head: str
    head_bytes: int
    line: int = 0
    size: int | None = None

    @classmethod
    def of(cls, path: Path, stored: Mapping[str, Any]) -> tuple[_Place, int]:
        """The stored place where it is of this very file, else its beginning; and the file's size.

        Raises `InputError`.
        """
        known = int(stored.get("head_bytes") or 0)
        try:
            status = path.stat()
            if not stat.S_ISREG(status.st_mode) and not stat.S_ISDIR(status.st_mode):
                # Its beginning could be read only once, and nothing could be resumed.
                raise InputError(
                    f"{path} is not a file but a pipe or a device.",
                    kept="Nothing was read from it.",
                    do="Write it to a file first; `handlewatch screen` reads pipes.",
                )
            size = status.st_size
            with path.open("rb") as file:
                begin = file.read(_HEAD_BYTES)
        except OSError as error:
            raise InputError(
                f"{path} cannot be read: {error.strerror or error}.", do="Check the name and the permissions."
            ) from error
        if known and hashlib.sha256(begin[:known]).hexdigest() == stored.get("head") and known <= len(begin):
            return cls(str(stored["head"]), known, int(stored.get("line") or 0), stored.get("size")), size
        return cls(hashlib.sha256(begin).hexdigest(), len(begin)), size

    def dump(self) -> dict[str, Any]:
        return {"head": self.head, "head_bytes": self.head_bytes, "line": self.line, "size": self.size}


@dataclass(slots=True)
class _Chunk:
    posts: list[Post] = field(default_factory=list[Post])
    bad: list[BadRecord] = field(default_factory=list[BadRecord])
    line: int = 0
    error: InputError | None = None
    end: bool = False


class ArchiveSource:
    """See the module. Made by :data:`PLUGIN`."""

    def __init__(self, options: ArchiveOptions, context: SourceContext) -> None:
        self._options = options
        self._context = context
        self._size = min(BATCH_POSTS, context.limit or BATCH_POSTS)
        self.progress: Progress | None = None

    async def collect(self, cursor: Cursor | None) -> AsyncGenerator[Batch, None]:
        """Every file from where it was left off, in batches of about 1,000 posts.

        A file that breaks off gives what came before; the other files are read all the same, then the first such
        `InputError` is raised.
        """
        places = {name: dict(as_dict(place)) for name, place in as_dict((cursor or {}).get("files")).items()}
        failed: InputError | None = None
        for name in self._options.files:
            path = Path(name)
            try:
                async for batch in self._read(path, places):
                    yield batch
            except InputError as error:
                failed = failed or error
        if failed is not None:
            raise failed

    async def _read(self, path: Path, places: dict[str, dict[str, Any]]) -> AsyncGenerator[Batch, None]:
        key = str(path)
        place, size = await asyncio.to_thread(_Place.of, path, places.get(key, {}))
        if place.size == size:
            return
        rows = await asyncio.to_thread(self._rows, path)
        reader = LineReader(path, after_line=place.line)
        lines = self._of_rows(rows.records(iter(reader))) if rows else self._of_lines(iter(reader))
        while True:
            chunk = await asyncio.to_thread(self._chunk, path.name, lines)
            self.progress = Progress(path.name, reader.line, reader.bytes_read, reader.total_bytes)
            place.line = max(place.line, chunk.line)
            place.size = size if chunk.end else None
            places[key] = place.dump()
            yield Batch(
                records=Records.of(chunk.posts),
                cursor={"files": {name: dict(stored) for name, stored in places.items()}},
                coverage=self._covered(path.name, chunk.posts),
                bad=chunk.bad,
            )
            if chunk.error is not None:
                raise chunk.error
            if chunk.end:
                return

    def _chunk(self, name: str, lines: Iterator[_Made]) -> _Chunk:
        """The next posts, until there are enough (or bad lines); plain code, run beside the event loop."""
        chunk = _Chunk()
        try:
            for number, post in lines:
                chunk.line = number
                if isinstance(post, ValueError):
                    chunk.bad.append(BadRecord(where=f"{name}:{number}", why=str(post)))
                elif post is not None:
                    chunk.posts.append(post)
                if len(chunk.posts) + len(chunk.bad) >= self._size:
                    return chunk
            chunk.end = True
        except InputError as error:
            chunk.error = error
        return chunk

    def _rows(self, path: Path) -> CsvRows | None:
        """How a file's rows are read, where it is CSV. Raises `InputError` where it has not the columns asked for."""
        layout = self._options.layout
        if layout != "csv" and not (layout == "auto" and is_csv(path.name)):
            return None
        try:
            return CsvRows(path, check_columns(self._options.columns), platform=self._options.platform)
        except ValueError as error:
            raise InputError(f"{path}: {error}.", do="Check the option `columns`.") from None

    def _of_lines(self, lines: Iterator[Line | LongLine]) -> Iterator[_Made]:
        now = self._context.clock()
        for line in lines:
            try:
                yield line.number, self._post(line, now)
            except ValueError as error:
                yield line.number, error

    def _of_rows(self, rows: Iterator[tuple[int, Mapping[str, Any] | ValueError]]) -> Iterator[_Made]:
        now = self._context.clock()
        for number, record in rows:
            try:
                yield number, record if isinstance(record, ValueError) else _of_record(record, now)
            except ValueError as error:
                yield number, error

    def _post(self, line: Line | LongLine, now: datetime) -> Post | None:
        if isinstance(line, LongLine):
            raise ValueError(f"{line.size} bytes, too long")  # noqa: TRY004 - one kind of error: the line is bad
        if not line.data.strip():
            return None
        record = parse_line(line.data)
        layout = self._options.layout
        if layout == "reddit" or (layout == "auto" and looks_like_reddit(record)):
            return to_post(record, seen_at=now)
        return _of_record(record, now)

    def _covered(self, name: str, posts: list[Post]) -> list[Coverage]:
        """The time that the posts are from, as they say; from the beginning until now where they do not."""
        if not posts:
            return []
        times = [post.created_at for post in posts if post.created_at is not None]
        now = self._context.clock()
        start, end = min(times, default=None), min(max(times, default=now), now)
        start = None if start is None else min(start, end)
        return [Coverage(scope=name, start=start, end=end, state=Seen.SEEN, posts=len(posts))]


def _of_record(record: Mapping[str, Any], now: datetime) -> Post:
    post = from_record(record)
    text, in_text = drop_media_links(post.text or "")
    title, in_title = drop_media_links(post.title or "")
    return replace(
        post,
        text=text or None,
        title=title or None,
        media_count=post.media_count + in_text + in_title,
        first_seen_at=post.first_seen_at or now,
    )


def _lacks(options: ArchiveOptions) -> str:
    return "" if (options.provenance or "").strip() else 'says not where the archive comes from (provenance = "...")'


PLUGIN: Final = SourcePlugin(
    name="archive",
    summary="Files of post records, Reddit's dumps of submissions and comments, and CSV.",
    pace=Pace.ONCE,
    options=ArchiveOptions,
    open=ArchiveSource,
    terms=load_terms()["archive"],
    lacks=_lacks,
    example="""\
[sources.backtest]
plugin = "archive"
files = ["/srv/archives/posts.ndjson.zst"]
provenance = "Export of our own forum, 2026-10."
basis = "Our own data, under our terms of use."
""",
)
