"""What `sources try` does: one source, once, without a store."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import aclosing, nullcontext
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import typer

from monitor.cli.output import print_error
from monitor.cli.source_silence import SILENCE_SECONDS, Silence
from monitor.clock import system_clock
from monitor.errors import ConfigError, Exit, HandlewatchError, UnreachableError
from monitor.net.ratelimit import Limiter
from monitor.plugins import pick, source_plugins
from monitor.ports import BadRecord, Batch, Coverage, Pace, Seen, SourcePlugin
from monitor.post import Post
from monitor.records import to_record
from monitor.settings import Settings, load_settings
from monitor.sourcing import make_options, on_loopback, open_source

UNASKED_LIMIT: Final = 100
_BAD_SHOWN: Final = 20
_TEXT_SHOWN: Final = 100


@dataclass(slots=True, kw_only=True)
class Trial:
    """One `sources try`: what was asked for, and what came."""

    source: str
    as_json: bool
    limit: int | None = None
    pages: int | None = None
    posts: int = 0
    deleted: int = 0
    bad: list[BadRecord] = field(default_factory=list[BadRecord])
    coverage: list[Coverage] = field(default_factory=list[Coverage])
    error: HandlewatchError | None = None

    @property
    def full(self) -> bool:
        """Whether as many posts came as were asked for."""
        return self.limit is not None and self.posts >= self.limit

    def take(self, batch: Batch) -> int:
        """Prints a batch's posts, up to the limit; gives how many."""
        room = len(batch.records) if self.limit is None else self.limit - self.posts
        shown = batch.records[:room]
        for post in shown:
            typer.echo(_json_line(to_record(post)) if self.as_json else _plain_line(post))
        self.posts += len(shown)
        self.deleted += len(batch.deleted)
        self.bad += batch.bad
        for interval in batch.coverage:
            self._enter(interval)
        return len(shown)

    def _enter(self, interval: Coverage) -> None:
        """Adds an interval; one that touches the last of its scope and is like it becomes one with it."""
        last = next((known for known in reversed(self.coverage) if known.scope == interval.scope), None)
        if last is None or (last.state, last.note) != (interval.state, interval.note) or not _touch(last, interval):
            self.coverage.append(interval)
            return
        begins = (
            None if None in {last.start, interval.start} else min(last.start or last.end, interval.start or last.end)
        )
        self.coverage[self.coverage.index(last)] = replace(
            last, start=begins, end=max(last.end, interval.end), posts=last.posts + interval.posts
        )

    @property
    def missed(self) -> list[Coverage]:
        """Intervals that stayed unseen: a failure after which its scope was seen on is none."""
        seen_last = {known.scope: number for number, known in enumerate(self.coverage) if known.state is Seen.SEEN}
        mended = {Seen.FAILED, Seen.RATE_LIMITED}
        return [
            known
            for number, known in enumerate(self.coverage)
            if known.state is not Seen.SEEN and not (known.state in mended and seen_last.get(known.scope, -1) > number)
        ]

    @property
    def exit_code(self) -> Exit:
        """0 done, 1 partial, else that of the error."""
        if self.error is not None:
            return Exit.PARTIAL if self.posts else self.error.exit_code
        missed = self.missed
        if missed and not self.posts and all(known.state is Seen.FAILED for known in self.coverage):
            return Exit.UNREACHABLE
        if missed and not self.posts and all(known.state is Seen.RATE_LIMITED for known in self.coverage):
            return Exit.RATE_LIMITED
        return Exit.PARTIAL if self.bad or missed else Exit.OK

    def summary(self) -> dict[str, Any]:
        """The coverage line."""
        states = {known.state for known in self.missed}
        starts = [known.start for known in self.coverage if known.start is not None]
        failed = Seen.FAILED if self.error is not None else Seen.SEEN
        return {
            "source": self.source,
            "state": str(next((state for state in Seen if state in states and state is not Seen.SEEN), failed)),
            "posts": self.posts,
            "deleted": self.deleted,
            "bad": len(self.bad),
            "start": _iso(min(starts, default=None)),
            "end": _iso(max((known.end for known in self.coverage), default=None)),
            "coverage": [
                {
                    "scope": known.scope,
                    "start": _iso(known.start),
                    "end": _iso(known.end),
                    "state": str(known.state),
                    "posts": known.posts,
                    "note": known.note,
                }
                for known in self.coverage
            ],
            "bad_records": [{"where": bad.where, "why": bad.why} for bad in self.bad[:_BAD_SHOWN]],
            "error": None if self.error is None else self.error.what,
        }

    def report(self) -> None:
        """Says on stderr how it went; with --json, the coverage line comes last."""
        if self.error is not None:
            print_error(self.error)
        if self.as_json:
            typer.echo(json.dumps(self.summary(), ensure_ascii=False), err=True)
            return
        for bad in self.bad[:_BAD_SHOWN]:
            typer.echo(f"left out: {bad.where}: {bad.why}", err=True)
        for known in self.coverage:
            note = f" ({known.note})" if known.note else ""
            start, end = (known.start.isoformat() if known.start else "the beginning"), known.end.isoformat()
            typer.echo(f"{known.scope}: {known.state}, {start} to {end}, {known.posts} posts{note}", err=True)
        typer.echo(f"{self.posts} posts, {self.deleted} deletions, {len(self.bad)} left out.", err=True)


