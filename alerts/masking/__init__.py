"""Masking: what a person sees of a post before a reveal. Pure, and on the server only."""

from alerts.masking.masker import EXCERPT, Field, Kind, Masker, Secret, Segment, Span, clean, tag

__all__ = ["EXCERPT", "Field", "Kind", "Masker", "Secret", "Segment", "Span", "clean", "tag"]
