"""The wording of a hit: the words that make its template, whatever its handles and its disguise.

Only what stands around the hit counts. A short post is that as a whole; of a long one it is the sentences that hold a
handle or a term, so that a page of boilerplate neither joins two adverts nor parts one from itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, groupby
from typing import Final, NamedTuple

from monitor.detect.bundle import Bundle
from monitor.detect.screening import Screening
from monitor.graph.frames import Frames
from monitor.post import Post
from monitor.text.fold import fold

SHORT: Final = 40
"""Words up to which a post is short."""
FAR: Final = 40
"""Words on both sides of a hit that count at all."""
REACH: Final = 16
"""Words on both sides of a hit that belong to it, in a sentence that never ends."""
MOST: Final = 128
TERM: Final = "\ue001"
"""Begins the word that stands for a term; the lexicon's id follows."""

_HANDLE: Final = "\ue000"
_CLOSE: Final = "\ue002"
_ENDS: Final = frozenset(".!?…。！？")
_TOKEN: Final = re.compile(
    rf"{_HANDLE}|{TERM}[^{_CLOSE}]*{_CLOSE}"
    r"|[.!?…。！？]+(?=\s|\Z)"
    r"|[a-z]+://\S+|(?<![\w@])[\w-]{1,64}(?:\.[\w-]{1,64}){1,4}/\S*|@[\w.-]+"
    r"|(?:[^\W_]|[\u0900-\u0963\u0966-\u0dff])+"
)
_APOSTROPHE: Final = re.compile(r"(?<=\w)['’`](?=\w)")
_STRETCHED: Final = re.compile(r"(\D)\1+")
_SCRIPT: Final = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff"
_UNSPACED: Final = re.compile(f"[{_SCRIPT}]")
_SCRIPTS: Final = re.compile(f"[{_SCRIPT}]+|[^{_SCRIPT}]+")
_LEET: Final = str.maketrans("0134578", "oieastb")
_PRIVATE: Final = re.compile("[\ue000-\ue003]")
_LONGEST: Final = 48


class Wording(NamedTuple):
    """Words in their order, a term as its id behind :data:`TERM` and once.

    :param whole: all near the hit: those of a short post.
    :param lines: those of the lines of the hit; of its sentences, where a line is long.
    :param sentences: those of the sentences of the hit.
    :param short: the post is short.
    :param about: it talks about such posts.
    """

    whole: tuple[str, ...]
    lines: tuple[str, ...]
    sentences: tuple[str, ...]
    short: bool
    about: bool


class Wordings:
    """Reads wordings off screened posts. Built once for a bundle."""

    def __init__(self, bundle: Bundle) -> None:
        flats = {spelling.flat for app in bundle.apps for spelling in app.spellings()}
        self._apps = frozenset(_STRETCHED.sub(r"\1", flat) for flat in flats)
        self._frames = Frames(bundle.rules)

    def __call__(self, post: Post, screening: Screening) -> Wording:
        """The wording of one hit; linear in the length of its text."""
        fields = dict(post.fields())
        matched, beside = _chosen(fields, screening)
        lines = {name: list(self._lines(name, fields[name], screening)) for name in (*matched, *beside)}
        every = list(chain.from_iterable(_sentences(lines[name] for name in fields if name in lines)))
        own = _without_repeats(chain.from_iterable(lines[name] for name in matched))
        return Wording(
            whole=_taken(_near(every, FAR)),
            lines=_taken(_hit_lines(own)),
            sentences=_taken(_hit_sentences(chain.from_iterable(own))),
            short=len(every) <= SHORT,
            about=self._frames.about(post, screening),
        )

    def _lines(self, name: str, text: str, screening: Screening) -> Iterator[list[list[str]]]:
        """The sentences of each line, as words."""
        masked = _APOSTROPHE.sub("", "".join(_masked(name, text, screening)))
        handles = {match.handle.lower() for match in screening.handles}
        for line in masked.split("\n"):
            tokens = (found[0] for found in _TOKEN.finditer(line))
            runs = groupby(tokens, lambda token: token[0] in _ENDS)
            sentences = (list(self._words(run, handles)) for ends, run in runs if not ends)
            yield [words for words in sentences if words]

    def _words(self, tokens: Iterator[str], handles: set[str]) -> Iterator[str]:
        for apart, run in groupby(tokens, lambda token: len(token) == 1 and token.isalpha() and token.isascii()):
            letters = list(run)
            # "a d d m e": letters set apart are one word.
            for token in ["".join(letters)] if apart and len(letters) > 2 else letters:
                if token in handles:
                    yield _HANDLE
                else:
                    yield from self._word(token)

    def _word(self, token: str) -> Iterator[str]:
        if token[0] in (_HANDLE, TERM):
            yield token.rstrip(_CLOSE)
        elif "/" in token or token[0] == "@":
            return
        elif _UNSPACED.search(token):
            for part in _SCRIPTS.findall(token):
                if _UNSPACED.match(part):
                    yield from (part[at : at + 2] for at in range(max(len(part) - 1, 1)))
                else:
                    yield from self._word(part)
        elif token.isdecimal():
            yield "0"
        else:
            plain = token.translate(_LEET) if not token.isalpha() else token
            word = _STRETCHED.sub(r"\1", plain)[:_LONGEST]
            if word not in self._apps and word != "rt":
                yield word


