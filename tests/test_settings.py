from __future__ import annotations

from pathlib import Path

import pytest

from monitor.errors import ConfigError
from monitor.settings import CONFIG_FILE, load_settings

FULL = """
[organisation]
controller = "Example Hotline"
purpose = "reports"
legal_basis = "public interest"
retention_days = 90
escalation_contact = "duty desk"
contact = "desk@hotline.example"
reviewers = ["ada"]

[sources.one]
plugin = "mastodon"
every = 30
tags = ["example"]

[channels.post]
plugin = "mail"
to = "abuse@platform.example"
"""


def write(home: Path, text: str) -> None:
    (home / CONFIG_FILE).write_text(text, "utf-8")


def test_unconfigured_is_counting_only(home: Path) -> None:
    settings = load_settings(home)
    assert settings.organisation is None
    assert settings.database_url == f"sqlite:///{home}/handlewatch.db"
    assert "counting only" in settings.user_agent


def test_a_full_configuration(home: Path) -> None:
    write(home, FULL)
    settings = load_settings(home)
    assert settings.organisation is not None
    assert settings.user_agent.endswith("(desk@hotline.example)")
    assert settings.sources["one"].options == {"tags": ["example"]}
    assert settings.channels["post"].options == {"to": "abuse@platform.example"}


def test_the_environment_wins(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(home, FULL)
    monkeypatch.setenv("HANDLEWATCH_DATABASE__URL", "postgresql://x/y")
    monkeypatch.setenv("HANDLEWATCH_PAGE__PORT", "9999")
    monkeypatch.setenv("HANDLEWATCH_SOURCES__ONE__TOKEN", "invented-secret")
    settings = load_settings(home)
    assert (settings.database_url, settings.page.port) == ("postgresql://x/y", 9999)
    assert settings.sources["one"].options == {"tags": ["example"], "token": "invented-secret"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[organisation\n", "is not TOML"),
        ("[page]\nprot = 1\n", "Did you mean 'port'"),
        ("[pgae]\nport = 1\n", "Did you mean 'page'"),
        ("[page]\nport = 99999\n", "page.port"),
        (FULL.replace("90", "0"), "organisation.retention_days"),
        (FULL.replace("desk@hotline.example", "nobody"), "organisation.contact"),
        (FULL.replace('reviewers = ["ada"]', "reviewers = []"), "organisation.reviewers"),
        (FULL.replace('controller = "Example Hotline"', ""), "organisation.controller"),
        (FULL.replace('plugin = "mastodon"', ""), "sources.one.plugin"),
    ],
)
def test_mistakes_are_named_with_file_and_setting(home: Path, text: str, said: str) -> None:
    write(home, text)
    with pytest.raises(ConfigError) as caught:
        load_settings(home)
    assert said in caught.value.what
    assert str(home) in caught.value.what


def test_an_unreadable_file_says_so(home: Path) -> None:
    (home / CONFIG_FILE).write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="cannot be read"):
        load_settings(home)


def test_the_folder_that_is_asked_for_wins_over_the_environment(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HANDLEWATCH_HOME", "/elsewhere")
    assert load_settings(home).home == home


def test_a_demo_is_not_reached_by_the_environment(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HANDLEWATCH_DATABASE__URL", "postgresql://production/x")
    monkeypatch.setenv("HANDLEWATCH_SOURCES", "{")
    assert load_settings(home, environment=False).database_url == f"sqlite:///{home}/handlewatch.db"


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("HANDLEWATCH_SOURCES", "{", "HANDLEWATCH_SOURCES in the environment"),
        ("HANDLEWATCH_PAGE__PORT", "x", "HANDLEWATCH_PAGE__PORT in the environment: page.port"),
        ("HANDLEWATCH_ORGANISATION", "invented-secret", "HANDLEWATCH_ORGANISATION in the environment"),
    ],
)
def test_mistakes_in_the_environment_are_named_without_the_value(
    home: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError) as caught:
        load_settings(home)
    assert said in caught.value.what
    assert "invented-secret" not in str(caught.value)


def test_a_byte_order_mark_is_no_mistake(home: Path) -> None:
    (home / CONFIG_FILE).write_bytes(b"\xef\xbb\xbf[page]\r\nport = 81\r\n")
    assert load_settings(home).page.port == 81


def test_lexicon_and_rules_lie_beside_the_configuration(home: Path) -> None:
    write(home, 'lexicon = "ours.toml"\nrules = "/etc/rules.toml"\n')
    settings = load_settings(home)
    assert (settings.lexicon, settings.rules) == (home / "ours.toml", Path("/etc/rules.toml"))


def test_the_home_folder_is_no_setting(home: Path) -> None:
    write(home, 'home = "/elsewhere"\n')
    with pytest.raises(ConfigError, match="--home"):
        load_settings(home)


def test_a_home_that_is_a_file_says_so(home: Path) -> None:
    (home / "file").write_text("")
    with pytest.raises(ConfigError, match="cannot be read: Not a directory"):
        load_settings(home / "file")
