"""Archives: layouts, packings, and files that change between two runs."""

from __future__ import annotations

import gzip
import json
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest
import zstandard

from monitor.errors import ConfigError, InputError
from monitor.plugins import source_plugins
from monitor.ports import Seen
from monitor.records import to_record
from monitor.sourcing import make_options, open_source
from sources.reddit_dumps import to_post
from tests.sources.worlds import MEDIA_MARK, ArchiveWorld, Harvest, Timeline, harvest

IMAGE = f"https://i.redd.it/{MEDIA_MARK}.png"


class _Files:
    """Several files, read as one source."""

    def __init__(self) -> None:
        self.time = Timeline()

    async def collect(self, *paths: Path, cursor: Any = None, batches: int | None = None, **values: str) -> Harvest:
        given = {"files": [str(path) for path in paths], **values}
        return await harvest("archive", given, self, cursor, batches=batches)


@pytest.fixture
def files() -> _Files:
    return _Files()


def lines(count: int, start: int = 0) -> bytes:
    records = [{"platform": "demo", "id": str(number), "text": f"text {number}"} for number in range(start, count)]
    return b"".join(json.dumps(record).encode() + b"\n" for record in records)


def long_window(data: bytes) -> bytes:
    parameters = zstandard.ZstdCompressionParameters.from_level(3, window_log=27, enable_ldm=True)
    packer = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    return packer.compress(data) + packer.flush()


@pytest.mark.parametrize(
    ("name", "pack"), [("a.ndjson", bytes), ("a.gz", gzip.compress), ("a.zst", long_window)], ids=["plain", "gz", "zst"]
)
async def test_packings_and_resuming_at_the_line(files: _Files, tmp_path: Path, name: str, pack: Any) -> None:
    path = tmp_path / name
    path.write_bytes(pack(lines(2500)))
    first = await files.collect(path, batches=1)
    assert first.ids == [str(number) for number in range(1000)]
    second = await files.collect(path, cursor=first.cursor)
    assert second.ids == [str(number) for number in range(1000, 2500)]
    assert (await files.collect(path, cursor=second.cursor)).batches == 0


async def test_another_file_of_the_same_name_is_read_from_its_start(files: _Files, tmp_path: Path) -> None:
    path = tmp_path / "a.ndjson"
    path.write_bytes(lines(3))
    first = await files.collect(path)
    path.write_bytes(lines(9, start=5))
    assert (await files.collect(path, cursor=first.cursor)).ids == ["5", "6", "7", "8"]


async def test_files_of_one_name_in_two_folders_are_two(files: _Files, tmp_path: Path) -> None:
    paths = [tmp_path / folder / "a.ndjson" for folder in ("x", "y")]
    for number, path in enumerate(paths):
        path.parent.mkdir()
        path.write_bytes(lines(number + 1, start=number))
    first = await files.collect(*paths)
    assert first.ids == ["0", "1"]
    assert (await files.collect(*paths, cursor=first.cursor)).ids == []


async def test_a_cut_archive_gives_what_came_before_and_the_other_files(files: _Files, tmp_path: Path) -> None:
    whole, cut = tmp_path / "whole.ndjson", tmp_path / "cut.zst"
    whole.write_bytes(lines(2))
    cut.write_bytes(long_window(lines(20_000))[:-400])
    found = Harvest()
    with pytest.raises(InputError, match="cut short"):
        await _collect_into(found, files, cut, whole)
    assert len(found.posts) > 1000
    assert found.posts[-1].id == "1"
    assert found.cursor is not None


async def _collect_into(found: Harvest, files: _Files, *paths: Path) -> None:
    plugin = source_plugins()["archive"]
    options = make_options(plugin, {"files": [str(path) for path in paths]}, env={})
    async with (
        open_source(plugin, options, user_agent="x", clock=files.time) as source,
        aclosing(source.collect(None)) as batches,
    ):
        async for batch in batches:
            found.take(batch)


