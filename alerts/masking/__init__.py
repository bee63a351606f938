"""Masking: what a person sees of a post before a reveal. Pure, and on the server only."""

from alerts.masking.masker import EXCERPT, Field, Kind, Masker, Secret, Segment, Span, clean, tag
from alerts.masking.scopes import masked_scope

__all__ = ["EXCERPT", "Field", "Kind", "Masker", "Secret", "Segment", "Span", "clean", "masked_scope", "tag"]
