"""What of a hit the graph is made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from monitor.detect.screening import Screening
from monitor.graph.wording import Wording
from monitor.post import Post, PostRef


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A hit.

    :param at: when it was posted, as far as anybody says.
    :param identities: (app, handle) of the handles it shares, sorted; the handle as in its key.
    :param account: who posted it, on its platform; None for nobody.
    """

    ref: PostRef
    at: datetime | None
    wording: Wording
    identities: tuple[tuple[str, str], ...]
    account: tuple[str, str, str] | None


def member(post: Post, screening: Screening, words: Callable[[Post, Screening], Wording]) -> Member:
    """A screened post as a member."""
    author = post.author
    account = None
    if author.key is not None:
        # An id never meets a handle that happens to read the same.
        account = (post.platform, "id" if author.id else "handle", author.key)
    return Member(
        ref=post.ref,
        at=post.created_at,
        wording=words(post, screening),
        identities=identities_of(screening),
        account=account,
    )


def identities_of(screening: Screening) -> tuple[tuple[str, str], ...]:
    """(app, handle) of the handles that a post shares, sorted, each once; the handle as in its key."""
    return tuple(sorted({(one.app, one.key.partition(":")[2]) for one in screening.handles}))
