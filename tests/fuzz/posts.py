"""Bytes as posts: what the fuzzer and its corpus feed the screen, and what must hold.

Fields are parted by 0xff. A field is UTF-8, in which bytes that are none become lone surrogates; 0x01 and a byte stand
for one of the nasty pieces, 0x02 and three bytes for a word in a disguise.
"""

from __future__ import annotations

import re
from functools import cache

from monitor.detect.bundle import load_bundle
from monitor.detect.document import Document
from monitor.detect.explain import as_text, explain
from monitor.detect.screen import Screen
from monitor.detect.template import template
from monitor.post import Post
from monitor.text.access import redact_access
from tests.detect.nasty import GAPS, PIECES, WORDS, disguised, faults, post_of

_CODED = re.compile(rb"\x01(.)|\x02(.)(.)(.)", re.DOTALL)


@cache
def _screen() -> Screen:
    return Screen(load_bundle())


def post_from(data: bytes) -> Post:
    """Any bytes make a post."""
    return post_of([_CODED.sub(_decoded, field).decode("utf-8", "surrogateescape") for field in data.split(b"\xff")])


def _decoded(found: re.Match[bytes]) -> bytes:
    piece, word, gap, form = (part[0] if part else 0 for part in found.groups())
    text = (
        PIECES[piece % len(PIECES)]
        if found[1]
        else disguised(WORDS[word % len(WORDS)], GAPS[gap % len(GAPS)], form % 13)
    )
    return text.encode("utf-8", "surrogatepass")


def check(data: bytes) -> None:
    """Screens, explains and redacts a post. Raises `AssertionError` where something does not hold."""
    post = post_from(data)
    screen = _screen()
    screening = screen(post)
    wrong = list(faults(screen.bundle, post, screening))
    assert not wrong, wrong
    fields = dict(post.fields())
    doc = Document.of(post)
    assert all(doc.place(start, end).field == name for name, start, end in doc.extents() if end > start)
    assert [name for name, _, _ in doc.extents()] == list(fields)
    assert list(as_text(explain(screen, post)))
    template(post, screening)
    clean = redact_access(post)
    assert redact_access(clean) == clean
