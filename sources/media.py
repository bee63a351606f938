"""Media never passes a source's edge: links to it are dropped, and counted."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

MEDIA_HOSTS: Final = frozenset(
    {
        "i.redd.it", "preview.redd.it", "external-preview.redd.it", "v.redd.it", "a.thumbs.redditmedia.com",
        "b.thumbs.redditmedia.com", "styles.redditmedia.com", "emoji.redditmedia.com", "i.reddituploads.com",
        "i.imgur.com", "pbs.twimg.com", "video.twimg.com", "pic.twitter.com", "pic.x.com", "cdn.bsky.app",
        "video.bsky.app", "video.cdn.bsky.app", "media.tenor.com", "c.tenor.com", "media.giphy.com", "i.giphy.com",
        "cdn.discordapp.com", "media.discordapp.net", "i.ytimg.com", "yt3.ggpht.com", "yt3.googleusercontent.com",
        "64.media.tumblr.com", "i.4cdn.org", "t.4cdn.org", "is.4chan.org", "is2.4chan.org", "is3.4chan.org",
        "redgifs.com", "media1.tenor.com", "vtt.tumblr.com", "static.tumblr.com", "i.ibb.co", "i.postimg.cc",
        "i.pinimg.com", "i.vimeocdn.com", "images.unsplash.com", "lh3.googleusercontent.com", "static.klipy.com",
        "media0.giphy.com", "media1.giphy.com", "media2.giphy.com", "media3.giphy.com", "media4.giphy.com",
    }
)  # fmt: skip
"""Hosts that serve nothing but images and videos."""

_MEDIA_DOMAINS: Final = (
    ".media.tumblr.com", ".redditmedia.com", ".twimg.com", ".ytimg.com", ".ggpht.com", ".media.giphy.com",
    ".redgifs.com", ".telesco.pe", ".cdn-telegram.org", ".cdn.bsky.app", ".discordapp.net", ".fbcdn.net",
    ".cdninstagram.com", ".sndcdn.com",
)  # fmt: skip
"""Domains whose hosts, many and numbered, serve nothing else."""

_MEDIA_OR_REDDIT: Final = (*_MEDIA_DOMAINS, "reddit.com")

_EXTENSIONS: Final = (
    "apng", "avif", "bmp", "gif", "gifv", "heic", "heif", "jfif", "jpe", "jpeg", "jpg", "jxl", "png", "svg", "tif",
    "tiff", "webp", "3gp", "avi", "flv", "m3u8", "m4v", "mkv", "mov", "mp4", "mpeg", "mpg", "ogv", "webm", "wmv",
    "aac", "flac", "m4a", "mp3", "oga", "ogg", "opus", "wav",
)  # fmt: skip
_MEDIA_PATH = re.compile(rf"\.(?:{'|'.join(_EXTENSIONS)})(?::\w+)?/?$", re.IGNORECASE)
_REDDIT_MEDIA = re.compile(r"/(?:media|gallery/.*|video/.*|link/[^/]+/video/.*)/?")
_USUAL_URL = re.compile(r"https?://([a-z0-9.-]+)(?::\d+)?(/[^?#\s]*)?(?=[?#]|$)", re.IGNORECASE | re.ASCII)
_DATA_URI = re.compile(r"\bdata:[a-z]+/[a-z0-9.+-]+[;,][^\s\"'<>)]*", re.IGNORECASE)
_REST_OF_URL = re.compile(r"([A-Za-z0-9.-]++)(?::[0-9]++)?+(/[^?#\s\"'<>\[\]]*+)[^\s\"'<>\[\]]*+|[^\s\"'<>\[\]]+")
"""What follows `://`; (host, path) where it has the usual form and a path."""
_MARKDOWN_IMAGE = re.compile(
    r"!\[[^\[\]\n]{0,1000}\]\(\s{0,9}"
    r"(?:<[^<>\n]{0,2000}>|(?:[^()\s]{1,2000}+|\([^()\s]{0,2000}+\)){1,20}+|[^)\s]{1,2000}+)"
    r"(?:\s+(?:\"[^\"\n]{0,1000}\"|'[^'\n]{0,1000}'|\([^()\n]{0,1000}\)))?\s{0,9}\)"
)
_MARKDOWN_LINK = re.compile(r"\[([^\[\]\n]{0,1000})\]\((https?://[^)\s]{1,2000})\)", re.IGNORECASE)
_TRAILING: Final = ".,;:!?)'*_~"


def is_media_url(url: str) -> bool:
    """Whether a URL leads to an image, a video or a sound, by its host or its path (nothing is looked up)."""
    usual = _USUAL_URL.match(url)
    if usual is not None:
        host, path = usual[1].lower(), usual[2] or ""
    elif url[:5].lower() in {"data:", "blob:"}:
        return True
    else:
        try:
            parts = urlsplit(url)
            host, path = (parts.hostname or "").lower(), parts.path
        except ValueError:
            return False
    if host in MEDIA_HOSTS or host.endswith(_MEDIA_DOMAINS):
        return True
    if "." in path and _MEDIA_PATH.search(path) is not None:
        return True
    return host.endswith("reddit.com") and _REDDIT_MEDIA.fullmatch(path) is not None


def drop_media_links(text: str) -> tuple[str, int]:
    """A text without its links to media (Markdown's and bare ones), and how many there were.

    A Markdown link to media keeps its words, an embedded image keeps nothing.
    """
    links = "://" in text
    marked = "![" in text or (":" in text and "data:" in text.lower()) or (links and "](" in text)
    if not links and not marked:
        return text, 0
    dropped = 0
    if marked:
        text, dropped = _drop_marked(text)
    if links:
        text, bare = _drop_bare(text)
        dropped += bare
    return text, dropped


def without_media(text: str) -> str:
    """A name, a title or a tag without links to media: there is seldom one, and nobody counts it."""
    return drop_media_links(text)[0].strip() if ":" in text else text


def _drop_marked(text: str) -> tuple[str, int]:
    """Drops Markdown's images, data in addresses, and Markdown's links to media."""
    dropped = 0

    def words(match: re.Match[str]) -> str:
        nonlocal dropped
        if not is_media_url(match[2]):
            return match[0]
        dropped += 1
        # Reddit's editor uses the address itself as the words of an image link.
        return "" if is_media_url(match[1]) else match[1]

    text, images = _MARKDOWN_IMAGE.subn("", text)
    text, data = _DATA_URI.subn("", text)
    text = _MARKDOWN_LINK.sub(words, text)
    return text, dropped + images + data


def _drop_bare(text: str) -> tuple[str, int]:
    """Drops bare links to media. Looks for what is between scheme and host: an expression would try every letter."""
    kept: list[str] = []
    done = dropped = 0
    at = text.find("://")
    while at >= 0:
        start = at - 5 if text.startswith("https", at - 5) else _scheme_start(text, at)
        rest = _REST_OF_URL.match(text, at + 3) if start < at else None
        if rest is not None and not _leads_elsewhere(rest):
            url = text[start : rest.end()].rstrip(_TRAILING)
            if is_media_url(url):
                kept.append(text[done:start])
                done = start + len(url)
                dropped += 1
        at = text.find("://", rest.end() if rest else at + 3)
    return "".join((*kept, text[done:])) if dropped else text, dropped


def _scheme_start(text: str, at: int) -> int:
    before = text[max(0, at - 5) : at].lower()
    return at - 5 if before == "https" else at - 4 if before.endswith("http") else at


def _leads_elsewhere(rest: re.Match[str]) -> bool:
    """Whether an address of the usual form cannot lead to media; where it may, `is_media_url` says so."""
    host, path = rest.groups()
    if path is None or "." in path:
        return False
    host = host.lower()
    return host not in MEDIA_HOSTS and not host.endswith(_MEDIA_OR_REDDIT)
