"""Quality of linked sets on labelled posts taken through a store: pairs of linked handles, exact components."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from sqlmodel import col, select

from monitor.bench.graph import GraphLabel
from monitor.bench.quality import Counts
from monitor.crossref import Crossref
from monitor.crossref.mentions import identity_hash
from monitor.crossref.sets import sets_of
from monitor.detect.bundle import Bundle
from monitor.detect.fast.screen import FastScreen
from monitor.detect.screen import Screen
from monitor.hits import HitScreen
from monitor.intake import Intake
from monitor.ports import Batch, Records
from monitor.post import Post, PostRef
from monitor.store.database import Store, open_store, sqlite_url
from monitor.store.keys import Keyring
from monitor.store.tables import Identity, LinkedSet, Mention, SourceRow, StoredPost

SOURCE = "bench"
AT_ONCE = 100
PAIRS = 2_000_000
"""Pairs of handles that are counted at most."""

_Named = Mapping[bytes, bytes]
"""The set of each identity, both by keyed hash."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkQuality:
    """The figures, of hits. `links`: pairs of handles in one set; `components`: the very posts of a set, or of a handle
    that is in none. `seconds` is what taking them in took, screening included.
    """

    posts: int
    hits: int
    links: Counts
    components: Counts
    largest: int
    seconds: float


def measure_links(bundle: Bundle, labelled: Sequence[tuple[Post, GraphLabel]], *, hub_accounts: int) -> LinkQuality:
    """Takes labelled posts into a new SQLite store, a hundred at once, and compares its sets with the labels'."""
    with TemporaryDirectory(prefix="handlewatch-bench-") as folder:
        store = open_store(sqlite_url(Path(folder, "links.db")), Keyring(os.urandom(32)), upgrade=True)
        try:
            started = perf_counter()
            hits = _take(store, bundle, [post for post, _ in labelled], hub_accounts)
            seconds = perf_counter() - started
            found, seen = _found(store)
        finally:
            store.close()
        meant = [(post, label) for post, label in labelled if post.ref in hits]
        wanted, shared = _wanted(store.keyring, meant, hub_accounts)
    components = Counts()
    components.add(_components(found, seen), _components(wanted, shared))
    links = Counts()
    links.add(_pairs(found), _pairs(wanted))
    return LinkQuality(
        posts=len(labelled),
        hits=len(hits),
        links=links,
        components=components,
        largest=max(Counter(found.values()).values(), default=1),
        seconds=seconds,
    )


def _take(store: Store, bundle: Bundle, posts: Sequence[Post], hub_accounts: int) -> set[PostRef]:
    screen, intake = HitScreen(FastScreen(Screen(bundle))), Intake(store, crossref=Crossref(hub_accounts=hub_accounts))
    with store.write() as session:
        session.add(SourceRow(name=SOURCE, plugin="archive", enabled_at=store.now()))
    hits: set[PostRef] = set()
    for start in range(0, len(posts), AT_ONCE):
        screened = screen(Batch(records=Records.of(posts[start : start + AT_ONCE])))
        intake.commit(screened, source=SOURCE)
        hits.update(hit.post.ref for hit in screened.hits)
    return hits


def _found(store: Store) -> tuple[_Named, Mapping[bytes, set[PostRef]]]:
    with store.read() as session:
        hashes = dict(session.exec(select(Identity.id, Identity.key_hash)).all())
        rows = session.exec(select(LinkedSet.identity_id, LinkedSet.set_id).where(LinkedSet.scope == "")).all()
        posts: dict[bytes, set[PostRef]] = defaultdict(set)
        for identity, platform, name in session.exec(
            select(Mention.identity_id, StoredPost.platform, StoredPost.post_id).join(
                StoredPost, col(StoredPost.id) == col(Mention.post_id)
            )
        ):
            posts[hashes[identity]].add(PostRef(platform, name))
    return {hashes[identity]: hashes[named] for identity, named in rows}, posts


def _wanted(
    keyring: Keyring, labelled: Iterable[tuple[Post, GraphLabel]], hub_accounts: int
) -> tuple[_Named, Mapping[bytes, set[PostRef]]]:
    numbers: dict[bytes, int] = {}
    accounts: dict[tuple[str, str], int] = {}
    edges: set[tuple[int, int]] = set()
    posts: dict[bytes, set[PostRef]] = defaultdict(set)
    for post, label in labelled:
        for app, handle in label.handles:
            key = identity_hash(keyring, f"{app}:{handle}")
            posts[key].add(post.ref)
            number = numbers.setdefault(key, len(numbers))
            if post.author.key is not None:
                account = accounts.setdefault((post.platform, post.author.key), len(accounts))
                edges.add((number, account))
    count = Counter(number for number, _ in edges)
    hashes = list(numbers)
    sets = sets_of(edge for edge in edges if count[edge[0]] < hub_accounts)
    return {hashes[number]: hashes[named] for number, named in sets.items()}, posts


def _components(named: _Named, posts: Mapping[bytes, set[PostRef]]) -> frozenset[frozenset[PostRef]]:
    held: dict[bytes, set[PostRef]] = defaultdict(set)
    for identity, refs in posts.items():
        held[named.get(identity, identity)] |= refs
    return frozenset(frozenset(refs) for refs in held.values())


def _pairs(named: _Named) -> frozenset[tuple[bytes, bytes]]:
    members: dict[bytes, list[bytes]] = defaultdict(list)
    for identity, one in named.items():
        members[one].append(identity)
    if sum(len(ones) * (len(ones) - 1) // 2 for ones in members.values()) > PAIRS:
        raise ValueError("the sets are too large for their pairs to be counted")
    return frozenset(pair for ones in members.values() for pair in combinations(sorted(ones), 2))
