"""The fast path finds what the reference finds, with either backend."""

import json
import os
import random
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from monitor import detect
from monitor.detect.bundle import load_bundle
from monitor.detect.endings import shipped_endings
from monitor.detect.fast.matchers import BACKENDS
from monitor.detect.fast.screen import FastScreen
from monitor.detect.screen import Screen
from monitor.detect.screening import Screening
from monitor.drafts import columns_of
from monitor.ports import Records
from monitor.post import Post
from monitor.records import from_record
from tests.detect.nasty import GAPS, PIECES, disguised, post_of

CORPUS = Path(__file__).parents[2] / "corpus"
DATA = Path(detect.__file__).parent / "data"
SCREEN = Screen(load_bundle())
FAST = {backend: FastScreen(SCREEN, backend=backend) for backend in BACKENDS}
APPS = ("wickr", "kik", "telegram", "snapchat", "discord", "tele", "snap", "tg")
TERMS = ("perv", "nolimits", "taboo", "aam", "map", "teen", "no limits")
ENDINGS = sorted(shipped_endings().all)
GENERATED = 400_000 if os.environ.get("HANDLEWATCH_SOAK") else 6_000


def hits(posts: list[Post], backend: str) -> dict[int, Screening]:
    records = Records.of(posts)
    return {row: verdict for row, _, verdict in FAST[backend].hits(records.columns, records.__getitem__)}


SHAPES = ("ab", "quu", "quux", "lillily", "bookkeeper", "too all", "zorblat bem", "grünkohl", "пароль", "fennimore")


def obfuscated(rng: random.Random, terms: Sequence[str] = TERMS) -> Post:
    """A post with an app, a handle and terms, each in a disguise, among nasty pieces."""
    app, term, other = (disguised(rng.choice(of), rng.choice(GAPS), rng.randrange(14)) for of in (APPS, terms, terms))
    if rng.random() < 0.5:
        text = f"{app}: zorblat_77 {term} {other}"
    else:
        text = rng.choice(PIECES).join((app, rng.choice((": ", "  ", " @", "")) + "zorblat77", term))
        text += "".join(rng.choices(PIECES, k=rng.randrange(6)))
    return post_of((text, "".join(rng.choices(PIECES, k=rng.randrange(3))), rng.choice(PIECES)))


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    "name", ["posts.ndjson", "handwritten.ndjson", "blind.ndjson", "blind2.ndjson", "blind4.ndjson"]
)
def test_the_corpus_gives_the_hits_of_the_reference(name: str, backend: str) -> None:
    lines = (CORPUS / name).read_bytes().splitlines()
    posts = [from_record(json.loads(line)) for line in lines]
    expected = {row: verdict for row, post in enumerate(posts) if (verdict := SCREEN(post)).hit}
    assert len(expected) > 50
    assert hits(posts, backend) == expected


@pytest.mark.parametrize("backend", BACKENDS)
def test_disguises_among_nasty_pieces_are_not_lost(backend: str) -> None:
    rng = random.Random(f"disguises {backend}")
    found = 0
    for _ in range(0, GENERATED, 500):
        posts = [obfuscated(rng) for _ in range(500)]
        closer = set(FAST[backend].candidates(columns_of(posts)))
        expected = {row for row, post in enumerate(posts) if SCREEN(post).hit}
        assert expected - closer == set(), [posts[row] for row in expected - closer]
        found += len(expected)
    assert found > GENERATED / 4


def inflected(rng: random.Random) -> Post:
    """A post with an app's name and a term as languages inflect them, in company of other scripts or none."""
    app = rng.choice(SCREEN.bundle.apps)
    name = rng.choice([*app.names, *app.weak, *app.common] or [app.id])
    ends = [rng.choice(ENDINGS) if rng.random() < 0.8 else "" for _ in range(2)]
    name += rng.choice(("", "", name[-1], "'", "’", "-")) * bool(ends[0]) + ends[0]
    term = rng.choice(("perv", "nolimits", "taboo aam")) + rng.choice(("", "", "-", "'")) * bool(ends[1]) + ends[1]
    handle = {"name": "@zorblat_77", "phone": "+44 7700 900123", "signal-name": "zorblat.77"}.get(
        app.shapes[0], "@zor.77"
    )
    lead = rng.choice(("", "é ", "мой ", "στο ", "في "))
    return Post(platform="x", id="1", text=f"{lead}{name if rng.random() < 0.5 else name.title()}: {handle} {term}")


