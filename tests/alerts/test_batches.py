from __future__ import annotations

import csv
import io
import itertools
import json
import threading
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import col, select

from alerts.batches import Exported, batches, export
from alerts.export.formats import FORMULA_STARTS, Format, cell, csv_head, csv_row, jsonl_row
from alerts.export.manifest import MANIFEST, check
from alerts.export.rows import COLUMNS, Selection
from alerts.triage.records import Lane
from alerts.verdicts import Conduct, Risk, Verdict
from monitor.errors import AuthError, ConfigError, InputError, StoreError
from monitor.post import Author
from monitor.store.database import Store
from monitor.store.tables import Alert, AuditRow, ExportBatch
from tests.conftest import FakeClock
from tests.support.posts import hit
from tests.support.reporting import decide, router, take_in, triage
from tests.support.reviewing import add_people


def make(store: Store, out: Path, form: Format = Format.JSONL, **parts: Any) -> Exported:
    values: dict[str, Any] = {"reason": "weekly", "by": "mo", "selection": Selection()}
    return export(store, form=form, out=out, home=out.parent, **(values | parts))


def rows(exported: Exported) -> list[dict[str, Any]]:
    (entry,) = exported.manifest.files
    return [json.loads(line) for line in (exported.folder / entry.name).read_text("utf-8").splitlines()]


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "batch"


def test_a_batch_holds_the_reportable_posts_and_proves_it(store: Store, out: Path, clock: FakeClock) -> None:
    first = hit(1, url="https://examplenet.example/1", author=Author(id="a1", handle="@quibbern04"))
    alert_id = decide(store, router(store, {}), first, hit(2, "vexilorp"))
    done = make(store, out)
    found = rows(done)
    assert [(row["alert_id"], row["post_id"]) for row in found] == [(alert_id, "post-1"), (alert_id, "post-2")]
    assert set(found[0]) == set(COLUMNS)
    assert (found[0]["url"], found[0]["handles"], found[0]["conduct"], found[0]["schema_version"]) == (
        "https://examplenet.example/1",
        ["wickr:zorblat77"],
        "offers_or_asks_material",
        1,
    )
    text = (out / "alerts.jsonl").read_bytes()
    assert b"taboo" not in text  # neither terms nor text
    (entry,) = done.manifest.files
    assert (entry.sha256, entry.bytes) == (sha256(text).hexdigest(), len(text))
    assert (done.manifest.rows, done.manifest.bundles, done.manifest.created_by) == (2, ["sha256:b"], "mo")
    assert (done.manifest.number, done.manifest.previous) == (1, None)
    assert check(out).problems == []
    with store.read() as session:
        (batch,) = session.exec(select(ExportBatch))
        (audit,) = session.exec(select(AuditRow).where(AuditRow.action == "batch.export"))
        assert (batch.sha256, batch.reason, batch.rows, batch.user) == (done.sha256, "weekly", 2, "mo")
        assert (audit.actor, audit.detail["sha256"]) == ("mo", done.sha256)
    assert sha256((out / MANIFEST).read_bytes()).hexdigest() == done.sha256
    assert "weekly" not in (out / MANIFEST).read_text()


def test_what_is_not_reportable_or_needs_protection_is_never_in_it(sqlite_store: Store, out: Path) -> None:
    store, way = sqlite_store, router(sqlite_store, {})
    decide(store, way, hit(1), conduct=Conduct.POSTER_MAY_BE_CHILD)
    for number, verdict in ((2, Verdict.NOT_REPORTABLE), (3, Verdict.ESCALATED)):
        alert_id = take_in(store, hit(number, "vexilorp"), template=f"t{number}")
        triage(store, way).decide(alert_id, version=1, verdict=verdict, reason="seen", user="sal")
    take_in(store, hit(4), template="open")
    assert make(store, out).manifest.rows == 0


