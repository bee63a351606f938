"""Drafts: of a post, what everybody needs; the whole is made of the few that somebody asks for.

The screen reads a batch's texts as columns, and a walk tells posts apart by id, time and version. Nearly all posts
end there, so that their addresses, relations and counts would be read for nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Final, Protocol

from monitor.post import TEXTS, Post, Texts


class Draft(Protocol):
    """A post that is read as far as it must be. A :class:`Post` is one, too.

    What cannot be used must be refused when a draft is made: `whole` raises nothing, whatever else a platform sent.
    """

    @property
    def id(self) -> str:
        """Unique within the platform."""
        ...

    @property
    def created_at(self) -> datetime | None:
        """The claimed time."""
        ...

    @property
    def texts(self) -> Texts:
        """The texts that are screened, as `monitor.post.TEXTS` names them; empty where there is none."""
        ...

    def whole(self) -> Post:
        """The post."""
        ...


_TEXT: Final = TEXTS.index("text")


def columns_of(drafts: Sequence[Draft]) -> Mapping[str, Sequence[str]]:
    """The screened fields as columns: field name -> one string a post ("" where it has none).

    All columns are of one length; `text` is always there. Tags are one column, `tags`, joined by newlines.
    """
    columns = [*zip(*[draft.texts for draft in drafts], strict=True)] or [()] * len(TEXTS)
    named = zip(TEXTS, columns, strict=True)
    return {name: column for place, (name, column) in enumerate(named) if place == _TEXT or any(column)}


def version_mark(draft: Draft) -> str:
    """Tells one version of a post's own words from another, in a few characters: the beginning of its `text_hash`."""
    title, text, tags = draft.texts[:3]
    words = "\x1f".join((title, text, *tags.split("\n"))) if tags else f"{title}\x1f{text}"
    return sha256(words.encode("utf-8", "surrogatepass")).hexdigest()[:12]
