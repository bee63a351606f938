"""What `sources show` says: options from their pydantic model, terms from their record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, cast

from monitor.ports import SourcePlugin, Terms
from monitor.sourcing import env_names


class OptionDoc(NamedTuple):
    """One option, as it is documented."""

    name: str
    type: str
    default: str
    description: str


class TermsLine(NamedTuple):
    """One line about a platform's terms."""

    name: str
    value: str


def option_docs(plugin: SourcePlugin) -> list[OptionDoc]:
    """Every option of a plug-in, in its own order."""
    schema = cast("Mapping[str, Any]", plugin.options.model_json_schema())
    needed = set(cast("list[str]", schema.get("required", [])))
    docs: list[OptionDoc] = []
    for name, field in cast("Mapping[str, Mapping[str, Any]]", schema.get("properties", {})).items():
        description = str(field.get("description", ""))
        if name in plugin.credentials:
            description += f" Also from the environment: {', '.join(env_names(plugin, name))}."
        default = "(required)" if name in needed else _default(field.get("default"))
        docs.append(OptionDoc(name, _type(field), default, description))
    return docs


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