@pytest.mark.parametrize("backend", BACKENDS)
def test_inflected_names_and_terms_are_not_lost(backend: str) -> None:
    rng = random.Random(f"inflected {backend}")
    posts = [inflected(rng) for _ in range(GENERATED // 2)]
    expected = {row for row, post in enumerate(posts) if SCREEN(post).hit}
    lost = expected - set(FAST[backend].candidates(columns_of(posts)))
    assert lost == set(), [posts[row].text for row in lost]
    assert len(expected) > len(posts) / 3


@pytest.mark.parametrize("backend", BACKENDS)
def test_terms_of_every_shape_are_not_lost(backend: str, tmp_path: Path) -> None:
    path = tmp_path / "lexicon.toml"
    entries = (
        f'[[term]]\nid = "{term}"\nsource = "invented"\n'
        + ('tolerance = ["leet", "stretched", "typo"]\n' if term in SHAPES[-2:] else "")
        for term in SHAPES
    )
    path.write_text('[lexicon]\nname = "shapes"\nversion = 1\n' + "".join(entries), encoding="utf-8")
    screen = Screen(load_bundle(lexicon=path))
    fast = FastScreen(screen, backend=backend)
    rng = random.Random(f"shapes {backend}")
    posts = [obfuscated(rng, SHAPES) for _ in range(800)]
    expected = {row for row, post in enumerate(posts) if screen(post).hit}
    lost = expected - set(fast.candidates(columns_of(posts)))
    assert lost == set(), [posts[row] for row in lost]
    assert len(expected) > 150


@pytest.mark.parametrize(
    "text",
    [
        "wi\x1eckr: zorblat77 perv",
        "é <b>w</b>ord <a href='https://t.me/zorblat77'>x</a> nolimits",
        "kik🇺🇸: zorblat77 nolimits",
        "k\x00ik: zorblat77 perv",
        "w<b>i</b>ckr zorblat77 perv",
        "&#107;ik: zorblat77 perv",
        "05" + "ab" * 32 + " nolimits perv",
        "@zorblat:server.example nolimits perv",
    ],
)
def test_what_folding_alone_reads_passes_in_any_company(text: str) -> None:
    posts = [Post(platform="x", id=str(at), text="a walk\x1e in the park é" * (at % 3)) for at in range(60)]
    posts[41] = Post(platform="x", id="41", text=text)
    assert SCREEN(posts[41]).hit
    for backend in BACKENDS:
        assert list(hits(posts, backend)) == [41]


@pytest.mark.parametrize(
    "text", ["|>erv kik zorblat77", "kik zorblat77 pe|2v", "n()limits kik: zorblat77", "p*rv kik zorblat77"]
)
def test_drawn_letters_are_read_in_each_of_many_short_posts(text: str) -> None:
    posts = [Post(platform="x", id=str(at), text=f"{text} {at}") for at in range(40)]
    assert SCREEN(posts[7]).hit
    for backend in BACKENDS:
        assert list(hits(posts, backend)) == list(range(40))


def test_a_community_with_house_rules_needs_no_term(tmp_path: Path) -> None:
    rules = tmp_path / "rules.toml"
    rule = '\n[[rule]]\nid = "no-handles-here"\nkind = "house-rule"\ncommunities = ["our-community"]\n'
    rules.write_text((DATA / "rules.toml").read_text(encoding="utf-8") + rule, encoding="utf-8")
    fast = FastScreen(Screen(load_bundle(rules=rules)))
    posts = [Post(platform="x", id=str(at), text="a walk in the park") for at in range(60)]
    posts[5] = Post(platform="x", id="5", text="kik: zorblat77", community="our-community")
    posts[6] = Post(platform="x", id="6", text="kik: zorblat77", community="another")
    posts[7] = Post(platform="x", id="7", text="é telegram: zorblat77", community="r/our-community")
    posts[8] = Post(platform="x", id="8", text="hello", community="kik nolimits")
    assert fast.candidates(columns_of(posts)) == [5, 7, 8]


def test_what_repeats_without_end_takes_time_in_step_with_its_length() -> None:
    FAST["hyperscan"].prepare()
    for piece in ("\U0001f1f9", "a*a", "line", "&#107;", "()"):
        begun = time.process_time()
        FAST["hyperscan"].sieve.rows([f"kik {piece * 10_000}", *[""] * 20])
        assert time.process_time() - begun < 5
