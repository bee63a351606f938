"""Speed and recall of looking up near-duplicates in memory, beside datasketch where it is installed.

Both sides get the same texts, as they are sketched (folded, handles masked), and do the same work: sketch a text and
add it; sketch an edited copy and find its original. CPU time of one core.
"""

from __future__ import annotations

import importlib
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from monitor.graph.nearby import Nearby
from monitor.graph.sketch import SHINGLE, sketch

_SYLLABLES: Final = "ba ce di fo gu ha je ki lo mu na pe ri so tu va we xi yo zu an el in or un".split()  # noqa: SIM905
_WORDS: Final = 4_000
KINDS: Final[Sequence[str]] = ("light edit", "digits", "handle swapped", "two words", "three typos")


Asked = Sequence[tuple[int, str, str]]
"""(number of the original, kind of edit, edited copy)."""


@dataclass(slots=True, kw_only=True)
class Side:
    """One contestant: microseconds a text by round, and the share of originals found by kind of edit."""

    name: str
    add: list[float] = field(default_factory=list[float])
    find: list[float] = field(default_factory=list[float])
    recall: Mapping[str, float] = field(default_factory=dict[str, float])


Play = Callable[[Side, Any, Sequence[str], Asked], None]


def measure_sketches(*, texts: int, rounds: int, tell: Callable[[str], None]) -> list[Side]:
    """Runs both sides in turn."""
    rng = random.Random(11)  # noqa: S311 - the same texts every time
    words = made_words(rng)
    originals = [" ".join(drawn(words, rng) for _ in range(rng.randint(8, 60))) for _ in range(texts)]
    asked = [
        (number, kind, edited(originals[number], kind, words, rng))
        for number in rng.sample(range(texts), texts // 10)
        for kind in KINDS
    ]
    sides: list[tuple[Side, Callable[[], Any], Play]] = [(Side(name="handlewatch"), Nearby, _ours)]
    try:
        theirs = importlib.import_module("datasketch")
    except ImportError:
        pass
    else:
        sides.append((Side(name="datasketch"), lambda: theirs.MinHashLSH(threshold=0.5, num_perm=128), _theirs(theirs)))
    for turn in range(rounds):
        for side, index_of, play in sides:
            tell(f"round {turn + 1} of {rounds}: {side.name}")
            play(side, index_of(), originals, asked)
    return [side for side, _, _ in sides]


def made_words(rng: random.Random) -> list[str]:
    """Words that nobody uses."""
    return ["".join(rng.choices(_SYLLABLES, k=rng.choice([1, 2, 2, 3]))) for _ in range(_WORDS)]


def drawn(words: Sequence[str], rng: random.Random) -> str:
    """A word; some are far more common than others."""
    return words[int(len(words) * rng.random() ** 3)]


def edited(text: str, kind: str, words: Sequence[str], rng: random.Random) -> str:
    """A lightly edited copy, as one of `KINDS` says."""
    parts = text.split(" ")
    match kind:
        case "digits":
            parts.append(str(rng.randrange(1000)))
        case "handle swapped":
            # Handles are masked: what is left of the swap is another app's name.
            parts[rng.randrange(len(parts))] = "kik"
        case "two words":
            for at in rng.sample(range(len(parts)), 2):
                parts[at] = rng.choice(words)
        case "three typos":
            for at in rng.sample(range(len(parts)), 3):
                where = rng.randrange(len(parts[at]))
                parts[at] = parts[at][:where] + rng.choice("aeiou") + parts[at][where + 1 :]
        case _:
            parts.insert(rng.randrange(len(parts)), "hey")
    return " ".join(parts)


def _ours(side: Side, index: Nearby, originals: Sequence[str], asked: Asked) -> None:
    started = time.process_time()
    for text in originals:
        index.add(sketch(text))
    added = time.process_time()
    found = [index.find(sketch(text)) for _, _, text in asked]
    _note(side, started, added, len(originals), asked, found)


def _theirs(library: Any) -> Play:
    def minhash(text: str) -> Any:
        made = library.MinHash(num_perm=128)
        padded = f" {text} "
        made.update_batch([padded[at : at + SHINGLE].encode() for at in range(len(padded) - SHINGLE + 1)])
        return made

    def play(side: Side, index: Any, originals: Sequence[str], asked: Asked) -> None:
        started = time.process_time()
        for number, text in enumerate(originals):
            index.insert(number, minhash(text), check_duplication=False)
        added = time.process_time()
        found = [index.query(minhash(text)) for _, _, text in asked]
        _note(side, started, added, len(originals), asked, found)

    return play


def _note(side: Side, started: float, added: float, texts: int, asked: Asked, found: Sequence[Sequence[int]]) -> None:
    side.add.append((added - started) / texts * 1e6)
    side.find.append((time.process_time() - added) / len(asked) * 1e6)
    right: dict[str, int] = dict.fromkeys(KINDS, 0)
    for (number, kind, _), ids in zip(asked, found, strict=True):
        right[kind] += number in ids
    side.recall = {kind: count * len(KINDS) / len(asked) for kind, count in right.items()}
