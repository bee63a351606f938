"""Asking for an author's profile only where it may matter: of posts that hit, or nearly do.

Most streams bring no bio. Fetching everybody's would cost a call a post, and collect what nobody needs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from monitor.detect.fast.screen import FastScreen
from monitor.drafts import columns_of
from monitor.ports import Batch, Records
from monitor.post import Post


def nearly_hitting(screen: FastScreen, batch: Batch) -> dict[int, Post]:
    """Row -> post, of those that hit or nearly hit and came without a bio."""
    records = batch.records
    found = screen.near(records.columns, lambda row: records[row])
    return {row: post for row, post in found if post.author.key is not None and post.author.bio is None}


def with_posts(batch: Batch, posts: Mapping[int, Post]) -> Batch:
    """The batch with some rows' posts replaced."""
    rows, columns = list(posts), columns_of(list(posts.values()))
    changed: dict[str, list[str]] = {name: list(column) for name, column in batch.records.columns.items()}
    for name, column in columns.items():
        whole = changed.setdefault(name, [""] * len(batch.records))
        for row, text in zip(rows, column, strict=True):
            whole[row] = text
    build = batch.records.__getitem__
    return replace(batch, records=Records(changed, lambda row: posts.get(row) or build(row)))
