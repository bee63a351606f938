from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from alerts.channels.configured import DAILY_CAP, ConfiguredChannel, open_channels
from alerts.channels.facts import channel_facts
from alerts.channels.mail import MailChannel
from alerts.channels.mastodon import MastodonChannel
from alerts.verdicts import Conduct
from monitor.errors import ConfigError
from monitor.plugins import channel_plugins
from monitor.settings import Settings, load_settings
from tests.conftest import REPOSITORY

ORGANISATION = """
[organisation]
controller = "Example Institute"
purpose = "testing"
legal_basis = "none needed"
retention_days = 30
escalation_contact = "+1 555 0100"
contact = "reports@institute.example.org"
reviewers = ["sal"]
"""
DESK = """
[channels.desk]
plugin = "mail"
to = "desk@example.org"
host = "mail.example.org"
username = "reports"
daily_cap = 5
"""
FEDI = """
[channels.fedi]
plugin = "mastodon"
platforms = ["mastodon"]
server = "https://home.example"
"""


def settings(home: Path, text: str) -> Settings:
    (home / "handlewatch.toml").write_text(ORGANISATION + text)
    return load_settings(home)


def opened(home: Path, text: str) -> dict[str, ConfiguredChannel]:
    return open_channels(settings(home, text), httpx.AsyncClient())


def test_channels_are_made_from_the_file_and_secrets_from_the_environment(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HANDLEWATCH_CHANNELS__DESK__PASSWORD", "right horse")
    monkeypatch.setenv("HANDLEWATCH_CHANNELS__FEDI__TOKEN", "token")
    found = opened(home, DESK + FEDI)
    desk, fedi = found["desk"], found["fedi"]
    assert isinstance(desk.channel, MailChannel)
    assert isinstance(fedi.channel, MastodonChannel)
    options = desk.channel._options
    assert options.password is not None
    assert options.password.get_secret_value() == "right horse"
    assert (options.organisation, options.contact) == ("Example Institute", "reports@institute.example.org")
    assert (desk.platforms, desk.daily_cap) == (("*",), 5)
    assert (fedi.platforms, fedi.daily_cap) == (("mastodon",), DAILY_CAP)
    assert desk.takes("anything")
    assert fedi.takes("mastodon")
    assert not fedi.takes("reddit")


def test_a_channel_that_is_off_is_not_there(home: Path) -> None:
    assert opened(home, DESK + "enabled = false\n") == {}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (DESK.replace('"mail"', '"mial"'), "no channel 'mial'. Did you mean 'mail'"),
        (DESK + "daly_cap = 3\n", r"\[channels.desk\]: there is no setting 'daly_cap'. Did you mean 'daily_cap'"),
        (DESK.replace("desk@example.org", "nobody"), r"\[channels.desk\]: to: "),
        (FEDI, r"\[channels.fedi\]: token: "),
    ],
)
def test_mistakes_are_named(home: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        opened(home, text)


def test_a_mistake_never_shows_a_secret(home: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        opened(home, DESK + 'security = "none"\npassword = "right horse"\n')
    assert "right horse" not in str(caught.value)


def test_every_channel_states_its_facts() -> None:
    assert set(channel_facts()) == set(channel_plugins())
    for name, plugin in channel_plugins().items():
        facts = channel_facts()[name]
        assert facts.summary.startswith(plugin.summary.rstrip(".")[:20])
        assert not facts.retry_after_unknown  # unknown is for a person, on every channel
        assert set(facts.reasons) - {"fallback"} <= {conduct.value for conduct in Conduct if not conduct.safeguarding}


def test_the_examples_and_the_options_are_documented(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (REPOSITORY / "docs" / "reporting.md").read_text("utf-8")
    monkeypatch.setenv("HANDLEWATCH_CHANNELS__FEDIVERSE__TOKEN", "t")
    plugins = channel_plugins().values()
    assert len(opened(home, "\n".join(plugin.example for plugin in plugins))) == len(plugins)
    for plugin in plugins:
        assert plugin.example in text
        for option in plugin.options.model_fields:
            assert re.search(rf"^\| `{option}` \|", text, re.MULTILINE), f"{plugin.name}: {option}"


def test_a_private_channel_needs_none_of_ours(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pydantic import BaseModel

    from monitor.channel_ports import ChannelPlugin
    from tests.support.reporting import ToldChannel

    class Options(BaseModel):
        organisation: str

    def make(name: str, options: Any, http: httpx.AsyncClient) -> ToldChannel:
        return ToldChannel(name=f"{name} of {options.organisation}")

    mine = ChannelPlugin(name="mine", summary="", options=Options, open=make)
    monkeypatch.setattr("alerts.channels.configured.channel_plugins", lambda: {"mine": mine})
    (found,) = opened(home, '[channels.x]\nplugin = "mine"\n').values()
    assert (found.channel.name, found.daily_cap) == ("x of Example Institute", DAILY_CAP)
