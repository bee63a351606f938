"""A batch after the screen: what hit, as it will be stored, and of the rest only how many there were. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from monitor.detect.fast.screen import FastScreen
from monitor.detect.screening import Screening
from monitor.graph.likeness import Likeness
from monitor.graph.wording import Wording, Wordings
from monitor.ports import AccountRef, BadRecord, Batch, Coverage, Cursor
from monitor.post import Post, PostRef, storable
from monitor.text.access import redact_access
from monitor.traces import Traces, Tracing


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A post that hit, as it will be stored: access-bearing strings already replaced."""

    post: Post
    screening: Screening
    wording: Wording
    traces: Traces = field(default=Traces())


def _plainly() -> Likeness:
    return Likeness(frozenset())


@dataclass(frozen=True, slots=True, kw_only=True)
class Screened:
    """A batch after the screen. `likeness` compares its wordings, with the words of the screen's bundle.

    :param weights: of the terms of its lexicon, by their ids.
    """

    posts: int
    hits: Sequence[Hit]
    cursor: Cursor | None = None
    coverage: Sequence[Coverage] = ()
    deleted: Sequence[PostRef] = ()
    deleted_accounts: Sequence[AccountRef] = ()
    bad: Sequence[BadRecord] = ()
    likeness: Likeness = field(default_factory=_plainly)
    weights: Mapping[str, float] = field(default_factory=dict[str, float])


class HitScreen:
    """Screens batches and reads the wordings of what hits. Built once for a screen."""

    def __init__(self, screen: FastScreen) -> None:
        self._screen = screen
        self._words = Wordings(screen.bundle)
        self._traces = Tracing(screen.bundle.vocabulary)
        self._weights = {term.id: term.weight for term in screen.bundle.lexicon.values()}
        self._likeness = Likeness(screen.bundle.vocabulary.neutral)

    def __call__(self, batch: Batch) -> Screened:
        """A batch after the screen: spans refer to the texts with access-bearing strings replaced."""
        hits = [
            Hit(
                post=post,
                screening=screening,
                wording=self._words(post, screening),
                traces=self._traces(post, screening),
            )
            for _, post, screening in self._screen.hits(
                batch.records.columns, lambda row: _storable(redact_access(batch.records[row]))
            )
        ]
        return Screened(
            posts=len(batch.records),
            hits=hits,
            cursor=batch.cursor,
            coverage=batch.coverage,
            deleted=[PostRef(storable(ref.platform), storable(ref.id)) for ref in batch.deleted],
            deleted_accounts=[AccountRef(storable(ref.platform), ref.key) for ref in batch.deleted_accounts],
            bad=batch.bad,
            likeness=self._likeness,
            weights=self._weights,
        )


def _storable(post: Post) -> Post:
    platform, post_id = storable(post.platform), storable(post.id)
    if (platform, post_id) == (post.platform, post.id):
        return post
    return replace(post, platform=platform, id=post_id)
