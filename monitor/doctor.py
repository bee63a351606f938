"""What `handlewatch check` examines: the installation, and every configured source with one real read."""

from __future__ import annotations

import asyncio
from collections.abc import Generator, Sequence
from contextlib import aclosing, contextmanager, suppress
from typing import Final, NamedTuple

from monitor.app import ConfiguredSource, configured_source
from monitor.clock import Clock, system_clock
from monitor.errors import HandlewatchError
from monitor.net.errors import is_offline
from monitor.net.ratelimit import Limiter, Memory
from monitor.pauses import Pauses
from monitor.plugins import broken_plugins
from monitor.ports import Checking, Finding, Source
from monitor.settings import Settings
from monitor.sourcing import open_source
from monitor.store.database import open_store
from monitor.store.keys import load_keyring

PATIENCE: Final = 60.0
"""Seconds that one source may take."""
_SILENCE: Final = 10.0


class Examined(NamedTuple):
    """A finding, and what it is about: "installation", or the name of a source."""

    subject: str
    finding: Finding


def examine_installation(settings: Settings) -> list[Examined]:
    """Whether this installation is set up and its store can be used."""
    organisation = settings.organisation
    if organisation is None:
        finding = Finding(
            what="set up",
            well=None,
            said="not set up: live collection only counts, nothing is kept",
            do="Run `handlewatch init` when you want to keep hits.",
        )
        return [Examined("installation", finding)]
    found = [Finding(what="set up", well=True, said=f"by {organisation.controller}")]
    try:
        store = open_store(settings.database_url, load_keyring(settings.home), clock=system_clock)
    except HandlewatchError as error:
        found.append(Finding(what="store", well=False, said=error.what, do=error.do))
    else:
        kind = "SQLite" if store.is_sqlite else "PostgreSQL"
        store.close()
        found.append(Finding(what="store", well=True, said=f"{kind}, schema and key fit"))
    found += [
        Finding(
            what=f"plug-in {broken.name}",
            well=False,
            said=f"cannot be loaded: {broken.why}",
            do="Install what it needs, or uninstall it.",
        )
        for broken in broken_plugins()
    ]
    return [Examined("installation", finding) for finding in found]


async def examine_sources(
    settings: Settings, names: Sequence[str] = (), *, clock: Clock = system_clock
) -> list[Examined]:
    """Every enabled source of the configuration (or the named ones), side by side; nothing is raised, and nothing kept
    but when servers let us ask again.
    """
    chosen = [name for name, section in settings.sources.items() if name in names or (not names and section.enabled)]
    with _remembered(settings, clock) as memory:
        limiter = Limiter(clock=clock, sleep=asyncio.sleep, memory=memory)
        examined = await asyncio.gather(*(_source(settings, name, limiter, clock) for name in chosen))
    return [Examined(name, finding) for name, found in zip(chosen, examined, strict=True) for finding in found]


@contextmanager
def _remembered(settings: Settings, clock: Clock) -> Generator[Memory | None]:
    """What servers asked of `handlewatch run`: the doctor waits for it, too."""
    store = None
    if settings.organisation is not None:
        with suppress(HandlewatchError):  # `examine_installation` says what is wrong with it
            store = open_store(settings.database_url, load_keyring(settings.home), clock=clock)
    try:
        yield None if store is None else Pauses(store)
    finally:
        if store is not None:
            store.close()


async def _source(settings: Settings, name: str, limiter: Limiter, clock: Clock) -> Sequence[Finding]:
    try:
        source = configured_source(name, settings.sources[name])
    except HandlewatchError as error:
        return [Finding(what="configuration", well=False, said=error.what, do=error.do)]
    terms = _terms(source)
    try:
        async with (
            asyncio.timeout(PATIENCE),
            open_source(
                source.plugin,
                source.options,
                user_agent=settings.user_agent,
                clock=clock,
                limiter=limiter,
                limit=1,
                pages=1,
            ) as opened,
        ):
            return [terms, *(await _examine(opened))]
    except TimeoutError:
        silent = Finding(
            what="read",
            well=False,
            said=f"no answer within {PATIENCE:.0f} seconds",
            do="Check the server's address, the network and the proxy; then try again.",
            offline=True,
        )
        return [terms, silent]


async def _examine(source: Source) -> Sequence[Finding]:
    if isinstance(source, Checking):
        return await source.check()
    return [await one_read(source)]


def _terms(source: ConfiguredSource) -> Finding:
    terms, basis = source.plugin.terms, source.settings.basis
    if basis:
        said = f"basis stated; terms last checked {terms.checked:%Y-%m-%d}"
    else:
        said = "no basis is asked for" if not terms.basis_needed else "none stated; the servers are on this machine"
    approval = f"{terms.platform} approves such uses itself: have it in writing." if terms.approval_needed else ""
    return Finding(what="terms", well=True, said=said, do=approval)


async def one_read(source: Source) -> Finding:
    """One real read, of the first batch. Raises nothing but a cancellation."""
    try:
        async with aclosing(source.collect(None)) as batches, asyncio.timeout(_SILENCE):
            batch = await anext(batches, None)
    except TimeoutError:
        return Finding(what="read", well=None, said=f"connected, but silent for {_SILENCE:.0f} seconds")
    except HandlewatchError as error:
        return Finding(what="read", well=False, said=error.what, do=error.do, offline=is_offline(error))
    except Exception as error:  # noqa: BLE001  a source is a plug-in: whatever it raises is a finding
        said = f"{type(error).__name__} in the source"
        return Finding(what="read", well=False, said=said, do="Report it to whoever keeps this source.")
    if batch is None:
        return Finding(what="read", well=True, said="it answers; nothing new is there")
    missed = next((interval for interval in batch.coverage if interval.state != "seen"), None)
    if missed is not None and not len(batch.records):
        return Finding(what="read", well=False, said=missed.note or str(missed.state))
    return Finding(what="read", well=True, said=f"{len(batch.records)} posts in the first batch")