def _chosen(fields: Mapping[str, str], screening: Screening) -> tuple[list[str], list[str]]:
    """The fields that hold what matched, those of the post before those of its community and account; and a title or
    text beside them, unless only the community or the account matched: then any post does.
    """
    held = {match.field for match in (*screening.handles, *screening.terms)}
    matched = [name for name in fields if name in held]
    own = [name for name in matched if not name.startswith(("author.", "community"))]
    beside = [name for name in ("title", "text") if own and name in fields and name not in own]
    return own or matched or list(fields), beside


def _masked(name: str, text: str, screening: Screening) -> Iterator[str]:
    """The field folded piece by piece, so that a mark never meets folding; marks where handles and terms stand."""
    handles = {(match.start, -match.end, _HANDLE) for match in screening.handles if match.field == name}
    terms = {(one.start, -one.end, f"{TERM}{one.term}{_CLOSE}") for one in screening.terms if one.field == name}
    at = 0
    # A handle before a term that begins where it does.
    for start, end, mark in sorted(handles | terms):
        if start >= at:
            yield _folded(text[at:start])
            yield f" {mark} "
            at = -end
    yield _folded(text[at:])


def _folded(text: str) -> str:
    return _PRIVATE.sub("", fold(text).lower)


def _without_repeats(lines: Iterable[list[list[str]]]) -> list[list[list[str]]]:
    """A title that the text repeats, or an advert pasted five times, counts once."""
    seen: set[tuple[str, ...]] = set()
    kept: list[list[list[str]]] = []
    for line in lines:
        fresh = [words for words in line if tuple(words) not in seen]
        seen.update(map(tuple, fresh))
        if fresh:
            kept.append(fresh)
    return kept


def _sentences(fields: Iterable[Sequence[list[list[str]]]]) -> Iterator[list[str]]:
    """Every sentence of fields, once."""
    return chain.from_iterable(_without_repeats(chain.from_iterable(fields)))


def _hit_lines(lines: Iterable[Sequence[Sequence[str]]]) -> Iterator[str]:
    """The words of the lines of the hit; where those are long, of its sentences."""
    for line in lines:
        if any(map(_holds_hit, line)):
            yield from chain.from_iterable(line) if sum(map(len, line)) <= SHORT else _hit_sentences(line)


def _hit_sentences(sentences: Iterable[Sequence[str]]) -> Iterator[str]:
    return chain.from_iterable(_near(words, REACH) for words in sentences if _holds_hit(words))


def _holds_hit(words: Iterable[str]) -> bool:
    return any(map(_is_hit, words))


def _near(words: Sequence[str], reach: int) -> list[str]:
    """The words within reach of a hit; the first ones where there is none."""
    if len(words) <= reach:
        return list(words)
    spans = [(at - reach, at + reach + 1) for at, word in enumerate(words) if _is_hit(word)] or [(0, 2 * reach)]
    near: list[str] = []
    done = 0
    for start, end in spans:
        near += words[max(start, done, 0) : end]
        done = end
    return near


def _is_hit(word: str) -> bool:
    return word[0] in (_HANDLE, TERM)


def _taken(words: Iterable[str]) -> tuple[str, ...]:
    """Without the marks of handles; every term once; so many at most."""
    seen: set[str] = set()
    taken: list[str] = []
    for word in words:
        if word == _HANDLE or word in seen:
            continue
        if word[0] == TERM:
            seen.add(word)
        taken.append(word)
    return tuple(taken[:MOST])
