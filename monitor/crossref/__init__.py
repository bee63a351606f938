"""Cross-reference: identities, the accounts that share them, and what that joins."""

from monitor.crossref.crossref import Arrived, Crossref

__all__ = ["Arrived", "Crossref"]
