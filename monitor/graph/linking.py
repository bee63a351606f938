"""Clusters (every post of an identity) and components (identities that accounts join).

An identity is an app and a handle: the same string on two apps, or a look-alike, is another one. An account that
shared more than one identity, in one post or in several, joins them, transitively. A post without an author joins
nothing, be it that it shares a hundred.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from monitor.graph.joining import Sets

Identity = tuple[str, str]


class Links(NamedTuple):
    """Posts (by number, ascending) of each identity, sorted by identity; and of each component, by its first post."""

    clusters: Mapping[Identity, Sequence[int]]
    components: Sequence[Sequence[int]]


def link(members: Iterable[tuple[Sequence[Identity], tuple[str, ...] | None]]) -> Links:
    """The clusters and components of members, each its identities and its account."""
    sets = Sets()
    numbers: dict[Identity, int] = {}
    posts: list[list[int]] = []
    by_account: dict[tuple[str, ...], int] = {}
    for at, (identities, account) in enumerate(members):
        shared = [numbers.get(one, -1) for one in identities]
        for place, identity in enumerate(identities):
            if shared[place] < 0:
                shared[place] = numbers[identity] = sets.add()
                posts.append([])
            posts[shared[place]].append(at)
        if account is not None and shared:
            for one, other in pairwise([by_account.setdefault(account, shared[0]), *shared]):
                sets.join(one, other)
    components: dict[int, set[int]] = {}
    for number, held in enumerate(posts):
        components.setdefault(sets.of(number), set()).update(held)
    return Links(
        clusters={identity: posts[number] for identity, number in sorted(numbers.items())},
        components=sorted(sorted(held) for held in components.values()),
    )
