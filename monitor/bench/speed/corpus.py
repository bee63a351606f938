"""The texts that both sides are measured on: benign ones, no two alike, and a few positives among them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from monitor.bench.speed.everyday import everyday_texts
from monitor.bench.speed.invented import Positive
from monitor.records import BadLine, RecordReader

EVERY: Final = 100
"""One text in so many is a positive."""
_SIZES: Final = range(20, 3001)
"""Characters of a benign text."""
_STEP: Final = 7919
"""How far apart two texts are that are crossed to a new one: farther than an archive's window reaches."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Texts:
    """Texts in order; `positives` by their row."""

    texts: Sequence[str]
    positives: Mapping[int, Positive]

    @property
    def size(self) -> int:
        """Bytes in UTF-8."""
        return sum(len(text.encode("utf-8", "surrogatepass")) for text in self.texts)


class Benign:
    """Benign texts, the same ones in the same order every time that it is iterated, no two alike.

    Those of a file of real posts where one is given, then texts crossed from two of them (the first half of one,
    the second of another); without a file texts made of everyday words.
    """

    def __init__(self, real: Path | None = None, *, limit: int | None = None) -> None:
        """:param limit: at most so many texts are read from the file; they are held."""
        self._real = list(islice(_fitting(_read(real)), limit)) if real is not None else []
        self._name = real.name if real is not None else ""

    def __iter__(self) -> Iterator[str]:
        if not self._real:
            return _distinct(_fitting(everyday_texts()))
        return _distinct(_fitting(_crossed(self._real)))

    def describe(self, count: int) -> str:
        """What the first `count` texts are, for people."""
        if not self._real:
            return f"{count} synthetic texts of everyday words (--real takes real posts)"
        crossed = max(count - len(self._real), 0)
        own = f"{count - crossed} real posts of {self._name}"
        return f"{own}, {crossed} crossed from two of them" if crossed else own


def _read(path: Path) -> Iterator[str]:
    for item in RecordReader(path):
        if not isinstance(item, BadLine):
            yield "\n".join(filter(None, (item.post.title, item.post.text)))


def _fitting(texts: Iterable[str]) -> Iterator[str]:
    return (text for text in texts if len(text) in _SIZES)


def _crossed(real: Sequence[str]) -> Iterator[str]:
    yield from real
    for times in range(1, len(real)):
        for row, text in enumerate(real):
            other = real[(row + times * _STEP) % len(real)]
            yield f"{text[: len(text) // 2]} {other[len(other) // 2 :]}"


def _distinct(texts: Iterable[str]) -> Iterator[str]:
    seen: set[bytes] = set()
    for text in texts:
        digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=12).digest()
        if digest not in seen:
            seen.add(digest)
            yield text


def mix(benign: Iterable[str], positives: Iterator[Positive], *, every: int = EVERY) -> Iterator[str | Positive]:
    """The texts with a positive in the place of one in `every`."""
    for row, text in enumerate(benign):
        yield next(positives) if row % every == every // 2 else text


def mixed(benign: Iterable[str], positives: Iterator[Positive], *, every: int = EVERY) -> Texts:
    """The same, held."""
    rows = list(mix(benign, positives, every=every))
    return Texts(
        texts=[row if isinstance(row, str) else row.text for row in rows],
        positives={at: row for at, row in enumerate(rows) if isinstance(row, Positive)},
    )


def digest(texts: Iterable[Sequence[str]]) -> str:
    """SHA-256 over texts in order."""
    hashed = hashlib.sha256()
    for part in texts:
        for text in part:
            hashed.update(text.encode("utf-8", "surrogatepass") + b"\0")
    return f"sha256:{hashed.hexdigest()}"
