from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from monitor.errors import RefusedError, StoreError
from monitor.runlock import run_lock

HOLD = (
    "import sys; from pathlib import Path; from monitor.runlock import run_lock\n"
    "with run_lock(Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"
)


def test_a_second_holder_is_refused_and_told_who_has_it(tmp_path: Path) -> None:
    with run_lock(tmp_path / "x.db"):
        with pytest.raises(RefusedError, match=str(os.getpid())), run_lock(tmp_path / "x.db"):
            pass
        with run_lock(tmp_path / "other.db"):
            pass
    with run_lock(tmp_path / "x.db"):
        pass


def test_the_system_frees_it_when_the_holder_is_killed(tmp_path: Path) -> None:
    database = tmp_path / "x.db"
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(database)], stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    with pytest.raises(RefusedError, match=str(process.pid)), run_lock(database):
        pass
    process.send_signal(signal.SIGKILL)
    process.communicate()
    with run_lock(database):
        pass


def test_a_folder_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be written"), run_lock(tmp_path / "absent" / "x.db"):
        pass


def test_a_link_leads_to_the_same_lock(tmp_path: Path) -> None:
    (tmp_path / "x.db").touch()
    (tmp_path / "link").mkdir()
    (tmp_path / "link" / "y.db").symlink_to(tmp_path / "x.db")
    with run_lock(tmp_path / "x.db"), pytest.raises(RefusedError), run_lock(tmp_path / "link" / "y.db"):
        pass
