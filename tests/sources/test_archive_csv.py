"""Archives in CSV."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from monitor.app import configured_source
from monitor.errors import ConfigError, InputError
from monitor.plugins import source_plugins
from monitor.records import to_record
from monitor.settings import SourceSettings
from monitor.sourcing import make_options
from tests.sources.worlds import MEDIA_MARK, Harvest, Timeline, harvest

COLUMNS = "id=post_id,text=body,created_at=date,author.handle=user,tags=labels,author.bio=about"
HEAD = "date,user,body,post_id,labels,about,unused\n"


class _Csv:
    def __init__(self) -> None:
        self.time = Timeline()

    async def collect(self, path: Path, cursor: Any = None, batches: int | None = None, **values: Any) -> Harvest:
        options = {"files": [str(path)], **values}
        return await harvest("archive", options, self, cursor, batches=batches, limit=20)


@pytest.fixture
def files() -> _Csv:
    return _Csv()


def rows(count: int, start: int = 0) -> str:
    return "".join(
        f'2026-11-01T10:00:0{n % 10}Z,zorblat_77,"Post number {n}, on\ntwo ""lines""",p{n},"#map aam",Collector,x\n'
        for n in range(start, start + count)
    )


async def test_a_row_becomes_a_post(files: _Csv, tmp_path: Path) -> None:
    path = tmp_path / "posts.csv"
    path.write_text(HEAD + rows(1), "utf-8")
    (post,) = (await files.collect(path, columns=COLUMNS, platform="demo")).posts
    assert {name: value for name, value in to_record(post).items() if value} == {
        "platform": "demo",
        "id": "p0",
        "created_at": "2026-11-01T10:00:00Z",
        "first_seen_at": "2026-11-01T12:00:00Z",
        "author": {"id": None, "handle": "zorblat_77", "name": None, "bio": "Collector"},
        "text": 'Post number 0, on\ntwo "lines"',
        "tags": ["map", "aam"],
    }


async def test_it_goes_on_at_the_row_wherever_it_was_stopped(files: _Csv, tmp_path: Path) -> None:
    path = tmp_path / "posts.csv.gz"
    path.write_bytes(gzip.compress((HEAD + rows(70)).encode()))
    whole, cursor = list[str](), None
    for _ in range(6):
        part = await files.collect(path, cursor, batches=1, columns=COLUMNS)
        whole += part.ids
        cursor = part.cursor
    assert whole == [f"p{n}" for n in range(70)]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
async def test_columns_named_like_fields_need_no_map(files: _Csv, tmp_path: Path, delimiter: str) -> None:
    path = tmp_path / "posts.csv"
    lines = [["\ufeffid", "text", "author", "platform"], ["7", "words", "zorblat_77", "demo"]]
    path.write_text("\n".join(delimiter.join(line) for line in lines), "utf-8")
    (post,) = (await files.collect(path)).posts
    assert (post.id, post.text, post.author.handle, post.platform) == ("7", "words", "zorblat_77", "demo")


async def test_without_an_id_the_line_is_it(files: _Csv, tmp_path: Path) -> None:
    path = tmp_path / "posts.tsv"
    path.write_text("text\nfirst\n\nsecond\n", "utf-8")
    found = await files.collect(path)
    assert found.ids == ["posts.tsv:2", "posts.tsv:4"]


async def test_bad_rows_are_named_and_the_others_read(files: _Csv, tmp_path: Path) -> None:
    path = tmp_path / "posts.csv"
    long = "x" * 200_000
    path.write_bytes(f'id,text,created_at\n1,good,soon\n2,\n3,"{long}"\n4,'.encode() + b"\xff\n5,good,\n6\n")
    found = await files.collect(path)
    assert found.ids == ["1", "5"]
    assert [bad.where for bad in found.bad] == [f"posts.csv:{line}" for line in (3, 4, 5, 7)]


async def test_no_media_passes(files: _Csv, tmp_path: Path) -> None:
    path = tmp_path / "posts.csv"
    path.write_text(f"id,text,picture\n1,see https://a.example/{MEDIA_MARK}.png,{MEDIA_MARK}\n", "utf-8")
    (post,) = (await files.collect(path)).posts
    assert MEDIA_MARK not in json.dumps(to_record(post))
    assert post.media_count == 1


@pytest.mark.parametrize(("head", "columns"), [("a,b", ""), ("a,b", "text=c")])
async def test_a_file_without_the_columns_is_refused(files: _Csv, tmp_path: Path, head: str, columns: str) -> None:
    path = tmp_path / "posts.csv"
    path.write_text(f"{head}\n1,2\n", "utf-8")
    with pytest.raises(InputError, match="column"):
        await files.collect(path, columns=columns)


def test_a_map_may_be_a_table_and_knows_the_fields() -> None:
    plugin = source_plugins()["archive"]
    options = make_options(plugin, {"files": "a.csv", "columns": {"text": "body", "author": "user"}}, env={})
    assert options.columns == ("text=body", "author=user")
    for wrong in ("txt=body", "text", "text="):
        with pytest.raises(ConfigError):
            make_options(plugin, {"files": "a.csv", "columns": wrong}, env={})


def test_an_archive_runs_only_with_its_provenance() -> None:
    section: dict[str, Any] = {"plugin": "archive", "files": ["a.csv"], "basis": "Our own data."}
    with pytest.raises(ConfigError, match=r"sources\.old says not where the archive comes from"):
        configured_source("old", SourceSettings.model_validate(section))
    configured_source("old", SourceSettings.model_validate(section | {"provenance": "Our own export."}))
