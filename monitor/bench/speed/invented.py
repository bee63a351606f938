"""Words that nobody uses: terms, handles and the posts that share one beside the other. The same each time."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple

from monitor.bench.speed.disguises import DISGUISES
from monitor.detect.bundle import Bundle
from monitor.detect.spelling import key

_STEMS: Final = """
acorn amber apron ash autumn badge barley barn basil basket beacon bell birch bolt bowl brick bridge brook broom
cabin candle canoe canyon carpet cedar chalk cherry clay cliff clock cloud clover coal cobalt comet copper coral
cradle crate creek crown crystal daisy delta desert dew dome dragon drum dune ember falcon feather fern ferry field
flag flint flute fog forest forge fossil fox garden ginger glacier glove goose granite gravel gully harvest harp
hazel hedge heron hill hinge honey igloo indigo island ivory ivy jade jug kettle kite ladder lagoon lake lamp lemon
lentil lilac linen lizard lotus magnet maple marble marsh meadow melon mill mint mirror mitten moss moth mustard
nectar needle nickel nutmeg oak ocean olive onyx opal orbit otter oven owl oyster paddle parrot pebble pigeon pillow
pine plum pollen pond potato prism pumpkin quail quartz quilt rabbit radish raven reef ribbon river robin rocket rose
ruby saddle saffron sail salt sand satin shell shore silk silver slate snow spruce stone storm stove straw sugar swan
thistle thorn thunder tile timber torch tulip tundra tunnel turnip valley vase velvet violet walnut willow winter wool
yarn zebra zinc
""".split()  # noqa: SIM905 - words, not a list to maintain
"""Terms are made of two of them, cut short and inflected: terms of a real lexicon are words, and share their letters
with ordinary ones. (Terms of letters that hardly stand together would let a bare scan skip over most of a text.)
"""
_ENDINGS: Final = "- - s er ed in on ing y ish ly es o ton ous et le ow ard est".replace("-", "").split(" ")
_SYLLABLES: Final = (
    "zor",
    "blat",
    "quib",
    "bern",
    "vex",
    "mol",
    "dra",
    "fin",
    "gul",
    "pim",
    "wux",
    "yel",
    "nar",
    "kos",
)
"""Handles are made of them."""
_LETTERS: Final = range(5, 13)
"""Letters of a term."""

_NAMED: Final = ("wickr", "kik", "telegram", "snapchat", "discord", "viber", "session", "threema", "zangi")
"""Names of apps that positives name; each takes another kind of handle, or a plain name."""
_CARRIERS: Final = (
    "{term} trade, {app}: {handle}",
    "anyone into {term}? add me on {app} {handle}",
    "{app}: {handle} hmu, {term}",
    "dm me for {term} - {app} @{handle}",
    "{term} 🔥 {app} {handle}",
    "looking for {term} friends. my {app} is {handle}",
    "{term}\n{app}: {handle}",
    "add me {app}: {handle} ({term})",
)


class Positive(NamedTuple):
    """A post that shares a handle beside a term, and what it was made of."""

    text: str
    app: str
    handle: str
    term: str
    disguise: str


def invent_terms(count: int, bundle: Bundle) -> list[str]:
    """Words of 5 to 12 letters and, one in three, phrases of two words.

    None is a common word, and none holds an app's name.
    """
    names = {key(spelling.flat) for app in bundle.apps for spelling in app.spellings() if len(spelling.flat) > 2}
    rng = random.Random("terms")  # noqa: S311 - the same words every time
    terms: list[str] = []
    seen: set[str] = set()
    while len(terms) < count:
        first, second = rng.choice(_STEMS), rng.choice(_STEMS)
        words = [first[: rng.randint(3, 6)], second[: rng.randint(3, 6)] + rng.choice(_ENDINGS)]
        flat = key("".join(words))
        term = ("" if len(terms) % 3 else " ").join(words)
        # Of "lil lily", as runs and digits are read, two letters are left.
        fits = sum(map(len, words)) in _LETTERS and len(flat) in _LETTERS and flat not in seen
        if fits and not bundle.vocabulary.everyday(term) and not _holds(flat, names):
            seen.add(flat)
            terms.append(term)
    return terms


def _holds(flat: str, names: set[str]) -> bool:
    pieces = {flat[at : at + size] for size in range(3, len(flat) + 1) for at in range(len(flat) - size + 1)}
    return not names.isdisjoint(pieces) or not names.isdisjoint({piece[::-1] for piece in pieces})


def invent_positives(terms: Sequence[str]) -> Iterator[Positive]:
    """Distinct posts without end, through all carriers, apps and disguises."""
    rng = random.Random("positives")  # noqa: S311 - the same posts every time
    disguises = list(DISGUISES.items())
    seen: set[str] = set()
    at = 0
    while True:
        name, disguise = disguises[at % len(disguises)]
        app, term = rng.choice(_NAMED), rng.choice(terms)
        handle = _handle(app, rng)
        text = rng.choice(_CARRIERS).format(term=disguise(term, rng), app=disguise(app, rng), handle=handle)
        if text not in seen:
            seen.add(text)
            at += 1
            yield Positive(text, app, handle, term, name)


def _handle(app: str, rng: random.Random) -> str:
    makers: dict[str, Callable[[], str]] = {
        "session": lambda: f"05{rng.randbytes(32).hex()}",
        "threema": lambda: "".join(rng.choice("ABCDEFGHJKMNPRSTUVWXYZ") for _ in range(6)) + rng.choice("23456789") * 2,
        "zangi": lambda: f"10{rng.randrange(10**8):08d}",
        "viber": lambda: f"+44 7700 900{rng.randrange(1000):03d}",
    }
    name = (
        rng.choice(_SYLLABLES)
        + rng.choice(_SYLLABLES)
        + rng.choice(("", "_77", "04", "x1", str(rng.randrange(100, 1000))))
    )
    return makers.get(app, lambda: name)()
