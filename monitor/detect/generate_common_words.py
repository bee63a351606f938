"""Writes `data/english.bin` from a list of common English words. Run by a developer, never at run time.

    python -m monitor.detect.generate_common_words WORDS > monitor/detect/data/english.bin

WORDS: one word a line; the shipped file was made of Debian's wamerican-small 2020.12.07, which is SCOWL
(Copyright 2000-2018 by Kevin Atkinson; free to use, copy, modify, distribute and sell with this notice). The words
themselves are not shipped: only the CRC-32 of each, sorted, four bytes little-endian. A word of nothing but letters
beside a messenger's name is no handle where it is an everyday word.
"""

from __future__ import annotations

import sys
from array import array
from pathlib import Path
from zlib import crc32


def hashes(words: list[str]) -> array[int]:
    """The sorted hashes of plain words of four letters or more."""
    plain = {word.lower() for word in words if len(word) >= 4 and word.isascii() and word.isalpha()}
    return array("I", sorted({crc32(word.encode()) for word in plain}))


if __name__ == "__main__":
    found = hashes(Path(sys.argv[1]).read_text(encoding="utf-8").split())
    if sys.byteorder == "big":
        found.byteswap()
    sys.stdout.buffer.write(found.tobytes())
