"""Names in scripts other than Latin."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from monitor.detect.atoms import ATOM, RUN_TOGETHER
from monitor.detect.endings import shipped_endings

_WORD_START: Final = r"(?<![^\W_])(?:[وبلفكع]{0,2}(?:ال|لل)?|[והבלמשכ]{1,2})?"
MIDDLE: Final = 3
"""Letters below which a name stands as it is."""
_ENDED: Final = 4
"""Letters from which on a name may carry an ending."""


def native_pattern(names: Iterable[str]) -> re.Pattern[str] | None:
    """Finds names as groups. Where words are set apart, long ones may carry an ending of up to three letters, those of
    three letters one that is known, and Arabic and Hebrew prefixes may precede; where they are not, a name may stand
    anywhere.
    """
    joined = re.compile(f"[{RUN_TOGETHER}]")
    flats = sorted(set(names), key=len, reverse=True)
    run = [flat for flat in flats if joined.search(flat) or not ATOM.search(flat)]
    words = [flat for flat in flats if flat not in run]
    middle = [flat for flat in words if MIDDLE <= len(flat) < _ENDED]
    endings = [one for one in shipped_endings().all if len(one) > 1]
    parts = {
        "run": ("", run, ""),
        "long": (_WORD_START, [flat for flat in words if len(flat) >= _ENDED], r"(?![^\W_]{4})"),
        "middle": (_WORD_START, middle, rf"(?:{_any_of(endings)})?(?![^\W_])"),
        "short": (_WORD_START, [flat for flat in words if len(flat) < MIDDLE], r"(?![^\W_])"),
    }
    alternatives = [f"{start}(?P<{name}>{_any_of(forms)}){end}" for name, (start, forms, end) in parts.items() if forms]
    return re.compile("|".join(alternatives)) if alternatives else None


def _any_of(forms: Iterable[str]) -> str:
    return "|".join(sorted(map(re.escape, forms), key=len, reverse=True))
