"""What a handle looks like: handles that only look alike have the same skeleton. It suggests, and joins nothing."""

from __future__ import annotations

import re
from typing import Final

from monitor.text.fold import fold

_SEPARATORS: Final = re.compile(r"[\W_]+")
_ALIKE: Final = str.maketrans({"0": "o", "1": "l", "i": "l", "j": "l", "5": "s"})
_PAIRS: Final = (("rn", "m"), ("vv", "w"))
_SHORTEST: Final = 3


def skeleton(handle: str) -> str | None:
    """The handle with look-alike characters made one and without separators; None where too little is left of it.

    Letters of other scripts are folded by the tables of `monitor.text`; then o and 0, l, 1, i and j, s and 5, m and
    rn, w and vv are each one.
    """
    looks = _SEPARATORS.sub("", fold(handle).lower)
    for pair, one in _PAIRS:
        looks = looks.replace(pair, one)
    looks = looks.translate(_ALIKE)
    return looks if len(looks) >= _SHORTEST else None
