"""`handlewatch bench`: measures the screen."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from monitor.cli.options import BundleDir, Json, Lexicon, Rules
from monitor.cli.output import print_json, print_table

if TYPE_CHECKING:
    from monitor.bench.quality import FalseAlarms, Quality

command = typer.Typer(add_completion=False, no_args_is_help=True, help="Measures the screen.")

Corpus = Annotated[Path, typer.Argument(metavar="CORPUS", help="Labelled post records (tests/corpus/posts.ndjson).")]
Real = Annotated[
    Path | None,
    typer.Option(
        "--real",
        envvar="HANDLEWATCH_REAL_POSTS",
        help="Real posts that are no hits: the false-alarm rate.",
        show_default=False,
    ),
]
Mistakes = Annotated[bool, typer.Option("--mistakes", help="Also print every post that was read wrongly, in clear.")]


@command.callback()
def bench() -> None:
    """Measures the screen."""


@command.command(epilog="Example: handlewatch bench quality tests/corpus/posts.ndjson --mistakes")
def quality(
    corpus: Corpus,
    real: Real = None,
    mistakes: Mistakes = False,
    lexicon: Lexicon = None,
    rules: Rules = None,
    bundle: BundleDir = None,
    as_json: Json = False,
) -> None:
    """Precision, recall and the like on labelled posts, by category.

    With --real also the false alarms on real posts, and the precision to expect where one post in 10,000,
    100,000 or 1,000,000 is real. Figures of the shipped corpus are of synthetic posts and say so.
    """
    from monitor.bench.quality import false_alarms, measure, read_labelled
    from monitor.detect.bundle import load_bundle
    from monitor.detect.screen import Screen

    decide = Screen(load_bundle(lexicon=lexicon, rules=rules, directory=bundle))
    measured = measure(decide, read_labelled(corpus))
    alarms = false_alarms(decide, real) if real is not None else None
    if as_json:
        print_json(_as_json(corpus, measured, alarms))
        return
    _print_figures(measured, alarms)
    if mistakes:
        _print_mistakes(measured)


def _as_json(corpus: Path, measured: Quality, alarms: FalseAlarms | None) -> dict[str, Any]:
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


def _print_figures(measured: Quality, alarms: FalseAlarms | None) -> None:
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


def _print_mistakes(measured: Quality) -> None:
    for one in measured.mistakes:
        found = ", ".join(match.key for match in one.screening.handles) or "none"
        verdict = "hit" if one.screening.hit else "no hit"
        typer.echo(f"\n{one.label.category} {one.post.ref}: {verdict} at {one.screening.score}, handles {found}")
        for name, text in one.post.fields():
            typer.echo(f"  {name}: {text[:300]!r}")
        for part in one.screening.parts:
            typer.echo(f"  {part.weight:+.2f} {part.name}: {part.why}")