def test_a_reportable_alert_in_the_safeguarding_lane_stays(sqlite_store: Store, out: Path) -> None:
    alert_id = decide(sqlite_store, router(sqlite_store, {}))
    with sqlite_store.write() as session:
        session.get_one(Alert, alert_id).lane = Lane.SAFEGUARDING
    assert make(sqlite_store, out).manifest.rows == 0


def test_an_undone_decision_is_not_exported(sqlite_store: Store, out: Path) -> None:
    way = router(sqlite_store, {})
    alert_id = decide(sqlite_store, way)
    triage(sqlite_store, way).undo(alert_id, user="sal")
    assert make(sqlite_store, out).manifest.rows == 0


def test_a_span_of_time_selects_by_the_decision(sqlite_store: Store, tmp_path: Path, clock: FakeClock) -> None:
    way = router(sqlite_store, {})
    decide(sqlite_store, way, hit(1))
    later = clock.advance(days=1)
    alert_id = take_in(sqlite_store, hit(2, "vexilorp"), template="two")
    decide_again(sqlite_store, alert_id)
    selections = {
        "all": Selection(),
        "since": Selection(since=later),
        "until": Selection(until=later),
        "none": Selection(since=later + timedelta(seconds=1)),
    }
    found = {name: make(sqlite_store, tmp_path / name, selection=one).manifest for name, one in selections.items()}
    assert {name: manifest.rows for name, manifest in found.items()} == {"all": 2, "since": 1, "until": 1, "none": 0}
    assert found["since"].query["decided_since"] == "2026-11-02T12:00:00Z"


def decide_again(store: Store, alert_id: int) -> None:
    triage(store, router(store, {})).decide(
        alert_id,
        version=1,
        verdict=Verdict.REPORTABLE,
        conduct=Conduct.EXTORTION,
        risk=Risk.TRADE,
        reason="seen",
        user="sal",
    )


def test_batches_form_a_chain(store: Store, tmp_path: Path) -> None:
    decide(store, router(store, {}))
    first, second = make(store, tmp_path / "a"), make(store, tmp_path / "b", Format.CSV)
    assert second.manifest.previous is not None
    assert (second.manifest.previous.id, second.manifest.previous.sha256) == (first.manifest.id, first.sha256)
    with store.read() as session:
        assert [batch.seq for batch in batches(session, by="mo")] == [2, 1]


def test_two_exports_at_once_take_turns(store: Store, tmp_path: Path) -> None:
    decide(store, router(store, {}))
    start = threading.Barrier(3)
    done: list[Exported] = []

    def work(number: int) -> None:
        start.wait()
        done.append(make(store, tmp_path / f"b{number}"))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    chain = sorted(done, key=lambda one: one.manifest.number)
    assert [one.manifest.number for one in chain] == [1, 2, 3]
    for before, after in itertools.pairwise(chain):
        assert after.manifest.previous is not None
        assert after.manifest.previous.sha256 == before.sha256


@pytest.mark.parametrize("name", ["ana", "apo", "aud", "adm", "nobody"])
def test_who_may_not_export_gets_nothing(sqlite_store: Store, out: Path, name: str) -> None:
    add_people(sqlite_store)
    with pytest.raises(AuthError):
        make(sqlite_store, out, by=name)
    assert not out.exists()
    assert list(out.parent.glob(".handlewatch-batch-*")) == []


def test_without_a_reason_or_into_what_is_there_nothing_is_written(sqlite_store: Store, out: Path) -> None:
    decide(sqlite_store, router(sqlite_store, {}))
    with pytest.raises(ConfigError, match="reason"):
        make(sqlite_store, out, reason="  ")
    out.mkdir()
    (out / "mine.txt").write_text("precious")
    with pytest.raises(ConfigError, match="there already"):
        make(sqlite_store, out)
    assert [path.name for path in out.iterdir()] == ["mine.txt"]


