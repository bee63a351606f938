"""The manifest of a batch, and checking a batch against it: offline, from its files alone."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from alerts.export.formats import Format, count_rows
from monitor.errors import InputError

MANIFEST = "manifest.json"
MANIFEST_VERSION = 1

_Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FileEntry(_Part):
    """One file of the batch: its name, SHA-256 and size in bytes."""

    # A plain name: a manifest cannot make `verify` read elsewhere.
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-][A-Za-z0-9_.-]*$")]
    sha256: _Sha256
    bytes: Annotated[int, Field(ge=0)]


class Previous(_Part):
    """The batch before this one: its id and the SHA-256 of its manifest."""

    id: str
    sha256: _Sha256


class Manifest(_Part):
    """What a batch is: made by whom and when, from which query, under which lexicon and rules, in which files."""

    manifest_version: int
    id: str
    number: int
    created_at: str
    created_by: str
    format: Format
    rows: Annotated[int, Field(ge=0)]
    query: dict[str, Any]
    bundles: list[str]
    versions: dict[str, Any]
    files: Annotated[list[FileEntry], Field(min_length=1)]
    previous: Previous | None

    def as_bytes(self) -> bytes:
        """The file: JSON, keys sorted, UTF-8, a line feed at its end."""
        return json.dumps(self.model_dump(mode="json"), indent=2, sort_keys=True).encode() + b"\n"


def digest_of(data: bytes) -> str:
    """SHA-256, hex."""
    return sha256(data).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What checking a batch found.

    :param sha256: of the manifest; the same as in `handlewatch batches list` and in the next batch.
    :param problems: what does not fit, empty for a whole batch.
    """

    manifest: Manifest
    sha256: str
    problems: Sequence[str]


def check(folder: Path) -> Checked:
    """Checks the files of a batch against its manifest.

    :raises InputError: there is no manifest that can be read.
    """
    path = folder / MANIFEST
    try:
        data = path.read_bytes()
        manifest = Manifest.model_validate_json(data)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.", do="Give the folder of a batch.") from None
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise InputError(
            f"{path} is not the manifest of a batch: {where or 'it'}: {first['msg']}.", do="Ask for the batch again."
        ) from None
    problems = [problem for entry in manifest.files for problem in _check_file(folder, entry)]
    if manifest.manifest_version != MANIFEST_VERSION:
        problems.append(f"manifest version {manifest.manifest_version} is not known here (known: {MANIFEST_VERSION})")
    if not problems:
        problems += _check_rows(folder, manifest)
    known = {MANIFEST, *(entry.name for entry in manifest.files)}
    problems += [
        f"{extra.name} is not in the manifest" for extra in sorted(folder.iterdir()) if extra.name not in known
    ]
    return Checked(manifest=manifest, sha256=digest_of(data), problems=problems)


def _check_file(folder: Path, entry: FileEntry) -> list[str]:
    path = folder / entry.name
    if path.is_symlink():
        return [f"{entry.name} is a link, not a file"]
    try:
        with path.open("rb") as file:
            found = file_digest(file, "sha256").hexdigest()
        size = path.stat().st_size
    except OSError as error:
        return [f"{entry.name} cannot be read: {error.strerror}"]
    if size != entry.bytes:
        return [f"{entry.name} has {size} bytes instead of {entry.bytes}"]
    return [] if found == entry.sha256 else [f"{entry.name} is not what was written (its SHA-256 differs)"]


def _check_rows(folder: Path, manifest: Manifest) -> list[str]:
    counted = 0
    for entry in manifest.files:
        try:
            with (folder / entry.name).open(encoding="utf-8", newline="") as text:
                counted += count_rows(manifest.format, text)
        except ValueError as error:
            return [f"{entry.name} is not {manifest.format}: {error}"]
    return [] if counted == manifest.rows else [f"there are {counted} rows instead of {manifest.rows}"]