async def test_a_file_that_is_not_there(files: _Files, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        await files.collect(tmp_path / "missing.ndjson")


async def test_bad_lines_are_named_by_file_and_number(files: _Files, tmp_path: Path) -> None:
    path = tmp_path / "a.ndjson"
    path.write_bytes(lines(1) + b"\n{oops\n" + b'{"platform": "demo", "id": "x", "text": null}\n' + lines(2, start=1))
    found = await files.collect(path)
    assert found.ids == ["0", "1"]
    assert [bad.where for bad in found.bad] == ["a.ndjson:3", "a.ndjson:4"]


async def test_coverage_is_the_time_of_the_posts(tmp_path: Path) -> None:
    world = ArchiveWorld(tmp_path / "a.ndjson", layout="records")
    world.add(3)
    (interval,) = (await world.collect()).coverage
    assert interval.state is Seen.SEEN
    assert interval.start is not None
    assert (interval.start.isoformat(), interval.end.isoformat()) == (
        "2026-11-01T10:00:00+00:00",
        "2026-11-01T10:00:40+00:00",
    )


async def test_media_links_in_post_records_are_dropped(files: _Files, tmp_path: Path) -> None:
    path = tmp_path / "a.ndjson"
    record = {
        "platform": "demo",
        "id": "1",
        "title": f"t {IMAGE}",
        "text": f"see ![x]({IMAGE}) {IMAGE}",
        "media_count": 2,
    }
    path.write_text(json.dumps(record))
    post = (await files.collect(path)).posts[0]
    assert MEDIA_MARK not in json.dumps(to_record(post))
    assert post.media_count == 5


def test_files_must_be_named() -> None:
    for values in ({}, {"files": ""}):
        with pytest.raises(ConfigError):
            make_options(source_plugins()["archive"], values, env={})


SUBMISSION: dict[str, Any] = {
    "id": "abc",
    "name": "t3_abc",
    "subreddit": "maps",
    "author": "zorblat_77",
    "author_fullname": "t2_z",
    "title": "Maps &amp; more",
    "selftext": "a &lt;b&gt;",
    "created_utc": "1793534400",
    "edited": 1793534460.0,
    "permalink": "/r/maps/comments/abc/maps/",
    "link_flair_text": "Towns",
    "is_self": True,
}
COMMENT: dict[str, Any] = {
    "id": "c1",
    "subreddit": "maps",
    "author": "quibbern04",
    "body": "hello",
    "link_id": "t3_abc",
    "parent_id": "t1_c0",
    "created_utc": 1793534400,
    "edited": False,
}


def test_a_submission_becomes_a_post() -> None:
    record = to_record(to_post(SUBMISSION))
    assert {name: value for name, value in record.items() if value} == {
        "platform": "reddit",
        "id": "t3_abc",
        "url": "https://www.reddit.com/r/maps/comments/abc/maps/",
        "created_at": "2026-11-01T12:00:00Z",
        "edited_at": "2026-11-01T12:01:00Z",
        "author": {"id": "t2_z", "handle": "zorblat_77", "name": None, "bio": None},
        "title": "Maps & more",
        "text": "a <b>",
        "tags": ["Towns"],
        "community": "maps",
    }


def test_a_comment_becomes_a_post() -> None:
    record = to_record(to_post(COMMENT))
    assert {name: value for name, value in record.items() if value} == {
        "platform": "reddit",
        "id": "t1_c1",
        "url": "https://www.reddit.com/comments/abc/_/c1",
        "created_at": "2026-11-01T12:00:00Z",
        "author": {"id": None, "handle": "quibbern04", "name": None, "bio": None},
        "text": "hello",
        "community": "maps",
        "reply_to": "t1_c0",
    }


@pytest.mark.parametrize(
    ("change", "text", "count"),
    [
        ({"is_self": False, "url": IMAGE}, "a <b>", 1),
        ({"is_self": False, "url": "https://t.me/zorblat_77"}, "a <b>\nhttps://t.me/zorblat_77", 0),
        ({"is_self": False, "url": "https://www.reddit.com/r/maps/"}, "a <b>", 0),
        ({"is_self": False, "url": "https://v.example/x", "post_hint": "hosted:video"}, "a <b>", 1),
        ({"is_self": False, "url": "https://[broken"}, "a <b>", 0),
        (
            {"gallery_data": {"items": [{"media_id": "a"}, {"media_id": "b"}]}, "media_metadata": {"a": {"u": IMAGE}}},
            "a <b>",
            2,
        ),
        ({"media": {"oembed": {"thumbnail_url": IMAGE}}, "secure_media": {"x": IMAGE}, "thumbnail": IMAGE}, "a <b>", 1),
        ({"crosspost_parent_list": [{"is_video": True, "thumbnail": IMAGE}]}, "a <b>", 1),
        ({"preview": {"images": [{"source": {"url": IMAGE}}]}, "media_embed": {"content": IMAGE}}, "a <b>", 0),
        ({"selftext": f"x {IMAGE}"}, "x ", 1),
    ],
)
def test_no_media_passes_from_a_dump(change: dict[str, Any], text: str, count: int) -> None:
    post = to_post(SUBMISSION | change)
    assert (post.text, post.media_count) == (text, count)
    assert MEDIA_MARK not in json.dumps(to_record(post))


@pytest.mark.parametrize("gone", ["[deleted]", "[removed]", ""])
def test_what_is_gone_is_no_text(gone: str) -> None:
    assert to_post(SUBMISSION | {"selftext": gone, "author": "[deleted]"}).text is None
    with pytest.raises(ValueError, match="deleted or removed"):
        to_post(COMMENT | {"body": gone})


@pytest.mark.parametrize(
    "odd", [{"created_utc": None, "edited": True}, {"created_utc": "x", "edited": "y"}, {"author": 7}]
)
def test_types_that_vary_are_coerced(odd: dict[str, Any]) -> None:
    post = to_post(SUBMISSION | odd)
    assert post.edited_at is None or "edited" not in odd
    assert post.id == "t3_abc"