def test_a_record_that_fails_leaves_no_file(sqlite_store: Store, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    decide(sqlite_store, router(sqlite_store, {}))

    def fail(*_: object, **__: object) -> None:
        raise StoreError("The database refused.")

    monkeypatch.setattr("alerts.batches._record", fail)
    with pytest.raises(StoreError):
        make(sqlite_store, out)
    assert not out.exists()
    assert list(out.parent.glob(".handlewatch-batch-*")) == []


def test_a_place_that_cannot_be_written_is_told(sqlite_store: Store, tmp_path: Path) -> None:
    decide(sqlite_store, router(sqlite_store, {}))
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="Nothing can be written"):
        make(sqlite_store, tmp_path / "file" / "batch")


def test_a_batch_is_for_its_owner_only(sqlite_store: Store, out: Path) -> None:
    decide(sqlite_store, router(sqlite_store, {}))
    make(sqlite_store, out)
    assert out.stat().st_mode & 0o077 == 0


@pytest.fixture
def made(sqlite_store: Store, out: Path, request: pytest.FixtureRequest) -> Exported:
    decide(sqlite_store, router(sqlite_store, {}), hit(1), hit(2, "vexilorp"))
    return make(sqlite_store, out, getattr(request, "param", Format.JSONL))


@pytest.mark.parametrize("made", list(Format), indirect=True)
def test_a_change_of_a_file_is_noticed(made: Exported) -> None:
    (entry,) = made.manifest.files
    path = made.folder / entry.name
    data = path.read_bytes()
    assert check(made.folder).problems == []
    path.write_bytes(data.replace(b"post-2", b"post-3"))
    assert check(made.folder).problems == [f"{entry.name} is not what was written (its SHA-256 differs)"]
    path.write_bytes(data + b"\n")
    assert "bytes instead of" in check(made.folder).problems[0]
    path.unlink()
    assert "cannot be read" in check(made.folder).problems[0]
    path.symlink_to("/dev/null")
    assert "is a link" in check(made.folder).problems[0]
    path.unlink()
    path.write_bytes(data)
    (made.folder / "extra.txt").write_text("x")
    assert check(made.folder).problems == ["extra.txt is not in the manifest"]


