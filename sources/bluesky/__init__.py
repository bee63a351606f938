"""Bluesky, as a source."""

from __future__ import annotations

from sources.bluesky.stream import PLUGIN

__all__ = ["PLUGIN"]
