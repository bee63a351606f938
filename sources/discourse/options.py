"""What may be read of Discourse forums: the source's options, and the listings that they name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote

from pydantic import Field, SecretStr, model_validator

from monitor.sourcing import Address, Addresses, Names, SourceOptions


@dataclass(frozen=True, slots=True)
class Part:
    """One listing of one forum. `path`: its list of topics; `word`: what is searched for."""

    server: str
    scope: str
    path: str = ""
    word: str = ""


class DiscourseOptions(SourceOptions):
    """What is read, and where."""

    base_url: Address | None = Field(
        None, description="One forum to read, instead of `servers`.", examples=["https://forum.example"]
    )
    servers: Addresses = Field((), description="The forums to read, for example https://forum.example.")
    categories: Names = Field(
        (), description="Categories to read, as slug/number or number: maps/7.", examples=[["maps/7"]]
    )
    tags: Names = Field((), description="Tags whose topics are read.", examples=[["maps"]])
    queries: Names = Field((), description="Words to search for.", examples=[["zorblat"]])
    listing: Literal["posts", "latest"] = Field(
        "posts",
        description="How a whole forum is read: by its newest `posts`, or by the topics that were written in last "
        "(`latest`); that is also what is done where a forum does not show its newest posts.",
    )
    api_key: SecretStr | None = Field(
        None,
        description="Read-only key that the forum's administrator made, for forums that are not public. "
        "It is sent to every forum that is named here.",
        json_schema_extra={"env": ["DISCOURSE_API_KEY"]},
    )
    api_username: str = Field("system", description="The account that `api_key` belongs to.")
    topic_posts: int = Field(
        200, ge=20, le=100_000, description="Most posts of one topic in one poll, the newest first. All on loopback."
    )
    first_pages: int = Field(1, ge=1, le=100, description="How many pages back the first poll of a listing goes.")
    max_pages: int = Field(50, ge=1, le=1000, description="Most pages of one listing in one poll.")

    @model_validator(mode="after")
    def _somewhere(self) -> DiscourseOptions:
        if not self.addresses:
            raise ValueError("name a forum, as base_url or in servers")
        return self

    @property
    def addresses(self) -> tuple[str, ...]:
        """The forums to read."""
        return (self.base_url,) if self.base_url else tuple(dict.fromkeys(self.servers))

    def parts(self) -> list[Part]:
        """All listings, forum by forum."""
        found = list[Part]()
        for server in self.addresses:
            name, before = server.partition("://")[2], len(found)
            for category in (category.strip("/ ").removeprefix("c/") for category in self.categories):
                found.append(Part(server, f"{name} category {category}", f"/c/{quote(category)}.json"))
            for tag in (tag.strip().removeprefix("#") for tag in self.tags):
                found.append(Part(server, f"{name} #{tag}", f"/tag/{quote(tag, safe='')}.json"))
            found += [Part(server, f"{name} '{word}'", word=word) for word in self.queries]
            if len(found) == before:
                found.append(Part(server, name, "/latest.json" if self.listing == "latest" else ""))
        return found
