"""Quality of the graph on labelled posts: pairs of posts in one group or campaign, clusters and components.

A labelled post is a post record with one more field:
"label": {"group": str, "campaign": str, "handles": [[app, handle], ...], "kind": str}.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from monitor.bench.quality import Counts
from monitor.detect.bundle import Bundle
from monitor.detect.screen import Screen
from monitor.errors import InputError
from monitor.graph.graph import Graph, graph_of
from monitor.graph.likeness import Likeness
from monitor.graph.linking import Identity, link
from monitor.graph.member import member
from monitor.graph.wording import Wordings
from monitor.lines import Line, LineReader
from monitor.post import Post, PostRef
from monitor.records import from_record, parse_line


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphLabel:
    """Where a post belongs. Handles as in keys; `kind`: what was done to the campaign's text."""

    group: str
    campaign: str
    handles: tuple[Identity, ...]
    kind: str


@dataclass(slots=True, kw_only=True)
class GraphQuality:
    """The figures.

    :param hits: posts that the screen takes for hits; all else is of them.
    :param mixed: found groups whose posts share different handles by their labels.
    :param kinds: by kind, how many posts there are, and how many are not in the largest found part of their campaign,
        or are there among another's.
    :param wrong: those posts, each with the first post of the campaign that it is missing from or was put into by
        mistake, and which of both it is.
    """

    posts: int
    hits: int
    groups: Counts
    campaigns: Counts
    clusters: Counts
    components: Counts
    mixed: int
    kinds: Mapping[str, tuple[int, int]]
    wrong: Sequence[tuple[PostRef, PostRef, str]]


def read_graph_labels(path: Path) -> list[tuple[Post, GraphLabel]]:
    """The labelled posts of a file (plain, .gz or .zst). Raises `InputError` for a line that is none."""
    found: list[tuple[Post, GraphLabel]] = []
    for line in LineReader(path):
        try:
            if not isinstance(line, Line):
                raise ValueError("too long")  # noqa: TRY004, TRY301 - one kind of error, the line is bad
            record = parse_line(line.data)
            label = cast("dict[str, Any]", record["label"])
            handles = sorted({(str(app), str(handle)) for app, handle in label["handles"]})
            read = GraphLabel(
                group=str(label["group"]),
                campaign=str(label["campaign"]),
                handles=tuple(handles),
                kind=str(label.get("kind", "")),
            )
            found.append((from_record(record), read))
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(f"{path}:{line.number} is no labelled post: {error}.", do="Correct the line.") from error
    return found


def measure_graph(bundle: Bundle, labelled: Sequence[tuple[Post, GraphLabel]]) -> GraphQuality:
    """Makes the graph of labelled posts and compares. Posts that are no hits have no place in it."""
    screen, words = Screen(bundle), Wordings(bundle)
    screened = ((post, screen(post)) for post, _ in labelled)
    graph = graph_of(
        (member(post, screening, words) for post, screening in screened if screening.hit),
        Likeness(bundle.vocabulary.neutral),
    )
    hits = set(graph.refs)
    meant = [(post, label) for post, label in labelled if post.ref in hits]
    labels = {post.ref: label for post, label in meant}
    place = dict(zip(graph.refs, graph.placed, strict=True))
    kinds, wrong = _by_kind(graph, labels)
    return GraphQuality(
        posts=len(labelled),
        hits=len(graph.refs),
        groups=_pairs((label.group, place[ref].group) for ref, label in labels.items()),
        campaigns=_pairs((label.campaign, place[ref].campaign) for ref, label in labels.items()),
        mixed=_mixed(graph, labels),
        kinds=kinds,
        wrong=wrong,
        **_links(graph, meant),
    )


def _pairs(members: Iterable[tuple[Hashable, Hashable]]) -> Counts:
    """Pairs of posts that are together by label and by finding."""
    together: Counter[Hashable] = Counter()
    wanted: Counter[Hashable] = Counter()
    found: Counter[Hashable] = Counter()
    for one, other in members:
        together[one, other] += 1
        wanted[one] += 1
        found[other] += 1

    def pairs(counts: Counter[Hashable]) -> int:
        return sum(count * (count - 1) // 2 for count in counts.values())

    right = pairs(together)
    return Counts(right=right, wrong=pairs(found) - right, missed=pairs(wanted) - right)


def _mixed(graph: Graph, labels: Mapping[PostRef, GraphLabel]) -> int:
    shared: dict[int, set[tuple[Identity, ...]]] = defaultdict(set)
    for ref, place in zip(graph.refs, graph.placed, strict=True):
        shared[place.group].add(labels[ref].handles)
    return sum(len(handles) > 1 for handles in shared.values())


def _by_kind(
    graph: Graph, labels: Mapping[PostRef, GraphLabel]
) -> tuple[dict[str, tuple[int, int]], list[tuple[PostRef, PostRef, str]]]:
    found_in: dict[str, Counter[int]] = defaultdict(Counter)
    label_in: dict[int, Counter[str]] = defaultdict(Counter)
    for ref, place in zip(graph.refs, graph.placed, strict=True):
        found_in[labels[ref].campaign][place.campaign] += 1
        label_in[place.campaign][labels[ref].campaign] += 1
    kinds: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    wrong: list[tuple[PostRef, PostRef, str]] = []
    for ref, place in zip(graph.refs, graph.placed, strict=True):
        label = labels[ref]
        kinds[label.kind][0] += 1
        main = found_in[label.campaign].most_common(1)[0][0]
        owner = label_in[place.campaign].most_common(1)[0][0]
        if place.campaign != main or owner != label.campaign:
            kinds[label.kind][1] += 1
            apart = place.campaign != main
            wrong.append((ref, graph.refs[main if apart else place.campaign], "apart" if apart else "joined"))
    return {kind: (posts, bad) for kind, (posts, bad) in sorted(kinds.items())}, wrong


def _links(graph: Graph, labelled: Sequence[tuple[Post, GraphLabel]]) -> dict[str, Counts]:
    """Clusters and components: right where they hold the very posts that they should."""
    refs = [post.ref for post, _ in labelled]
    meant = link(
        (label.handles, (post.platform, post.author.key) if post.author.key is not None else None)
        for post, label in labelled
    )
    clusters, components = Counts(), Counts()
    clusters.add(
        frozenset((identity, _names(graph.refs, posts)) for identity, posts in graph.links.clusters.items()),
        frozenset((identity, _names(refs, posts)) for identity, posts in meant.clusters.items()),
    )
    components.add(
        frozenset(_names(graph.refs, posts) for posts in graph.links.components),
        frozenset(_names(refs, posts) for posts in meant.components),
    )
    return {"clusters": clusters, "components": components}


def _names(refs: Sequence[PostRef], posts: Iterable[int]) -> frozenset[PostRef]:
    return frozenset(refs[post] for post in posts)
