"""The platforms' terms as data: reads and checks `terms.toml`, which ships beside this module."""

from __future__ import annotations

import tomllib
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, HttpUrl, TypeAdapter, ValidationError

from monitor.errors import ConfigError
from monitor.ports import Terms
from monitor.suggest import closest

Recipient = Literal["platform", "hotline", "law_enforcement", "partner"]
Limit = Annotated[float, Field(ge=-1)]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    approval_needed: bool
    basis_needed: bool
    text_days: Limit
    deletion_hours: Limit
    may_link: bool
    may_profile: bool
    may_share: frozenset[Recipient]
    may_publish_time_to_act: bool
    link: HttpUrl
    checked: date
    note: str = ""


def parse_terms(text: str) -> dict[str, Terms]:
    """Terms by platform. Raises `ConfigError` naming the entry and the field."""
    try:
        entries = TypeAdapter(dict[str, _Entry]).validate_python(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"The table of terms is not TOML: {error}.") from None
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in problem["loc"])
        hint = closest(str(problem["loc"][-1]), _Entry.model_fields) if problem["type"] == "extra_forbidden" else ""
        raise ConfigError(f"The table of terms: {where}: {problem['msg']}.", do=hint) from None
    return {platform: _terms(platform, entry) for platform, entry in entries.items()}


def _terms(platform: str, entry: _Entry) -> Terms:
    return Terms(
        platform=platform,
        approval_needed=entry.approval_needed,
        basis_needed=entry.basis_needed,
        text_days=None if entry.text_days < 0 else entry.text_days,
        deletion_hours=None if entry.deletion_hours < 0 else entry.deletion_hours,
        may_link=entry.may_link,
        may_profile=entry.may_profile,
        may_share=frozenset[str](entry.may_share),
        may_publish_time_to_act=entry.may_publish_time_to_act,
        link=str(entry.link),
        checked=entry.checked,
        note=entry.note,
    )


@cache
def load_terms() -> dict[str, Terms]:
    """The shipped terms, by platform."""
    return parse_terms(files("sources").joinpath("terms.toml").read_text("utf-8"))
