from __future__ import annotations

import tomllib
from typing import Any

import pytest
from pydantic import ValidationError

from monitor.cli.source_docs import common_docs, option_docs
from monitor.errors import ConfigError
from monitor.plugins import source_plugins
from monitor.ports import SourcePlugin
from monitor.sourcing import env_names, make_options, on_loopback


@pytest.fixture
def plugin() -> SourcePlugin:
    return source_plugins()["mastodon"]


def example_of(plugin: SourcePlugin) -> dict[str, Any]:
    """The options in a plug-in's example."""
    (section,) = tomllib.loads(plugin.example)["sources"].values()
    assert section.pop("plugin") == plugin.name
    assert bool(section.pop("basis", None)) is plugin.terms.basis_needed
    section.pop("every", None)
    return section


def errors_of(plugin: SourcePlugin, values: dict[str, Any]) -> list[Any]:
    """What is wrong with these options."""
    try:
        plugin.options.model_validate(values)
    except ValidationError as error:
        return [*error.errors()]
    return []


@pytest.mark.parametrize("name", sorted(source_plugins()))
def test_the_example_of_every_source_is_valid(name: str) -> None:
    plugin = source_plugins()[name]
    make_options(plugin, example_of(plugin), env={env_names(plugin, name)[0]: "s3cr3t" for name in plugin.credentials})


@pytest.mark.parametrize("name", sorted(source_plugins()))
def test_every_option_is_documented_with_an_example_that_is_valid(name: str) -> None:
    plugin = source_plugins()[name]
    docs = option_docs(plugin)
    assert {doc.name for doc in docs} == set(plugin.options.model_fields)
    for doc in (*docs, *common_docs(plugin)):
        assert doc.description
        assert doc.example, f"{name} gives no example of {doc.name}"
        value = tomllib.loads(doc.example)
        assert list(value) == [doc.name]
        if doc not in docs:
            continue
        wrong = errors_of(plugin, example_of(plugin) | value)
        assert not [one for one in wrong if one["loc"][:1] == (doc.name,)]


def test_an_unknown_option_is_refused_with_the_one_that_is_meant() -> None:
    for name, plugin in source_plugins().items():
        known = next(iter(plugin.options.model_fields))
        with pytest.raises(ConfigError, match=f"{name} has no option '{known}x'.*{known}"):
            make_options(plugin, {f"{known}x": "s3cret"}, env={})


@pytest.mark.parametrize("name", [name for name, plugin in source_plugins().items() if plugin.starter is not None])
def test_what_starts_unconfigured_is_valid_and_public(name: str) -> None:
    plugin = source_plugins()[name]
    options = make_options(plugin, plugin.starter or {}, env={})
    assert not on_loopback(plugin, options)
    assert all(url.startswith("https://") for url in plugin.servers(options))


def test_credentials_are_looked_for_in_the_environment(plugin: SourcePlugin) -> None:
    own, usual = env_names(plugin, "access_token")
    assert (own, usual) == ("HANDLEWATCH_MASTODON_ACCESS_TOKEN", "MASTODON_ACCESS_TOKEN")
    given: dict[str, Any] = {"base_url": "social.example"}

    def token(env: dict[str, str], **values: str) -> str | None:
        secret = make_options(plugin, given | values, env=env).access_token
        return secret.get_secret_value() if secret else None

    assert token({}) is None
    assert token({usual: "a"}) == "a"
    assert token({usual: "a", own: "b"}) == "b"
    assert token({usual: "a"}, access_token="c") == "c"


@pytest.mark.parametrize(
    ("servers", "loopback"),
    [
        ("http://127.0.0.1:1", True),
        ("http://localhost:1,http://[::1]:2", True),
        ("http://localhost:1,https://social.example", False),
        ("https://social.example", False),
    ],
)
def test_loopback_means_every_server(plugin: SourcePlugin, servers: str, loopback: bool) -> None:
    assert on_loopback(plugin, make_options(plugin, {"servers": servers}, env={})) is loopback


def test_a_refused_value_is_not_repeated(plugin: SourcePlugin) -> None:
    values = {"base_url": "social.example", "first_pages": "s3cret", "access_token": "s3cret"}
    with pytest.raises(ConfigError, match="first_pages") as caught:
        make_options(plugin, values, env={})
    assert "s3cret" not in str(caught.value)


def test_a_missing_option_is_named() -> None:
    with pytest.raises(ConfigError, match="needs the option 'files'"):
        make_options(source_plugins()["archive"], {}, env={})


@pytest.mark.parametrize("name", sorted(name for name, one in source_plugins().items() if one.credentials_needed))
def test_a_server_on_this_machine_is_read_without_the_credentials_that_a_platform_wants(name: str) -> None:
    plugin = source_plugins()[name]
    values = {option: value for option, value in example_of(plugin).items() if option not in plugin.credentials}
    with pytest.raises(ConfigError, match=f"{name} needs "):
        make_options(plugin, values, env={})
    make_options(plugin, values | {"base_url": "http://127.0.0.1:9"}, env={})
