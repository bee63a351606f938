"""The composition: puts settings, store, screen, sources and channels together. Nothing else knows all of them."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncGenerator, Collection, Generator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import httpx
from pydantic import BaseModel, SecretStr

from alerts.campaigns import Campaigns
from alerts.channels.configured import ConfiguredChannel, open_channels
from alerts.handles import HandleRecords, Hubs, LinkRules
from alerts.routing import Router
from alerts.triage import FastLane, Triage
from monitor.clock import Clock, system_clock
from monitor.crossref import Crossref
from monitor.detect.apps import App as Messenger
from monitor.detect.bundle import load_bundle
from monitor.detect.fast.screen import FastScreen
from monitor.detect.screen import Screen
from monitor.errors import ConfigError
from monitor.intake import Intake
from monitor.linking import Linking
from monitor.net.address import hosts_of
from monitor.net.bodies import TextType
from monitor.net.http import open_plain_client
from monitor.net.ratelimit import Limiter, Memory
from monitor.plugins import pick, source_plugins
from monitor.ports import Source, SourcePlugin
from monitor.priority import Weights
from monitor.ranking import Ranking
from monitor.retention import Limits
from monitor.settings import Settings, SourceSettings, load_settings
from monitor.sourcing import make_options, on_loopback, open_source
from monitor.store.database import Store, open_store
from monitor.store.keys import load_keyring


class App:
    """An installation: its settings and its store. Made by :func:`open_app`."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self.settings = settings
        self.store = store

    @cached_property
    def triage(self) -> Triage:
        """The people's side: decisions enqueue their reports through the configured channels."""
        router = self._router

        return Triage(
            self.store,
            route=router.enter_all,
            prepare=router.prepare,
            withdraw=router.withdraw,
            review=self.settings.review,
            relink=self.crossref.campaign_moved,
            linking=self._linking,
            ask_first=self._ask_first,
        )

    @cached_property
    def crossref(self) -> Crossref:
        """Keeps edges and linked sets, within what the terms of the installed sources allow."""
        return Crossref(self._linking, hub_accounts=self.settings.linking.hub_accounts)

    @cached_property
    def _linking(self) -> Linking:
        return linking_terms()

    @property
    def intake(self) -> Intake:
        """What commits screened batches."""
        return Intake(
            self.store,
            crossref=self.crossref,
            ranking=self.ranking,
            notice_minutes=self.settings.review.notice_minutes,
        )

    @cached_property
    def campaigns(self) -> Campaigns:
        """Campaigns for people: growth, merging, splitting."""
        return Campaigns(self.store, self.triage, linking=self._linking, ask_first=self._ask_first)

    @cached_property
    def fast_lane(self) -> FastLane:
        """Posts that joined reportable alerts and wait for a person."""
        undo_seconds = self.settings.review.undo_seconds
        return FastLane(self.store, route=self._router.route, undo_seconds=undo_seconds, ask_first=self._ask_first)

    @cached_property
    def _ask_first(self) -> frozenset[str]:
        return frozenset[str]() if self.settings.review.show_unchecked_archives else platforms_to_ask(self.settings)

    @cached_property
    def _router(self) -> Router:
        return Router(self.store, self._channels, self.settings)

    @cached_property
    def ranking(self) -> Ranking:
        """What reckons how urgent alerts are."""
        return Ranking(
            weights=Weights(**self.settings.priority.model_dump()),
            defunct=frozenset(app.id for app in self._apps if app.closed is not None),
            linking=self._linking,
        )

    @cached_property
    def handles(self) -> HandleRecords:
        """The records of handles, within what the terms of the installed sources allow."""
        return HandleRecords(
            self.store,
            apps=lambda: self._apps,
            linking=self._linking,
            an_hour=self.settings.review.handles_an_hour,
            rules=LinkRules(
                hub_accounts=self.settings.linking.hub_accounts, half_life_days=self.settings.linking.half_life_days
            ),
        )

    @cached_property
    def hubs(self) -> Hubs:
        """What people say of handles that many accounts share."""
        return Hubs(self.store, self.handles, self.crossref)

    @cached_property
    def _apps(self) -> Sequence[Messenger]:
        return load_bundle().apps

    @cached_property
    def _channels(self) -> Mapping[str, ConfiguredChannel]:
        # Only to word reports, which is pure: this client never connects.
        return open_channels(self.settings, httpx.AsyncClient())

    @cached_property
    def screen(self) -> FastScreen:
        """The screen with the operator's lexicon and rules."""
        return open_screen(self.settings)


def linking_terms() -> Linking:
    """What the terms of the installed sources allow to link."""
    return Linking.by_terms({plugin.name: plugin.terms for plugin in source_plugins().values()})


def open_screen(settings: Settings) -> FastScreen:
    """The screen with the configured lexicon and rules, the shipped ones where none are."""
    return FastScreen(Screen(load_bundle(lexicon=settings.lexicon, rules=settings.rules)))


def deletion_hours() -> dict[str, float]:
    """By platform, within how many hours its terms want deletions followed; none where they state no time."""
    terms = [plugin.terms for plugin in source_plugins().values()]
    return {one.platform: one.deletion_hours for one in terms if one.deletion_hours is not None}


def platforms_to_ask(settings: Settings) -> frozenset[str]:
    """Platforms that are asked before a post of theirs out of an archive is shown: those whose terms want deletions
    followed within a time, and those that can be asked, as a source of theirs is configured.
    """
    plugins = source_plugins()
    enabled = [plugins.get(section.plugin) for section in settings.sources.values() if section.enabled]
    can_tell = {one.terms.platform for one in enabled if one is not None and _tells(one)}
    return frozenset(can_tell | deletion_hours().keys())


