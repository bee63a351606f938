"""One handle, as somebody typed it, to the keys under which the screen would have stored it. No wildcards."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from monitor.detect.apps import App
from monitor.detect.document import Document
from monitor.detect.links import Links
from monitor.errors import ConfigError
from monitor.suggest import closest
from monitor.text.fold import fold

LONGEST: Final = 300
_PATTERN: Final = re.compile(r"[?%\[\]{}|,;\\]|.\*")
"""What stands for other characters elsewhere, or between several handles; a Threema gateway begins with its '*'."""
_NAME: Final = re.compile(r"[A-Za-z0-9._-]+\Z")
"""What a name may be written with; of other signs, an app would drop those that it does not allow."""
_CODE: Final = re.compile(r"[A-Za-z0-9_~=-]{4,200}\Z")


def find_app(apps: Iterable[App], name: str) -> App:
    """The app of that id. Raises `ConfigError` naming the closest."""
    by_id = {app.id: app for app in apps}
    wanted = name.strip().lower()
    if wanted not in by_id:
        raise ConfigError(f"There is no app {name.strip()[:40]!r}.", do=closest(wanted, by_id))
    return by_id[wanted]


def canonical_keys(app: App, text: str) -> Sequence[str]:
    """The keys that `text` can mean as a handle of that app, the likeliest first; mostly one.

    :param text: a handle, or a link of the app to one, as it is written in a post.
    :raises ConfigError: it is no handle of this app; the text is not repeated.
    """
    keys = list(dict.fromkeys(app.key(handle) for handle in _handles(app, text))) if len(text) <= LONGEST else []
    if not keys:
        raise ConfigError(
            f"That is no handle of {app.id}.",
            kept="Nothing was looked up.",
            do="Give one handle as it is written, or its link: look-ups are exact, without wildcards, one at a time.",
        )
    return keys


def _handles(app: App, text: str) -> Iterator[str]:
    doc = Document([("text", fold(text.strip()))])
    linked = [share.handle for share in Links([app]).find(doc) if share.whole == (0, len(doc.cased))]
    if linked:
        yield from linked
        return
    written = doc.cased.strip()
    if _PATTERN.search(written):
        return
    for link in app.links:
        prefix = link.written.partition("{}")[0]
        if link.form == "code" and prefix and written.startswith(prefix) and _CODE.match(written[len(prefix) :]):
            yield written
    for shape in app.shapes:
        name = written.removeprefix("@") if shape == "name" else written
        if "*" in name and shape != "threema-id":
            continue
        if shape == "name" and not _NAME.match(name):
            continue
        if (handle := app.canonical(name, shape)) is not None:
            yield handle
