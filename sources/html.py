"""HTML of posts as plain text: what a reader would see, plus where links really lead; media dropped and counted.

Posts' HTML is small and already sanitised by their servers, and every post passes here, so one pass of one
regular expression does it (a tree of the same text costs some thirty times as much). It is forgiving in the way
browsers are: unknown tags vanish, unclosed ones do no harm, a lone `<` is text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
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
_SPACES = re.compile(r"[ \t\r\n\f]{2,}|[\t\r\n\f]")
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


_BREAK, _PARAGRAPH, _IMAGE, _LINK, _UNLINK, _NOTHING = range(6)
_PLAIN_TAGS: Final = (
    "abbr", "b", "bdi", "bdo", "cite", "code", "del", "em", "font", "i", "ins", "kbd", "mark", "q", "ruby", "s", "samp",
    "small", "span", "strike", "strong", "sub", "sup", "tt", "u", "var", "wbr",
)  # fmt: skip
_KINDS: Final[dict[str, int]] = {
    **{end + name: _NOTHING for name in _PLAIN_TAGS for end in ("", "/")},
    **{end + name: _PARAGRAPH for name in _PARAGRAPHS - {"pre"} for end in ("", "/")},
    **dict.fromkeys(_LINES, _BREAK),
    **{f"/{name}": _NOTHING for name in _LINES},
    "img": _IMAGE,
    "a": _LINK,
    "/a": _UNLINK,
}
"""What the tags that posts are made of do. A text with any other is read step by step."""


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
        return PlainText(untagged(html), 0)
    return _Reader(html).read_quickly() or _Reader(html).read()


def untagged(html: str) -> str:
    """HTML in which there is no tag (no `<`) as plain text; most of it is so."""
    if "&" in html:
        html = unescape(html)
    if "  " in html or "\n" in html or "\t" in html or "\r" in html or "\f" in html:
        html = _SPACES.sub(" ", html)
    return html.strip()


class _Reader:
    """Reads one text. `read` says what is right; `read_quickly` gives the same, or gives up."""

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
        return self._whole()

    def read_quickly(self) -> PlainText | None:
        """The same for texts of the usual tags, written in the usual way; None for all others."""
        first, *pieces = self._html.split("<")
        if first:
            self._text(first)
        for piece in pieces:
            tag, end, text = piece.partition(">")
            name, _, rest = tag.partition(" ")
            kind = _KINDS.get(name if name in _KINDS else name.lower().rstrip("/"))
            # A quote that is open holds the tag's real end.
            if kind is None or not end or (rest and ("'" in rest or rest.count('"') & 1)):
                return None
            if kind is _BREAK:
                self._out.append("\n")
            elif kind is _PARAGRAPH:
                self._out.append("\n\n")
            elif kind is _IMAGE:
                self._media += 1
            elif kind is _LINK:
                if self._link is not None:
                    self._end_link()
                self._begin_link(rest)
            elif kind is _UNLINK and self._link is not None:
                self._end_link()
            if text:
                self._text(text)
        return self._whole()

    def _whole(self) -> PlainText:
        if self._link is not None:
            self._end_link()
        text = "".join(self._out)
        if "\n" not in text:
            return PlainText(text.strip(), self._media)
        text = "\n".join([line.strip() for line in text.split("\n")])
        if "\n\n\n" in text:
            text = _MANY_BREAKS.sub("\n\n", text)
        return PlainText(text.strip(), self._media)

    def _text(self, raw: str) -> None:
        text = unescape(raw) if "&" in raw else raw
        if not self._pre:
            text = _one_space(text)
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
        attributes = _attributes(rest)
        href = attributes.get("href", "")
        plain = ("mention" in rest or "tag" in rest) and _is_plain(attributes)
        self._link = _Link((unescape(href) if "&" in href else href).strip(), len(self._out), plain)

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
            if words and href[:7].lower() == "mailto:":
                return  # the words are the address; the scheme is not what a reader sees
            del self._out[link.start :]
            self._out.append(href)
        else:
            self._out.append(f" ({href})")


def _attributes(rest: str) -> dict[str, str]:
    """A tag's attributes; most are written as `name="value"`, with one space between, and need no expression."""
    if rest.endswith('"') and "=" in rest:
        found: dict[str, str] = {}
        for piece in rest[:-1].split('" '):
            name, equals, value = piece.partition('="')
            if not equals or not name.isalpha() or '"' in value:
                break
            found[name.lower()] = value
        else:
            return found
    return {name.lower(): double or single or bare for name, double, single, bare in _ATTRIBUTE.findall(rest)}


def _is_plain(attributes: Mapping[str, str]) -> bool:
    """Whether a link is a mention or a tag, which stay as written."""
    classes = attributes.get("class", "").split()
    return "mention" in classes or "hashtag" in classes or "tag" in attributes.get("rel", "").split()


def _one_space(text: str) -> str:
    """The text with one space where there is white space; looked for by simple searches, as most texts have no more."""
    if "  " in text or "\n" in text or "\t" in text or "\r" in text or "\f" in text:
        return _SPACES.sub(" ", text)
    return text


def _says(words: str, href: str) -> bool:
    """Whether the words of a link are its address, scheme and final slash aside, or its shortened beginning."""
    bare = _bare(words)
    if not bare:
        return True
    target = _bare(href)
    if href[:7].lower() == "mailto:":
        target = href[7:].partition("?")[0]
    if bare == target or ("%" in target and bare == unquote(target)):
        return True
    return bare[-1] in "…." and len(bare) > 8 and target.startswith(bare.rstrip("….")) and " " not in bare


def _bare(address: str) -> str:
    """An address without its scheme and its final slash."""
    scheme = _SCHEME.match(address)
    return (address[scheme.end() :] if scheme else address).rstrip("/")
