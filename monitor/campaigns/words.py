"""A wording as it is kept: its words as JSON, which are encrypted, and the keyed hashes by which it is found."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from monitor.graph.blind import hidden
from monitor.graph.likeness import Likeness
from monitor.graph.wording import Wording
from monitor.store.keys import Keyring

Identities = Sequence[tuple[str, str]]
"""(app, handle as in its key) of a post, sorted."""


def to_words(wording: Wording, neutral: Sequence[str] = ()) -> dict[str, Any]:
    """The wording as JSON: parts that read like the part before are left out.

    :param neutral: its words that say little of their own.
    """
    return {
        "whole": list(wording.whole),
        "lines": None if wording.lines == wording.whole else list(wording.lines),
        "sentences": None if wording.sentences == wording.lines else list(wording.sentences),
        "short": wording.short,
        "about": wording.about,
        "neutral": list(neutral),
    }


def from_words(words: Mapping[str, Any]) -> Wording:
    """The wording again."""
    whole = tuple(words["whole"])
    lines = whole if words["lines"] is None else tuple(words["lines"])
    sentences = lines if words["sentences"] is None else tuple(words["sentences"])
    return Wording(whole, lines, sentences, words["short"], words["about"])


def hide(keyring: Keyring, wording: Wording, neutral: Collection[str]) -> Wording:
    """The wording with keyed hashes for words."""
    return hidden(wording, Likeness(neutral).weight, lambda word: keyring.lookup("word", word)[:8].hex())


def words_hash(keyring: Keyring, wording: Wording) -> bytes:
    """The keyed hash of a wording, whatever the handles."""
    return keyring.lookup("wording", json.dumps(wording))


def variant_hash(keyring: Keyring, wording: Wording, identities: Identities) -> bytes:
    """The keyed hash of a wording with one set of handles."""
    return keyring.lookup("variant", json.dumps([wording, identities]))
