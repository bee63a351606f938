"""The frames of a Zstandard stream, followed as its bytes go by, so that one that was cut short is known.

The library gives what comes before the cut and no error. Format: RFC 8878, section 3.
"""

from __future__ import annotations

import io
from typing import IO, Any, Final

ZSTD_MAGIC: Final = 0xFD2FB528
ZSTD_SKIPPABLE: Final = range(0x184D2A50, 0x184D2A60)


class ZstdFrames:
    """Follows the frames of a Zstandard stream to know whether it ends where a frame ends (RFC 8878).

    The decompressor itself does not tell a stream that was cut off from one that is complete.
    """

    def __init__(self) -> None:
        self._pending = b""
        self._skip = 0
        self._step = self._magic
        self._checksum = False

    @property
    def complete(self) -> bool:
        """True between frames."""
        return self._step == self._magic and not self._pending and not self._skip

    def feed(self, data: bytes) -> None:
        """Takes the next compressed bytes."""
        position = 0
        while position < len(data):
            if self._skip:
                taken = min(self._skip, len(data) - position)
                self._skip -= taken
                position += taken
                continue
            # Headers are at most 18 bytes: a small look at a time keeps this cheap.
            look = self._pending + data[position : position + 32]
            used = self._step(look)
            if used:
                position += used - len(self._pending)
                self._pending = b""
            else:
                position += len(look) - len(self._pending)
                self._pending = look

    def _magic(self, look: bytes) -> int:
        if len(look) < 8:
            return 0
        number = int.from_bytes(look[:4], "little")
        if number in ZSTD_SKIPPABLE:
            self._skip = int.from_bytes(look[4:8], "little")
            return 8
        self._step = self._header
        return 4

    def _header(self, look: bytes) -> int:
        descriptor = look[0]
        single = descriptor >> 5 & 1
        size_flag = descriptor >> 6
        size_bytes = (1 if single else 0, 2, 4, 8)[size_flag]
        length = 1 + (1 - single) + (0, 1, 2, 4)[descriptor & 3] + size_bytes
        if len(look) < length:
            return 0
        self._checksum = bool(descriptor >> 2 & 1)
        self._step = self._block
        return length

    def _block(self, look: bytes) -> int:
        if len(look) < 3:
            return 0
        header = int.from_bytes(look[:3], "little")
        kind, size = header >> 1 & 3, header >> 3
        self._skip = 1 if kind == 1 else size
        if header & 1:
            self._skip += 4 if self._checksum else 0
            self._step = self._magic
        return 3


class Counted(io.RawIOBase):
    """Counts the bytes that are read, and shows them to the frame follower."""

    def __init__(self, raw: IO[bytes], head: bytes, frames: ZstdFrames | None) -> None:
        self._raw = raw
        self._head = head
        self._frames = frames
        self.count = 0

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fills the buffer, or as much of it as there is."""
        data = self._head or self._raw.read(len(buffer))
        self._head = data[len(buffer) :]
        data = data[: len(buffer)]
        buffer[: len(data)] = data
        self.count += len(data)
        if self._frames is not None:
            self._frames.feed(data)
        return len(data)
