"""`Post` and `Author`: one public post, text only.

There is no place for media here, by construction: only a count of what was left out. The record format
that archives, tests and other tools exchange is read and written by `monitor.records`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import sha256
from typing import Final, NamedTuple

from monitor.quick import quick_init

_LONGEST_NAME = 1000
"""Bytes. PostgreSQL indexes no value of more than some 2,700."""
_UNSTORABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """The account that posted: `id` is the platform's stable id, `handle` may change."""

    id: str | None = None
    handle: str | None = None
    name: str | None = None
    bio: str | None = None

    @property
    def key(self) -> str | None:
        """What identifies the account on its platform: the id, else the handle; None for nobody."""
        return self.id or self.handle


NOBODY = Author()

TEXTS: Final = (
    "title", "text", "tags", "community", "community_description", "author.handle", "author.name", "author.bio"
)  # fmt: skip
"""Names of the texts that are screened, as the screen's columns have them: all tags are one, joined by newlines."""

Texts = tuple[str, str, str, str, str, str, str, str]
"""One post's, in that order; empty where it has none."""


class PostRef(NamedTuple):
    """Names one post: unique within its platform."""

    platform: str
    id: str

    def __str__(self) -> str:
        return f"{self.platform}/{self.id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """One public post. Times are timezone-aware UTC.

    `created_at` is what the platform or the author claims, `first_seen_at` is ours: a claimed time can be
    forged (reference: Bluesky's `createdAt`, Nostr's `created_at`, RSS dates).
    """

    platform: str
    id: str
    instance: str | None = None
    url: str | None = None
    created_at: datetime | None = None
    first_seen_at: datetime | None = None
    edited_at: datetime | None = None
    author: Author = NOBODY
    title: str | None = None
    text: str | None = None
    tags: tuple[str, ...] = field(default=())
    community: str | None = None
    community_description: str | None = None
    lang: str | None = None
    reply_to: str | None = None
    quotes: str | None = None
    cid: str | None = None
    media_count: int = 0

    @property
    def ref(self) -> PostRef:
        """The post's name within its platform."""
        return PostRef(self.platform, self.id)

    @property
    def texts(self) -> Texts:
        """Its texts as a row of the screen's columns."""
        author = self.author
        return (
            self.title or "",
            self.text or "",
            "\n".join(filter(None, self.tags)) if self.tags else "",
            self.community or "",
            self.community_description or "",
            author.handle or "",
            author.name or "",
            author.bio or "",
        )

    def whole(self) -> Post:
        """Itself: nothing of it is left to be read (`monitor.drafts`)."""
        return self

    def fields(self) -> Iterator[tuple[str, str]]:
        """The texts that are screened, as (field name, text), empty ones left out.

        Names are those of the screen's contract: text, title, tags[i], community, community_description,
        author.handle, author.name, author.bio.
        """
        for name, value in (("title", self.title), ("text", self.text)):
            if value:
                yield name, value
        for index, tag in enumerate(self.tags):
            if tag:
                yield f"tags[{index}]", tag
        for name, value in (
            ("community", self.community),
            ("community_description", self.community_description),
            ("author.handle", self.author.handle),
            ("author.name", self.author.name),
            ("author.bio", self.author.bio),
        ):
            if value:
                yield name, value

    def with_fields(self, texts: dict[str, str]) -> Post:
        """A copy in which the named screened fields hold other texts (see :meth:`fields` for the names)."""
        plain = {name: texts[name] for name in ("title", "text", "community", "community_description") if name in texts}
        author = {name: texts[f"author.{name}"] for name in ("handle", "name", "bio") if f"author.{name}" in texts}
        tags = tuple(texts.get(f"tags[{index}]", tag) for index, tag in enumerate(self.tags))
        return replace(self, **plain, tags=tags, author=replace(self.author, **author) if author else self.author)


quick_init(Post)  # every post that is read passes here


def text_hash(post: Post) -> str:
    """Tells one version of a post's own words (title, text, tags) from another; not those of its author's profile."""
    words = "\x1f".join((post.title or "", post.text or "", *post.tags))
    return sha256(words.encode("utf-8", "surrogatepass")).hexdigest()


def storable(name: str) -> str:
    r"""A platform's name or a post's id as both databases can keep and index it.

    Federated servers choose ids themselves: one with a NUL, a lone surrogate or 100,000 characters must neither
    stop a source nor keep its post from being seen. Control characters become escapes ("\x00"); of a name over
    1,000 bytes its beginning stays, with a hash of the whole.
    """
    plain = _UNSTORABLE.sub(lambda found: found[0].encode("unicode_escape").decode(), name)
    if len(plain) * 4 <= _LONGEST_NAME or len(plain.encode()) <= _LONGEST_NAME:
        return plain
    return f"{plain.encode()[:900].decode(errors='ignore')}~{sha256(plain.encode()).hexdigest()}"
