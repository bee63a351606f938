"""What `handlewatch bench graph` and `bench sketch` print."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import TYPE_CHECKING, Any

import typer

from monitor.cli.output import print_table, say

if TYPE_CHECKING:
    from monitor.bench.graph import GraphQuality
    from monitor.bench.links import LinkQuality
    from monitor.bench.sketching import Side
    from monitor.post import Post

_COUNTS = ("groups", "campaigns", "clusters", "components")


def graph_json(measured: GraphQuality) -> dict[str, Any]:
    """The figures for machines."""
    return {
        "posts": measured.posts,
        "hits": measured.hits,
        "synthetic": True,
        **{
            name: {"precision": one.precision, "recall": one.recall, "f1": one.f1}
            for name in _COUNTS
            for one in (getattr(measured, name),)
        },
        "mixed_groups": measured.mixed,
        "kinds": {kind: {"posts": posts, "wrong": wrong} for kind, (posts, wrong) in measured.kinds.items()},
    }


def print_graph(measured: GraphQuality, posts: Sequence[Post]) -> None:
    """The figures for people; what was placed wrongly, in clear, where posts are given."""
    typer.echo(f"{measured.hits} hits of {measured.posts} labelled posts")
    rows: list[Sequence[object]] = []
    for name in _COUNTS:
        one = getattr(measured, name)
        what = f"{name}, pairs" if name in _COUNTS[:2] else f"{name}, exact"
        rows.append([what, f"{one.precision:.2%}", f"{one.recall:.2%}", f"{one.f1:.2%}", one.wrong, one.missed])
    print_table(["", "precision", "recall", "F1", "wrong", "missed"], rows, empty="")
    typer.echo(f"groups with different handles: {measured.mixed}")
    kinds = [[kind, count, wrong] for kind, (count, wrong) in measured.kinds.items()]
    print_table(["kind", "posts", "wrongly placed"], kinds, empty="")
    by_ref = {post.ref: post for post in posts}
    for ref, first, how in measured.wrong if by_ref else ():
        say(f"\n{how}: {ref} {dict(by_ref[ref].fields())}\n  {first} {dict(by_ref[first].fields())}")


def links_json(measured: LinkQuality) -> dict[str, Any]:
    """The figures for machines."""
    counts = {"links": measured.links, "components": measured.components}
    return {
        "posts": measured.posts,
        "hits": measured.hits,
        "synthetic": True,
        **{name: {"precision": one.precision, "recall": one.recall, "f1": one.f1} for name, one in counts.items()},
        "largest_set": measured.largest,
        "seconds": round(measured.seconds, 3),
    }


def print_links(measured: LinkQuality) -> None:
    """The figures for people."""
    typer.echo(f"{measured.hits} hits of {measured.posts} labelled posts, taken in within {measured.seconds:.1f} s")
    rows: list[Sequence[object]] = [
        [what, f"{one.precision:.2%}", f"{one.recall:.2%}", f"{one.f1:.2%}", one.wrong, one.missed]
        for what, one in (("links, pairs", measured.links), ("components, exact", measured.components))
    ]
    print_table(["", "precision", "recall", "F1", "wrong", "missed"], rows, empty="")
    typer.echo(f"largest linked set: {measured.largest} handles")


def sketches_json(sides: Sequence[Side]) -> list[dict[str, Any]]:
    """The figures for machines; times in microseconds a text."""
    return [
        {"side": one.name, "add_us": median(one.add), "find_us": median(one.find), "recall": dict(one.recall)}
        for one in sides
    ]


def print_sketches(sides: Sequence[Side]) -> None:
    """The figures for people."""
    kinds = list(sides[0].recall)
    rows: list[Sequence[object]] = [
        [one.name, f"{median(one.add):.0f}", f"{median(one.find):.0f}", *(f"{one.recall[kind]:.3f}" for kind in kinds)]
        for one in sides
    ]
    print_table(["side", "add us", "find us", *(f"recall: {kind}" for kind in kinds)], rows, empty="")
    if len(sides) == 1:
        typer.echo("datasketch is not installed: nothing to compare with (pip install datasketch)")
        return
    ours, theirs = (median(one.add) + median(one.find) for one in sides[:2])
    typer.echo(f"adding and finding together: {theirs / ours:.1f} times as fast as {sides[1].name}")
