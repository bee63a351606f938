"""Submissions and comments as Reddit's dumps hold them (RS_*, RC_*): pure mapping.

Types changed over the years (`edited` was a flag and is a time, `created_utc` was a text): they are coerced. Facts:
ArthurHeitmann/arctic_shift, file_content_explanations.md and schemas/.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

from monitor.post import NOBODY, Author, Post
from sources.media import drop_media_links, is_media_url, without_media
from sources.shapes import as_dict, as_id, as_list, as_text, as_time

PLATFORM: Final = "reddit"
SITE: Final = "https://www.reddit.com"

_GONE: Final = frozenset({"[deleted]", "[removed]"})
GONE_BY_REDDIT: Final = "[ Removed by Reddit"
"""What Reddit writes in its place begins so; the reason may follow."""


def looks_like_reddit(record: Mapping[str, Any]) -> bool:
    """Whether an object has the form of a submission or a comment."""
    return "platform" not in record and ("body" in record or "title" in record) and "subreddit" in record


class NoTextLeftError(ValueError):
    """A submission or comment whose words are gone."""


def to_post(record: Mapping[str, Any], *, seen_at: datetime | None = None) -> Post:
    """One submission or comment as a post. Raises `ValueError` with the reason where there is no id or no text."""
    own_id = as_id(record.get("id"))
    if own_id is None:
        raise ValueError("no id")
    comment = "body" in record
    text, media = drop_media_links(_shown(record.get("body" if comment else "selftext")))
    title, in_title = drop_media_links(_shown(record.get("title")))
    media += in_title
    if not comment:
        link, is_media = _link(record)
        text = "\n".join(filter(None, (text, *_poll(record.get("poll_data")), link)))
        media += max(_attached(record), is_media)
    # What stands in a text, or is shown as a gallery, is listed here once more.
    media = max(media, len(as_dict(record.get("media_metadata"))))
    if not text and not title and not media:
        raise NoTextLeftError("no text: deleted or removed")
    return Post(
        platform=PLATFORM,
        id=as_text(record.get("name")) or f"{'t1' if comment else 't3'}_{own_id}",
        url=_permalink(record, own_id, comment=comment),
        created_at=as_time(record.get("created_utc")),
        first_seen_at=seen_at,
        edited_at=as_time(record.get("edited")),
        author=_author(record),
        title=title or None,
        text=text or None,
        tags=tuple(filter(None, (without_media(_shown(record.get("link_flair_text"))),))),
        community=as_text(record.get("subreddit")) or None,
        community_description=described(record.get("sr_detail")),
        reply_to=(as_id(record.get("parent_id")) or as_id(record.get("link_id"))) if comment else None,
        quotes=as_id(record.get("crosspost_parent")),
        media_count=media,
    )


def _shown(value: object) -> str:
    """A text as a reader sees it: Reddit escapes three characters; what is gone is no text."""
    text = as_text(value)
    if text in _GONE or text.startswith(GONE_BY_REDDIT):
        return ""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&") if "&" in text else text


def _poll(value: object) -> list[str]:
    """What a poll lets people choose from is text of the submission."""
    return [without_media(_shown(as_dict(one).get("text"))) for one in as_list(as_dict(value).get("options"))]


def described(community: object) -> str | None:
    """What a community (an account's own one, too) says of itself, where an answer brings it along."""
    return drop_media_links(_shown(as_dict(community).get("public_description")))[0] or None


def _author(record: Mapping[str, Any]) -> Author:
    handle = as_text(record.get("author"))
    if handle in {"", "[deleted]"}:
        return NOBODY
    return Author(id=as_text(record.get("author_fullname")) or None, handle=handle)


def _permalink(record: Mapping[str, Any], own_id: str, *, comment: bool) -> str:
    path = as_text(record.get("permalink"))
    if path.startswith("/"):
        return SITE + path
    thread = as_text(record.get("link_id")).removeprefix("t3_")
    return f"{SITE}/comments/{thread}/_/{own_id}" if comment and thread else f"{SITE}/comments/{own_id}"


def _link(record: Mapping[str, Any]) -> tuple[str, int]:
    """Where a link submission leads: its address, or nothing and 1 where that is media."""
    if record.get("is_self") is True:
        return "", 0
    url = _shown(record.get("url_overridden_by_dest")) or _shown(record.get("url"))
    if not url or "://" not in url:
        return "", 0
    if is_media_url(url) or as_text(record.get("post_hint")) in {"image", "hosted:video", "rich:video"}:
        return "", 1
    try:
        host = (urlsplit(url).hostname or "").removeprefix("www.").removeprefix("old.")
    except ValueError:
        return "", 0
    return ("", 0) if host in {"reddit.com", "redd.it"} else (url, 0)


def _attached(record: Mapping[str, Any]) -> int:
    """How many media hang on a submission; those of a crosspost's parent count once, with it."""
    get = record.get
    gallery = get("gallery_data") and len(as_list(as_dict(get("gallery_data")).get("items")))
    video = bool(get("is_video") or as_dict(get("media")) or as_dict(get("secure_media")))
    found = max(gallery or 0, int(video))
    for parent in map(as_dict, as_list(get("crosspost_parent_list"))[:1]):
        found = max(found, _attached(parent), len(as_dict(parent.get("media_metadata"))))
    return found
