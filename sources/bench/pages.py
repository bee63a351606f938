"""Pages in the form of every platform's answers, of invented content: all the fields that real ones have, no HTML."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from typing import Any, Final

import orjson

TEXTS: Final = (
    "Found this one at the market today. Does anybody know which printer made it, and in which year?",
    "no idea, sorry",
    "The bridge is missing, so it must be from before 1890. The mill is there already, and it was built in 1874, so "
    "we are down to some sixteen years. Have you looked at the back? Printers of that time often left a number there, "
    "and there is a list of those numbers in the town's library, two shelves below the window.",
    "More about it here: https://maps.example/articles/how-to-date-a-map?from=forum and in the book that I named",
    "Thanks! \u00dcberraschend gut erhalten \u2013 danke f\u00fcr den Hinweis \U0001f5fa",
    "I paid far too much for mine & would do so again",
)
"""Short, usual and long, as people write; every sixth holds a link, and so does one in plain words."""

POSTS: Final = 100


@cache
def _records() -> dict[str, Any]:
    return orjson.loads(files("sources.bench").joinpath("records.json").read_bytes())


def platforms() -> list[str]:
    """The platforms of which there are pages."""
    return sorted(_records())


def page_of(platform: str, posts: int = POSTS) -> bytes:
    """A page as it comes from the server."""
    return framed(platform, (item_of(platform, number) for number in range(posts)))


def framed(platform: str, items: Iterable[bytes]) -> bytes:
    """A page of these items."""
    return orjson.dumps(_records()[platform]["page"]).replace(b'"@ITEMS"', b"[%s]" % b",".join(items))


def item_of(platform: str, number: int) -> bytes:
    """One of a page's items."""
    return _filled(orjson.dumps(_records()[platform]["item"]).decode(), number).encode()


def _filled(item: str, number: int) -> str:
    """An item with its own number, author, minute and text."""
    text = orjson.dumps(TEXTS[number % len(TEXTS)]).decode()[1:-1]
    item = item.replace('"@I"', str(570_400 + number)).replace("@N", str(570_400 + number))
    return item.replace("@A", str(number % 37)).replace("@M", f"{number % 60:02d}").replace("@TEXT", text)


HTML_BODIES: Final = (
    "<p>Found this one at the market today. Does anybody know which printer made it, and in which year?</p>",
    '<p>no idea, sorry <a href="https://social.example/tags/maps" class="mention hashtag" rel="tag">#<span>maps</span>'
    "</a></p>",
    "<p>The bridge is missing, so it must be from before 1890.<br>The mill is there already &amp; was built in 1874."
    '</p><p>More: <a href="https://maps.example/articles/how-to-date-a-map" rel="nofollow noopener" target="_blank">'
    '<span class="invisible">https://</span><span class="ellipsis">maps.example/articles/how-to</span>'
    '<span class="invisible">-date-a-map</span></a></p>',
    '<a href="#p570368" class="quotelink">&gt;&gt;570368</a><br><span class="quote">&gt;which printer</span><br>'
    "It says so on the back<wbr>, I think",
)
"""Bodies as Mastodon and boards send them."""
