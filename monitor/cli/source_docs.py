"""What `sources show` says: options from their pydantic model, terms from their record."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from typing import Any, Final, NamedTuple, cast

from pydantic import BaseModel

from monitor.ports import SourcePlugin, Terms
from monitor.settings import SourceSettings
from monitor.sourcing import env_names


class OptionDoc(NamedTuple):
    """One option, as it is documented. `example`: a line of TOML."""

    name: str
    type: str
    default: str
    description: str
    example: str


_BASIS: Final = "Public posts; the terms were read on 2026-11-24 and allow it."
_BARE_KEY: Final = re.compile(r"[A-Za-z0-9_-]+")


class TermsLine(NamedTuple):
    """One line about a platform's terms."""

    name: str
    value: str


def option_docs(plugin: SourcePlugin) -> list[OptionDoc]:
    """Every option of a plug-in, in its own order."""
    return [
        doc._replace(
            description=f"{doc.description} Also from the environment: {', '.join(env_names(plugin, doc.name))}."
        )
        if doc.name in plugin.credentials
        else doc
        for doc in _docs(plugin.options, _shown(plugin))
    ]


def common_docs(plugin: SourcePlugin) -> list[OptionDoc]:
    """What every configured source has beside them."""
    return _docs(SourceSettings, {"enabled": False, "basis": _BASIS, **_shown(plugin), "plugin": plugin.name})


def _shown(plugin: SourcePlugin) -> Mapping[str, Any]:
    """The options that the plug-in's example shows; secrets are better named than written."""
    sections = cast("Mapping[str, Mapping[str, Any]]", tomllib.loads(plugin.example).get("sources", {}))
    section = next(iter(sections.values()), cast("Mapping[str, Any]", {}))
    return {**section, **{name: f"file:/run/secrets/{plugin.name}-{name}" for name in plugin.credentials}}


def _docs(options: type[BaseModel], shown: Mapping[str, Any]) -> list[OptionDoc]:
    schema = cast("Mapping[str, Any]", options.model_json_schema())
    needed = set(cast("list[str]", schema.get("required", [])))
    docs: list[OptionDoc] = []
    for name, field in cast("Mapping[str, Mapping[str, Any]]", schema.get("properties", {})).items():
        default = "(required)" if name in needed else _default(field.get("default"))
        example = next(iter(field.get("examples", ())), shown.get(name, field.get("default")))
        said = "" if example is None else f"{name} = {_toml(example)}"
        docs.append(OptionDoc(name, _type(field), default, str(field.get("description", "")), said))
    return docs


def _toml(value: object) -> str:
    if isinstance(value, dict):
        pairs = cast("dict[str, object]", value).items()
        keys = ((key if _BARE_KEY.fullmatch(key) else json.dumps(key), _toml(inner)) for key, inner in pairs)
        return f"{{{', '.join(f'{key} = {inner}' for key, inner in keys)}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, cast('list[object]', value)))}]"
    return json.dumps(value, ensure_ascii=False)


def _default(value: object) -> str:
    if value is None or value == []:
        return "-"
    if isinstance(value, list):
        return ", ".join(str(item) for item in cast("list[object]", value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def _type(field: Mapping[str, Any]) -> str:
    choices = [choice for choice in field.get("anyOf", [field]) if choice.get("type") != "null"]
    return " or ".join(dict.fromkeys(map(_plain_type, choices)))


def _plain_type(field: Mapping[str, Any]) -> str:
    if "enum" in field:
        return " | ".join(field["enum"])
    if field.get("type") == "array":
        return f"list of {_plain_type(field.get('items', {}))}"
    if field.get("format") == "password":
        return "secret"
    return {"string": "text", "boolean": "true/false", "integer": "whole number"}.get(
        field.get("type", ""), str(field.get("type", "text"))
    )


def terms_lines(terms: Terms) -> list[TermsLine]:
    """A platform's terms, a line each."""
    days = "no time is stated" if terms.text_days is None else f"{terms.text_days:g} days at most"
    hours = "no time is stated" if terms.deletion_hours is None else f"within {terms.deletion_hours:g} hours"
    return [
        TermsLine("approval by the platform", _yes(terms.approval_needed, "needed", "not needed")),
        TermsLine("operator's basis", _yes(terms.basis_needed, "needed", "not needed")),
        TermsLine("keeping texts", days),
        TermsLine("following deletions", hours),
        TermsLine("linking with other platforms", _yes(terms.may_link)),
        TermsLine("gathering by account", _yes(terms.may_profile)),
        TermsLine("sharing texts with", ", ".join(sorted(terms.may_share)) or "nobody"),
        TermsLine("publishing how fast it acts", _yes(terms.may_publish_time_to_act)),
        TermsLine("note", terms.note or "-"),
        TermsLine("read them", f"{terms.link} (checked {terms.checked.isoformat()})"),
    ]


def _yes(value: bool, yes: str = "yes", no: str = "not without approval") -> str:
    return yes if value else no
