"""Sources: one module a platform brings public posts in. They are plug-ins like anybody else's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from monitor.plugins import hookimpl

if TYPE_CHECKING:
    from monitor.ports import SourcePlugin


@hookimpl
def handlewatch_sources() -> Sequence[SourcePlugin]:
    """The shipped sources."""
    # Loaded when asked for: a command that collects nothing loads no client.
    from sources import (  # noqa: PLC0415
        archive,
        bluesky,
        discord,
        discourse,
        feeds,
        fourchan,
        lemmy,
        mastodon,
        matrix,
        nostr,
        reddit,
        telegram,
        telegram_api,
        tumblr,
        x,
        x_stream,
        youtube,
    )

    return [
        archive.PLUGIN,
        bluesky.PLUGIN,
        bluesky.SEARCH,
        discord.PLUGIN,
        discourse.PLUGIN,
        feeds.PLUGIN,
        fourchan.PLUGIN,
        lemmy.PLUGIN,
        mastodon.PLUGIN,
        mastodon.STREAM,
        matrix.PLUGIN,
        nostr.PLUGIN,
        reddit.PLUGIN,
        telegram.PLUGIN,
        telegram_api.PLUGIN,
        tumblr.PLUGIN,
        x.PLUGIN,
        x_stream.PLUGIN,
        youtube.PLUGIN,
    ]
