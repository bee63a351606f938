"""`handlewatch bench`: measures the screen, the graph and the sources."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from monitor.cli.options import BundleDir, Json, Lexicon, Rules
from monitor.cli.output import print_json, print_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monitor.bench.quality import FalseAlarms, Quality
    from monitor.bench.speed.commands import ArchiveRun
    from monitor.bench.speed.live import Live
    from monitor.bench.speed.report import Figure

command = typer.Typer(
    add_completion=False, no_args_is_help=True, help="Measures the screen, the graph and the sources."
)

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
Labelled = Annotated[
    Path, typer.Argument(metavar="FILE", help="Post records with labelled groups and campaigns.", show_default=False)
]
Texts = Annotated[int, typer.Option("--texts", min=100, help="Texts that are added; a tenth of them is looked up.")]
Posts = Annotated[int, typer.Option("--posts", min=1, help="Posts that are screened live, in all rounds together.")]
Rounds = Annotated[int, typer.Option("--rounds", min=1, help="Rounds; figures are their median.")]
ArchiveSize = Annotated[
    int, typer.Option("--archive-mb", min=0, help="Text of the archive in MB; 0 leaves the whole commands out.")
]


@command.callback()
def bench() -> None:
    """Measures the screen, the graph, the store's campaigns and the sources."""


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


@command.command(epilog="Example: handlewatch bench screen --real real-posts.ndjson.zst --archive-mb 1000")
def screen(
    posts: Posts = 60_000, rounds: Rounds = 5, real: Real = None, archive_mb: ArchiveSize = 64, as_json: Json = False
) -> None:
    """How fast the screen is, against bare scans and naive scripts, in one run on the same texts.

    Compare figures of one run only. CPU time of one core, but for whole commands, whose wall time counts as well.
    What is found is counted too: speed without finding is worth nothing.
    """
    from monitor.bench.speed.commands import measure_archive, measure_start
    from monitor.bench.speed.corpus import Benign
    from monitor.bench.speed.live import measure_live
    from monitor.bench.speed.report import archive_figures, live_figures, start_figure

    benign = Benign(real)
    live = measure_live(benign, posts=posts, rounds=rounds, tell=_tell)
    figures = list(live_figures(live))
    archive = None
    if archive_mb:
        archive = measure_archive(benign, size=archive_mb * 1_000_000, rounds=rounds, tell=_tell)
        figures += [*archive_figures(archive), start_figure(measure_start(rounds=rounds, tell=_tell))]
    if as_json:
        from monitor.bench.speed.report import as_json as speed_json

        print_json(speed_json(figures, live, archive))
    else:
        _print_speed(figures, live, archive)


@command.command(epilog="Example: handlewatch bench graph campaigns.ndjson --mistakes")
def graph(
    corpus: Labelled,
    mistakes: Mistakes = False,
    lexicon: Lexicon = None,
    rules: Rules = None,
    bundle: BundleDir = None,
    as_json: Json = False,
) -> None:
    """How well the graph finds what belongs together: pairs in one group or campaign, exact clusters and components.

    The graph is one of hits: posts that the screen does not take for hits are left out, and counted. A line of the file
    is a post record with "label": {"group", "campaign", "handles": [[app, handle], ...], "kind"}, as
    tests/graph/generate.py makes them.
    """
    from monitor.bench.graph import measure_graph, read_graph_labels
    from monitor.cli.bench_graph import graph_json, print_graph
    from monitor.detect.bundle import load_bundle

    labelled = read_graph_labels(corpus)
    measured = measure_graph(load_bundle(lexicon=lexicon, rules=rules, directory=bundle), labelled)
    if as_json:
        print_json(graph_json(measured))
    else:
        print_graph(measured, [post for post, _ in labelled] if mistakes else ())


@command.command(epilog="Example: handlewatch bench links campaigns.ndjson")
def links(
    corpus: Labelled,
    hub_accounts: Annotated[int, typer.Option("--hub-accounts", min=2, help="As `linking.hub_accounts`.")] = 50,
    lexicon: Lexicon = None,
    rules: Rules = None,
    bundle: BundleDir = None,
    as_json: Json = False,
) -> None:
    """How well a store links handles: pairs in one linked set, exact components. Takes a file as `bench graph` does.

    The posts are taken into a new SQLite database, which is thrown away; hubs join nothing, by the labels as well.
    """
    from monitor.bench.graph import read_graph_labels
    from monitor.bench.links import measure_links
    from monitor.cli.bench_graph import links_json, print_links
    from monitor.detect.bundle import load_bundle

    labelled = read_graph_labels(corpus)
    read = load_bundle(lexicon=lexicon, rules=rules, directory=bundle)
    measured = measure_links(read, labelled, hub_accounts=hub_accounts)
    if as_json:
        print_json(links_json(measured))
    else:
        print_links(measured)


