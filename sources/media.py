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
        "64.media.tumblr.com", "i.4cdn.org", "is2.4chan.org",
    }
)  # fmt: skip
"""Hosts that serve nothing but images and videos."""

_EXTENSIONS: Final = (
    "apng", "avif", "bmp", "gif", "gifv", "heic", "heif", "jfif", "jpe", "jpeg", "jpg", "jxl", "png", "svg", "tif",
    "tiff", "webp", "3gp", "avi", "flv", "m3u8", "m4v", "mkv", "mov", "mp4", "mpeg", "mpg", "ogv", "webm", "wmv",
    "aac", "flac", "m4a", "mp3", "oga", "ogg", "opus", "wav",
)  # fmt: skip
_MEDIA_PATH = re.compile(rf"\.(?:{'|'.join(_EXTENSIONS)})(?::\w+)?/?$", re.IGNORECASE)
_REDDIT_MEDIA = re.compile(r"/(?:media|gallery/.*|video/.*|link/[^/]+/video/.*)/?")
_DATA_URI = re.compile(r"\bdata:[a-z]+/[a-z0-9.+-]+[;,][^\s\"'<>)]*", re.IGNORECASE)
_URL = re.compile(r"https?://[^\s\"'<>\[\]]+", re.IGNORECASE)
_MARKDOWN_IMAGE = re.compile(r"!\[[^\]\n]{0,1000}\]\([^)\s]{1,2000}(?:\s+\"[^\"\n]{0,1000}\")?\)")
_MARKDOWN_LINK = re.compile(r"\[([^\]\n]{0,1000})\]\((https?://[^)\s]{1,2000})\)", re.IGNORECASE)
_TRAILING: Final = ".,;:!?)'*_~"


def is_media_url(url: str) -> bool:
    """Whether a URL leads to an image, a video or a sound, by its host or its path (nothing is looked up)."""
    if url[:5].lower() in {"data:", "blob:"}:
        return True
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").lower()
    except ValueError:
        return False
    if host.endswith("reddit.com") and _REDDIT_MEDIA.fullmatch(parts.path):
        return True
    return host in MEDIA_HOSTS or _MEDIA_PATH.search(parts.path) is not None


def drop_media_links(text: str) -> tuple[str, int]:
    """A text without its links to media (Markdown's and bare ones), and how many there were.

    A Markdown link to media keeps its words, an embedded image keeps nothing.
    """
    if "![" not in text and (":" not in text or not ("//" in text or "data:" in text.lower())):
        return text, 0
    dropped = 0

    def nothing(_: re.Match[str]) -> str:
        nonlocal dropped
        dropped += 1
        return ""

    def words(match: re.Match[str]) -> str:
        nonlocal dropped
        if not is_media_url(match[2]):
            return match[0]
        dropped += 1
        # Reddit's editor uses the address itself as the words of an image link.
        return "" if is_media_url(match[1]) else match[1]

    def bare(match: re.Match[str]) -> str:
        nonlocal dropped
        url = match[0].rstrip(_TRAILING)
        if not is_media_url(url):
            return match[0]
        dropped += 1
        return match[0][len(url) :]

    text = _MARKDOWN_IMAGE.sub(nothing, text)
    text = _DATA_URI.sub(nothing, text)
    text = _MARKDOWN_LINK.sub(words, text)
    text = _URL.sub(bare, text)
    return text, dropped
