"""Text folded for matching, with maps back to the original; never for display."""
