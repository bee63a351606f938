"""Lines of a file or of standard input, plain, gzip or Zstandard, read in bounded memory.

A line that is too long is skipped without being held; an archive that breaks off gives what came before the
break and then raises. Reddit dumps use Zstandard windows of 2 GiB, which are allowed.
"""

from __future__ import annotations

import gzip
import io
import sys
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from queue import Full, Queue
from threading import Event, Thread
from typing import IO, Any, Final

import zstandard

from monitor.errors import InputError
from monitor.frames import ZSTD_MAGIC, ZSTD_SKIPPABLE, Counted, ZstdFrames

MAX_LINE_BYTES: Final = 16 * 1024 * 1024
STDIN: Final = "-"

_CHUNK_BYTES: Final = 1 << 20
_BLOCK_BYTES: Final = 1 << 17
"""The most that one block of a Zstandard archive unpacks to."""

_GZIP_MAGIC: Final = b"\x1f\x8b"
_BOM: Final = b"\xef\xbb\xbf"
_CUT: Final = "breaks off: the archive was cut short"


@dataclass(frozen=True, slots=True)
class Line:
    """One line without its line break. `number` counts from 1, blank lines included."""

    number: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Block:
    """Whole lines, parted by line breaks, without the last line's. `first` is the number of the first one."""

    first: int
    data: bytes


@dataclass(frozen=True, slots=True)
class LongLine:
    """A line over the limit: skipped, its content never held. `size` is in bytes."""

    number: int
    size: int


def _beginning(file: IO[bytes]) -> bytes:
    """The first eight bytes, fewer only where there are no more: a pipe may give them one by one."""
    head = b""
    while len(head) < 8 and (more := file.read(8 - len(head))):
        head += more
    return head


def _standard_input() -> IO[bytes]:
    """Unbuffered: a thread that waits for it must not hold the lock of the buffer that Python closes at exit."""
    return getattr(sys.stdin.buffer, "raw", sys.stdin.buffer)


