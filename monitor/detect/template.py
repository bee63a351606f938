"""The template of a post: its folded text with the handles masked, the exact key of a campaign."""

from __future__ import annotations

from monitor.detect.screening import Screening
from monitor.post import Post
from monitor.text.fold import fold


def template(post: Post, screening: Screening) -> str:
    """The text, folded, with every shared handle replaced by a marker of its app.

    A title or tags belong to it only where no match is in the text: the same advert is posted with and without
    them, as its platforms ask for it.
    """
    matched = {match.field for match in (*screening.handles, *screening.terms)}
    fields = dict(post.fields())
    names = ["text"] if "text" in matched else [name for name in fields if name in matched] or list(fields)
    return "\n".join(_masked(name, fields[name], screening) for name in names)


def _masked(name: str, text: str, screening: Screening) -> str:
    pieces: list[str] = []
    at = 0
    for start, end, app in sorted(
        (match.start, match.end, match.app) for match in screening.handles if match.field == name
    ):
        if start >= at:
            pieces += [text[at:start], f"⟦{app}⟧"]
            at = end
    return " ".join(fold("".join([*pieces, text[at:]])).lower.split())
