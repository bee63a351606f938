"""Batches: decided alerts as files for a recipient, with a manifest, recorded before they leave."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

from sqlmodel import Session, col, func, select

from alerts.export.formats import HEADS, ROWS, Format
from alerts.export.manifest import MANIFEST, MANIFEST_VERSION, FileEntry, Manifest, Previous, digest_of
from alerts.export.rows import SCHEMA_VERSION, Selection, iso, rows
from alerts.roles import Permission, require
from alerts.triage.choice import worded
from monitor import __version__, audit
from monitor.errors import ConfigError, InputError
from monitor.store.database import Store
from monitor.store.tables import ExportBatch

_ORDER_LOCK = 0x62617463  # any constant: on PostgreSQL two exports take turns
_PROGRESS_EVERY = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """A batch that was written: where, and what it is."""

    folder: Path
    manifest: Manifest
    sha256: str


@dataclass(slots=True)
class _Written:
    rows: int
    bundles: set[str]
    entry: FileEntry


def export(
    store: Store,
    *,
    form: Format,
    reason: str,
    by: str,
    out: Path | None,
    home: Path,
    selection: Selection,
    progress: Callable[[int], None] | None = None,
) -> Exported:
    """Writes a batch into a folder of its own and records it.

    The record and its audit row are committed before the folder takes its name: a batch that left is always
    on record. Until then the files are in a hidden folder beside it.

    :param out: the batch's folder, which must not exist; None for one in `home`/batches.
    :param progress: told how many rows there are, now and then.
    :raises AuthError: this person may not export.
    :raises ConfigError: no reason, or the folder is there already.
    :raises InputError: the folder cannot be written.
    """
    why = worded(reason, "To export a batch")
    with store.read() as session:
        require(session, by, Permission.EXPORT)
    batch_id = str(uuid4())
    folder = (out or home / "batches" / f"{store.now():%Y%m%d}-{batch_id[:8]}").absolute()
    if _is_there(folder):
        raise ConfigError(
            f"{folder} is there already.", kept="Nothing was written.", do="Name a folder that does not exist (--out)."
        )
    with _beside(folder) as hidden:
        with store.read() as session:
            written = _write_rows(session, hidden, form, selection, progress or _silent)
        with store.write() as session:
            person, now = require(session, by, Permission.EXPORT).name, store.now()
            previous = _last(store, session)
            manifest = Manifest(
                manifest_version=MANIFEST_VERSION,
                id=batch_id,
                number=previous.seq + 1 if previous else 1,
                created_at=iso(now) or "",
                created_by=person,
                format=form,
                rows=written.rows,
                query=selection.as_query(),
                bundles=sorted(written.bundles),
                versions={"handlewatch": __version__, "rows": SCHEMA_VERSION},
                files=[written.entry],
                previous=Previous(id=previous.id, sha256=previous.sha256) if previous else None,
            )
            _write(hidden / MANIFEST, manifest.as_bytes())
            _record(session, manifest, reason=why, by=person, at=now)
        try:
            hidden.rename(folder)
            _sync_folder(folder.parent)
        except OSError as error:
            raise InputError(
                f"{folder} could not be put in place: {error.strerror}.",
                kept=f"Batch {batch_id} is on record, but no file left.",
                do="Make room there, then export again.",
            ) from None
    return Exported(folder=folder, manifest=manifest, sha256=digest_of(manifest.as_bytes()))


def _record(session: Session, manifest: Manifest, *, reason: str, by: str, at: datetime) -> None:
    digest = digest_of(manifest.as_bytes())
    session.add(
        ExportBatch(
            id=manifest.id,
            seq=manifest.number,
            user=by,
            reason=reason,
            format=manifest.format,
            rows=manifest.rows,
            sha256=digest,
            manifest=manifest.model_dump(mode="json"),
            created_at=at,
        )
    )
    audit.record(
        session,
        at,
        actor=by,
        action="batch.export",
        subject=f"batch:{manifest.id}",
        sha256=digest,
        rows=manifest.rows,
        format=manifest.format,
    )


def batches(session: Session, *, by: str, limit: int = 100) -> list[ExportBatch]:
    """The batches that were exported, newest first. Raises `AuthError`."""
    require(session, by, Permission.EXPORT)
    return list(session.exec(select(ExportBatch).order_by(col(ExportBatch.seq).desc()).limit(limit)))


def _last(store: Store, session: Session) -> ExportBatch | None:
    """The batch before; nobody else makes one until the caller's transaction ends."""
    if not store.is_sqlite:
        session.exec(select(func.pg_advisory_xact_lock(_ORDER_LOCK))).one()
    return session.exec(select(ExportBatch).order_by(col(ExportBatch.seq).desc()).limit(1)).first()


def _write_rows(
    session: Session,
    folder: Path,
    form: Format,
    selection: Selection,
    progress: Callable[[int], None],
) -> _Written:
    name, digest, size, count = f"alerts.{form}", sha256(), 0, 0
    bundles: set[str] = set()
    with (folder / name).open("xb") as file:

        def put(data: bytes) -> int:
            file.write(data)
            digest.update(data)
            return len(data)

        size += put(HEADS[form])
        for row in rows(session, selection):
            size += put(ROWS[form](row))
            count += 1
            bundles.add(row["bundle"])
            if count % _PROGRESS_EVERY == 0:
                progress(count)
        file.flush()
        os.fsync(file.fileno())
    return _Written(rows=count, bundles=bundles, entry=FileEntry(name=name, sha256=digest.hexdigest(), bytes=size))


def _write(path: Path, data: bytes) -> None:
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _is_there(folder: Path) -> bool:
    try:
        return folder.exists()
    except OSError as error:
        raise InputError(
            f"That folder cannot be used: {error.strerror}.",
            kept="Nothing was written.",
            do="Choose a folder that this user may write (--out).",
        ) from None


def _silent(_: int) -> None:
    pass


@contextmanager
def _beside(folder: Path) -> Generator[Path]:
    """A hidden folder, readable for its owner only, in the same place as `folder`; removed if it is left over."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        hidden = Path(tempfile.mkdtemp(prefix=".handlewatch-batch-", dir=folder.parent))
    except OSError as error:
        raise InputError(
            f"Nothing can be written beside {folder}: {error.strerror}.",
            kept="Nothing left.",
            do="Choose a folder that this user may write (--out).",
        ) from None
    try:
        yield hidden
    except OSError as error:
        raise InputError(
            f"The batch could not be written: {error.strerror}.",
            kept="Nothing left.",
            do="Check the disk, then try again.",
        ) from None
    finally:
        shutil.rmtree(hidden, ignore_errors=True)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
