"""Lines that are not decoded give the hits and the bad lines that decoding all of them gives."""

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import zstandard

from monitor.detect.bundle import load_bundle
from monitor.detect.fast import filter as filters
from monitor.detect.fast.filter import Filter
from monitor.detect.fast.lines import LineScreen
from monitor.detect.fast.matchers import BACKENDS
from monitor.detect.fast.screen import FastScreen
from monitor.detect.screen import Screen
from monitor.detect.screening import ScreenedRecord
from monitor.errors import InputError
from monitor.lines import Block, LineReader
from monitor.records import BadLine, to_record
from tests.detect.fast.test_fast import obfuscated

SCREEN = Screen(load_bundle())
LINES = {backend: LineScreen(FastScreen(SCREEN, backend=backend)) for backend in BACKENDS}
BAD = [
    b"[]",
    b"{}",
    b'{"platform": "x"}',
    b'{"id": "1", "text": "a walk"}',
    b'{"platform": "x", "id": "1", "text": "cut off',
    b"no json at all",
    b'{"platform": "x", "id": "1", "text": "\x1e"}',
    b'{"platform": "x", "id": "1", "text": "\xff"}',
]
WRITTEN: dict[str, Callable[[dict[str, Any]], bytes]] = {
    "utf-8": lambda post: json.dumps(post, ensure_ascii=False).encode("utf-8", "replace"),
    "escapes": lambda post: json.dumps(post, separators=(",", ":")).encode(),
    "slashes": lambda post: json.dumps(post).replace("/", "\\/").encode(),
    "everything": lambda post: (
        '{"platform":"x","id":"1","text":"' + "".join(f"\\u{ord(c):04x}" for c in post["text"] if c < "\ud800") + '"}'
    ).encode(),
    "sorted": lambda post: json.dumps(post, sort_keys=True).encode(),
}


def found(lines: list[bytes], backend: str, *, strict: bool = False) -> list[tuple[int, str]]:
    block = Block(first=1, data=b"\n".join(lines))
    items = LINES[backend].screen(block, strict=strict)
    return [
        (item.number, item.why) if isinstance(item, BadLine) else (item.record.number, repr(item.screening))
        for item in items
    ]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("written", WRITTEN)
def test_undecoded_lines_give_the_hits_of_decoded_ones(written: str, backend: str) -> None:
    rng = random.Random(written)
    lines = [WRITTEN[written](to_record(obfuscated(rng))) for _ in range(1_000)]
    every = found(lines, backend, strict=True)
    assert len(every) > 200
    assert found(lines, backend) == every


@pytest.mark.parametrize("link", ["https:\\/\\/t.me\\/zorblat77", "t.me\\u002fzorblat77", "\\u0074.me/zorblat77"])
def test_links_are_read_through_escapes(link: str) -> None:
    line = f'{{"platform": "x", "id": "1", "text": "a \\\\ nolimits {link} perv"}}'.encode()
    for backend in BACKENDS:
        assert len(found([b'{"platform": "x", "id": "0", "text": "soup \\\\"}'] * 40 + [line], backend)) == 1


@pytest.mark.parametrize("bad", BAD)
def test_bad_lines_are_told_with_their_number(bad: bytes) -> None:
    good = b'{"platform": "x", "id": "7", "text": "a walk, \xc3\xa9"}'
    for backend in BACKENDS:
        lines = [good, b"", good + b"\r", bad, good]
        assert [number for number, _ in found(lines, backend)] == [4]
        assert found(lines, backend) == found(lines, backend, strict=True)


def test_several_processes_give_the_same_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = random.Random(7)
    lines = [WRITTEN["utf-8"](to_record(obfuscated(rng))) for _ in range(9_000)]
    lines[::1_000] = [BAD[0]] * 9
    path = tmp_path / "posts.ndjson"
    path.write_bytes(b"\n".join(lines))
    alone = _numbers(path)
    monkeypatch.setattr(filters, "_LARGE", 1)
    monkeypatch.setattr(filters, "_cores", lambda: 3)
    assert path.stat().st_size > 3 << 20
    assert _numbers(path) == alone
    assert len(alone) > 1_000


def test_several_processes_give_all_before_an_archive_breaks_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filters, "_LARGE", 1)
    monkeypatch.setattr(filters, "_cores", lambda: 2)
    lines = b'{"platform": "x", "id": "1", "text": "kik: zorblat77 nolimits perv"}\n' * 300
    path = tmp_path / "posts.ndjson.zst"
    path.write_bytes(zstandard.compress(lines + random.Random(1).randbytes(900_000))[:-300_000])
    seen = 0
    with pytest.raises(InputError):
        for item in Filter(SCREEN)(LineReader(path)):
            seen += isinstance(item, ScreenedRecord)
    assert seen == 300


def _numbers(path: Path) -> list[int]:
    return [
        item.record.number if isinstance(item, ScreenedRecord) else item.number
        for item in Filter(SCREEN)(LineReader(path))
    ]
