"""`./run` on machines unlike this one: Pythons that are too old, lack parts, or cannot reach the package index.

The Pythons are small shell scripts that behave as such a Python does; what they were asked is in a log.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).parent.parent
TOOLS = ("sh", "cat", "cksum", "dirname", "env", "mkdir", "rm", "sed", "cp", "chmod")

STUB = """#!/bin/sh
echo "$*" >>"$LOG"
case "$*" in
    *"sys.version_info < (3, 11)"*) exit {too_old} ;;
    *"import venv, ensurepip"*) exit {no_venv} ;;
    "-m venv "*)
        mkdir -p "$3/bin" && cp "$0" "$3/bin/python"
        exit {venv_fails}
        ;;
    *"install"*" -e "*)
        printf '#!/bin/sh\\necho "handlewatch $*"\\n' >"$(dirname "$0")/handlewatch"
        chmod +x "$(dirname "$0")/handlewatch"
        ;;
    *"-m pip install"*) exit {pip_fails} ;;
esac
exit 0
"""


class Machine:
    """A clone in a folder with a space in its name, and a PATH with nothing but a shell's tools."""

    def __init__(self, folder: Path) -> None:
        self.log = folder / "log"
        self.bin = folder / "bin"
        self.clone = folder / "a clone"
        self.bin.mkdir()
        for tool in TOOLS:
            (self.bin / tool).symlink_to(str(shutil.which(tool)))
        self.clone.mkdir()
        for name in ("run", "pyproject.toml", "requirements.lock", "requirements-dev.lock"):
            shutil.copy(REPOSITORY / name, self.clone)

    def python(self, name: str, **faults: int) -> Path:
        """Puts a Python in the PATH; a fault is the exit code of what fails."""
        path = self.bin / name
        path.write_text(STUB.format(**{"too_old": 0, "no_venv": 0, "venv_fails": 0, "pip_fails": 0, **faults}))
        path.chmod(0o755)
        return path

    def run(self, *arguments: str, **env: str) -> Any:
        return subprocess.run(
            ["sh", str(self.clone / "run"), *arguments],
            env={"PATH": str(self.bin), "LOG": str(self.log), **env},
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
        )

    def asked(self) -> str:
        said = self.log.read_text() if self.log.exists() else ""
        self.log.unlink(missing_ok=True)
        return said


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_it_installs_once_from_the_hashed_lock_and_runs_the_command(machine: Machine) -> None:
    machine.python("python3")
    done = machine.run("demo", "--once")
    assert (done.returncode, done.stdout) == (0, "handlewatch demo --once\n"), done.stderr
    asked = machine.asked()
    assert f"--require-hashes -r {machine.clone}/requirements.lock" in asked
    assert "requirements-dev.lock" not in asked
    again = machine.run("start")
    assert (again.stdout, again.stderr) == ("handlewatch run\n", "")
    assert "install" not in machine.asked()


def test_a_changed_lock_or_another_folder_is_installed_anew(machine: Machine) -> None:
    machine.python("python3")
    machine.run("demo")
    machine.asked()
    with (machine.clone / "requirements.lock").open("a") as lock:
        lock.write("# changed\n")
    machine.run("demo")
    asked = machine.asked()
    assert "pip install" in asked
    assert "-m venv" not in asked
    machine.clone = machine.clone.rename(machine.clone.with_name("moved"))
    assert machine.run("demo").returncode == 0
    assert "-m venv" in machine.asked()  # its scripts name the old folder


def test_an_older_python_that_comes_first_is_passed_over(machine: Machine) -> None:
    machine.python("python3", too_old=1)
    machine.python("python3.12")
    assert machine.run("demo").returncode == 0


@pytest.mark.parametrize("found", [(), ("python3",)])
def test_without_a_python_that_is_new_enough_it_says_so(machine: Machine, found: tuple[str, ...]) -> None:
    for name in found:
        machine.python(name, too_old=1)
    done = machine.run("demo")
    assert done.returncode == 2
    assert "needs Python 3.11 or newer" in done.stderr
    assert "to do:" in done.stderr


def test_a_named_python_is_taken_or_refused_but_never_replaced_by_another(machine: Machine) -> None:
    machine.python("python3")
    old = machine.python("python3.10", too_old=1)
    done = machine.run("demo", HANDLEWATCH_PYTHON=str(old))
    assert done.returncode == 2
    assert str(old) in done.stderr
    assert not (machine.clone / ".venv").exists()


@pytest.mark.parametrize(
    ("faults", "said"),
    [
        ({"no_venv": 1}, "apt-get install python3-venv"),
        ({"venv_fails": 1}, "could not be made"),
        ({"pip_fails": 1}, "check the network"),
    ],
)
def test_what_fails_is_named_and_the_next_try_begins_well(machine: Machine, faults: dict[str, int], said: str) -> None:
    machine.python("python3", **faults)
    done = machine.run("demo")
    assert done.returncode == 2, done.stdout
    assert said in done.stderr
    machine.python("python3")
    if (machine.clone / ".venv").exists():
        machine.python("../a clone/.venv/bin/python")
    assert machine.run("demo").returncode == 0


def test_a_failed_install_of_the_test_environment_is_no_success(machine: Machine) -> None:
    machine.python("python3")
    machine.bin.joinpath("pytest").write_text("#!/bin/sh\n")
    machine.bin.joinpath("pytest").chmod(0o755)
    assert machine.run("test").returncode == 0
    with (machine.clone / "requirements-dev.lock").open("a") as lock:
        lock.write("# changed\n")
    machine.python("../a clone/.venv/bin/python", pip_fails=1)
    for command in (["test"], ["handlewatch", "--version"]):
        done = machine.run(*command)
        assert done.returncode == 2, command
        assert "handlewatch --version" not in done.stdout


def test_an_environment_that_was_cut_off_is_made_again(machine: Machine) -> None:
    machine.python("python3")
    broken = machine.clone / ".venv" / "bin"
    broken.mkdir(parents=True)
    (broken / "python").symlink_to("/nowhere/python3")
    assert machine.run("demo").returncode == 0
    assert not (broken / "python").is_symlink()


def test_help_and_mistakes(machine: Machine) -> None:
    helped = machine.run("--help")
    assert helped.returncode == 0
    assert "./run demo" in helped.stdout
    assert machine.run().returncode == 2
    assert machine.asked() == ""
    machine.python("python3")
    done = machine.run("nonsense")
    assert done.returncode == 2
    assert "no command 'nonsense'" in done.stderr
