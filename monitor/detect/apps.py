"""The messengers as data: names, shapes of handles, links. Read from `apps.toml`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any, Final, cast

from monitor.detect.lint import check_class, check_host, check_id, check_link, check_spelling
from monitor.detect.shapes import CHECKS, SHAPES
from monitor.detect.spelling import EVERYTHING, Spelling
from monitor.detect.toml_source import TomlSource, Where

FORMS: Final = (*SHAPES, "code", "digits", "matrix-path")
CASES: Final = ("ignore", "keep", "upper", "lower")
_KINDS: Final[dict[str, type]] = {
    "id": str, "names": list, "weak": list, "common": list, "shapes": list,
    "chars": str, "start": str, "min": int, "max": int, "case": str, "links": list, "reserved": list, "subdomain": str,
    "closed": str,
}  # fmt: skip
_FURTHER: Final = frozenset({"leet", "separated", "glued", "starred", "inflected"})
"""What further names of an app tolerate: they are misspellings and short forms already."""
_TYPO: Final = 8
"""Letters of a name that may have a typing error."""
_SHORT_FORM: Final = 4
_PERSIAN: Final = str.maketrans("\u064a\u0643\u0649", "\u06cc\u06a9\u06cc")
_ARABIC: Final = str.maketrans("\u06cc\u06a9", "\u064a\u0643")
"""The letters yeh and kaf, which look the same."""
_CLASS: Final = re.compile(r"(?:[A-Za-z0-9](?:-[A-Za-z0-9])?|[._-])+\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """The start of a link (lower case, without scheme for web links), what follows, and how the handle is written."""

    start: str
    form: str
    written: str = "{}"


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """A messenger.

    `common_flats` are its `common` names as the matcher folds them; `name` is the pattern of a "name" handle,
    anchored; None where it has none. `closed` is the day (ISO 8601) on which the app's makers shut it, if they did.
    """

    id: str
    names: Sequence[str]
    weak: Sequence[str]
    common: Sequence[str]
    shapes: Sequence[str]
    name: re.Pattern[str] | None
    outside: re.Pattern[str] | None
    case: str
    links: Sequence[Link]
    reserved: frozenset[str]
    subdomain: str | None
    common_flats: frozenset[str]
    closed: str | None = None

    def canonical(self, text: str, shape: str) -> str | None:
        """The canonical form of `text` as a handle of that shape, or None where it is none.

        Separators that the app does not allow are taken out ("zor-blat" where there are no hyphens).
        """
        if shape != "name":
            return CHECKS[shape](text)
        if self.name is None or self.outside is None:
            return None
        for one in (text, self.outside.sub("", text)):
            if self.name.match(one) and one.lower() not in self.reserved:
                return one
        return None

    def key(self, handle: str) -> str:
        """App + ":" + handle, lower-cased where the app ignores case; invite codes keep theirs."""
        if self.case == "ignore" and "/" not in handle and not handle.startswith("+"):
            handle = handle.lower()
        return f"{self.id}:{handle}"

    def spellings(self) -> list[Spelling]:
        """Its names, as the matcher takes them. The first is spelled around most; a long one that handles are
        words beside may have a typing error.
        """
        return list(_spelled(self.id, *map(tuple, (self.names, self.weak, self.common)), named="name" in self.shapes))


@lru_cache(maxsize=256)
def _spelled(
    app: str, names: tuple[str, ...], weak: tuple[str, ...], common: tuple[str, ...], *, named: bool
) -> tuple[Spelling, ...]:
    """Kept, because all who look for names ask, and folding takes longest when starting."""
    first = _FURTHER
    if names and " " not in names[0]:
        first = EVERYTHING | {"typo"} if len(names[0]) >= _TYPO and named else EVERYTHING
    plain = _FURTHER | {"reversed"}
    return (
        *(Spelling.of("app", app, name, tolerance=first) for name in names[:1]),
        *Spelling.several("app", app, _in_letters(names[1:]), tolerance=_FURTHER),
        *(Spelling.of("app", app, name, weak=True, tolerance=_weak(name)) for name in _in_letters(weak)),
        *Spelling.several("app", app, _in_letters(common), weak=True, tolerance=plain),
    )


def _in_letters(names: Sequence[str]) -> list[str]:
    """The names, and those in Arabic letters as Persian and Urdu write them, and the other way round."""
    ways = (names, (one.translate(_PERSIAN) for one in names), (one.translate(_ARABIC) for one in names))
    return list(dict.fromkeys(one for some in ways for one in some))


def _weak(name: str) -> frozenset[str]:
    """A short form is stretched like a name (snaaaap), where it is more than an abbreviation."""
    return _FURTHER | {"stretched"} if len(name) >= _SHORT_FORM and name.isascii() else _FURTHER


def read_apps(source: TomlSource) -> list[App]:
    """The apps of a file. Raises `ConfigError` with file, line and the closest valid name."""
    source.check_heads(("apps", "app", "services"))
    apps: dict[str, App] = {}
    for where, table in source.tables("app"):
        app = _app(source, where, table)
        if app.id in apps:
            source.fail(where, f"the app {app.id!r} is there already.", key="id", do="Keep one of them.")
        apps[app.id] = app
    return list(apps.values())


def read_services(source: TomlSource) -> list[str]:
    """Names of services that are no messengers of ours."""
    where, table = source.table("services")
    source.check_keys(where, table, {"names": list})
    for name in table.get("names", ()):
        check_spelling(source, where, "names", name)
    return list(table.get("names", ()))


def _app(source: TomlSource, where: Where, table: dict[str, Any]) -> App:
    source.check_keys(where, table, _KINDS, required=("id", "shapes"), tables=("links",))
    check_id(source, where, table["id"])
    for shape in table["shapes"]:
        source.check_name(where, "shapes", shape, SHAPES)
    case = table.get("case", "ignore")
    source.check_name(where, "case", case, CASES)
    if not any(table.get(key) for key in ("names", "weak", "common", "links")):
        source.fail(where, f"{table['id']} has neither names nor links.", do="Add `names = [...]`.")
    chars = table.get("chars", "a-z0-9")
    for key in ("chars", "start"):
        if not _CLASS.match(table.get(key, chars)):
            source.fail(
                where, f"{key} is not a class of letters, digits, '.', '_' and '-'.", key=key, do="Write e.g. a-z0-9._"
            )
        check_class(source, where, key, table.get(key, chars))
    for key in ("names", "weak", "common"):
        for name in table.get(key, ()):
            check_spelling(source, where, key, name, sign=True)
    if "subdomain" in table:
        check_host(source, where, "subdomain", table["subdomain"])
    has_name = "name" in table["shapes"]
    return App(
        id=table["id"],
        names=table.get("names", ()),
        weak=table.get("weak", ()),
        common=table.get("common", ()),
        shapes=table["shapes"],
        name=_name_pattern(source, where, table, chars) if has_name else None,
        outside=re.compile(f"[^{chars}]", re.IGNORECASE) if has_name else None,
        case=case,
        links=[_link(source, where, link) for link in table.get("links", ())],
        reserved=frozenset(table.get("reserved", ())),
        subdomain=table.get("subdomain"),
        common_flats=frozenset(one.flat for one in Spelling.several("app", "", _in_letters(table.get("common", ())))),
        closed=_day(source, where, table.get("closed")),
    )


def _day(source: TomlSource, where: Where, text: str | None) -> str | None:
    try:
        return date.fromisoformat(text).isoformat() if text is not None else None
    except ValueError:
        source.fail(where, f"closed: {text!r} is no day.", key="closed", do='Write it like "2023-12-31".')


def _name_pattern(source: TomlSource, where: Where, table: dict[str, Any], chars: str) -> re.Pattern[str]:
    least, most = table.get("min", 2), table.get("max", 32)
    if not 1 <= least <= most <= 256:
        source.fail(where, f"lengths {least} to {most} make no sense.", key="min")
    return re.compile(f"[{table.get('start', chars)}][{chars}]{{{least - 1},{most - 1}}}\\Z", re.IGNORECASE)


def _link(source: TomlSource, where: Where, value: Any) -> Link:
    if not isinstance(value, dict):
        source.fail(where, "a link is not a table.", key="links", do='Write { start = "example.org/", form = "name" }.')
    link = cast("dict[str, Any]", value)
    source.check_keys(where, link, {"start": str, "form": str, "as": str}, required=("start", "form"))
    source.check_name(where, "links", link["form"], FORMS)
    start, written = link["start"].lower(), link.get("as", "{}")
    check_link(source, where, start, written)
    return Link(start=start, form=link["form"], written=written)
