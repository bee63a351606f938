"""Taking archives into the store: batch by batch, resumable at the line, each batch one transaction."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, aclosing
from dataclasses import dataclass, field
from pathlib import Path

from monitor.app import App, ConfiguredSource, holder_name, open_sources
from monitor.crossref.settling import settle
from monitor.errors import HandlewatchError, InputError
from monitor.hits import HitScreen
from monitor.intake import Committed
from monitor.keeping import Keeping
from monitor.plugins import source_plugins
from monitor.ports import BadRecord
from monitor.runlock import run_lock
from monitor.settings import SourceSettings
from monitor.sourcing import make_options
from sources.archive import ArchiveSource, Progress

SOURCE = "scan"
"""The name under which scanned archives keep their cursor and coverage."""


@dataclass(slots=True)
class Scan:
    """What a scan did so far. `rate`: posts a second."""

    done: Committed = field(default_factory=Committed)
    seconds: float = 0.0
    progress: Progress | None = None
    interrupted: bool = False
    error: InputError | None = None

    @property
    def rate(self) -> float:
        """Posts a second."""
        return self.done.posts / self.seconds if self.seconds else 0.0


def scan(
    app: App,
    files: Sequence[Path],
    *,
    layout: str = "auto",
    basis: str,
    on_progress: Callable[[Scan], None],
    on_bad: Callable[[BadRecord], None],
) -> Scan:
    """Reads the files from where an earlier scan of them left off.

    Ctrl-C (or SIGTERM) ends it after the batch in hand. A file that breaks off gives what came before; the error
    is in the result.

    :param basis: why these archives may be kept, and where they come from; recorded with the source.
    :raises RefusedError: another scan runs on the same SQLite file.
    """
    with ExitStack() as stack:
        database = app.store.engine.url.database
        if app.store.is_sqlite and database:
            stack.enter_context(run_lock(Path(database), what="scan"))
        settle(app.store, app.crossref)
        keeping = Keeping(app.store, holder=holder_name(), alone=app.store.is_sqlite, intake=app.intake)
        stack.callback(keeping.close)
        keeping.register(SOURCE, plugin="archive", basis=basis)
        return asyncio.run(_scan(app, _source(files, layout), keeping, on_progress, on_bad))


def _source(files: Sequence[Path], layout: str) -> ConfiguredSource:
    plugin = source_plugins()["archive"]
    options = make_options(plugin, {"files": [str(path.absolute()) for path in files], "layout": layout})
    return ConfiguredSource(name=SOURCE, settings=SourceSettings(plugin="archive"), plugin=plugin, options=options)


async def _scan(
    app: App,
    configured: ConfiguredSource,
    keeping: Keeping,
    on_progress: Callable[[Scan], None],
    on_bad: Callable[[BadRecord], None],
) -> Scan:
    result, begun = Scan(), time.monotonic()
    this = asyncio.current_task()
    if this is not None:
        for name in (signal.SIGTERM, signal.SIGHUP):  # as Ctrl-C, which asyncio.run sees to
            asyncio.get_running_loop().add_signal_handler(name, this.cancel)
    async with open_sources([configured], app.settings, clock=app.store.now) as opened:
        source = opened[SOURCE]
        hits = HitScreen(app.screen)
        cursor = keeping.begin(SOURCE)
        try:
            async with aclosing(source.collect(cursor)) as batches:
                async for batch in batches:
                    result.done.add(keeping.take(SOURCE, hits(batch)))
                    result.seconds = time.monotonic() - begun
                    result.progress = source.progress if isinstance(source, ArchiveSource) else None
                    for bad in batch.bad:
                        on_bad(bad)
                    on_progress(result)
        except InputError as error:
            result.error = error
        except asyncio.CancelledError:  # Ctrl-C: asyncio.run cancels us; what was begun is committed
            result.interrupted = True
        except HandlewatchError as error:
            keeping.end(SOURCE, outcome="failed", error=error.brief, missed=None)
            raise
        outcome = "interrupted" if result.interrupted else "failed" if result.error else "done"
        keeping.end(SOURCE, outcome=outcome, error=result.error.brief if result.error else None, missed=None)
    return result
