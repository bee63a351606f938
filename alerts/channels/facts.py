"""The facts of `channels.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from pydantic import BaseModel, ConfigDict


class ChannelFacts(BaseModel):
    """What is known of a kind of channel.

    :param receives: who reads what is sent.
    :param text_limit: characters of free text.
    :param duplicates: what the other side does with the same report twice.
    :param retry_after_unknown: whether a report of unknown fate may be sent again without a person.
    :param reasons: conduct -> the channel's own reason.
    :param platforms: platform -> the channel's own word for that kind of platform.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    summary: str
    receives: str
    subjects: tuple[str, ...]
    text_limit: int
    returns_id: bool
    duplicates: str
    retry_after_unknown: bool
    source: str
    reasons: dict[str, str]
    platforms: dict[str, str] = {}


@cache
def channel_facts() -> Mapping[str, ChannelFacts]:
    """All kinds of channels that ship, by name."""
    text = files("alerts.channels").joinpath("channels.toml").read_text("utf-8")
    return {name: ChannelFacts(**section) for name, section in tomllib.loads(text).items()}