def prepare(name: str, assignments: Sequence[str], *, home: Path | None) -> tuple[SourcePlugin, Any, str]:
    """The plug-in, its options, and the user agent to read with.

    :param name: a plug-in, or a configured source whose options are then the ground to start from.
    :raises ConfigError: unusable options; or an address that is not loopback, without `init` or the basis.
    """
    settings = load_settings(home)
    section = settings.sources.get(name)
    plugin = pick(source_plugins(), section.plugin if section else name, "source")
    values = dict(section.options) if section else {}
    for assignment in assignments:
        key, equals, value = assignment.partition("=")
        if not equals:
            raise ConfigError(f"--set {assignment!r} is no KEY=VALUE.", do="For example: --set tags=a,b")
        values[key.strip()] = value
    options = make_options(plugin, values)
    if plugin.servers(options) and not on_loopback(plugin, options):
        _require_basis(plugin, settings)
    return plugin, options, settings.user_agent


def _require_basis(plugin: SourcePlugin, settings: Settings) -> None:
    if settings.organisation is None:
        raise ConfigError(
            "Reading from a server that is not on this machine needs somebody who answers for it.",
            kept="Nothing was sent or read.",
            do="Run `handlewatch init` first, or try a server on loopback (--base-url http://127.0.0.1:...).",
        )
    stated = any(section.basis for section in settings.sources.values() if section.plugin == plugin.name)
    if plugin.terms.basis_needed and not stated:
        raise ConfigError(
            f"The terms of {plugin.terms.platform} ask for your basis before it is read.",
            kept="Nothing was sent or read.",
            do=f"Read {plugin.terms.link}, then state your basis in the source's section of handlewatch.toml "
            f"(`handlewatch sources show {plugin.name}` has an example).",
        )


async def run_trial(trial: Trial, plugin: SourcePlugin, options: Any, *, user_agent: str) -> Exit:
    """Collects once, prints, reports; gives the exit code."""
    local = not plugin.servers(options) or on_loopback(plugin, options)
    if trial.limit is None and trial.pages is None and not local:
        trial.limit = UNASKED_LIMIT
    silence = Silence()
    limiter = Limiter(clock=system_clock, sleep=silence.obey)
    try:
        async with (
            open_source(
                plugin,
                options,
                user_agent=user_agent,
                clock=system_clock,
                limiter=limiter,
                sleep=silence.try_again,
                limit=trial.limit,
                pages=trial.pages,
            ) as source,
            aclosing(source.collect(None)) as batches,
        ):
            await _drain(trial, batches, silence if plugin.pace is Pace.STREAM else None)
    except HandlewatchError as error:
        trial.error = error
    trial.report()
    return trial.exit_code


async def _drain(trial: Trial, batches: Any, silence: Silence | None) -> None:
    """Until the source has caught up, enough posts came, or a stream has been silent for long enough.

    :raises UnreachableError: the stream gave nothing at all, not even that it is connected.
    """
    if silence is not None:
        silence.begin()
    while not trial.full:
        try:
            async with silence.limit() if silence else nullcontext():
                batch = await anext(batches)
        except StopAsyncIteration:
            return
        except TimeoutError:
            if silence is not None and not silence.heard:
                raise UnreachableError(
                    f"{trial.source} was not connected within {SILENCE_SECONDS:.0f} seconds.",
                    do="Check the address, the network and the proxy settings.",
                ) from None
            return
        if silence is not None:
            silence.heard = True
        if trial.take(batch) and silence is not None:
            silence.begin()


def _touch(one: Coverage, other: Coverage) -> bool:
    return (one.start is None or one.start <= other.end) and (other.start is None or other.start <= one.end)


def _json_line(record: dict[str, Any]) -> str:
    line = json.dumps(record, ensure_ascii=False)
    # A lone surrogate is allowed in JSON, escaped, but not in UTF-8.
    return line if line.isascii() or not _has_surrogate(line) else json.dumps(record)


def _has_surrogate(text: str) -> bool:
    return any("\ud800" <= char <= "\udfff" for char in text)


def _plain_line(post: Post) -> str:
    words = " ".join(filter(None, (post.title, post.text)))
    short = " ".join(words.split())[:_TEXT_SHOWN]
    return f"{_iso(post.created_at) or '-'}  {post.author.handle or post.author.id or '-'}  {short}"


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat().replace("+00:00", "Z")
