"""Whether a text that names an app can hold a handle of it: numbers and ids have a shape that most texts lack."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from monitor.detect.apps import App
from monitor.detect.fast.triggers import SHORT
from monitor.detect.links import Links

_GAP: Final = r"[ ()./·-]{0,3}"
_SPACED: Final = r"(?:[A-Za-z0-9*][^A-Za-z0-9\n]{1,5}){7}[A-Za-z0-9*]"
_HEX_GROUPS: Final = re.compile(r"(?:[0-9a-f][\s.:·|-]{0,3}){66}", re.IGNORECASE)
_ID: Final = re.compile(rf"(?=[A-Za-z]*\d|[A-Z*]+(?![a-z]))[*A-Za-z0-9]{{8,10}}|{_SPACED}")
_SHAPES: Final = {
    "phone": re.compile(rf"[+0](?:(?<=\+)[ (]{{0,2}}[0-9]|(?<=0){_GAP}0)(?:{_GAP}[0-9]){{6}}"),
    "zangi-number": re.compile(rf"[0-9](?:{_GAP}[0-9]){{9}}"),
    "session-id": _HEX_GROUPS,
    "tox-id": _HEX_GROUPS,
    "threema-id": _ID,
    "teleguard-id": _ID,
    "xmpp-address": re.compile("@"),
    "matrix-id": re.compile(r"@[^\s@]{1,200}:"),
    "signal-name": re.compile(r"(?:\.|dot)\W{0,5}\d\W{0,5}\d", re.IGNORECASE),
    "discord-tag": re.compile(r"#\d{4}"),
}
"""Shape of a handle -> what a text must hold for one (see `monitor.detect.tokens` and `shapes`)."""


class Possible:
    """Asks whether a text can hold a handle of one of some apps."""

    def __init__(self, apps: Iterable[App], links: Links) -> None:
        self._apps = {app.id: app for app in apps}
        self._links = links
        # Other links have literals of their own (`triggers`), and are no matter here.
        self._labels = {
            app.id: {label for link in app.links for label in re.split("[./:?#@]", link.start) if _names(app, label)}
            for app in self._apps.values()
        }

    def __call__(self, text: str, apps: frozenset[str]) -> bool:
        """True where a handle of one of the apps may stand in the text, which is ASCII, or folded."""
        patterns = self._patterns(apps)
        if patterns is None or any(pattern.search(text) for pattern in patterns):
            return True
        lower = text.lower()
        return any(label in lower for app in apps for label in self._labels[app]) and self._links.begin_in(lower)

    @lru_cache(maxsize=4096)  # noqa: B019 - one instance a gate, which lives as long as the process
    def _patterns(self, apps: frozenset[str]) -> tuple[re.Pattern[str], ...] | None:
        """What a text must hold; None where every text may hold a handle."""
        shapes = {shape for app in apps for shape in self._apps[app].shapes}
        return None if "name" in shapes else tuple(dict.fromkeys(_SHAPES[shape] for shape in sorted(shapes)))


def _names(app: App, label: str) -> bool:
    """True for a part of an address that holds a name of the app."""
    return any(len(one.flat) > SHORT and one.flat in label for one in app.spellings() if not one.native)
