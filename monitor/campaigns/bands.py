"""Keyed bands: the numbers under which a wording is found by what it has in common with others.

One for each band of the sketches of its parts, and one for each of its handles. They are keyed, so that the store
tells nobody without the key which words a wording holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from hashlib import blake2b
from typing import Final

from monitor.campaigns.words import Identities
from monitor.graph.likeness import text_of
from monitor.graph.sketch import sketch
from monitor.graph.wording import Wording
from monitor.store.keys import Keyring

HANDLES: Final = 64
"""Handles of a post by which related posts are looked for."""


class Bands:
    """Makes the bands of one keyring."""

    def __init__(self, keyring: Keyring) -> None:
        self._key = keyring.derived("bands")

    def of_wording(self, wording: Wording) -> list[list[int]]:
        """The bands of each part that reads differently."""
        texts = {text_of(wording.whole), text_of(wording.lines), text_of(wording.sentences)}
        return [list(self._of_text(text)) for text in sorted(texts) if text]

    def _of_text(self, text: str) -> Iterator[int]:
        for number, value in enumerate(sketch(text).tolist()):
            yield self._number(b"band %d %d" % (number, value))

    def of_handles(self, identities: Identities) -> list[int]:
        """The bands of the handles; of very many, the first ones."""
        return [
            self._number(f"handle\0{app}\0{handle}".encode("utf-8", "surrogatepass"))
            for app, handle in identities[:HANDLES]
        ]

    def _number(self, value: bytes) -> int:
        digest = blake2b(value, digest_size=8, key=self._key).digest()
        return int.from_bytes(digest, "big", signed=True)


def together(parts: Iterable[Iterable[int]]) -> list[int]:
    """The bands of several parts, each once, sorted."""
    return sorted({band for bands in parts for band in bands})
