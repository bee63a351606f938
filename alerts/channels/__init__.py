"""The ways out: one module a kind of channel, facts in `channels.toml`. Plug-ins like anyone else's."""

from __future__ import annotations

from collections.abc import Sequence

from monitor.channel_ports import ChannelPlugin
from monitor.plugins import hookimpl


@hookimpl
def handlewatch_channels() -> Sequence[ChannelPlugin]:
    """The channels that ship."""
    # Imported when asked for: the entry point is loaded for sources too, which need no SMTP and no schemas.
    from alerts.channels.mail import PLUGIN as MAIL  # noqa: PLC0415
    from alerts.channels.mastodon import PLUGIN as MASTODON  # noqa: PLC0415

    return (MAIL, MASTODON)
