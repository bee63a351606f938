"""A batch's posts of a stream as columns."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from monitor.ports import Records
from monitor.post import Author, Post
from sources.bluesky.events import Commit, moment
from sources.bluesky.records import Named, Texts, UnusableError, build_post, read_texts
from sources.shapes import as_dict, as_text


class PostRows:
    """Posts of a batch as columns; a `Post` is built only for the rows that somebody asks for."""

    def __init__(self, seen_at: datetime) -> None:
        self._seen_at = seen_at
        self._commits: list[Commit] = []
        self._texts: list[Texts] = []

    def __len__(self) -> int:
        return len(self._commits)

    def add(self, commit: Commit) -> None:
        """Takes a created or updated post. Raises `UnusableError`."""
        if not isinstance(commit.record, dict):
            raise UnusableError("no record")
        self._texts.append(read_texts(commit.record))
        self._commits.append(commit)

    def records(self) -> Records:
        """The columns."""
        columns: dict[str, Sequence[str]] = {
            "text": [texts.text for texts in self._texts],
            "tags": ["\n".join(texts.tags) for texts in self._texts],
        }
        return Records(columns, self._build)

    def _build(self, row: int) -> Post:
        commit = self._commits[row]
        return build_post(
            Named(commit.uri, commit.did, commit.rkey, as_text(commit.cid) or None),
            as_dict(commit.record),
            self._texts[row],
            author=Author(id=commit.did),
            seen_at=self._seen_at,
            edited_at=moment(commit.time_us) if commit.operation == "update" else None,
        )
