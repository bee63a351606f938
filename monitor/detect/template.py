"""The template of a post: its folded text with the handles masked, the exact key of a campaign."""

from __future__ import annotations

import re
from typing import Final

from monitor.detect.screening import Screening
from monitor.post import Post
from monitor.text.fold import fold

_BLANKS: Final = re.compile(r"\s+")


def template(post: Post, screening: Screening) -> str:
    """What matched, folded, every shared handle replaced by a marker of its app; a line a field.

    Posts that differ in nothing but handles, disguise of letters, case and spacing have one template. A title, a
    tag or a text without a match does not belong to it: the same advert is posted with and without them, as its
    platforms ask for it. Nor does the account, but where nothing else matched.
    """
    fields = dict(post.fields())
    matched = {match.field for match in (*screening.handles, *screening.terms)}
    names = [name for name in fields if name in matched and not name.startswith("author.")] or list(fields)
    return "\n".join(line for line in (_masked(fields[name], _spans(name, screening)) for name in names) if line)


def _spans(field: str, screening: Screening) -> list[tuple[int, int, str]]:
    return sorted({(match.start, match.end, match.app) for match in screening.handles if match.field == field})


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
