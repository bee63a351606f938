"""What the screen is measured against: a bare scan for the terms, and the scripts that people write."""

from __future__ import annotations

import re
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any, Final

_HANDLE: Final = re.compile(r"[A-Za-z0-9._-]{3,32}")


def have_hyperscan() -> bool:
    """True where it is installed; without it there is nothing to compare with."""
    return find_spec("hyperscan") is not None


def prepared(texts: Sequence[str]) -> list[bytes]:
    """Texts as the bare scan takes them: their case folded, in UTF-8."""
    return [text.casefold().encode("utf-8", "surrogatepass") for text in texts]


class BareScan:
    """Hyperscan's own block scan for the terms, one call a text, nothing done about what it finds."""

    def __init__(self, terms: Sequence[str]) -> None:
        import hyperscan  # noqa: PLC0415 - not everywhere installed

        self._database: Any = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
        expressions = prepared(terms)
        ids = list(range(len(expressions)))
        self._database.compile(expressions=expressions, ids=ids, elements=len(ids), flags=0, literal=True)

    def __call__(self, texts: Sequence[bytes]) -> None:
        """Scans texts that are `prepared`."""
        scan = self._database.scan
        for text in texts:
            scan(text, match_event_handler=_nothing)


def _nothing(_index: int, _start: int, _end: int, _flags: int, _context: object) -> None:
    return None


class RegexLoop:
    """A compiled expression for every term, and one for every app; all of them asked."""

    def __init__(self, terms: Sequence[str], apps: Sequence[str]) -> None:
        self._terms = [_words([term]) for term in terms]
        self._apps = [_words([app]) for app in apps]

    def __call__(self, texts: Sequence[str]) -> list[int]:
        """Rows in which it finds an app, a term and something like a handle."""
        return [row for row, text in enumerate(texts) if self._hit(text)]

    def _hit(self, text: str) -> bool:
        terms = [pattern for pattern in self._terms if pattern.search(text)]
        apps = [found.end() for pattern in self._apps if (found := pattern.search(text))]
        return bool(terms) and any(_HANDLE.search(text, end) for end in apps)


class Alternation:
    """The best of its kind: one expression of all apps first, one of all terms only where an app is named."""

    def __init__(self, terms: Sequence[str], apps: Sequence[str]) -> None:
        self._terms, self._apps = _words(terms), _words(apps)

    def __call__(self, texts: Sequence[str]) -> list[int]:
        """Rows in which it finds an app, a term and something like a handle."""
        return [row for row, text in enumerate(texts) if self._hit(text)]

    def _hit(self, text: str) -> bool:
        app = self._apps.search(text)
        return app is not None and bool(self._terms.search(text)) and bool(_HANDLE.search(text, app.end()))


def _words(words: Sequence[str]) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(map(re.escape, words))})\b", re.IGNORECASE)
