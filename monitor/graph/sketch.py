"""A sketch of a text: a few numbers of which near-duplicates have at least one in common.

MinHash over the hashes of four characters in a row, banded: each band joins `ROWS` minima into one number. Two texts
whose sets of shingles overlap by J (Jaccard) share a band with probability 1 - (1 - J^ROWS)^BANDS: 0.96 at 0.5 and
0.02 at 0.1, so that light edits are found and strangers are rarely looked at. Same text, same sketch, on any machine.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

BANDS: Final = 24
ROWS: Final = 3
SHINGLE: Final = 4
"""Characters; as many as octets are in a number."""

_Numbers = npt.NDArray[np.uint32]
_RNG: Final = np.random.Generator(np.random.PCG64(0x48616E646C65))
"""PCG64's raw stream is stable over versions of NumPy."""


def _odd(count: int) -> _Numbers:
    # Raw output, not `integers`: how those are drawn may change.
    return (_RNG.bit_generator.random_raw(count) >> np.uint64(32)).astype(np.uint32) | np.uint32(1)


_TIMES: Final = _odd(BANDS * ROWS)[:, None]
_ROWS: Final = _odd(ROWS)[:, None]
_SPREAD: Final = _odd(1)[0]


def sketch(text: str) -> _Numbers:
    """The bands of a text: shape (BANDS,), unsigned 32 bits; linear in its length.

    Shorter texts than a shingle are filled up with spaces.
    """
    octets = _octets(f" {text} ".ljust(SHINGLE))
    # Four octets from every octet on, read as one number: the same on machines of either byte order.
    shingles = np.ndarray(len(octets) - SHINGLE + 1, "<u4", octets, strides=(1,)).astype(np.uint32)
    shingles *= _SPREAD
    shingles ^= shingles >> np.uint32(16)
    minima = (shingles * _TIMES).min(axis=1)
    return np.bitwise_xor.reduce(minima.reshape(ROWS, BANDS) * _ROWS, axis=0)


def _octets(text: str) -> bytes:
    """An octet a character: letters of one alphabet keep apart, and no more is needed."""
    if text.isascii():
        return text.encode()
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4")
    return (codes ^ (codes >> np.uint32(7))).astype(np.uint8).tobytes()
