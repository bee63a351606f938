"""The template of a post: its folded text with the handles masked, the exact key of a campaign."""

from __future__ import annotations

from monitor.detect.screening import Screening
from monitor.post import Post


def template(post: Post, screening: Screening) -> str:
    """Title, text and tags, folded, with every shared handle replaced by a marker of its app."""
    lines: list[str] = []
    for name, text in post.fields():
        if name in {"title", "text"} or name.startswith("tags["):
            spans = sorted((m.start, m.end, m.app) for m in screening.handles if m.field == name)
            pieces: list[str] = []
            at = 0
            for start, end, app in spans:
                if start >= at:
                    pieces += [text[at:start].casefold(), f"[{app}]"]
                    at = end
            lines.append(" ".join("".join([*pieces, text[at:].casefold()]).split()))
    return "\n".join(lines)
