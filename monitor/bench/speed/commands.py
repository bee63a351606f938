"""Figures of whole commands: an archive against a pipe of zstdcat and ripgrep, and how long a start takes."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from monitor.bench.speed.archive import Archive, write_archive
from monitor.bench.speed.corpus import Benign
from monitor.bench.speed.engine import bundles, lexicon_toml, plain_names
from monitor.bench.speed.invented import invent_positives
from monitor.bench.speed.sides import MIDDLE
from monitor.bench.speed.whole import Whole, run_whole

_SCREEN: Final = (sys.executable, "-c", "from monitor.cli import main; main()", "screen")
_PIPE: Final = 'zstdcat -- "$1" | rg -iw -e "$2" | rg -iwF -f "$3"'
_PLAIN: Final = "plain"

SCREEN, QUARTER, PIPE, ZSTDCAT = "screen", "screen, a quarter of it", "zstdcat | rg | rg", "zstdcat"


@dataclass(frozen=True, slots=True, kw_only=True)
class Catch:
    """Lines that a command gave: in all; of them positives; of them disguised ones."""

    lines: int
    positives: int
    disguised: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveRun:
    """What the commands took, by round, and what they found; `missing`: programs that are not installed."""

    archive: Archive
    took: Mapping[str, Sequence[Whole]]
    caught: Mapping[str, Catch]
    missing: Sequence[str]


def measure_archive(benign: Benign, *, size: int, rounds: int, tell: Callable[[str], None]) -> ArchiveRun:
    """The commands in turn, after a run of each that does not count.

    :param size: bytes of the archive's text.
    """
    missing = [name for name in ("zstdcat", "rg") if shutil.which(name) is None]
    terms, bundle = bundles([MIDDLE])[MIDDLE]
    with TemporaryDirectory(prefix="handlewatch-bench-") as place:
        folder = Path(place)
        tell(f"writing an archive of {size / 1e6:.0f} MB")
        whole = write_archive(folder / "whole.zst", benign, invent_positives(terms), size=size)
        part = write_archive(folder / "part.zst", benign, invent_positives(terms), size=size // 4)
        (folder / "lexicon.toml").write_text(lexicon_toml(terms), encoding="utf-8")
        (folder / "terms").write_text("".join(f"{term}\n" for term in terms), encoding="utf-8")
        lexicon = ("--lexicon", str(folder / "lexicon.toml"))
        commands: dict[str, tuple[str, ...]] = {
            SCREEN: (*_SCREEN, str(whole.path), *lexicon),
            QUARTER: (*_SCREEN, str(part.path), *lexicon),
        }
        if "zstdcat" not in missing:
            commands[ZSTDCAT] = ("zstdcat", "--", str(whole.path))
        if not missing:
            apps = "|".join(plain_names(bundle))
            commands[PIPE] = ("sh", "-c", _PIPE, "sh", str(whole.path), apps, str(folder / "terms"))
        took: dict[str, list[Whole]] = {side: [] for side in commands}
        for at in range(-1, rounds):
            tell("getting warm" if at < 0 else f"archive, round {at + 1} of {rounds}")
            for side, command in commands.items() if at % 2 == 0 else reversed(commands.items()):
                measured = run_whole(command, folder / side, most=1)
                if at >= 0:
                    took[side].append(measured)
        caught = {side: _catch(folder / side, whole) for side in (SCREEN, PIPE) if side in commands}
    return ArchiveRun(archive=whole, took=took, caught=caught, missing=missing)


def _catch(output: Path, archive: Archive) -> Catch:
    ids = [json.loads(line)["id"] for line in output.read_bytes().splitlines()]
    found = [archive.positives[one] for one in set(ids) if one in archive.positives]
    return Catch(lines=len(ids), positives=len(found), disguised=sum(disguise != _PLAIN for disguise in found))


def measure_start(*, rounds: int, tell: Callable[[str], None]) -> list[Whole]:
    """`handlewatch screen` on one post with what ships, caches warm."""
    tell("starting")
    with TemporaryDirectory(prefix="handlewatch-bench-") as name:
        tiny = Path(name) / "tiny.ndjson"
        tiny.write_text('{"platform": "bench", "id": "1", "text": "a bowl of soup"}\n', encoding="utf-8")
        runs = [run_whole((*_SCREEN, str(tiny)), Path(name) / "hits") for _ in range(rounds + 2)]
    return runs[2:]
