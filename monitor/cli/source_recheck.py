"""What `sources recheck` does: whether posts are still up, or their texts again, without a store."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import typer

from monitor.cli.output import printable
from monitor.clock import system_clock
from monitor.errors import ConfigError, Exit, HandlewatchError
from monitor.net.ratelimit import Limiter
from monitor.ports import Known, Recheck, Rechecking, Refreshing, SourcePlugin, Standing
from monitor.post import Post, PostRef, text_hash
from monitor.records import BadLine, read_records, to_record
from monitor.sourcing import open_source

TOGETHER: Final = 100
"""Posts that a source is asked about at once; it groups them into calls itself."""


def known_of(post: Post) -> Known:
    """What a re-check needs to know of a post."""
    words = text_hash(post) if post.text is not None or post.title is not None else None
    return Known(
        ref=post.ref, instance=post.instance, url=post.url, cid=post.cid, account=post.author.key, text_hash=words
    )


async def run_recheck(
    plugin: SourcePlugin, options: Any, files: Sequence[Path | str], *, user_agent: str, refresh: bool
) -> Exit:
    """Prints a JSON line a post, and a count by standing on stderr.

    :raises ConfigError: this source cannot tell.
    """
    told: Counter[str] = Counter()
    bad = 0
    async with open_source(
        plugin, options, user_agent=user_agent, clock=system_clock, limiter=Limiter(clock=system_clock)
    ) as source:
        ask = _asking(plugin, source, refresh=refresh)
        for posts, unreadable in _portions(files):
            bad += unreadable
            for line in await ask([known_of(post) for post in posts]):
                told[line["standing"]] += 1
                typer.echo(printable(json.dumps(line, ensure_ascii=False)))
    counts = ", ".join(f"{count} {standing}" for standing, count in sorted(told.items())) or "no posts"
    typer.echo(f"{counts}{f', {bad} bad lines' if bad else ''}.", err=True)
    return Exit.PARTIAL if bad or told[Standing.UNKNOWN] else Exit.OK


_Ask = Callable[[Sequence[Known]], Awaitable[list[dict[str, Any]]]]


def _asking(plugin: SourcePlugin, source: object, *, refresh: bool) -> _Ask:
    if refresh and isinstance(source, Refreshing):
        return partial(_refreshed, source)
    if not refresh and isinstance(source, Rechecking):
        return partial(_rechecked, source)
    what = "show a post again" if refresh else "say whether a post is still up"
    raise ConfigError(f"The source {plugin.name} cannot {what}.", kept="Nothing was sent or read.")


def _portions(files: Sequence[Path | str]) -> Iterator[tuple[list[Post], int]]:
    posts: list[Post] = []
    bad = 0
    for record in read_records(*files):
        if isinstance(record, BadLine):
            bad += 1
            typer.echo(printable(f"left out: {record}"), err=True)
            continue
        posts.append(record)
        if len(posts) >= TOGETHER:
            yield posts, bad
            posts, bad = [], 0
    yield posts, bad


async def _rechecked(source: Rechecking, known: Sequence[Known]) -> list[dict[str, Any]]:
    return [_line(found) for found in await source.recheck(known)] if known else []


async def _refreshed(source: Refreshing, known: Sequence[Known]) -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = []
    for post in known:
        try:
            now = await source.refresh(post)
        except HandlewatchError as error:
            lines.append(_line(Recheck(ref=post.ref, standing=Standing.UNKNOWN, note=error.brief)))
            continue
        if now is None:
            lines.append(_line(Recheck(ref=post.ref, standing=Standing.UNAVAILABLE)))
            continue
        standing = Standing.UP if post.text_hash in {None, text_hash(now)} else Standing.EDITED
        lines.append({**_line(Recheck(ref=post.ref, standing=standing)), "post": to_record(now)})
    return lines


def _line(found: Recheck) -> dict[str, Any]:
    ref: PostRef = found.ref
    return {"platform": ref.platform, "id": ref.id, "standing": str(found.standing), "note": found.note}
