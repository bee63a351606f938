"""What may be read of Lemmy servers: the source's options, and the listings that they name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, SecretStr, model_validator

from monitor.sourcing import Address, Addresses, Names, SourceOptions, split_texts
from sources.lemmy.api import Version

Kind = Literal["posts", "comments"]


@dataclass(frozen=True, slots=True)
class Listing:
    """One listing of one server."""

    server: str
    scope: str
    kind: Kind
    params: Mapping[str, str] = field(default_factory=dict[str, str])


class LemmyOptions(SourceOptions):
    """What is read, and where."""

    base_url: Address | None = Field(
        None, description="One server to read, instead of `servers`.", examples=["https://lemmy.example"]
    )
    servers: Addresses = Field((), description="The servers to read, for example https://lemmy.example.")
    communities: Names = Field(
        (), description="Communities to read: maps, or maps@other.example as the server knows those of others."
    )
    queries: Names = Field(
        (), description="Words to search for; servers allow few searches (60 in ten minutes).", examples=[["zorblat"]]
    )
    listing: Literal["all", "local"] = Field(
        "all", description="Without communities and queries: `all` that the server knows, or only its own (`local`)."
    )
    kinds: Annotated[tuple[Kind, ...], BeforeValidator(split_texts)] | None = Field(
        None,
        min_length=1,
        description="What is read: posts, comments. Without this: both, where the server has both.",
        examples=[["posts", "comments"]],
    )
    api_version: Version = Field("auto", description="v3 (Lemmy 0.19), v4 (1.0), or auto: the server is asked.")
    access_token: SecretStr | None = Field(
        None,
        description="Token (JWT) of an account, for servers that show nothing without one. "
        "It is sent to every server that is named here.",
        json_schema_extra={"env": ["LEMMY_JWT", "LEMMY_ACCESS_TOKEN"]},
    )
    first_pages: int = Field(1, ge=1, le=100, description="How many pages back (of 50) the first poll of one goes.")
    max_pages: int = Field(50, ge=1, le=1000, description="Most pages of one listing in one poll.")

    @model_validator(mode="after")
    def _somewhere(self) -> LemmyOptions:
        if not self.addresses:
            raise ValueError("name a server, as base_url or in servers")
        return self

    @property
    def addresses(self) -> tuple[str, ...]:
        """The servers to read."""
        return (self.base_url,) if self.base_url else tuple(dict.fromkeys(self.servers))

    def listings(self) -> list[Listing]:
        """All listings, server by server."""
        found = list[Listing]()
        wanted: list[tuple[str, dict[str, str]]] = [
            (f"!{name}", {"community_name": name, "type_": "All"})
            for name in (name.strip().removeprefix("!") for name in self.communities)
        ]
        wanted += [(f"'{word}'", {"search_term": word, "type_": "All"}) for word in self.queries]
        wanted = wanted or [(self.listing, {"type_": self.listing.capitalize()})]
        for server in self.addresses:
            name = server.partition("://")[2]
            for kind in dict.fromkeys(self.kinds or ("posts", "comments")):
                found += [Listing(server, f"{name} {kind} {what}", kind, params) for what, params in wanted]
        return found
