"""Bluesky, as two sources: its stream, and its search (which the first one does too, where it is told to)."""

from __future__ import annotations

from sources.bluesky.source import PLUGIN, SEARCH

__all__ = ["PLUGIN", "SEARCH"]
