"""YouTube: what searches find, named videos and channels, and the comments on them."""

from __future__ import annotations

from sources.youtube.source import PLUGIN

__all__ = ["PLUGIN"]
