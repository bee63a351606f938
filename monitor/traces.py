"""What a post leaves behind by which its author or community is known again: the bio, and the community's name. Pure.

The store keeps keyed hashes of them, which stay when the words have to go.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from monitor.detect.screening import Screening
from monitor.detect.vocabulary import Vocabulary
from monitor.post import Post
from monitor.text.fold import fold

FEWEST_WORDS: Final = 4
"""Words below which a bio is anybody's."""
SHORTEST_FAMILY: Final = 6
"""Letters below which a family of names is anybody's."""

_READ: Final = 4_000
_MARK: Final = "\ue000"
_WORD: Final = re.compile(rf"{_MARK}|[^\W_]+")
_UNSPACED: Final = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")
_SERVER: Final = re.compile(r"(?<=.)(?:@|:)[\w.-]+\.[a-z]{2,}\Z")
_PREFIX: Final = re.compile(r"\A(?:/?[rc]/|[#!@&+]+)")
_AGAIN: Final = frozenset(
    {
        *("again", "alt", "alternative", "backup", "backups", "bak", "back", "bkp", "bkup", "copy", "ii", "iii", "iv"),
        *(
            "main",
            "mirror",
            "mk",
            "new",
            "next",
            "official",
            "old",
            "original",
            "reborn",
            "rebuild",
            "redux",
            "reloaded",
        ),
        *("remake", "replacement", "reserve", "restart", "resurrected", "return", "returns", "revived", "second"),
        *("spare", "successor", "temp", "the", "third", "two", "three", "v", "ver", "version", "vol"),
    }
)
"""What is put to a name to make the next one of it."""
_GLUED: Final = re.compile(
    r"(?:alt|backup|back|bak|bkup|copy|mirror|new|official|reborn|redux|reloaded|returns|spare|v)\Z"
)
_LONG_ENOUGH: Final = 8
"""Letters that must be left before a suffix that is written on to a name is taken off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Traces:
    """What is kept as hashes only; None where there is none, or it is anybody's.

    :param bio: its words in order, handles masked. :param community: its name, folded.
    :param family: what names like it have in common: without digits, separators and what says "the next one".
    """

    bio: str | None = None
    community: str | None = None
    family: str | None = None


class Tracing:
    """Reads traces off screened posts. Built once for a vocabulary."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._everyday = vocabulary.everyday

    def __call__(self, post: Post, screening: Screening) -> Traces:
        """The traces of one post."""
        name = _plain_name(post.community) if post.community else ""
        return Traces(
            bio=_bio(post.author.bio, screening) if post.author.bio else None,
            community=name or None,
            family=self._family(name),
        )

    def _family(self, name: str) -> str | None:
        words = re.findall(r"[^\W\d_]+", name)
        kept = [word for word in words if word not in _AGAIN]
        if kept and (found := _GLUED.search(kept[-1])) and found.start() >= _LONG_ENOUGH:
            kept[-1] = kept[-1][: found.start()]
        family = "".join(kept)
        common = all(self._everyday(word) for word in kept)
        return family if len(family) >= SHORTEST_FAMILY and not common else None


def _plain_name(name: str) -> str:
    folded = fold(name[:_READ]).lower.strip()
    return _SERVER.sub("", _PREFIX.sub("", folded))


def _bio(bio: str, screening: Screening) -> str | None:
    """The words of a bio, with a mark for each handle."""
    handles = {match.handle.lower() for match in screening.handles}
    spans = sorted({(match.start, match.end) for match in screening.handles if match.field == "author.bio"})
    masked, at = "", 0
    for start, end in spans:
        if start >= at:
            masked += f"{fold(bio[at:start]).lower} {_MARK} "
            at = end
    masked += fold(bio[at:_READ]).lower if at < _READ else ""
    words = [_MARK if word in handles else word for word in _WORD.findall(masked)]
    if sum(map(_length, words)) < FEWEST_WORDS:
        return None
    return " ".join(words)


def _length(word: str) -> int:
    """In words: scripts without spaces write several as one."""
    if word == _MARK:
        return 0
    return max(1, len(word) // 2) if _UNSPACED.search(word) else 1
