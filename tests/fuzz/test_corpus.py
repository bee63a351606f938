"""The fuzzer's corpus, and inputs made from fixed seeds, without the fuzzer: what once failed stays mended."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from tests.fuzz.posts import check, post_from

CORPUS = sorted((Path(__file__).parent / "corpus").iterdir())
ROUNDS = 2_000 if os.environ.get("HANDLEWATCH_SOAK") == "1" else 40


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.name)
def test_the_corpus_holds(path: Path) -> None:
    check(path.read_bytes())


@pytest.mark.property
@pytest.mark.parametrize("seed", range(8))
def test_inputs_made_from_the_corpus_hold(seed: int) -> None:
    chance = random.Random(seed)
    inputs = [path.read_bytes() for path in CORPUS]
    for _ in range(ROUNDS):
        one, other = chance.sample(inputs, 2)
        check(_changed(one[: chance.randrange(len(one) + 1)] + other[chance.randrange(len(other)) :], chance))


def _changed(data: bytes, chance: random.Random) -> bytes:
    made = bytearray(data)
    for _ in range(chance.randrange(6)):
        at = chance.randrange(len(made) + 1)
        new = bytes(chance.choice([(1, chance.randrange(256)), (2, *chance.randbytes(3)), tuple(chance.randbytes(2))]))
        made[at : at + chance.randrange(3)] = new
    return bytes(made)


def test_any_bytes_make_a_post() -> None:
    assert not list(post_from(b"").fields())[3:]
    post = post_from(b"kik \x01\x00\xfftitle \xc3\x28\xff\x02\x00\x00\x02")
    assert post.text == "kik taboo"
    assert post.title == "title \udcc3("
    assert post.tags[0] == "t a b o o"