@pytest.mark.parametrize("made", list(Format), indirect=True)
def test_a_manifest_that_lies_is_noticed(made: Exported) -> None:
    def rewrite(**parts: Any) -> list[str]:
        manifest = made.manifest.model_copy(update=parts)
        (made.folder / MANIFEST).write_bytes(manifest.as_bytes())
        checked = check(made.folder)
        assert checked.sha256 != made.sha256
        return list(checked.problems)

    assert rewrite(rows=3) == ["there are 2 rows instead of 3"]
    assert rewrite(manifest_version=2) == ["manifest version 2 is not known here (known: 1)"]
    other = Format.CSV if made.manifest.format is Format.JSONL else Format.JSONL
    assert f"is not {other}" in rewrite(format=other)[0]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"files": []}, "files"),
        ({"files": [{"name": "../secret", "sha256": "0" * 64, "bytes": 1}]}, r"files\.0\.name"),
        ({"files": [{"name": "/etc/passwd", "sha256": "0" * 64, "bytes": 1}]}, r"files\.0\.name"),
        ({"files": [{"name": "x", "sha256": "short", "bytes": 1}]}, r"files\.0\.sha256"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_a_manifest_that_is_none_is_refused(made: Exported, change: dict[str, Any], said: str) -> None:
    path = made.folder / MANIFEST
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(InputError, match=said):
        check(made.folder)


@pytest.mark.parametrize("content", [None, b"", b"{", b"[]", b"\xff\xfe"])
def test_no_manifest_at_all(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / MANIFEST).write_bytes(content)
    with pytest.raises(InputError):
        check(tmp_path)


TEXT = st.text(st.characters(exclude_categories=()), max_size=30)
FORMULAS = st.builds(lambda start, rest: start + rest, st.sampled_from(FORMULA_STARTS), TEXT)
ROW = st.fixed_dictionaries(
    {
        name: st.none() | TEXT | FORMULAS | st.floats(0, 1) | st.integers(0)
        for name in COLUMNS
        if name not in {"handles", "account_handle"}
    }
    | {"handles": st.lists(TEXT | FORMULAS, max_size=3), "account_handle": st.none() | TEXT | FORMULAS}
)


@given(row=ROW)
def test_no_cell_is_ever_a_formula(row: dict[str, Any]) -> None:
    data = (csv_head() + csv_row(row)).decode("utf-8")
    head, record = list(csv.reader(io.StringIO(data, newline=""), strict=True))
    assert head == list(COLUMNS)
    assert len(record) == len(COLUMNS)
    for found in record:
        assert not found.startswith(FORMULA_STARTS)
    assert data.endswith("\r\n")


@pytest.mark.parametrize("value", ["=1+1", "+15550100", "-1", "@name", "\t=1", "\r=1", "\0=1", "=cmd|'/c x'!A1"])
def test_what_would_be_a_formula_is_quoted(value: str) -> None:
    assert cell(value) == f"'{value}"


@pytest.mark.parametrize(
    ("value", "text"), [(None, ""), (0.9, "0.9"), (3, "3"), ("a=b", "a=b"), (["a:b", "c:d"], "a:b c:d")]
)
def test_other_cells_are_as_they_are(value: object, text: str) -> None:
    assert cell(value) == text


@given(row=ROW)
def test_a_json_line_is_one_line_and_comes_back(row: dict[str, Any]) -> None:
    data = jsonl_row(row)
    assert data.count(b"\n") == 1
    assert data.endswith(b"\n")
    assert json.loads(data) == row
    assert list(json.loads(data)) == sorted(row)


def test_the_command_line_exports_lists_and_verifies(handlewatch: Any, installed: Store, tmp_path: Path) -> None:
    decide(installed, router(installed, {}))
    folder = tmp_path / "out"
    done = handlewatch(
        "batches", "export", "--format", "csv", "--reason", "weekly", "--as", "mo", "--out", str(folder), "--json"
    )
    assert done.returncode == 0, done.stderr
    sha = json.loads(done.stdout)["sha256"]
    verified = handlewatch("batches", "verify", str(folder), env={"HANDLEWATCH_HOME": str(tmp_path / "nowhere")})
    assert verified.returncode == 0, verified.stderr
    assert sha in verified.stdout
    listed = handlewatch("batches", "list", "--as", "mo")
    assert sha in listed.stdout
    assert "weekly" in listed.stdout
    (folder / "alerts.csv").write_text("")
    broken = handlewatch("batches", "verify", str(folder))
    assert (broken.returncode, "not whole" in broken.stderr) == (1, True)
    for arguments, code in (
        (("export", "--format", "xlsx", "--reason", "x", "--as", "mo"), 2),
        (("export", "--format", "csv", "--reason", "x", "--as", "ana"), 4),
        (("export", "--format", "csv", "--reason", "x", "--as", "mo", "--since", "soon"), 2),
        (("list", "--as", "ana"), 4),
        (("verify", str(tmp_path)), 3),
    ):
        refused = handlewatch("batches", *arguments)
        assert refused.returncode == code, (arguments, refused.stderr)
        assert "Traceback" not in refused.stderr
    default = handlewatch("batches", "export", "--format", "jsonl", "--reason", "x", "--as", "mo")
    assert default.returncode == 0, default.stderr
    assert len(list((tmp_path / "home" / "batches").iterdir())) == 1


def test_audit_names_no_reason(sqlite_store: Store, out: Path) -> None:
    decide(sqlite_store, router(sqlite_store, {}))
    make(sqlite_store, out, reason="about zorblat77")
    with sqlite_store.read() as session:
        for row in session.exec(select(AuditRow).order_by(col(AuditRow.id))):
            assert "zorblat" not in json.dumps(row.detail)