@command.command(epilog="Example: handlewatch bench sketch --texts 30000 --rounds 3")
def sketch(texts: Texts = 20_000, rounds: Rounds = 3, as_json: Json = False) -> None:
    """How fast near-duplicates are looked up and added, in memory, beside datasketch's MinHash and LSH.

    The same texts in one run; datasketch is compared where it is installed (it is no dependency). Recall: of lightly
    edited copies, the share whose original is among what is found.
    """
    from monitor.bench.sketching import measure_sketches
    from monitor.cli.bench_graph import print_sketches, sketches_json

    measured = measure_sketches(texts=texts, rounds=rounds, tell=_tell)
    if as_json:
        print_json(sketches_json(measured))
    else:
        print_sketches(measured)


@command.command(
    epilog="Examples: handlewatch bench place; "
    "handlewatch bench place --campaigns 2000000 --database postgresql://bench@/bench"
)
def place(
    campaigns: Annotated[int, typer.Option("--campaigns", min=100, help="Campaigns that are stored.")] = 200_000,
    probes: Annotated[int, typer.Option("--posts", min=20, help="New posts that are placed after each step.")] = 2_000,
    steps: Annotated[int, typer.Option("--steps", min=1, help="Steps in which the store is filled.")] = 2,
    database: Annotated[
        str | None,
        typer.Option("--database", help="An empty database (URL); else a SQLite file is made.", show_default=False),
    ] = None,
    as_json: Json = False,
) -> None:
    """How fast a new post finds its campaign among many stored ones, and how often the right one.

    Fills a database with generated campaigns, then places copies (lightly edited, with digits, with another handle, two
    other words, three typing errors, none) and posts that are like nothing there.
    """
    from monitor.cli.bench_place import place_among, place_json, print_place

    measured = place_among(database, campaigns=campaigns, probes=probes, steps=steps, tell=_tell)
    if as_json:
        print_json(place_json(measured))
    else:
        print_place(measured)


@command.command(epilog="Example: handlewatch bench sources --rounds 9")
def sources(rounds: Rounds = 5, as_json: Json = False) -> None:
    """How long a page of each platform takes to become posts, against decoding its JSON; and HTML to become text.

    CPU time of one core, in this process, of pages without HTML in their texts.
    """
    from monitor.cli.bench_sources import print_sources, sources_json
    from sources.bench.measure import measure_html, measure_mappings

    measured = measure_mappings(rounds=rounds, tell=_tell)
    html = measure_html(rounds=rounds)
    if as_json:
        print_json(sources_json(measured, html))
    else:
        print_sources(measured, html)


def _tell(what: str) -> None:
    typer.echo(f"bench: {what}", err=True)


def _print_speed(figures: Sequence[Figure], live: Live, archive: ArchiveRun | None) -> None:
    from monitor.bench.speed.report import machine

    rows = [
        [
            one.name,
            f"{one.measured.median:.3g}{one.unit}",
            f"{one.measured.low:.3g} to {one.measured.high:.3g}",
            f"{one.sign} {one.goal:g}",
            "yes" if one.met else "no",
        ]
        for one in figures
    ]
    print_table(["figure", "median", "rounds", "goal", "reached"], rows, empty="")
    sides = [
        [name, f"{one.microseconds.median:.3f}", f"{one.microseconds.low:.3f} to {one.microseconds.high:.3f}",
         f"{one.megabytes.median:.4g}"]
        for name, one in live.timed.items()
    ]  # fmt: skip
    print_table(["side", "us a post", "rounds", "MB/s"], sides, empty="")
    found = [[name, one.positives, one.found, one.others, one.duplicates] for name, one in live.found.items()]
    print_table(["side", "positives", "found", "other hits", "duplicates"], found, empty="")
    if archive is not None:
        _print_archive(archive)
    typer.echo(f"texts: {live.described}; {live.corpus}\nbundle: {live.bundle}")
    for name, value in machine().items():
        typer.echo(f"{name}: {value}")


def _print_archive(run: ArchiveRun) -> None:
    from statistics import median

    what = run.archive
    typer.echo(
        f"archive: {what.size / 1e6:.0f} MB of text, {what.lines} lines, window {what.window / 1e6:.1f} MB, "
        f"{len(what.positives)} positives"
    )
    rows = [
        [name, *(f"{median(getattr(one, of) for one in runs):.3f}" for of in ("wall", "cpu")),
         f"{max(one.peak for one in runs) / 1e6:.0f}",
         f"{caught.positives} ({caught.disguised} disguised)" if (caught := run.caught.get(name)) else ""]
        for name, runs in run.took.items()
    ]  # fmt: skip
    print_table(["command", "wall s", "CPU s", "peak MB", "positives found"], rows, empty="")
    if run.missing:
        typer.echo(f"not compared with zstdcat and ripgrep: {' and '.join(run.missing)} not installed")


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
