"""The graph of a set of hits: the contract of `handlewatch graph`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from monitor.graph.grouping import Grouping, Placed
from monitor.graph.likeness import Likeness
from monitor.graph.linking import Links, link
from monitor.graph.member import Member
from monitor.post import PostRef

_UNDATED: Final = datetime.max.replace(tzinfo=UTC)


class Graph(NamedTuple):
    """Posts by time, platform and id, where each was placed, and what links them. Numbers are places in `refs`."""

    refs: Sequence[PostRef]
    placed: Sequence[Placed]
    links: Links

    def as_contract(self) -> Iterator[dict[str, Any]]:
        """The JSON objects that `handlewatch graph` writes: posts, clusters, components."""
        names = [str(ref) for ref in self.refs]
        for ref, place in zip(self.refs, self.placed, strict=True):
            yield {
                "type": "post",
                "platform": ref.platform,
                "id": ref.id,
                "group": names[place.group],
                "campaign": names[place.campaign],
            }
        for (app, handle), posts in self.links.clusters.items():
            yield {"type": "cluster", "app": app, "handle": handle, "post_ids": [names[post] for post in posts]}
        for posts in self.links.components:
            yield {"type": "component", "post_ids": [names[post] for post in posts]}


def graph_of(members: Iterable[Member], likeness: Likeness) -> Graph:
    """The graph of members, whatever their order.

    A post that was collected several times is one; where its versions differ, its place is that of the one that sorts
    first, and it is linked by the handles of all.
    """
    ordered = sorted(members, key=_order)
    firsts: dict[PostRef, Member] = {}
    linked: dict[PostRef, set[tuple[str, str]]] = {}
    for one in ordered:
        if firsts.setdefault(one.ref, one) is not one:
            linked.setdefault(one.ref, set(firsts[one.ref].identities)).update(one.identities)
    posts = list(firsts.values())
    return Graph(
        refs=list(firsts),
        placed=Grouping(likeness).place((one.wording, one.identities) for one in posts),
        links=link((sorted(linked.get(one.ref, one.identities)), one.account) for one in posts),
    )


def _order(one: Member) -> tuple[Any, ...]:
    return (one.at or _UNDATED, *one.ref, one.wording, one.identities, one.account or ())
