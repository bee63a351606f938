"""Mastodon-compatible servers, as a source."""

from __future__ import annotations

from sources.mastodon.source import PLUGIN

__all__ = ["PLUGIN"]
