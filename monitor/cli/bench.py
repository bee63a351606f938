"""`handlewatch bench`: measures the screen, the graph and the sources."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from monitor.cli.bench_quality import print_quality, print_quality_mistakes, quality_json
from monitor.cli.bench_speed import print_speed
from monitor.cli.options import BundleDir, Json, Lexicon, Rules
from monitor.cli.output import print_json

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
        print_json(quality_json(corpus, measured, alarms))
        return
    print_quality(measured, alarms)
    if mistakes:
        print_quality_mistakes(measured)


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
        print_speed(figures, live, archive)


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
