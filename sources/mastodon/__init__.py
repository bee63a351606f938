"""Mastodon-compatible servers, as a source."""

from __future__ import annotations

from sources.mastodon.source import PLUGIN
from sources.mastodon.stream import STREAM

__all__ = ["PLUGIN", "STREAM"]