def _tells(plugin: SourcePlugin) -> bool:
    return hasattr(plugin.open, "recheck") if plugin.tells is None else plugin.tells


@asynccontextmanager
async def open_rechecking(
    settings: Settings,
    platforms: Collection[str],
    *,
    clock: Clock = system_clock,
    memory: Memory | None = None,
) -> AsyncGenerator[dict[str, Source]]:
    """By platform, an open source of the configuration that reads it; platforms without one are left out.

    :param memory: as of :func:`open_sources`.
    """
    chosen: dict[str, ConfiguredSource] = {}
    for source in configured_sources(settings):
        if source.plugin.terms.platform in platforms:
            chosen.setdefault(source.plugin.terms.platform, source)
    async with open_sources(list(chosen.values()), settings, clock=clock, memory=memory) as opened:
        yield {platform: opened[source.name] for platform, source in chosen.items()}


def text_limits(settings: Settings) -> Limits:
    """How long texts may be kept: by the terms of every installed source, and after the organisation's decision."""
    terms = {plugin.name: plugin.terms for plugin in source_plugins().values()}
    days = {name: one.text_days for name, one in terms.items() if one.text_days is not None}
    return Limits(
        by_platform={terms[name].platform: limit for name, limit in days.items()},
        by_plugin=days,
        decided=settings.organisation.retention_days if settings.organisation else None,
    )


@contextmanager
def open_app(home: Path | None = None, *, clock: Clock = system_clock) -> Generator[App]:
    """Opens an installation.

    :raises ConfigError: it is not set up (no `[organisation]`), or wrongly.
    :raises StoreError: no key, or the database cannot be used.
    """
    settings = load_settings(home)
    require_organisation(settings)
    store = open_store(settings.database_url, load_keyring(settings.home), clock=clock)
    try:
        yield App(settings, store)
    finally:
        store.close()


def require_organisation(settings: Settings) -> None:
    """Keeping anything needs somebody who is responsible for it. Raises `ConfigError`."""
    if settings.organisation is None:
        raise ConfigError(
            f"Handlewatch is not set up in {settings.home}.",
            kept="Nothing was read or written.",
            do="Run `handlewatch init` (it asks for controller, purpose, legal basis and retention before anything is "
            "kept), or look around first with `handlewatch demo`.",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfiguredSource:
    """A source of the configuration, validated but not yet open."""

    name: str
    settings: SourceSettings
    plugin: SourcePlugin
    options: BaseModel

    @property
    def mark(self) -> str:
        """Tells these options, credentials included, from others: not to be shown or kept but under a keyed hash."""
        values = {
            name: value.get_secret_value() if isinstance(value, SecretStr) else value for name, value in self.options
        }
        return repr(sorted(values.items(), key=lambda item: item[0]))


def configured_sources(settings: Settings) -> list[ConfiguredSource]:
    """The enabled sources. Raises `ConfigError` for an unknown plug-in, a bad option, a missing basis."""
    return [configured_source(name, section) for name, section in settings.sources.items() if section.enabled]


def configured_source(name: str, section: SourceSettings) -> ConfiguredSource:
    """One source of the configuration. Raises `ConfigError` as :func:`configured_sources` does."""
    plugin = pick(source_plugins(), section.plugin, "source plug-in")
    options = make_options(plugin, section.options)
    if plugin.terms.basis_needed and not section.basis and not on_loopback(plugin, options):
        approval = ", and for its approval" if plugin.terms.approval_needed else ""
        raise ConfigError(
            f"sources.{name} has no basis: the terms of {plugin.terms.platform} ask for one{approval}.",
            kept="Nothing was collected.",
            do=f'Read {plugin.terms.link}, then state yours as basis = "..." in [sources.{name}]. {plugin.terms.note}',
        )
    if lacking := plugin.lacks(options):
        raise ConfigError(f"sources.{name} {lacking}.", kept="Nothing was collected.", do="State it there.")
    return ConfiguredSource(name=name, settings=section, plugin=plugin, options=options)


def starter_sources() -> list[ConfiguredSource]:
    """What may run unconfigured, in counting mode: sources that need neither credentials nor a basis."""
    return [
        ConfiguredSource(
            name=plugin.name,
            settings=SourceSettings(plugin=plugin.name),
            plugin=plugin,
            options=make_options(plugin, plugin.starter),
        )
        for plugin in source_plugins().values()
        if plugin.starter is not None
    ]


@asynccontextmanager
async def open_sources(
    sources: Sequence[ConfiguredSource],
    settings: Settings,
    *,
    clock: Clock = system_clock,
    memory: Memory | None = None,
) -> AsyncGenerator[dict[str, Source]]:
    """Opens sources, each with a text-only client of its own, and closes them in the end.

    What servers say about their limits is shared by all; `memory` keeps it over restarts.
    """
    limiter = Limiter(clock=clock, sleep=asyncio.sleep, memory=memory)
    async with AsyncExitStack() as stack:
        yield {
            source.name: await stack.enter_async_context(
                open_source(source.plugin, source.options, user_agent=settings.user_agent, clock=clock, limiter=limiter)
            )
            for source in sources
        }


def open_channel_client(settings: Settings) -> AbstractAsyncContextManager[httpx.AsyncClient]:
    """The client that reports are sent with: it may reach the servers that channels name, and asks once."""
    servers = [str(value) for channel in settings.channels.values() for value in channel.options.values()]
    return open_plain_client(user_agent=settings.user_agent, accepts={TextType.JSON}, named=hosts_of(servers))


def holder_name() -> str:
    """What names this process in lease rows."""
    return f"{socket.gethostname()}:{os.getpid()}"
