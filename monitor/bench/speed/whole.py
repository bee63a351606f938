"""Measures whole commands, start-up included: wall, CPU time of all their processes, the largest one's peak memory.

The commands are children of a small process of their own: a process inherits the peak of the one that it was forked
from, and a benchmark holds many texts.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from monitor.errors import HandlewatchError

_KIBIBYTES = 1 if sys.platform == "darwin" else 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """Seconds, and bytes of the largest process at its peak."""

    wall: float
    cpu: float
    peak: int


def run_whole(command: Sequence[str], output: Path, *, most: int = 0) -> Whole:
    """Runs a command to its end; what it prints goes to `output`.

    :param most: the highest exit code that is no failure.
    """
    helper = [sys.executable, "-m", "monitor.bench.speed.whole", str(output), *command]
    told = json.loads(subprocess.run(helper, check=True, stdout=subprocess.PIPE).stdout)  # noqa: S603 - our own
    if not 0 <= told["status"] <= most:
        raise HandlewatchError(
            f"{Path(command[0]).name} ended with {told['status']}, so it was not measured.", do="See its words above."
        )
    return Whole(wall=told["wall"], cpu=told["cpu"], peak=told["peak"])


def _main(output: str, *command: str) -> None:
    with Path(output).open("wb") as sink:
        begun = time.perf_counter()
        status = subprocess.run(command, check=False, stdout=sink).returncode  # noqa: S603 - what it is asked for
        wall = time.perf_counter() - begun
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    told = {"status": status, "wall": wall, "cpu": used.ru_utime + used.ru_stime, "peak": used.ru_maxrss * _KIBIBYTES}
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    _main(*sys.argv[1:])
