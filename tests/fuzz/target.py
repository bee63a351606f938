"""Coverage-guided fuzzing of the screen with Atheris: `./run soak` runs it where Atheris is installed.

By hand: `uv pip install --group fuzz`, then `python tests/fuzz/target.py FOLDER tests/fuzz/corpus` (options are
libFuzzer's). New inputs are kept in FOLDER. What fails goes, made small (`-minimize_crash=1`), into tests/fuzz/corpus,
where every test run tries it again.
"""

from __future__ import annotations

import sys
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).parent.parent.parent))
with atheris.instrument_imports(include=["monitor"]):
    from tests.fuzz.posts import check

if __name__ == "__main__":
    atheris.Setup(sys.argv, check)
    atheris.Fuzz()
