from __future__ import annotations

import gzip
import io
import json
import sys
import time
import tracemalloc
from datetime import UTC, datetime
from pathlib import Path

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from monitor.errors import InputError
from monitor.post import Author, Post
from monitor.records import BadLine, Record, RecordReader, from_record, parse_line, read_records, to_record

GOOD = {"platform": "forum", "id": "1", "text": "hello"}


def line(**changes: object) -> bytes:
    return json.dumps(GOOD | changes).encode() + b"\n"


def write(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def test_reads_the_contract_example() -> None:
    post = from_record(
        {
            "platform": "reddit", "id": "t3_abc", "instance": None, "url": "https://example.org/t3_abc",
            "created_at": "2026-11-01T12:00:00Z",
            "author": {"id": "t2_x", "handle": "name", "name": "shown", "bio": "b"},
            "title": "a title", "text": "plain", "tags": ["a", "b"], "community": "c", "community_description": None,
            "lang": "en", "reply_to": None, "quotes": None, "cid": None, "media_count": 2, "unknown": {"x": 1},
        }
    )  # fmt: skip
    assert post.author == Author(id="t2_x", handle="name", name="shown", bio="b")
    assert post.created_at == datetime(2026, 11, 1, 12, tzinfo=UTC)
    assert post.tags == ("a", "b")
    assert post.media_count == 2


def test_author_may_be_flat() -> None:
    assert from_record(GOOD | {"author_id": "7", "author_bio": "b"}).author == Author(id="7", bio="b")


@pytest.mark.parametrize("suffix", ["", ".gz", ".zst"])
def test_reads_plain_and_packed(tmp_path: Path, suffix: str) -> None:
    data = b"".join(line(id=str(number)) for number in range(5))
    pack = {"": bytes, ".gz": gzip.compress, ".zst": zstandard.ZstdCompressor().compress}[suffix]
    path = write(tmp_path / f"posts.ndjson{suffix}", pack(data))
    reader = RecordReader(path)
    assert [item.number for item in reader] == [1, 2, 3, 4, 5]
    assert reader.bytes_read == reader.total_bytes == path.stat().st_size


def test_reads_standard_input_packed_or_not(monkeypatch: pytest.MonkeyPatch) -> None:
    for data in (line(), zstandard.ZstdCompressor().compress(line())):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
        assert [post.id for post in read_records("-") if isinstance(post, Post)] == ["1"]


def test_reads_several_zstd_frames_and_long_windows(tmp_path: Path) -> None:
    parameters = zstandard.ZstdCompressionParameters(window_log=27, write_content_size=True, write_checksum=True)
    packer = zstandard.ZstdCompressor(compression_params=parameters)
    skippable = (0x184D2A53).to_bytes(4, "little") + (3).to_bytes(4, "little") + b"abc"
    big = b"".join(line(id=str(number)) for number in range(5000))
    path = write(tmp_path / "a.zst", packer.compress(big) + skippable + zstandard.compress(line(id="last")))
    posts = [post.id for post in read_records(path) if isinstance(post, Post)]
    assert len(posts) == 5001
    assert posts[-1] == "last"


def test_resumes_after_a_line(tmp_path: Path) -> None:
    path = write(tmp_path / "a", b"".join(line(id=str(number)) for number in range(5)))
    assert [(item.number, item.post.id) for item in RecordReader(path, after_line=3) if isinstance(item, Record)] == [
        (4, "3"),
        (5, "4"),
    ]


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress])
def test_a_cut_archive_gives_what_came_before(tmp_path: Path, pack) -> None:
    import random

    rng = random.Random(1)
    data = b"".join(line(id=str(number), text=rng.randbytes(60).hex()) for number in range(20_000))
    whole = pack(data)
    path = write(tmp_path / ("a.gz" if pack is gzip.compress else "a.zst"), whole[: len(whole) * 2 // 3])
    seen: list[str] = []

    def read() -> None:
        seen.extend(post.id for post in read_records(path) if isinstance(post, Post))

    with pytest.raises(InputError, match=r"breaks off.*after line \d+") as caught:
        read()
    assert 5_000 < len(seen) < 20_000
    assert seen == [str(number) for number in range(len(seen))]
    assert caught.value.exit_code == 3
    assert caught.value.kept


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.ZstdCompressor(write_checksum=True).compress])
@pytest.mark.parametrize("how", ["cut", "damaged"])
def test_also_a_small_archive_gives_what_came_before(tmp_path: Path, pack, how: str) -> None:
    import random

    rng = random.Random(1)
    whole = pack(b"".join(line(id=str(number), text=rng.randbytes(60).hex()) for number in range(4_000)))
    middle = len(whole) * 2 // 3
    broken = whole[:middle] if how == "cut" else whole[:middle] + b"\0\1\2\3" * 8 + whole[middle + 32 :]
    path = write(tmp_path / ("a.gz" if pack is gzip.compress else "a.zst"), broken)
    seen: list[str] = []

    def read() -> None:
        seen.extend(post.id for post in read_records(path) if isinstance(post, Post))

    with pytest.raises(InputError):
        read()
    assert 1_000 < len(seen) < 4_000
    assert seen[:1_000] == [str(number) for number in range(1_000)]


def test_garbage_after_an_archive_loses_nothing(tmp_path: Path) -> None:
    reader = RecordReader(write(tmp_path / "a.gz", gzip.compress(line() * 10) + b"garbage"))
    read: list[object] = []

    def to_the_end() -> None:
        read.extend(reader)

    with pytest.raises(InputError, match="after line 10"):
        to_the_end()
    assert len(read) == 10