class LineReader:
    """Iterates over the lines of one input, once.

    :param path: a file, or "-" for standard input. Compression is told by the first bytes; a name that ends in
        .gz or .zst promises it.
    :param after_line: lines up to and including this number are passed over (for resuming).
    :raises InputError: the file cannot be opened; while iterating: it breaks off or is damaged (everything
        before that was yielded).
    """

    def __init__(self, path: Path | str, *, after_line: int = 0, max_line_bytes: int = MAX_LINE_BYTES) -> None:
        self.name = "standard input" if str(path) == STDIN else str(path)
        self._suffix = Path(path).suffix.lower()
        self._after = after_line
        self._limit = max_line_bytes
        self.line = 0
        try:
            # Closed when iteration ends, however it ends.
            self._file: IO[bytes] = _standard_input() if str(path) == STDIN else Path(path).open("rb", buffering=0)  # noqa: SIM115
            self.total_bytes = Path(path).stat().st_size if str(path) != STDIN else None
            head = _beginning(self._file)
        except OSError as error:
            raise InputError(
                f"{self.name} cannot be read: {error.strerror or error}.", do="Check the name and the permissions."
            ) from error
        self._open(head)

    def _open(self, head: bytes) -> None:
        number = int.from_bytes(head[:4], "little")
        zstd = number == ZSTD_MAGIC or number in ZSTD_SKIPPABLE
        packed = self._packed = zstd or head.startswith(_GZIP_MAGIC)
        if self._suffix in {".gz", ".zst"} and not packed:
            self._file.close()
            raise InputError(
                f"{self.name} is not a {self._suffix} archive (its first bytes are not those of one).",
                do="Fetch the file again, or rename it if it is plain text.",
            )
        self._frames = ZstdFrames() if zstd else None
        self._counted = Counted(self._file, head, self._frames)
        self._stream: Any = io.BufferedReader(self._counted, _CHUNK_BYTES)
        if zstd:
            decompressor = zstandard.ZstdDecompressor(max_window_size=2**31)
            self._stream = decompressor.stream_reader(self._stream, read_size=_CHUNK_BYTES, read_across_frames=True)
        elif packed:
            self._stream = gzip.GzipFile(fileobj=self._stream)

    @property
    def bytes_read(self) -> int:
        """Bytes of the (compressed) input that were read so far; compare with `total_bytes`."""
        return self._counted.count

    def __iter__(self) -> Iterator[Line | LongLine]:
        for block in self.blocks():
            if isinstance(block, LongLine):
                if block.number > self._after:
                    yield block
                continue
            for number, data in enumerate(block.data.split(b"\n"), block.first):
                self.line = number
                if number > self._after:
                    yield Line(number, data.rstrip(b"\r"))

    def blocks(self) -> Iterator[Block | LongLine]:
        """Whole lines together, about a megabyte at a time; lines that do not fit in memory by themselves."""
        pending = bytearray()
        skipped = 0
        broken = ""
        for chunk in self._chunks():
            if isinstance(chunk, str):
                broken = chunk
                break
            start = 0
            if skipped:
                start = chunk.find(b"\n") + 1
                skipped += start - 1 if start else len(chunk)
                if not start:
                    continue
                yield self._long(skipped)
                skipped = 0
            pending += chunk[start:]
            # Of a pipe that gives little at a time, lines are not kept waiting.
            full = len(pending) >= _CHUNK_BYTES or (not self._packed and len(chunk) < _BLOCK_BYTES)
            if full and (end := pending.rfind(b"\n")) >= 0:
                yield from self._blocks(pending, end)
            elif len(pending) > max(self._limit, _CHUNK_BYTES):
                skipped = len(pending)
                pending.clear()
        # A cut line is worth a look only where it is whole: it ends like an object.
        end = pending.rfind(b"\n") if broken and not pending.rstrip().endswith(b"}") else len(pending)
        if skipped and not broken:
            yield self._long(skipped)
        elif end > 0 or (end == 0 and pending):
            yield from self._blocks(pending, end)
        if broken:
            raise self._broken(broken)

    def _blocks(self, pending: bytearray, end: int) -> Iterator[Block | LongLine]:
        """What is pending up to a line's end, which is taken out; line by line where one may be too long."""
        block = self._block(pending, end)
        if len(block.data) <= self._limit:
            yield block
            return
        for number, line in enumerate(block.data.split(b"\n"), block.first):
            yield LongLine(number, len(line)) if len(line) > self._limit else Block(number, line)

    def _block(self, pending: bytearray, end: int) -> Block:
        data = bytes(pending[:end])
        if len(pending) == end and data.endswith(b"\n"):
            data = data[:-1]
        del pending[: end + 1]
        first = self.line + 1
        self.line += data.count(b"\n") + 1
        return Block(first, data.removeprefix(_BOM) if first == 1 else data)

    def _long(self, size: int) -> LongLine:
        self.line += 1
        return LongLine(self.line, size)

    def _chunks(self) -> Iterator[bytes | str]:
        """The unpacked bytes; at last how the input is broken, if it is."""
        try:
            # Small steps, and not `read`: both would lose what came before the damage in the same call.
            while chunk := self._stream.read1(_BLOCK_BYTES):
                yield chunk
        except EOFError:
            yield _CUT
            return
        except (zstandard.ZstdError, gzip.BadGzipFile, zlib.error, OSError) as error:
            yield f"is damaged ({error})"
            return
        finally:
            if self.total_bytes is not None:
                self._file.close()
        if self._frames is not None and not self._frames.complete:
            yield _CUT

    def _broken(self, how: str) -> InputError:
        return InputError(
            f"{self.name} {how}, after line {self.line}.",
            kept=f"The {self.line} lines before were read.",
            do="Fetch the file again; reading can be resumed.",
        )


def read_ahead(blocks: Iterator[Block | LongLine], *, depth: int = 3) -> Iterator[Block | LongLine]:
    """The same blocks, read and unpacked by a thread while the last ones are worked on.

    :param depth: blocks that may wait, about a megabyte each.
    """
    waiting: Queue[Block | LongLine | BaseException | None] = Queue(depth)
    stopped = Event()

    def put(item: Block | LongLine | BaseException | None) -> None:
        while not stopped.is_set():
            try:
                waiting.put(item, timeout=0.1)
            except Full:
                continue
            return

    def read() -> None:
        try:
            for block in blocks:
                put(block)
                if stopped.is_set():
                    return
            put(None)
        except BaseException as error:  # noqa: BLE001 - raised again where the blocks are used
            put(error)

    Thread(target=read, name="read-ahead", daemon=True).start()
    try:
        while (item := waiting.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        stopped.set()
