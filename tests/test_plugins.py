from __future__ import annotations

from importlib.metadata import EntryPoint

import pytest
from pydantic import BaseModel

from monitor import plugins
from monitor.channel_ports import ChannelPlugin
from monitor.errors import ConfigError
from monitor.plugins import channel_plugins, hookimpl, pick, source_plugins


def test_what_ships_is_plugged_in_like_anyone_elses() -> None:
    assert {"archive", "bluesky", "mastodon"} <= set(source_plugins())
    assert {"mail", "mastodon"} <= set(channel_plugins())


@pytest.mark.parametrize("name", sorted(source_plugins()))
def test_every_source_documents_itself(name: str) -> None:
    plugin = source_plugins()[name]
    assert plugin.summary
    assert plugin.example
    for option, field in plugin.options.model_fields.items():
        assert field.description, f"{name}.{option} has no description"


@pytest.mark.parametrize("name", sorted(channel_plugins()))
def test_every_channel_documents_itself(name: str) -> None:
    plugin = channel_plugins()[name]
    assert plugin.summary
    assert plugin.example
    for option, field in plugin.options.model_fields.items():
        assert field.description, f"{name}.{option} has no description"


def test_a_private_plugin_is_found_and_a_clash_is_named() -> None:
    class Private:
        @hookimpl
        def handlewatch_channels(self) -> list[ChannelPlugin]:
            return [ChannelPlugin(name=name, summary="s", options=BaseModel, open=lambda *_: None) for name in names]

    names = ["private"]
    private = Private()
    manager = plugins._manager()
    manager.register(private)
    try:
        assert "private" in channel_plugins()
        names.append("mail")
        with pytest.raises(ConfigError, match="Two installed plug-ins are called 'mail'"):
            channel_plugins()
    finally:
        manager.unregister(private)


def test_an_unknown_name_gets_the_closest() -> None:
    with pytest.raises(ConfigError, match="no source plug-in 'mastodn'") as caught:
        pick(source_plugins(), "mastodn", "source plug-in")
    assert "mastodon" in caught.value.do


def test_a_plug_in_that_cannot_be_loaded_stops_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = EntryPoint(name="private", value="no_such_module_here", group=plugins.ENTRY_POINTS)
    shipped = EntryPoint(name="sources", value="sources", group=plugins.ENTRY_POINTS)
    monkeypatch.setattr(plugins, "entry_points", lambda group: [broken, shipped])
    monkeypatch.setattr(plugins, "_broken", [])
    plugins._manager.cache_clear()
    try:
        assert "mastodon" in plugins.source_plugins()
        assert [one.name for one in plugins.broken_plugins()] == ["private"]
        with pytest.raises(ConfigError, match=r"private could not be loaded \(ModuleNotFoundError"):
            plugins.pick(plugins.source_plugins(), "private", "source")
    finally:
        plugins._manager.cache_clear()


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("4chan", "fourchan"), ("Twitter", "x"), ("rss", "feeds"), ("fediverse", "mastodon"), ("x", "x")],
)
def test_a_source_has_the_names_that_people_would_type(typed: str, meant: str) -> None:
    assert pick(source_plugins(), typed, "source").name == meant


def test_no_other_name_is_a_sources_own_or_anothers() -> None:
    names = [*source_plugins(), *(one for plugin in source_plugins().values() for one in plugin.aliases)]
    assert len(names) == len(set(names))
