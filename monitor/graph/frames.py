"""Who talks *about* an advert: people who warn, report or quote it are kept apart from those who post it.

The screen leaves out posts that are clearly framed so. What passes it may still hold one such word; that is too
little to dismiss a hit, and enough not to let it share another's verdict.
"""

from __future__ import annotations

from typing import Final

from monitor.detect.document import Document
from monitor.detect.rules import Rules
from monitor.detect.screening import Screening
from monitor.post import Post
from monitor.text.fold import fold

_SURE: Final = 2
_ENOUGH: Final = 2
"""Words of frames (a sure one counts twice) that make a post one about others'; in a reply or a quote one is enough."""
_READ: Final = 4_000


class Frames:
    """Looks for the frames of given rules. Built once."""

    def __init__(self, rules: Rules) -> None:
        self._frames = rules.frames

    def about(self, post: Post, screening: Screening) -> bool:
        """True where a hit warns of, reports or quotes such posts."""
        if any(part.name.startswith("frame-") for part in screening.parts):
            return True
        own = [(name, fold(text[:_READ])) for name, text in post.fields() if name in {"title", "text"}]
        if not own:
            return False
        doc = Document(own)
        sure = {hit.entry for frame in self._frames for hit in frame.sure.find(doc)}
        others = {
            hit.entry for frame in self._frames for words in (frame.strong, frame.weak) for hit in words.find(doc)
        }
        told = _SURE * len(sure) + len({word for word in others if not any(word in one for one in sure)})
        return told >= (1 if post.quotes or post.reply_to else _ENOUGH)
