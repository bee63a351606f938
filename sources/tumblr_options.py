"""What of Tumblr is read."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, model_validator

from monitor.sourcing import Address, Names, SourceOptions

SITE: Final = "https://api.tumblr.com"

_URL_BLOG = re.compile(r"https?://(?:(?:www\.)?tumblr\.com/(?:blog/(?:view/)?)?@?([\w-]+)|([\w.-]+)/?)")


class TumblrOptions(SourceOptions):
    """What is read."""

    base_url: Address = Field(SITE, description="The API's address.")
    tags: Names = Field((), description="Tags whose posts are read.")
    blogs: Names = Field(
        (), description="Blogs to read, by name, host or address.", examples=[["zorblat", "quibdrem.tumblr.com"]]
    )
    api_key: SecretStr | None = Field(
        None,
        description="Consumer key of an application that is registered with Tumblr.",
        json_schema_extra={"env": ["TUMBLR_CONSUMER_KEY", "TUMBLR_API_KEY"]},
    )
    first_pages: int = Field(1, ge=1, le=100, description="How many pages back (of 20) the first poll of one goes.")
    max_pages: int = Field(50, ge=1, le=1000, description="Most pages of one tag or blog in one poll.")

    @model_validator(mode="after")
    def _something(self) -> TumblrOptions:
        if not (self.tags or self.blogs):
            raise ValueError("name tags or blogs")
        return self

    @property
    def api(self) -> str:
        """The API's address, with its version."""
        return self.base_url if urlsplit(self.base_url).path.strip("/") else f"{self.base_url}/v2"


def blog_name(given: str) -> str:
    """What a blog is called in the API: a name or a host."""
    match = _URL_BLOG.match(given.strip())
    return (match[1] or match[2] if match else given.strip().removeprefix("@")).rstrip("/")
