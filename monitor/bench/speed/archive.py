"""An archive of post records like Reddit's dumps: many fields a line of which few are read, some 850 bytes each."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import zstandard

from monitor.bench.speed.corpus import mix
from monitor.bench.speed.invented import Positive

_LEVEL: Final = 3
_MINUTE: Final = 60
_THREAD: Final = 5
"""Lines a thread, whose address holds the words that it begins with."""
_WORD: Final = re.compile("[a-z0-9]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """A written archive. `size`: bytes of its text; `window`: bytes that unpacking it needs anyway; `positives`:
    id -> disguise.
    """

    path: Path
    size: int
    lines: int
    window: int
    positives: Mapping[str, str]


def lines(texts: Iterable[str | Positive]) -> Iterator[tuple[bytes, str, Positive | None]]:
    """(line, id, what it shares) of texts; every second line has its letters escaped, as older dumps have."""
    thread = ""
    for row, text in enumerate(texts):
        name = f"t1_{row:08x}"
        body = text if isinstance(text, str) else text.text
        line = json.dumps(_record(row, name, body, thread), ensure_ascii=row % 2 == 0, separators=(",", ":"))
        if isinstance(text, str) and row % _THREAD == 0:
            thread = "_".join(_WORD.findall(text.lower())[:8])
        yield line.encode("utf-8", "replace") + b"\n", name, None if isinstance(text, str) else text


def _record(row: int, name: str, text: str, thread: str) -> dict[str, Any]:
    """Twenty-four fields."""
    community = f"community{row % 977}"
    return {
        "platform": "bench",
        "id": name,
        "author": {"id": f"t2_{row * 7919 % 10**7:x}", "handle": f"account_{row * 104729 % 10**6:06d}"},
        "created_at": f"2026-{row % 12 + 1:02d}-{row % 28 + 1:02d}T{row % 24:02d}:{row % _MINUTE:02d}:00Z",
        "community": community,
        "community_id": f"t5_{row % 977:06x}",
        "url": f"https://posts.example/r/{community}/comments/{row:08x}/{thread}/{row * 31:08x}/",
        "text": text,
        "lang": None,
        "link_id": f"t3_{row // _THREAD:08x}",
        "parent_id": f"t1_{max(row - 3, 0):08x}",
        "score": row % 311 - 11,
        "controversiality": row % 2,
        "gilded": 0,
        "edited": False,
        "stickied": False,
        "locked": False,
        "archived": True,
        "distinguished": None,
        "flair": {"text": None, "css_class": None, "template_id": f"{row * 2654435761 % 2**32:08x}", "type": "text"},
        "retrieved_on": 1767225600 + row,
        "awards": [],
        "body_hash": f"{row * 0x9E3779B97F4A7C15 % 2**64:016x}",
        "permissions": {"can_reply": False, "no_follow": True},
    }


def write_archive(path: Path, benign: Iterable[str], positives: Iterator[Positive], *, size: int) -> Archive:
    """Writes lines until there are so many bytes of them."""
    written = count = 0
    shared: dict[str, str] = {}
    compressor = zstandard.ZstdCompressor(level=_LEVEL)
    with path.open("wb") as file, compressor.stream_writer(file) as out:
        for line, name, positive in lines(mix(benign, positives)):
            if written + len(line) > size:
                break
            out.write(line)
            written, count = written + len(line), count + 1
            if positive is not None:
                shared[name] = positive.disguise
    with path.open("rb") as file:
        window = zstandard.get_frame_parameters(file.read(64)).window_size
    return Archive(path=path, size=written, lines=count, window=window, positives=shared)
