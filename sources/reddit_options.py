"""What of Reddit is read, and with which application: options, and the listings that they name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote

from pydantic import Field, SecretStr, field_validator, model_validator

from monitor.net.address import host_of
from monitor.sourcing import Address, Names, SourceOptions
from sources.reddit_dumps import SITE

_API: Final = "https://oauth.reddit.com"
_LONGEST_QUERY: Final = 512
_BEFORE_NAME = re.compile(r"(?:https?://[^/]+)?/?(?:r/)?", re.IGNORECASE)
_NAME = re.compile(r"[A-Za-z0-9_-]+(?:\+[A-Za-z0-9_-]+)*")


class RedditOptions(SourceOptions):
    """What is read, and with which application."""

    base_url: Address = Field(_API, description="The API's address (PRAW's oauth_url).")
    auth_url: Address | None = Field(
        None,
        description="Where tokens come from (PRAW's reddit_url). Without this: www.reddit.com for Reddit's own API, "
        "else the same server.",
        examples=["https://www.reddit.com"],
    )
    subreddits: Names = Field(
        (), description="Communities to read; several joined with + (maps+atlases) are read as one listing."
    )
    comments: bool = Field(True, description="Read the communities' comments too.")
    queries: Names = Field((), description="Searches for submissions (512 characters at most), newest first.")
    search_in: Names = Field(
        (), description="Communities that are searched. Without this: all of Reddit.", examples=[["maps"]]
    )
    client_id: SecretStr | None = Field(
        None,
        description="Id of the application that Reddit approved.",
        json_schema_extra={"env": ["praw_client_id", "REDDIT_CLIENT_ID"]},
    )
    client_secret: SecretStr | None = Field(
        None,
        description="Its secret; installed applications have none.",
        json_schema_extra={"env": ["praw_client_secret", "REDDIT_CLIENT_SECRET"]},
    )
    username: SecretStr | None = Field(
        None,
        description="Account of a script application. Not needed: an application reads by itself.",
        json_schema_extra={"env": ["praw_username", "REDDIT_USERNAME"]},
    )
    password: SecretStr | None = Field(
        None, description="That account's password.", json_schema_extra={"env": ["praw_password", "REDDIT_PASSWORD"]}
    )
    refresh_token: SecretStr | None = Field(
        None,
        description="Refresh token of an account that allowed the application to read, instead.",
        json_schema_extra={"env": ["praw_refresh_token", "REDDIT_REFRESH_TOKEN"]},
    )
    first_pages: int = Field(1, ge=1, le=10, description="How many pages back (of 100) the first poll of each goes.")
    max_pages: int = Field(10, ge=1, le=10, description="Most pages of each in one poll; Reddit shows about ten.")

    @field_validator("subreddits", "search_in")
    @classmethod
    def _names(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        names = [_BEFORE_NAME.sub("", name.strip(), count=1).partition("/")[0] for name in value]
        if not all(_NAME.fullmatch(name) for name in names):
            raise ValueError("needs names of communities")
        return tuple({name.lower(): name for name in names}.values())

    @field_validator("queries")
    @classmethod
    def _short(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if any(len(query) > _LONGEST_QUERY for query in value):
            raise ValueError(f"a query has {_LONGEST_QUERY} characters at most")
        return tuple(dict.fromkeys(value))

    @model_validator(mode="after")
    def _consistent(self) -> RedditOptions:
        if not self.subreddits and not self.queries:
            raise ValueError("name communities in subreddits, or queries")
        if self.username and not self.password:
            raise ValueError("username needs password")
        return self

    @property
    def tokens_from(self) -> str:
        """Where tokens come from."""
        return self.auth_url or (SITE if self.is_reddit else self.base_url)

    @property
    def is_reddit(self) -> bool:
        """Whether it is Reddit itself that is read: that answers nothing without credentials."""
        return is_reddit(self.base_url)


def is_reddit(url: str) -> bool:
    """Whether an address is one of Reddit's."""
    host = host_of(url)
    return host == "reddit.com" or host.endswith(".reddit.com")


@dataclass(frozen=True, slots=True)
class Feed:
    """One listing."""

    scope: str
    server: str
    path: str
    params: Mapping[str, str] = field(default_factory=dict[str, str])


def feeds_of(options: RedditOptions) -> list[Feed]:
    """All listings: communities first, then searches."""
    server, found = options.base_url, list[Feed]()
    for name in options.subreddits:
        path = f"r/{quote(name, safe='+')}"
        found.append(Feed(f"r/{name} new", server, f"{path}/new"))
        if options.comments:
            found.append(Feed(f"r/{name} comments", server, f"{path}/comments/"))
    for query in options.queries:
        for name in options.search_in or ("all",):
            only = "true" if name != "all" else "false"
            params = {"q": query, "sort": "new", "t": "all", "restrict_sr": only, "include_over_18": "on"}
            where = "" if name == "all" else f" in r/{name}"
            found.append(Feed(f"search {query!r}{where}", server, f"r/{quote(name, safe='+')}/search/", params))
    return found
