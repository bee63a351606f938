from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from monitor.threads import Abandonable


async def test_results_and_errors_come_back() -> None:
    asyncio.get_running_loop().set_default_executor(Abandonable())
    assert await asyncio.to_thread(sum, [1, 2]) == 3
    with pytest.raises(ZeroDivisionError):
        await asyncio.to_thread(lambda: 1 // 0)


async def test_one_that_hangs_delays_no_other() -> None:
    hanging = threading.Event()
    executor = Abandonable()
    futures = [executor.submit(hanging.wait) for _ in range(50)]
    assert executor.submit(lambda: 7).result() == 7
    hanging.set()
    assert all(future.result() for future in futures)


def test_the_end_of_the_process_waits_for_nothing(tmp_path: Path) -> None:
    script = tmp_path / "hang.py"
    script.write_text(
        "import asyncio, time\n"
        "from monitor.threads import Abandonable\n"
        "async def main():\n"
        "    asyncio.get_running_loop().set_default_executor(Abandonable())\n"
        "    task = asyncio.create_task(asyncio.to_thread(time.sleep, 600))\n"
        "    await asyncio.sleep(0.05)\n"
        "    task.cancel()\n"
        "asyncio.run(main())\n"
        "print('ended')\n"
    )
    done = subprocess.run(
        [sys.executable, str(script)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={"PYTHONPATH": str(Path(__file__).parent.parent)},
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "ended\n", "")
