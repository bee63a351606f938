"""How long texts are kept: as long as the platform's terms allow, and the organisation wants, and no longer.

What goes is the words: text, title, tags, community, and the account's names and bio. The post's ids and address, its
times and the frozen explanation (which holds no text) stay, so that reports can be followed up and a handle that
comes back is known again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, select

from monitor import audit
from monitor.campaigns.forgetting import forget
from monitor.crossref.accounts import forget_names
from monitor.post import Author
from monitor.records import from_record, to_record
from monitor.reraising import WAITING
from monitor.store.database import Store
from monitor.store.tables import Alert, Occurrence, SourceRow, StoredPost
from monitor.store.writing import take_turn

EXPIRED: Final = "expired"
"""State of a post whose words were kept as long as they may be."""

KEPT_STATES: Final = ("up", EXPIRED)
"""States of posts that the platform did not say are deleted."""

_AT_ONCE: Final = 500
_WORDS: Final = ("title", "community", "community_description")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long texts may be kept, in days.

    :param by_platform: by the posts' platform, as its terms say.
    :param by_plugin: by the kind of source that brought them: an archive is under the platform's terms, too.
    :param decided: after the alert's decision, as the organisation said; None: no limit (nothing is set up).
    """

    by_platform: Mapping[str, float]
    by_plugin: Mapping[str, float]
    decided: float | None = None


@dataclass(frozen=True, slots=True)
class Due:
    """Posts whose words are due to go, and why."""

    why: str
    posts: int


def due(store: Store, limits: Limits) -> list[Due]:
    """What :func:`expire` would do now."""
    with store.read() as session:
        plugins = _plugins(session)
        counted = [
            Due(why, len(session.exec(select(StoredPost.id).where(*_overdue, when)).all()))
            for why, when in _conditions(limits, plugins, store.now())
        ]
    return [one for one in counted if one.posts]


def expire(store: Store, limits: Limits) -> int:
    """Takes the words out of what is due, in small transactions; gives how many posts that were."""
    done = 0
    with store.read() as session:
        plugins = _plugins(session)
    for why, when in _conditions(limits, plugins, store.now()):
        while True:
            with store.write() as session:
                take_turn(session)
                rows = session.exec(select(StoredPost).where(*_overdue, when).order_by("id").limit(_AT_ONCE)).all()
                for row in rows:
                    row.record, row.state = skeleton(row.record or {}), EXPIRED
                    session.add(row)
                    audit.record(
                        session,
                        store.now(),
                        actor="system:retention",
                        action="post.expire",
                        subject=f"post:{row.id}",
                        why=why,
                    )
                forget(session, store.keyring, [row.id for row in rows if row.id is not None])
                forget_names(session, store.keyring, [row.account_id for row in rows])
            done += len(rows)
            if len(rows) < _AT_ONCE:
                break
    return done


def skeleton(record: Mapping[str, Any]) -> dict[str, Any]:
    """A post record without its words: what names the post stays."""
    post = from_record({**record, "text": ""})
    return to_record(replace(post, **dict.fromkeys(_WORDS), text="", tags=(), author=Author(id=post.author.id)))


_overdue: Final = (StoredPost.state == "up", col(StoredPost.record).is_not(None))


def _plugins(session: Session) -> dict[str, list[str]]:
    """Names of sources, by their kind."""
    found: dict[str, list[str]] = {}
    for row in session.exec(select(SourceRow)):
        found.setdefault(row.plugin, []).append(row.name)
    return found


def _kept(days: float, now: datetime) -> ColumnElement[bool]:
    """Kept here for longer than so many days; when an archive says that a post was first seen does not count."""
    long = select(Occurrence.post_id).where(col(Occurrence.added_at) < now - timedelta(days=days))
    return col(StoredPost.id).in_(long)


def _conditions(
    limits: Limits, plugins: Mapping[str, list[str]], now: datetime
) -> Iterator[tuple[str, ColumnElement[bool]]]:
    for platform, days in sorted(limits.by_platform.items()):
        yield f"the terms of {platform}: {days:g} days", (col(StoredPost.platform) == platform) & _kept(days, now)
    for plugin, days in sorted(limits.by_plugin.items()):
        if names := plugins.get(plugin):
            yield f"the terms of {plugin}: {days:g} days", col(StoredPost.source).in_(names) & _kept(days, now)
    if limits.decided is not None:
        decided = (
            select(Occurrence.post_id)
            .join(Alert, col(Alert.campaign_id) == col(Occurrence.campaign_id))
            .where(
                Alert.state == "decided",
                col(Alert.decided_at) < now - timedelta(days=limits.decided),
                # What joined it later is kept as long from then on, and until somebody said yes or no to it.
                col(Occurrence.added_at) < now - timedelta(days=limits.decided),
                Occurrence.state != WAITING,
            )
        )
        yield f"{limits.decided:g} days after the decision", col(StoredPost.id).in_(decided)
