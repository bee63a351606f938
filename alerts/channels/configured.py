"""A channel with what the configuration says of it: which platforms' posts go this way, and how many a day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from monitor.channel_ports import Channel, ChannelPlugin
from monitor.errors import ConfigError
from monitor.plugins import channel_plugins, pick
from monitor.settings import ChannelSettings, Settings
from monitor.suggest import closest

DAILY_CAP = 200
"""The circuit breaker's default: below every known daily limit (Mastodon takes 400 reports a day)."""


class ChannelOptions(BaseModel):
    """What every shipped channel can be told."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    daily_cap: int = Field(
        default=DAILY_CAP, ge=0, description="Not more than this many attempts in 24 hours: a circuit breaker."
    )
    include_handles: bool = Field(default=True, description="Whether messenger handles are named in the report.")


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfiguredChannel:
    """A channel that is in use.

    :param platforms: whose posts go this way; "*" for all.
    :param daily_cap: attempts in 24 hours.
    """

    channel: Channel
    platforms: Sequence[str] = ("*",)
    daily_cap: int = DAILY_CAP

    def takes(self, platform: str) -> bool:
        """Whether posts of this platform go this way."""
        return "*" in self.platforms or platform in self.platforms


def open_channels(settings: Settings, http: httpx.AsyncClient) -> dict[str, ConfiguredChannel]:
    """All enabled channels of the configuration, by name.

    An option `organisation` or `contact` that is not given comes from the section `[organisation]`. Secrets can
    be given in the environment: HANDLEWATCH_CHANNELS__NAME__OPTION.

    :param http: made with `monitor.net.http.open_plain_client`: every request once, no redirects.
    :raises ConfigError: naming the channel and the setting.
    """
    plugins = channel_plugins()
    return {
        name: _open(name, section, plugins, settings, http)
        for name, section in settings.channels.items()
        if section.enabled
    }


def _open(
    name: str,
    section: ChannelSettings,
    plugins: dict[str, ChannelPlugin],
    settings: Settings,
    http: httpx.AsyncClient,
) -> ConfiguredChannel:
    plugin = pick(plugins, section.plugin, "channel")
    given = {**_from_organisation(plugin.options, settings), **section.options}
    try:
        options = plugin.options(**given)
    except ValidationError as error:
        raise ConfigError(
            f"[channels.{name}]: {_first_problem(error, plugin.options)}",
            do="Mend that setting of the channel; docs/reporting.md lists them.",
        ) from None
    return ConfiguredChannel(
        channel=plugin.open(name, options, http),
        platforms=tuple(section.platforms),
        daily_cap=getattr(options, "daily_cap", DAILY_CAP),
    )


def _from_organisation(options: type[BaseModel], settings: Settings) -> Mapping[str, Any]:
    if settings.organisation is None:
        return {}
    known = {"organisation": settings.organisation.controller, "contact": settings.organisation.contact}
    return {name: value for name, value in known.items() if name in options.model_fields}


def _first_problem(error: ValidationError, options: type[BaseModel]) -> str:
    problem = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "extra_forbidden":
        return f"there is no setting {where!r}. {closest(where, options.model_fields)}"
    return f"{where}: {problem['msg']}."
