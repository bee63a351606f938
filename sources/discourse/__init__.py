"""Discourse forums: the newest posts, of a whole forum, of categories, of tags, or holding a word."""

from __future__ import annotations

from sources.discourse.source import PLUGIN

__all__ = ["PLUGIN"]
