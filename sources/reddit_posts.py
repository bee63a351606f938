"""Reddit's listings as pages of posts, and what they say of removals: pure mapping.

The submissions and comments themselves are those of the dumps (`sources.reddit_dumps`). Facts: praw-dev/praw, and
values of `removed_by_category` in ArthurHeitmann/arctic_shift, schemas.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from monitor.net.errors import BadAnswerError
from monitor.ports import BadRecord, Standing
from monitor.post import Post, PostRef
from sources.reddit_dumps import GONE_BY_REDDIT, PLATFORM, NoTextLeftError, to_post
from sources.shapes import as_dict, as_id, as_list, as_text

KINDS: Final = frozenset({"t1", "t3"})
"""Comments and submissions."""

_BY: Final = {
    "deleted": Standing.REMOVED_BY_AUTHOR,
    "author": Standing.REMOVED_BY_AUTHOR,
    "moderator": Standing.REMOVED_BY_MODERATOR,
    "automod_filtered": Standing.REMOVED_BY_MODERATOR,
    "reddit": Standing.REMOVED_BY_PLATFORM,
    "content_takedown": Standing.REMOVED_BY_PLATFORM,
    "copyright_takedown": Standing.REMOVED_BY_PLATFORM,
    "anti_evil_ops": Standing.REMOVED_BY_PLATFORM,
    "community_ops": Standing.REMOVED_BY_PLATFORM,
}
_PLACEHOLDERS: Final = frozenset({"[removed]", "[deleted]"})
_NOBODY: Final = frozenset({"", "[deleted]"})


@dataclass(slots=True)
class Listing:
    """What a listing held.

    :param removed: what became of those that are not up any more.
    :param deleted: those of them of which nothing is to be kept.
    """

    posts: list[Post] = field(default_factory=list[Post])
    bad: list[BadRecord] = field(default_factory=list[BadRecord])
    removed: dict[str, Standing] = field(default_factory=dict[str, Standing])
    deleted: list[PostRef] = field(default_factory=list[PostRef])
    after: str | None = None
    length: int = 0

    def take(self, record: Mapping[str, Any], name: str | None, *, seen_at: datetime) -> None:
        """Takes one submission or comment. Raises `ValueError` where it cannot be used."""
        by = gone_by(record) if name else None
        if by is not None and name is not None:
            self.removed[name] = by
            if by is Standing.REMOVED_BY_AUTHOR or not as_text(record.get("title")):
                self.deleted.append(PostRef(PLATFORM, name))
                return
        try:
            self.posts.append(to_post(record, seen_at=seen_at))
        except NoTextLeftError:
            # Whoever put "[removed]" there, with their name or without: the words are gone.
            if name is None or as_text(record.get("body")) not in _PLACEHOLDERS:
                raise
            self.removed[name] = Standing.UNAVAILABLE
            self.deleted.append(PostRef(PLATFORM, name))


def fullname(record: Mapping[str, Any]) -> str | None:
    """A submission's or comment's name: its kind and its id."""
    name, own = as_text(record.get("name")), as_id(record.get("id"))
    if name[:3] in {"t1_", "t3_"}:
        return name
    return f"{'t1' if 'body' in record else 't3'}_{own}" if own else None


def gone_by(record: Mapping[str, Any]) -> Standing | None:
    """Whether its text was removed, and by whom as far as Reddit says; None where it is up.

    Comments do not say by whom: only that their author deleted them, or that Reddit removed them.
    """
    category = as_text(record.get("removed_by_category"))
    if category:
        return _BY.get(category, Standing.UNAVAILABLE)
    text = as_text(record.get("body" if "body" in record else "selftext")).strip()
    if text.startswith(GONE_BY_REDDIT):
        return Standing.REMOVED_BY_PLATFORM
    # Anybody may write "[removed]": where the author is still named, and a category would be, it is what they wrote.
    if text not in _PLACEHOLDERS or (
        as_text(record.get("author")) not in _NOBODY and ("body" in record or "removed_by_category" in record)
    ):
        return None
    return Standing.REMOVED_BY_AUTHOR if text == "[deleted]" else Standing.UNAVAILABLE


def read_listing(answer: object, *, seen_at: datetime) -> Listing:
    """A listing's submissions and comments, in its order.

    What was removed and keeps its title is given with that; what its author deleted, or has no text left, is not.

    :raises BadAnswerError: it is no listing.
    """
    data = as_dict(as_dict(answer).get("data"))
    if not isinstance(data.get("children"), list):
        raise BadAnswerError("Reddit answered with no listing.")
    found = Listing(after=as_id(data.get("after")))
    for number, child in enumerate(as_list(data["children"])):
        record = as_dict(as_dict(child).get("data"))
        kind = as_dict(child).get("kind")
        found.length += 1
        if isinstance(kind, str) and kind not in KINDS:
            continue  # a community or an account among what a search found
        name = fullname(record)
        try:
            found.take(record, name, seen_at=seen_at)
        except ValueError as error:
            found.bad.append(BadRecord(where=name or f"entry {number}", why=str(error)))
    return found
