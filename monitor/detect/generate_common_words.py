"""Writes `data/english.bin` or `data/elsewhere.bin` from lists of common words. Run by a developer, never at run time.

    python -m monitor.detect.generate_common_words WORDS > monitor/detect/data/english.bin

WORDS: one word a line. The shipped lists were made of

- english.bin: Debian's wamerican-small 2020.12.07, which is SCOWL (Copyright 2000-2018 by Kevin Atkinson; free to use,
  copy, modify, distribute and sell with this notice);
- elsewhere.bin: the 8,000 most frequent words of 25 languages that are written in Latin letters, English left out, of
  wordfreq 3.1 (Copyright 2022 by Robyn Speer; its data may be redistributed under CC BY-SA 4.0, and so may this file).

The words themselves are not shipped: only the CRC-32 of each, folded as texts are, sorted, four bytes little-endian. A
word of nothing but letters beside a messenger's name is no handle where it is an everyday word.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterable
from pathlib import Path
from zlib import crc32

from monitor.text.fold import fold


def hashes(words: Iterable[str]) -> array[int]:
    """The sorted hashes of plain words of four letters or more."""
    folded = {fold(word).lower for word in words}
    plain = {word for word in folded if len(word) >= 4 and word.isascii() and word.isalpha()}
    return array("I", sorted({crc32(word.encode()) for word in plain}))


if __name__ == "__main__":
    found = hashes(Path(sys.argv[1]).read_text(encoding="utf-8").split())
    if sys.byteorder == "big":
        found.byteswap()
    sys.stdout.buffer.write(found.tobytes())
