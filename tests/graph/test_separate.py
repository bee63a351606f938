"""Short posts of strangers that have much in common and are no campaign; written by hand."""

from __future__ import annotations

import pytest

from monitor.detect.bundle import load_bundle
from monitor.detect.screen import Screen
from monitor.graph.likeness import Likeness
from monitor.graph.wording import Wordings
from monitor.records import from_record

BUNDLE = load_bundle()
SCREEN, WORDS, LIKENESS = Screen(BUNDLE), Wordings(BUNDLE), Likeness(BUNDLE.vocabulary.neutral)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"text": "t.me/quontral3906 perv nolimits"}, {"text": "wicker me at druprad2277, nolimits perv"}),
        ({"text": "hmu zorblat77 discord perv taboo"}, {"text": "hmu quibdrem04 kik perv taboo"}),
        (
            {"text": "rules are pinned", "community": "wickr_nolimits"},
            {"text": "rules are pinned", "community": "kikperv"},
        ),
    ],
)
def test_strangers_stay_apart(one: dict[str, str], other: dict[str, str]) -> None:
    posts = [from_record({"platform": "x", "id": "1", **record}) for record in (one, other)]
    left, right = (LIKENESS.weigh(WORDS(post, SCREEN(post))) for post in posts)
    assert not LIKENESS.same_template(left, right, related=False)
