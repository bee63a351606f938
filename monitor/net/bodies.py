"""Bodies of answers: which types are text, and reading one within its limit. No I/O of its own."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterable, Collection, Generator, Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Final

from monitor.net.errors import BadAnswerError, NotTextError, TooLargeError

MAX_BODY_BYTES: Final = 16 * 1024 * 1024
ACCEPT_ENCODING: Final = "gzip"

_STEP_BYTES: Final = 64 * 1024
_SNIFFED_BYTES: Final = 512
_WBITS: Final = {
    "": None,
    "identity": None,
    "gzip": zlib.MAX_WBITS | 16,
    "x-gzip": zlib.MAX_WBITS | 16,
    "deflate": zlib.MAX_WBITS,
}


class TextType(StrEnum):
    """The kinds of body that may be read at all (CAR and CBOR carry AT Protocol's records)."""

    JSON = "JSON"
    HTML = "HTML"
    XML = "XML"
    PLAIN = "plain text"
    EVENT_STREAM = "event stream"
    CAR = "CAR"
    CBOR = "CBOR"


_BINARY: Final = frozenset({TextType.CAR, TextType.CBOR})
_TYPES: Final = {
    "application/json": TextType.JSON,
    "text/json": TextType.JSON,
    "application/x-ndjson": TextType.JSON,
    "application/jsonl": TextType.JSON,
    "text/html": TextType.HTML,
    "application/xhtml+xml": TextType.HTML,
    "application/xml": TextType.XML,
    "text/xml": TextType.XML,
    "text/plain": TextType.PLAIN,
    "text/markdown": TextType.PLAIN,
    "text/event-stream": TextType.EVENT_STREAM,
    "application/vnd.ipld.car": TextType.CAR,
    "application/cbor": TextType.CBOR,
    "application/vnd.ipld.dag-cbor": TextType.CBOR,
}


def text_type(content_type: str) -> TextType | None:
    """The kind of text that a Content-Type header names; None for everything else, none included.

    Structured suffixes count (RFC 6839): `application/activity+json` is JSON, but `image/svg+xml` is an image.
    """
    name = content_type.partition(";")[0].strip().lower()
    if name in _TYPES:
        return _TYPES[name]
    main, _, sub = name.partition("/")
    if main != "application":
        return None
    if sub.endswith("+json"):
        return TextType.JSON
    return TextType.XML if sub.endswith("+xml") else None


def accept_header(types: Collection[TextType]) -> str:
    """The Accept header that asks for these types only."""
    return ", ".join(name for name, kind in _TYPES.items() if kind in types)


class _Unpacker:
    """Unpacks in bounded steps: a small packed body cannot become much memory at once."""

    def __init__(self, encoding: str) -> None:
        encoding = encoding.strip().lower()
        if encoding not in _WBITS:
            raise NotTextError(
                f"The answer is packed as {encoding!r}, which was not asked for.", kept="Its body was not read."
            )
        wbits = _WBITS[encoding]
        self._stream = None if wbits is None else zlib.decompressobj(wbits=wbits)
        self._fed = False

    def feed(self, packed: bytes) -> Iterator[bytes]:
        """What the next packed bytes hold, in pieces."""
        if self._stream is None:
            yield packed
            return
        self._fed = True
        while packed and not self._stream.eof:
            with _worded():
                piece = self._stream.decompress(packed, _STEP_BYTES)
            yield piece
            packed = self._stream.unconsumed_tail

    def end(self) -> Iterator[bytes]:
        """What is left. Raises `BadAnswerError` where the packed body does not end as it should."""
        if self._stream is None or not self._fed:
            return
        with _worded():
            while not self._stream.eof and (piece := self._stream.decompress(b"", _STEP_BYTES)):
                yield piece
        if not self._stream.eof:
            raise BadAnswerError("The answer was cut off.")


@contextmanager
def _worded() -> Generator[None]:
    try:
        yield
    except zlib.error as error:
        raise BadAnswerError(f"The answer is packed wrongly: {error}.") from error


async def read_body(
    chunks: AsyncIterable[bytes], *, encoding: str, kind: TextType, limit: int = MAX_BODY_BYTES, cut: bool = False
) -> bytes:
    """Reads a body, unpacking it, and stops as soon as `limit` unpacked bytes are exceeded.

    :param encoding: the Content-Encoding header.
    :param cut: give the first `limit` bytes instead of raising (bodies of error answers).
    :raises NotTextError: the first bytes are not those of a text, or the encoding is unknown.
    :raises TooLargeError: more than `limit` bytes.
    :raises BadAnswerError: the packed body is damaged or cut off.
    """
    body = bytearray()
    unpacker = _Unpacker(encoding)
    async for chunk in chunks:
        for piece in unpacker.feed(chunk):
            _take(body, piece, kind=kind)
            if len(body) > limit:
                if cut:
                    return bytes(body[:limit])
                raise TooLargeError(
                    f"The answer is larger than {limit} bytes.", kept="Reading stopped there; nothing of it was used."
                )
    for piece in unpacker.end():
        _take(body, piece, kind=kind)
    return bytes(body)


def _take(body: bytearray, piece: bytes, *, kind: TextType) -> None:
    if len(body) < _SNIFFED_BYTES and kind not in _BINARY and b"\0" in piece[:_SNIFFED_BYTES]:
        raise NotTextError(f"The answer says it is {kind}, but its first bytes are not text.")
    body += piece
