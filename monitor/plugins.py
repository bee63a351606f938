"""Where sources and channels plug in: hook specifications, and the plug-ins that are installed.

An organisation's private source is a package with an entry point in the group `handlewatch`, naming a module
that implements `handlewatch_sources` or `handlewatch_channels` with the `hookimpl` below. The shipped ones
are registered the same way (`pyproject.toml`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from importlib.metadata import entry_points
from typing import NamedTuple, Protocol, TypeVar

import pluggy

from monitor.channel_ports import ChannelPlugin
from monitor.errors import ConfigError
from monitor.ports import SourcePlugin
from monitor.suggest import closest

ENTRY_POINTS = "handlewatch"

hookspec = pluggy.HookspecMarker("handlewatch")
hookimpl = pluggy.HookimplMarker("handlewatch")


class _Named(Protocol):
    @property
    def name(self) -> str: ...


_P = TypeVar("_P", bound=_Named)
_T = TypeVar("_T")


class Hooks:
    """The hooks. Each returns a list; all lists together are what is available."""

    @hookspec
    def handlewatch_sources(self) -> Sequence[SourcePlugin]:  # pyright: ignore[reportReturnType]
        """Kinds of sources."""

    @hookspec
    def handlewatch_channels(self) -> Sequence[ChannelPlugin]:  # pyright: ignore[reportReturnType]
        """Kinds of channels."""


class Broken(NamedTuple):
    """An installed plug-in that cannot be loaded, and why."""

    name: str
    why: str


_broken: list[Broken] = []


@cache
def _manager() -> pluggy.PluginManager:
    manager = pluggy.PluginManager("handlewatch")
    manager.add_hookspecs(Hooks)
    for entry in entry_points(group=ENTRY_POINTS):
        try:
            manager.register(entry.load(), entry.name)
        except Exception as error:  # noqa: BLE001  somebody else's code: one that is broken stops no other
            _broken.append(Broken(entry.name, f"{type(error).__name__}: {error}"))
    return manager


def broken_plugins() -> list[Broken]:
    """Installed plug-ins that could not be loaded."""
    _manager()
    return list(_broken)


def _by_name(lists: Iterable[Sequence[_P]]) -> dict[str, _P]:
    found: dict[str, _P] = {}
    for plugin in (plugin for plugins in lists for plugin in plugins):
        if plugin.name in found:
            raise ConfigError(
                f"Two installed plug-ins are called {plugin.name!r}.", do="Uninstall one, or rename the private one."
            )
        found[plugin.name] = plugin
    return dict(sorted(found.items()))


def source_plugins() -> dict[str, SourcePlugin]:
    """All installed kinds of sources, by name."""
    return _by_name(_manager().hook.handlewatch_sources())


def channel_plugins() -> dict[str, ChannelPlugin]:
    """All installed kinds of channels, by name."""
    return _by_name(_manager().hook.handlewatch_channels())


def pick(plugins: dict[str, _T], name: str, what: str) -> _T:
    """The named one, by its name or by another that people give it, or a `ConfigError` that names the closest."""
    if name not in plugins:
        for plugin in plugins.values():
            if name.lower() in getattr(plugin, "aliases", ()):
                return plugin
        broken = "".join(f" The plug-in {one.name} could not be loaded ({one.why})." for one in broken_plugins())
        raise ConfigError(f"There is no {what} {name!r}.{broken}", do=closest(name, plugins))
    return plugins[name]
