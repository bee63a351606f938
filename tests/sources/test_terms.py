from __future__ import annotations

import pytest

from monitor.errors import ConfigError
from monitor.plugins import source_plugins
from sources.terms import load_terms, parse_terms

ENTRY = """
[demo]
approval_needed = false
basis_needed = true
text_days = 3
deletion_hours = -1
may_link = true
may_profile = false
may_share = ["platform", "hotline"]
may_publish_time_to_act = false
link = "https://terms.example/"
checked = 2026-11-24
"""


def test_every_source_has_its_own_terms() -> None:
    for name, plugin in source_plugins().items():
        # Several sources of one platform ("bluesky-search") share its terms.
        assert plugin.terms is load_terms()[name.partition("-")[0]]


def test_an_entry_is_read() -> None:
    terms = parse_terms(ENTRY)["demo"]
    assert (terms.text_days, terms.deletion_hours) == (3, None)
    assert terms.may_share == {"platform", "hotline"}
    assert terms.link == "https://terms.example/"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("may_link = true", "may_lnk = true"), "may_link"),
        (("may_link = true", ""), "demo.may_link"),
        (('"hotline"', '"press"'), "demo.may_share"),
        (("text_days = 3", "text_days = -2"), "demo.text_days"),
        (("checked = 2026-11-24", 'checked = "soon"'), "demo.checked"),
        (("[demo]", "[demo"), "not TOML"),
    ],
)
def test_a_mistake_is_named(change: tuple[str, str], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        parse_terms(ENTRY.replace(*change))


def test_what_the_shipped_terms_say() -> None:
    terms = load_terms()
    assert not terms["bluesky"].basis_needed
    assert terms["mastodon"].basis_needed
    assert terms["tumblr"].text_days == 3
    assert terms["tumblr"].deletion_hours == 24
    assert terms["youtube"].text_days == 30
    assert not terms["x"].may_publish_time_to_act
    assert not terms["reddit"].may_link
    assert {entry.checked.isoformat() for entry in terms.values()} == {"2026-11-24"}
