"""What `handlewatch bench quality` prints."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from monitor.cli.output import print_table

if TYPE_CHECKING:
    from monitor.bench.quality import FalseAlarms, Quality


def quality_json(corpus: Path, measured: Quality, alarms: FalseAlarms | None) -> dict[str, Any]:
    """The figures for machines."""
    counts = {"hits": measured.hits, "handles": measured.handles, "terms": measured.terms}
    return {
        "corpus": corpus.name,
        "posts": measured.posts,
        "synthetic": True,
        **{
            name: {
                "precision": one.precision,
                "recall": one.recall,
                "f1": one.f1,
                "wrong": one.wrong,
                "missed": one.missed,
            }
            for name, one in counts.items()
        },
        "all_handles": measured.all_handles,
        "average_precision": measured.average_precision,
        "categories": [
            {"name": one.name, "hit": one.hit, "posts": one.posts, "right": one.right} for one in measured.categories
        ],
        "false_alarms": None
        if alarms is None
        else {"posts": alarms.posts, "ids": list(alarms.ids), "rate": alarms.rate, "upper_95": alarms.upper},
        "expected_precision": [] if alarms is None else _expected(measured, alarms),
    }


def _expected(measured: Quality, alarms: FalseAlarms) -> list[dict[str, float]]:
    from monitor.bench.quality import PREVALENCES, precision_at

    recall = measured.hits.recall
    return [
        {
            "prevalence": prevalence,
            "precision": precision_at(prevalence, recall, alarms.rate),
            "lower_95": precision_at(prevalence, recall, alarms.upper),
        }
        for prevalence in PREVALENCES
    ]


def print_quality(measured: Quality, alarms: FalseAlarms | None) -> None:
    """The figures for people."""
    typer.echo(
        f"{measured.posts} labelled posts, synthetic: how the screen does on these shapes, not how common they are."
    )
    rows = [
        [name, f"{one.precision:.2%}", f"{one.recall:.2%}", f"{one.f1:.2%}", one.wrong, one.missed]
        for name, one in (
            ("hits", measured.hits),
            ("handles on hits", measured.handles),
            ("terms on hits", measured.terms),
        )
    ]
    print_table(["", "precision", "recall", "F1", "wrong", "missed"], rows, empty="")
    typer.echo(
        f"all handles of a hit right: {measured.all_handles:.2%}; average precision: {measured.average_precision:.2%}"
    )
    by_kind = [(one.name, "hit" if one.hit else "no hit", one.posts, one.right) for one in measured.categories]
    print_table(["category", "is", "posts", "right"], by_kind, empty="No category.")
    if alarms is not None:
        typer.echo(f"{len(alarms.ids)} false alarms on {alarms.posts} real posts: {', '.join(alarms.ids) or 'none'}")
        for row in _expected(measured, alarms):
            typer.echo(
                f"at a prevalence of {row['prevalence']:.0e}: expected precision {row['precision']:.1%}, at least "
                f"{row['lower_95']:.1%} (95 %); recall from synthetic posts, false alarms from real ones"
            )


def print_quality_mistakes(measured: Quality) -> None:
    """Every post that was read wrongly, in clear."""
    for one in measured.mistakes:
        found = ", ".join(match.key for match in one.screening.handles) or "none"
        verdict = "hit" if one.screening.hit else "no hit"
        typer.echo(f"\n{one.label.category} {one.post.ref}: {verdict} at {one.screening.score}, handles {found}")
        for name, text in one.post.fields():
            typer.echo(f"  {name}: {text[:300]!r}")
        for part in one.screening.parts:
            typer.echo(f"  {part.weight:+.2f} {part.name}: {part.why}")
