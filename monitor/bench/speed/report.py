"""The figures beside their goals, and what they were measured on."""

from __future__ import annotations

import hashlib
import os
import platform
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from operator import ge, le
from pathlib import Path
from typing import Any, Final, Literal

from monitor.bench.speed import commands as whole
from monitor.bench.speed.commands import ArchiveRun
from monitor.bench.speed.live import Live
from monitor.bench.speed.measure import Spread, ratio
from monitor.bench.speed.ndjson import BENIGN_LINES, LINES
from monitor.bench.speed.sides import ALTERNATION, BENIGN, LOOP, MIDDLE, TERMS, bare, screened
from monitor.bench.speed.whole import Whole

_LIBRARIES: Final = ("hyperscan", "ahocorasick-rs", "stringzilla", "numpy", "orjson", "zstandard", "phonenumbers")
_HERE: Final = Path(__file__).parent
_MET: Final[dict[str, Callable[[float, float], bool]]] = {">=": ge, "<=": le}


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One figure: `sign` and `goal` say what is wanted of its median."""

    name: str
    measured: Spread
    sign: Literal[">=", "<="]
    goal: float
    unit: str = "x"

    @property
    def met(self) -> bool:
        """True where the goal is reached."""
        return _MET[self.sign](self.measured.median, self.goal)


def live_figures(live: Live) -> Iterator[Figure]:
    """Of one core, in this process."""
    timed = live.timed
    for what, goal in ((MIDDLE, 0.5), (BENIGN, 0.7), (TERMS[-1], 0.9)):
        if bare(what) in timed:
            name = "benign posts only" if what == BENIGN else f"{what:,} terms, 1 % positives"
            measured = ratio(timed[bare(what)], timed[screened(what)])
            yield Figure(name=f"live, against a bare scan: {name}", measured=measured, sign=">=", goal=goal)
    for what, goal in ((LINES, 0.4), (BENIGN_LINES, 0.5)):
        if bare(what) in timed:
            name = "benign posts only" if what == BENIGN_LINES else f"{MIDDLE:,} terms, 1 % positives"
            measured = ratio(timed[bare(what)], timed[screened(what)])
            yield Figure(name=f"undecoded lines, against a bare scan: {name}", measured=measured, sign=">=", goal=goal)
    yield Figure(
        name="live, slower from 100 to 10,000 terms",
        measured=ratio(timed[screened(TERMS[-1])], timed[screened(TERMS[0])]),
        sign="<=",
        goal=1.5,
    )
    for side, goal in ((LOOP, 1000.0), (ALTERNATION, 25.0)):
        measured = ratio(timed[side], timed[screened(MIDDLE)])
        yield Figure(name=f"live, against a naive script: {side}", measured=measured, sign=">=", goal=goal)
    for what in (*TERMS, LINES):
        found = live.found[screened(what)].recall
        yield Figure(
            name=f"positives found, {what if what == LINES else f'{what:,} terms'}",
            measured=Spread(found, found, found),
            sign=">=",
            goal=0.95,
            unit="",
        )


def archive_figures(run: ArchiveRun) -> Iterator[Figure]:
    """Of whole commands, start-up included."""
    screen, quarter = run.took[whole.SCREEN], run.took[whole.QUARTER]
    if whole.PIPE in run.took:
        wall = Spread.of([a.wall / b.wall for a, b in zip(screen, run.took[whole.PIPE], strict=True)])
        yield Figure(name="archive: wall time against zstdcat | rg | rg", measured=wall, sign="<=", goal=1.0)
        ours, theirs = (run.caught[side].positives for side in (whole.SCREEN, whole.PIPE))
        times = ours / max(theirs, 1)
        yield Figure(
            name="archive: positives found, against it", measured=Spread(times, times, times), sign=">=", goal=8.0
        )
    if whole.ZSTDCAT in run.took:
        cpu = Spread.of([a.cpu / max(b.cpu, 1e-9) for a, b in zip(screen, run.took[whole.ZSTDCAT], strict=True)])
        yield Figure(name="archive: CPU time against zstdcat alone", measured=cpu, sign="<=", goal=4.0)
    peak = Spread.of([one.peak / 1e6 for one in screen])
    yield Figure(name="archive: peak memory", measured=peak, sign="<=", goal=150.0, unit=" MB")
    growth = Spread.of([(a.peak / b.peak - 1) * 100 for a, b in zip(screen, quarter, strict=True)])
    yield Figure(name="archive: peak memory against a quarter's", measured=growth, sign="<=", goal=5.0, unit=" % more")


def start_figure(runs: Sequence[Whole]) -> Figure:
    """Of `handlewatch screen` on one post."""
    return Figure(
        name="start of handlewatch screen",
        measured=Spread.of([run.wall for run in runs]),
        sign="<=",
        goal=0.3,
        unit=" s",
    )


def machine() -> dict[str, str]:
    """What the figures were measured with."""
    return {
        "cpu": _cpu(),
        "cores": str(os.cpu_count()),
        "python": platform.python_version(),
        "libraries": ", ".join(f"{name} {found}" for name in _LIBRARIES if (found := _version(name)) is not None),
        "script": _hash(_HERE),
        "engine": _hash(_HERE.parents[1] / "detect", _HERE.parents[1] / "text"),
    }


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), sys.platform)


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _hash(*folders: Path) -> str:
    """SHA-256 over the sources of folders."""
    hashed = hashlib.sha256()
    for folder in folders:
        for path in sorted(folder.rglob("*.py")):
            hashed.update(f"{path.relative_to(folder).as_posix()}\0".encode() + path.read_bytes() + b"\0")
    return f"sha256:{hashed.hexdigest()}"


def as_json(figures: Sequence[Figure], live: Live, archive: ArchiveRun | None) -> dict[str, Any]:
    """Everything, for machines."""
    return {
        "machine": machine(),
        "corpus": {"texts": live.described, "posts": live.posts, "hash": live.corpus},
        "bundle": live.bundle,
        "figures": [{**asdict(one), "unit": one.unit.strip(), "met": one.met} for one in figures],
        "sides": {
            name: {"microseconds": asdict(timed.microseconds), "mb_per_s": asdict(timed.megabytes)}
            for name, timed in live.timed.items()
        },
        "found": {name: asdict(found) for name, found in live.found.items()},
        "archive": None
        if archive is None
        else {
            "bytes": archive.archive.size,
            "lines": archive.archive.lines,
            "window": archive.archive.window,
            "positives": len(archive.archive.positives),
            "missing": list(archive.missing),
            "found": {name: asdict(caught) for name, caught in archive.caught.items()},
            "took": {name: [asdict(one) for one in runs] for name, runs in archive.took.items()},
        },
    }
