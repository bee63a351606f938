"""Templates, and the one function that turns text and spans into escaped nodes."""

from __future__ import annotations

from datetime import datetime
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any, cast

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.responses import HTMLResponse

from alerts import words
from alerts.masking import Field, Kind, Segment

HERE = Path(__file__).parent
STATIC = HERE / "static"

_KINDS = {
    Kind.HANDLE: "handle",
    Kind.TERM: "term",
    Kind.LINK: "link",
    Kind.CONTACT: "contact",
    Kind.ACCOUNT: "account",
    Kind.CONTROL: "control",
}


def render_spans(field: Field) -> Markup:
    """A field as escaped nodes: what is masked as a block with a spoken label, evidence in clear as a mark.

    Isolated (`bdi`), so that its writing direction stays its own; htmx looks at nothing inside.
    """
    parts = [_segment(segment) for segment in field.segments]
    before = _left_out(field.before, "before")
    after = _left_out(field.after, "after")
    body = Markup("").join(parts)
    return Markup('{}<bdi class="said" dir="auto" hx-disable>{}</bdi>{}').format(before, body, after)


def _left_out(count: int, where: str) -> Markup:
    if not count:
        return Markup("")
    return Markup('<p class="left-out">{} characters {} are not shown.</p>').format(f"{count:,}", where)


def _segment(segment: Segment) -> Markup:
    if segment.kind is Kind.PLAIN:
        return Markup("{}").format(segment.text)
    kind = _KINDS[segment.kind]
    if segment.kind is Kind.CONTROL:
        return Markup('<span class="token">{}</span>').format(segment.text)
    if segment.masked:
        strength = " evidence" if segment.evidence else ""
        return Markup('<span class="mask {}{}"><span class="spoken">masked: </span>{}</span>').format(
            kind, strength, segment.text
        )
    if segment.evidence:
        return Markup('<mark class="{}" title="{}">{}</mark>').format(kind, segment.label, segment.text)
    return Markup('<span class="seen {}">{}</span>').format(kind, segment.text)


def iso(moment: datetime) -> str:
    """A time for a `datetime` attribute."""
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")


def _short(moment: datetime) -> Markup:
    """Breaks between day and time only: in a narrow column also after a day's hyphens otherwise."""
    return Markup('<span class="together">{:%Y-%m-%d}</span> <span class="together">{:%H:%M}</span>').format(
        moment, moment
    )


def _plain(name: str) -> str:
    """A name of ours as words: "not_reportable"."""
    return name.replace("_", " ")


class Templates:
    """The page's templates: autoescape on, nothing undefined passes."""

    @cached_property
    def _environment(self) -> Environment:
        environment = Environment(
            loader=FileSystemLoader(HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        cast("dict[str, Any]", environment.globals).update(static=self._static, render_spans=render_spans)
        cast("dict[str, Any]", environment.filters).update(
            age=words.age,
            field_name=words.field_name,
            iso=iso,
            moment=words.moment,
            plain=_plain,
            short=_short,
            strength=words.strength,
        )
        return environment

    def _static(self, name: str) -> str:
        """A static file's address, with its version: it may be cached until it changes."""
        return f"/static/{name}?v={self._versions[name]}"

    @cached_property
    def _versions(self) -> dict[str, str]:
        return {
            str(path.relative_to(STATIC)): sha256(path.read_bytes()).hexdigest()[:12]
            for path in STATIC.rglob("*")
            if path.is_file()
        }

    def response(self, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
        """A page. `person`, `prefs` and `error` default to nobody, the system's looks, and none."""
        defaults: dict[str, Any] = {"person": None, "theme": "system", "keys": True, "counts": None, "csrf": ""}
        page = self._environment.get_template(template).render(defaults | values)
        return HTMLResponse(page, status_code=status)
