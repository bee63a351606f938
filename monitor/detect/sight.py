"""What was seen in a post before it was weighed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from monitor.detect.document import Document
from monitor.detect.links import Share
from monitor.detect.spellings import Found
from monitor.quick import quick_init


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """Shares, terms, apps and other services with the document that they stand in."""

    doc: Document
    shares: Sequence[Share]
    terms: Sequence[Found]
    apps: Sequence[Found]
    services: Sequence[Found] = ()


quick_init(Sight)
