"""The template of a post: its folded text with the handles masked, the exact key of a campaign."""

from __future__ import annotations

import re
from typing import Final

from monitor.detect.screening import Screening
from monitor.post import Post
from monitor.text.fold import fold

_BLANKS: Final = re.compile(r"\s+")


def template(post: Post, screening: Screening) -> str:
    """Title, text and tags, folded, every shared handle replaced by a marker of its app; a line a field.

    Posts that differ in nothing but handles, disguise of letters, case and spacing have one template. An empty
    text means that there is nothing to compare: no title, no text, no tags.
    """
    lines: list[str] = []
    for name, text in post.fields():
        if name in {"title", "text"} or name.startswith("tags["):
            spans = sorted({(match.start, match.end, match.app) for match in screening.handles if match.field == name})
            lines.append(_masked(text, spans))
    return "\n".join(line for line in lines if line)


def _masked(text: str, spans: list[tuple[int, int, str]]) -> str:
    """The text between the handles is folded piece by piece, so that a marker never meets folding."""
    pieces: list[str] = []
    at = 0
    for start, end, app in spans:
        if start >= at:
            pieces += [fold(text[at:start]).lower, f"[{app}]"]
            at = end
    pieces.append(fold(text[at:]).lower)
    return _BLANKS.sub(" ", "".join(pieces)).strip()
