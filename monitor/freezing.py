"""What of a post that hit is kept besides its words, and outlives them: the frozen verdict, and keyed hashes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from monitor.crossref.mentions import identity_hash
from monitor.detect.screening import Screening
from monitor.store.keys import Keyring
from monitor.traces import Traces


def frozen(screening: Screening, keyring: Keyring) -> dict[str, Any]:
    """The screen's verdict as it is kept: offsets, ids, steps, keyed hashes; no text."""
    return {
        "hit": screening.hit,
        "score": screening.score,
        "rule": screening.rule,
        "bundle": screening.bundle,
        "handles": [
            {
                "app": match.app,
                "key_hash": identity_hash(keyring, match.key).hex(),
                "field": match.field,
                "start": match.start,
                "end": match.end,
                "confidence": match.confidence,
                "steps": list(match.steps),
            }
            for match in screening.handles
        ],
        "terms": [
            {
                "term": match.term,
                "field": match.field,
                "start": match.start,
                "end": match.end,
                "steps": list(match.steps),
            }
            for match in screening.terms
        ],
        "parts": [{"name": part.name, "weight": part.weight, "why": part.why} for part in screening.parts],
    }


_CONTENT = ("title", "text", "tags", "community", "community_description", "author", "url")


def content_hash(keyring: Keyring, record: Mapping[str, Any]) -> bytes:
    """The keyed hash of what a record says: an edit that changes it makes another version of the post."""
    content = {name: record.get(name) for name in _CONTENT}
    return keyring.lookup("post", json.dumps(content, sort_keys=True))


def trace_hashes(keyring: Keyring, traces: Traces) -> dict[str, bytes | None]:
    """The keyed hashes by which what a post left behind is known again."""
    return {
        "bio_hash": None if traces.bio is None else keyring.lookup("bio", traces.bio),
        "community_hash": None if traces.community is None else keyring.lookup("community", traces.community),
        "family_hash": None if traces.family is None else keyring.lookup("family", traces.family),
    }
