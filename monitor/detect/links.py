"""Handles that need no app's name beside them: messenger links, and ids of an unmistakable shape."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

from monitor.detect.apps import App, Link
from monitor.detect.document import Document, Place
from monitor.detect.shapes import placeholder
from monitor.quick import quick_init
from monitor.text.fold import fold

_HOST: Final = r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?"
_REST: Final[dict[str, str]] = {
    "name": r"[@~]?(?P<h>[a-z0-9_][a-z0-9._-]*)",
    "code": r"(?P<h>[a-z0-9_~=-]{4,200})",
    "phone": r"(?P<h>(?:\+|%2b|00)?[0-9][0-9 ()-]{5,20}[0-9])",
    "digits": r"(?P<h>[0-9]{15,20})",
    "matrix-id": rf"(?P<h>(?:@|%40|#|%23|!|%21)[a-z0-9._=/+-]{{1,200}}(?::|%3a){_HOST})",
    "matrix-path": rf"(?P<h>[a-z0-9._=/+-]{{1,200}}(?::|%3a){_HOST})",
    "xmpp-address": rf"(?P<h>[a-z0-9._+%-]{{1,200}}(?:@|%40){_HOST})",
    "session-id": r"(?P<h>[0-9a-f]{66})",
    "tox-id": r"(?P<h>[0-9a-f]{76})",
    "threema-id": r"(?P<h>\*?[a-z0-9]{7,8})",
    "teleguard-id": r"(?P<h>[a-z0-9]{8,10})",
    "signal-name": r"(?P<h>[a-z_][a-z0-9_]{2,31}\.[0-9]{2,9})",
    "zangi-number": r"(?P<h>[0-9]{10})",
    "discord-tag": r"(?P<h>[^\s#@:`]{2,32}#[0-9]{4})",
}
_DOT: Final = r"(?:[.。]|\s?[\[(]\s?(?:\.|dot)\s?[\])]\s?|\sdot\s|\s\.\s?|\.\s|,(?=[a-z]))"
_SLASH: Final = r"(?:/|%2f|\s/\s?|\sslash\s|\s?[\[(]\s?(?:/|slash)\s?[\])]\s?|\\/?)"
_MAY_LINK: Final = re.compile(r"[/\\]|%2f|slash|[a-z]:[a-z0-9]")
"""What every link holds: a slash in one of its disguises, or a scheme's colon."""
_SCHEME: Final = re.compile(r"h(?:tt|xx)ps?://\Z")
_LABEL: Final = re.compile(r"(?:www\.)?([a-z0-9-]*)")
_QUERY: Final = re.compile(r"[/?#&][a-z0-9/?=&%#._~+:-]*")
_HEX_RUN: Final = re.compile(r"(?<![0-9a-z])[0-9a-f]{66,76}(?![0-9a-z])")
_SPLIT_SESSION: Final = re.compile(r"(?<![0-9a-z])0[\s.:·|-]{0,3}5(?:[\s.:·|-]{0,3}[0-9a-f]){64}(?![0-9a-z])")
_SPLIT_TOX: Final = re.compile(r"(?<![0-9a-z])[0-9a-f](?:[\s.:·|-]{0,3}[0-9a-f]){75}(?![0-9a-z])")
_MATRIX: Final = re.compile(r"(?<![a-z0-9@._-])@[a-z0-9._=/+-]{1,200}:(?:[a-z0-9-]+\.)+[a-z]{2,24}(?![a-z0-9])")
_LONG: Final = 66
"""Characters of the long ids, at least."""
_SURE: Final = 0.99


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A handle at document positions [start, end), in its app's canonical form.

    :param whole: the positions that it takes up with its link, so that nothing else is read off them.
    :param place: where it stands in the post, for an address inside an HTML tag, which no document position has.
    :param same: it is the author's own handle: positions are those of author.handle.
    """

    app: App
    handle: str
    start: int
    end: int
    confidence: float
    whole: tuple[int, int]
    how: tuple[str, ...] = ()
    same: bool = False
    place: Place | None = None


quick_init(Share)


class Links:
    """Finds messenger links of the given apps."""

    def __init__(self, apps: Iterable[App]) -> None:
        self._apps = list(apps)
        self._by_id = {app.id: app for app in self._apps}
        self._by_start: dict[str, list[tuple[App, Link]]] = {}
        for app in self._apps:
            for link in app.links:
                self._by_start.setdefault(link.start, []).append((app, link))
        self._any = _any_start(self._by_start) if self._by_start else None
        subdomains = {app.subdomain: app for app in self._apps if app.subdomain}
        self._subdomains = [
            (app, re.compile(rf"(?:^|(?<=[\s/\"'(]))(?P<h>[a-z][a-z0-9_]{{3,31}})\.{re.escape(domain)}(?![a-z0-9.-])"))
            for domain, app in subdomains.items()
        ]

    @cached_property
    def _rest(self) -> dict[str, re.Pattern[str]]:
        """What follows a start, by its form; compiled when the first link is met."""
        return {form: re.compile(rest, re.IGNORECASE) for form, rest in _REST.items()}

    @cached_property
    def _starts(self) -> dict[str, list[tuple[str, re.Pattern[str]]]]:
        """The starts by their first label, the longest first; compiled when the first link is met."""
        starts: dict[str, list[tuple[str, re.Pattern[str]]]] = {}
        for start in sorted(self._by_start, key=len, reverse=True):
            starts.setdefault(_first_label(start), []).append((start, re.compile(_start_pattern(start))))
        return starts

    def begin_in(self, lower: str) -> bool:
        """True where a link of an app begins in a folded text, whatever follows."""
        if self._any is not None and _MAY_LINK.search(lower):
            for found in self._any.finditer(lower):
                label = _LABEL.match(lower, found.start())
                starts = self._starts.get(label[1], ()) if label else ()
                if any(pattern.match(lower, found.start()) for _, pattern in starts):
                    return True
        return any(f".{app.subdomain}" in lower for app, _ in self._subdomains)

    def find(self, doc: Document) -> Iterator[Share]:
        """The links of a document, left to right."""
        if self._any is not None and _MAY_LINK.search(doc.lower):
            at = 0
            while (found := self._any.search(doc.lower, at)) is not None:
                share = self._read(doc, found.start())
                at = share.whole[1] if share else found.start() + 1
                if share:
                    yield share
        for app, pattern in self._subdomains:
            for found in pattern.finditer(doc.lower) if f".{app.subdomain}" in doc.lower else ():
                name = doc.cased[found.start("h") : found.end("h")]
                if name.lower() not in {"www", "web", "core", *app.reserved} and (
                    handle := app.canonical(name, "name")
                ):
                    yield _share(app, handle, found.span("h"), found.span())

    def _read(self, doc: Document, at: int) -> Share | None:
        """The most specific link that starts here and reads well."""
        label = _LABEL.match(doc.lower, at)
        for start, pattern in self._starts.get(label[1], ()) if label else ():
            head = pattern.match(doc.lower, at)
            if head is None:
                continue
            for app, link in self._by_start[start]:
                rest = self._rest[link.form].match(doc.cased, head.end())
                handle = _canonical(app, link, rest["h"]) if rest else None
                if rest is not None and handle is not None and not placeholder(handle):
                    text = rest["h"]
                    skip = 3 if text[:3].lower() in {"%2b", "%40", "%23"} else int(text[0] in "@~")
                    keep = 0 if link.form in {"matrix-id", "phone"} and not text.startswith("%") else skip
                    # A prefix that belongs to the handle ("+code", "discord.gg/code") is a part of it.
                    prefix = link.written.partition("{}")[0]
                    keep -= len(prefix) if prefix and start.endswith(prefix.lower()) else 0
                    span = (rest.start("h") + keep, rest.start("h") + len(text.rstrip(".-") or text))
                    return _share(app, handle, span, _whole(doc.lower, head.start(), rest.end()))
        return None

    def targets(self, doc: Document) -> Iterator[Share]:
        """Links behind HTML anchors."""
        for position, place, address in doc.targets():
            inner = Document([(place.field, fold(address))])
            for share in self.find(inner):
                _, start, end = inner.place(share.start, share.end)
                exact = Place(place.field, place.start + start, place.start + end)
                yield replace(share, start=position, end=position, whole=(position, position), place=exact)

    def ids(self, doc: Document) -> Iterator[Share]:
        """Session, Tox and Matrix ids, recognised by their shape."""
        if len(doc.lower) < _LONG and "@" not in doc.lower:
            return
        session, tox, matrix = (self._by_id.get(name) for name in ("session", "tox", "matrix"))
        for found in _HEX_RUN.finditer(doc.lower) if len(doc.lower) >= _LONG else ():
            for app, shape in ((session, "session-id"), (tox, "tox-id")):
                if app is not None and (handle := app.canonical(found[0], shape)):
                    yield _share(app, handle, found.span(), found.span())
        for found in _MATRIX.finditer(doc.lower) if matrix is not None and "@" in doc.lower else ():
            if matrix is not None and (handle := matrix.canonical(doc.cased[slice(*found.span())], "matrix-id")):
                yield _share(matrix, handle, found.span(), found.span())

    def split_ids(self, doc: Document, mentioned: Collection[str]) -> Iterator[Share]:
        """Long ids written in groups; only where their app is mentioned."""
        for name, shape, pattern in (("session", "session-id", _SPLIT_SESSION), ("tox", "tox-id", _SPLIT_TOX)):
            app = self._by_id.get(name)
            asked = app is not None and name in mentioned and len(doc.lower) >= _LONG
            for found in pattern.finditer(doc.lower) if asked else ():
                digits = re.sub(r"[^0-9a-f]", "", found[0])
                if app is not None and len(digits) < len(found[0]) and (handle := app.canonical(digits, shape)):
                    yield _share(app, handle, found.span(), found.span(), how=("separated",))


def _canonical(app: App, link: Link, text: str) -> str | None:
    """The handle behind a link, or None where the link leads elsewhere."""
    text = text.replace("%40", "@").replace("%23", "#").replace("%3A", ":").replace("%3a", ":").replace("%2B", "+")
    match link.form:
        case "code":
            return link.written.format(text) if text.lower() not in app.reserved else None
        case "digits":
            return link.written.format(text)
        case "matrix-path":
            return app.canonical(f"@{text}", "matrix-id")
        case "phone":
            digits = re.sub(r"[^0-9+]", "", text.replace("%2b", "+"))
            return app.canonical(digits if digits.startswith(("+", "00")) else f"+{digits}", "phone")
        case "name":
            return app.canonical(text.lstrip("@~").rstrip(".-"), "name")
        case shape:
            return app.canonical(text, shape)


def _whole(text: str, start: int, end: int) -> tuple[int, int]:
    """A link with its scheme before and its query behind."""
    scheme = _SCHEME.search(text, max(start - 8, 0), start)
    query = _QUERY.match(text, end)
    return (scheme.start() if scheme else start), (query.end() if query else end)


def _share(app: App, handle: str, span: tuple[int, int], whole: tuple[int, int], how: tuple[str, ...] = ()) -> Share:
    return Share(app=app, handle=handle, start=span[0], end=span[1], confidence=_SURE, whole=whole, how=how)


def _any_start(starts: Iterable[str]) -> re.Pattern[str]:
    """Where a link may start: finds all that :func:`_start_pattern` does, and more, in one pass."""
    schemes = sorted({start for start in starts if _is_scheme(start)})
    labels = sorted({_first_label(start) for start in starts if not _is_scheme(start)})
    parts = [
        (r"(?:(?<![a-z0-9.-])|(?<=%2f))(?:www\.)?", labels, r"(?![a-z0-9-])"),
        (r"(?<![a-z0-9])", schemes, ""),
    ]
    return re.compile(
        "|".join(f"{before}(?:{'|'.join(map(re.escape, ones))}){after}" for before, ones, after in parts if ones)
    )


def _first_label(start: str) -> str:
    label = _LABEL.match(start)
    return label[1] if label else ""


def _is_scheme(start: str) -> bool:
    return "://" in start or start.endswith(":")


def _start_pattern(start: str) -> str:
    """A link's start; the dots of a web host may be disguised."""
    if _is_scheme(start):
        return rf"(?<![a-z0-9]){re.escape(start)}"
    host, slash, path = start.partition("/")
    dots = _DOT.join(re.escape(label) for label in host.split("."))
    return rf"(?:(?<![a-z0-9.-])|(?<=%2f))(?:www\.)?{dots}{_SLASH if slash else ''}{re.escape(path)}"
