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