def test_a_pipe_may_give_its_bytes_one_by_one(tmp_path: Path) -> None:
    import os
    import threading

    path = tmp_path / "pipe"
    os.mkfifo(path)
    packed = gzip.compress(line() * 3)

    def trickle() -> None:
        with path.open("wb", buffering=0) as pipe:
            for byte in packed:
                pipe.write(bytes([byte]))
                time.sleep(0.001)

    writer = threading.Thread(target=trickle)
    writer.start()
    assert len(list(read_records(path))) == 3
    writer.join()


@given(st.integers(0, 400))
def test_every_cut_of_a_zstd_archive_is_noticed(cut: int) -> None:
    import tempfile

    data = b"".join(line(id=str(number)) for number in range(30))
    frames = zstandard.ZstdCompressor(write_checksum=True).compress(data)
    whole = frames + frames
    cut %= len(whole)
    with tempfile.TemporaryDirectory() as folder:
        path = write(Path(folder) / "a.zst", whole[:cut])
        if cut == len(frames):
            assert len(list(read_records(path))) == 30
        else:
            with pytest.raises(InputError):
                list(read_records(path))


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b'{"platform": "forum", "id": "1", "text": \n', "invalid JSON"),
        (b"[1, 2]\n", "not a JSON object"),
        (b'{"platform": "forum", "id": "1", "text": "\xff"}\n', "invalid UTF-8 at byte"),
        (b"[" * 100_000 + b"\n", "nested too deeply"),
        (line(platform=None), "no platform"),
        (line(id=""), "no id"),
        (line(text=None), "no text field"),
        (line(text=None, author={"handle": "quibbern04"}), "no text field"),
        (line(text=7), "no text field"),
    ],
)
def test_bad_lines_are_reported_and_skipped(tmp_path: Path, data: bytes, why: str) -> None:
    path = write(tmp_path / "a", line(id="before") + data + line(id="after"))
    before, bad, after = list(read_records(path))
    assert isinstance(bad, BadLine)
    assert bad.number == 2
    assert why in bad.why
    assert str(bad).startswith(f"{path}:2: ")
    assert (before.id, after.id) == ("before", "after")


def test_a_null_text_is_fine_where_another_text_remains() -> None:
    for rest in ({"title": "t"}, {"tags": ["t"]}, {"community": "c"}, {"author_bio": "b"}):
        assert from_record(GOOD | {"text": None} | rest).text is None
    assert from_record(GOOD | {"text": ""}).text == ""


def test_a_line_of_50_megabytes_is_skipped_without_being_held(tmp_path: Path) -> None:
    path = write(tmp_path / "a.zst", zstandard.compress(line() + b'{"text": "' + b"x" * 50_000_000 + b'"}\n' + line()))
    tracemalloc.start()
    first, bad, last = list(RecordReader(path))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert isinstance(first, Record)
    assert isinstance(last, Record)
    assert isinstance(bad, BadLine)
    assert "over 16 MiB" in bad.why
    assert last.number == 3
    assert peak < 40_000_000


@pytest.mark.parametrize(
    "date", ["+40000-01-01T00:00:00Z", "40000-01-01T00:00:00Z", "soon", 1e20, "0001-01-01T00:00:00+09:00", True]
)
def test_an_unusable_date_becomes_null_with_a_warning(date: object) -> None:
    warnings: list[str] = []
    assert from_record(GOOD | {"created_at": date}, warn=warnings.append).created_at is None
    assert warnings == ["created_at is not a usable date; taken as null"]


def test_usable_dates() -> None:
    for date in ("2026-11-01T12:00:00Z", "2026-11-01T13:00:00+01:00", "2026-11-01T12:00:00", 1793534400):
        assert from_record(GOOD | {"created_at": date}).created_at == datetime(2026, 11, 1, 12, tzinfo=UTC)


def test_tags_keep_their_places() -> None:
    warnings: list[str] = []
    assert from_record(GOOD | {"tags": ["a", None, "b"]}, warn=warnings.append).tags == ("a", "", "b")
    assert warnings


def test_byte_order_mark_carriage_returns_and_blank_lines(tmp_path: Path) -> None:
    path = write(tmp_path / "a", b"\xef\xbb\xbf" + line().replace(b"\n", b"\r\n") + b"\r\n\n" + line(id="2").rstrip())
    assert [(item.number, item.post.id) for item in RecordReader(path) if isinstance(item, Record)] == [
        (1, "1"),
        (4, "2"),
    ]


def test_lone_surrogates_do_not_raise() -> None:
    post = from_record(parse_line(b'{"platform": "forum", "id": "1", "text": "a\\ud800b"}'))
    assert post.text == "a\ud800b"


@pytest.mark.parametrize("name", ["missing.ndjson", ""])
def test_what_cannot_be_opened(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        RecordReader(tmp_path / name)


def test_an_archive_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"not a \.zst archive"):
        RecordReader(write(tmp_path / "a.zst", b"hello, hello"))
    path = write(tmp_path / "b.zst", zstandard.compress(line() * 100)[:20] + b"\xff" * 200)
    with pytest.raises(InputError, match=r"damaged|breaks off"):
        list(RecordReader(path))


texts = st.none() | st.text(max_size=20)


@given(
    st.builds(
        Post,
        platform=st.text(min_size=1, max_size=8),
        id=st.text(min_size=1, max_size=8),
        url=texts,
        title=texts,
        text=st.text(max_size=50),
        tags=st.lists(st.text(max_size=5)).map(tuple),
        community=texts,
        lang=texts,
        created_at=st.none() | st.datetimes(timezones=st.just(UTC)),
        author=st.builds(Author, id=texts, handle=texts, name=texts, bio=texts),
        media_count=st.integers(0, 9),
    )
)
def test_a_post_survives_its_record(post: Post) -> None:
    assert from_record(parse_line(json.dumps(to_record(post)).encode())) == post
