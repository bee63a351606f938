"""What `handlewatch bench sources` prints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import typer

from monitor.cli.output import print_table

if TYPE_CHECKING:
    from monitor.bench.speed.measure import Spread
    from sources.bench.measure import Mapped


def sources_json(measured: Sequence[Mapped], html: Spread) -> dict[str, Any]:
    """The figures for machines: times in microseconds a post."""
    from sources.bench.measure import MOST, MOST_HTML

    return {
        "synthetic": True,
        "goal": MOST,
        "platforms": {
            one.platform: {
                "bytes": one.bytes_a_post,
                "yardstick": one.yardstick,
                "decoding": one.decoding.median,
                "mapping": one.mapping.median,
                "ratio": one.ratio.median,
                "met": one.ratio.median <= MOST,
            }
            for one in measured
        },
        "html": {"microseconds": html.median, "goal": MOST_HTML, "met": html.median <= MOST_HTML},
    }


def print_sources(measured: Sequence[Mapped], html: Spread) -> None:
    """The figures for people."""
    from sources.bench.measure import MOST, MOST_HTML

    rows = [
        [
            one.platform,
            one.bytes_a_post,
            one.yardstick,
            f"{one.decoding.median:.2f}",
            f"{one.mapping.median:.2f}",
            f"{one.ratio.median:.2f}",
            f"{one.ratio.low:.2f} to {one.ratio.high:.2f}",
            "yes" if one.ratio.median <= MOST else "no",
        ]
        for one in measured
    ]
    names = ["platform", "bytes a post", "yardstick", "yardstick us", "mapping us", "ratio", "rounds", f"<= {MOST:g}"]
    print_table(names, rows, empty="")
    reached = "yes" if html.median <= MOST_HTML else "no"
    typer.echo(
        f"HTML to text: {html.median:.1f} us a post ({html.low:.1f} to {html.high:.1f}); "
        f"goal {MOST_HTML:g}: {reached}. Invented pages with every field that real ones have."
    )
