"""Boards with 4chan's read-only JSON interface, as a source."""

from __future__ import annotations

from sources.fourchan.source import PLUGIN

__all__ = ["PLUGIN"]
