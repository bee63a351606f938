"""HTML of posts as plain text: what a reader would see, plus where links really lead; media dropped and counted.

Posts' HTML is small and already sanitised by their servers, and every post passes here, so one pass of one
regular expression does it (a tree of the same text costs some thirty times as much). It is forgiving in the way
browsers are: unknown tags vanish, unclosed ones do no harm, a lone `<` is text.
"""

from __future__ import annotations

import re
from html import unescape
from typing import Final, NamedTuple
from urllib.parse import unquote

from sources.media import is_media_url

# Every alternative starts with a different character and possessive quantifiers never go back, so that no input
# costs more than one pass; `<` inside a tag (outside quotes) ends the attempt, as it is no tag then.
_TOKEN = re.compile(
    r"<!--.*?(?:-->|\Z)|<!\[CDATA\[.*?(?:\]\]>|\Z)|<[!?][^>]*+>?"
    r"""|<(?P<close>/?)(?P<name>[a-zA-Z][a-zA-Z0-9:-]*+)(?P<rest>(?:[^<>"']++|"[^"]*+"|'[^']*+')*+)>""",
    re.DOTALL,
)
_ATTRIBUTE = re.compile(r"""(?<![\w:-])([a-zA-Z][\w:-]*+)\s*+=\s*+(?:"([^"]*+)"|'([^']*+)'|([^\s"'=<>`]++))""")
_SPACES = re.compile(r"[ \t\r\n\f]+")
_MANY_BREAKS = re.compile(r"\n{3,}")
_SCHEME = re.compile(r"(?:https?://)?(?:www\.)?", re.IGNORECASE)

_PARAGRAPHS: Final = frozenset(
    {"p", "div", "blockquote", "ul", "ol", "table", "pre", "h1", "h2", "h3", "h4", "h5", "h6", "section", "article"}
)
_LINES: Final = frozenset({"br", "li", "tr", "hr", "dt", "dd", "figcaption", "summary"})
_MEDIA: Final = frozenset({"img", "video", "audio", "picture", "iframe", "embed", "object", "svg", "canvas"})
_HIDDEN: Final = frozenset(
    {"script", "style", "template", "noscript", "head", "title", "video", "audio", "picture", "iframe", "object", "svg"}
)


class PlainText(NamedTuple):
    """A text, and how many media were left out of it."""

    text: str
    media: int


class _Link(NamedTuple):
    href: str
    start: int
    plain: bool


def html_to_text(html: str) -> PlainText:
    """HTML as plain text. Paragraphs are parted by an empty line, line breaks kept, entities resolved.

    A link shows its words; its address follows in parentheses where the words do not say it. Mastodon splits
    an address into visible and invisible parts: it is given whole. Mentions and hashtags stay as written.
    """
    if "<" not in html:
        text = unescape(html) if "&" in html else html
        return PlainText(_SPACES.sub(" ", text).strip(), 0)
    return _Reader(html).read()


class _Reader:
    def __init__(self, html: str) -> None:
        self._html = html
        self._out: list[str] = []
        self._media = 0
        self._link: _Link | None = None
        self._pre = 0

    def read(self) -> PlainText:
        """Goes over the whole text once."""
        html, position = self._html, 0
        hidden: str | None = None
        for token in _TOKEN.finditer(html):
            if hidden is None and token.start() > position:
                self._text(html[position : token.start()])
            position = token.end()
            name = token["name"]
            if name is None:
                continue
            name = name.lower()
            if hidden is not None:
                hidden = None if token["close"] and name == hidden else hidden
            elif token["close"]:
                self._close(name)
            else:
                self._open(name, token["rest"])
                if name in _HIDDEN and not token["rest"].endswith("/"):
                    hidden = name
        if hidden is None and position < len(html):
            self._text(html[position:])
        if self._link is not None:
            self._end_link()
        text = "\n".join(line.strip() for line in "".join(self._out).split("\n"))
        return PlainText(_MANY_BREAKS.sub("\n\n", text).strip(), self._media)

    def _text(self, raw: str) -> None:
        text = unescape(raw) if "&" in raw else raw
        if not self._pre:
            text = _SPACES.sub(" ", text)
            if text.startswith(" ") and self._out and self._out[-1].endswith((" ", "\n")):
                text = text[1:]
        if text:
            self._out.append(text)

    def _open(self, name: str, rest: str) -> None:
        if name in _LINES:
            self._out.append("\n")
        elif name in _PARAGRAPHS:
            self._out.append("\n\n")
            self._pre += name == "pre"
        elif name in _MEDIA:
            self._media += 1
        elif name == "a":
            if self._link is not None:
                self._end_link()
            self._begin_link(rest)

    def _close(self, name: str) -> None:
        if name == "a" and self._link is not None:
            self._end_link()
        elif name in _PARAGRAPHS:
            self._out.append("\n\n")
            if name == "pre" and self._pre:
                self._pre -= 1

    def _begin_link(self, rest: str) -> None:
        attributes = {
            match[1].lower(): unescape(match[2] or match[3] or match[4] or "") for match in _ATTRIBUTE.finditer(rest)
        }
        classes = attributes.get("class", "").split()
        plain = "mention" in classes or "hashtag" in classes or "tag" in attributes.get("rel", "").split()
        self._link = _Link(attributes.get("href", "").strip(), len(self._out), plain)

    def _end_link(self) -> None:
        link, self._link = self._link, None
        if link is None:
            return
        words = "".join(self._out[link.start :]).strip()
        href = link.href
        if link.plain or not href or href.startswith(("#", "/")) or href[:11].lower() == "javascript:":
            return
        if is_media_url(href):
            self._media += 1
            if _says(words, href) or is_media_url(words):
                del self._out[link.start :]
            return
        if _says(words, href):
            del self._out[link.start :]
            self._out.append(href)
        else:
            self._out.append(f" ({href})")


def _says(words: str, href: str) -> bool:
    """Whether the words of a link are its address, scheme and final slash aside, or its shortened beginning."""
    bare = _SCHEME.sub("", words, count=1).rstrip("/")
    if not bare:
        return True
    target = _SCHEME.sub("", href, count=1).rstrip("/")
    if href[:7].lower() == "mailto:":
        target = href[7:].partition("?")[0]
    if bare in {target, unquote(target)}:
        return True
    return bare[-1] in "…." and len(bare) > 8 and target.startswith(bare.rstrip("….")) and " " not in bare
