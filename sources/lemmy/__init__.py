"""Lemmy servers: posts and comments, through both of its APIs."""

from __future__ import annotations

from sources.lemmy.source import PLUGIN

__all__ = ["PLUGIN"]
