"""Secrets in files and in the system's keyring."""

from __future__ import annotations

from pathlib import Path

import keyring
import pytest
from keyring.backend import KeyringBackend

from monitor.errors import ConfigError
from monitor.plugins import source_plugins
from monitor.secrets import read_secret
from monitor.sourcing import make_options

OF = "mastodon: access_token"


class Memory(KeyringBackend):
    """A keyring that forgets."""

    priority = 1  # pyright: ignore[reportAssignmentType] - keyring declares it as a property of the class

    def __init__(self) -> None:
        super().__init__()
        self.entries = {("handlewatch", "token"): "planted-secret"}

    def get_password(self, service: str, username: str) -> str | None:
        return self.entries.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.entries[service, username] = password


@pytest.fixture
def own_keyring() -> object:
    before, own = keyring.get_keyring(), Memory()
    keyring.set_keyring(own)
    yield own
    keyring.set_keyring(before)


def test_a_secret_from_a_file_has_no_line_feed(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("planted-secret\n")
    options = make_options(
        source_plugins()["mastodon"],
        {"base_url": "https://social.example", "access_token": f"file:{tmp_path / 'token'}"},
        env={},
    )
    assert options.access_token.get_secret_value() == "planted-secret"


def test_the_environment_may_name_a_file_too(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("planted-secret")
    options = make_options(
        source_plugins()["mastodon"],
        {"base_url": "https://social.example"},
        env={"MASTODON_ACCESS_TOKEN": f"file:{tmp_path / 'token'}"},
    )
    assert options.access_token.get_secret_value() == "planted-secret"


@pytest.mark.parametrize("content", [None, b"", b"  \n", b"\xff\xfe"])
def test_a_file_that_gives_nothing_is_named(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "token").write_bytes(content)
    with pytest.raises(ConfigError, match=r"mastodon: access_token.*token"):
        read_secret(f"file:{tmp_path / 'token'}", of=OF)


@pytest.mark.usefixtures("own_keyring")
def test_a_secret_from_the_keyring() -> None:
    assert read_secret("keyring:handlewatch/token", of=OF) == "planted-secret"


@pytest.mark.usefixtures("own_keyring")
@pytest.mark.parametrize("name", ["handlewatch/other", "handlewatch", "/token", "handlewatch/"])
def test_an_entry_that_is_not_there_is_said(name: str) -> None:
    with pytest.raises(ConfigError, match="access_token"):
        read_secret(f"keyring:{name}", of=OF)


def test_every_other_value_is_the_secret_itself() -> None:
    assert read_secret("https://not:a-file", of=OF) == "https://not:a-file"
