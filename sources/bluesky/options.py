"""What of Bluesky is read, and from where."""

from __future__ import annotations

from typing import Final, Literal

from pydantic import AliasChoices, Field, SecretStr, field_validator, model_validator

from monitor.net.address import host_of, is_loopback
from monitor.sourcing import Address, Addresses, Names, SourceOptions

JETSTREAMS: Final = ("https://jetstream.us-east.bsky.network", "https://jetstream.us-west.bsky.network")
RELAYS: Final = ("https://relay1.us-east.bsky.network",)
REPOS_PATH: Final = "/xrpc/com.atproto.sync.subscribeRepos"
_APPVIEW: Final = "https://public.api.bsky.app"
_PLC: Final = "https://plc.directory"

Wire = Literal["v1", "v2", "repos"]


class Reads(SourceOptions):
    """What reading single posts, profiles and searches needs."""

    base_url: Address | None = Field(
        None,
        description="The AppView's address; Bluesky's public one without this.",
        examples=["https://appview.example"],
    )
    queries: Names = Field((), description="Searches for posts, newest first.", examples=[["zorblat map"]])
    actors: Names = Field(
        (),
        description="Accounts (handles or DIDs) whose posts are read.",
        examples=[["zorblat.example", "did:plc:zorblat77"]],
    )
    appview: Address = Field(_APPVIEW, description="Where single posts and profiles are looked up.")
    plc: Address = Field(_PLC, description="The directory that says which server holds an account.")
    pds: Address | None = Field(
        None,
        validation_alias=AliasChoices("pds", "pds_url"),
        description="One server that holds all accounts, instead of those that the directory names (a test net).",
        examples=["https://pds.example"],
    )
    account_servers: Names = Field(
        ("bsky.network", "bsky.social"),
        description="Domains of servers holding accounts that may be asked at a re-check. Others may be the author's "
        "own, who would see who asks: they are not asked.",
    )
    service: Address = Field(
        "https://bsky.social",
        validation_alias=AliasChoices("service", "auth_url"),
        description="Where the account signs in; at `pds` where that is named.",
    )
    handle: SecretStr | None = Field(
        None,
        description="Handle of the operator's own account. Most searches want one.",
        json_schema_extra={"env": ["ATPROTO_HANDLE", "BSKY_HANDLE"]},
    )
    app_password: SecretStr | None = Field(
        None,
        description="An app password of that account.",
        json_schema_extra={"env": ["ATPROTO_PASSWORD", "BSKY_APP_PASSWORD", "BSKY_PASSWORD"]},
    )
    first_pages: int = Field(1, ge=1, le=100, description="How many pages (of 100) the very first poll of each reads.")
    max_pages: int = Field(50, ge=1, le=100, description="Most pages of one search or account in one poll.")

    @field_validator("queries", "actors")
    @classmethod
    def _once(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(value))

    @property
    def searching(self) -> bool:
        """Whether searches or accounts are read, not the stream."""
        return bool(self.queries or self.actors)

    @property
    def reads_from(self) -> str:
        """Where posts, profiles and searches are read."""
        # Whoever names a server on this machine wants nothing read elsewhere.
        local = self.base_url is not None and is_loopback(host_of(self.base_url))
        if self.base_url is not None and "appview" not in self.model_fields_set and (self.searching or local):
            return self.base_url.replace("ws", "http", 1) if self.base_url.startswith("ws") else self.base_url
        return self.appview

    @property
    def signs_in_at(self) -> str:
        """The server of the operator's account."""
        if "service" in self.model_fields_set:
            return self.service
        return self.pds or (self.reads_from if is_loopback(host_of(self.reads_from)) else self.service)

    @property
    def holder(self) -> str | None:
        """The server that holds every account; None where the directory says it of each."""
        local = is_loopback(host_of(self.reads_from)) and "plc" not in self.model_fields_set
        return self.pds or (self.reads_from if local else None)

    @property
    def named(self) -> tuple[str, ...]:
        """Servers that the operator named, beside those that are collected from."""
        names = ("appview", "plc", "pds", "service")
        return tuple(value for name in names if name in self.model_fields_set and (value := getattr(self, name)))


class SearchOptions(Reads):
    """Which searches and accounts are read."""

    @model_validator(mode="after")
    def _something(self) -> SearchOptions:
        if not self.searching:
            raise ValueError("name queries or actors")
        return self


class BlueskyOptions(Reads):
    """Which stream is read, and what of it; or which searches and accounts."""

    base_url: Address | None = Field(
        None,
        description="One server instead of `servers`; with queries or actors: the AppView to ask.",
        examples=["https://jetstream.example"],
    )
    servers: Addresses = Field(
        JETSTREAMS, description="Servers of the stream; the next one is taken when one fails. Jetstreams, or relays."
    )
    wire: Literal["auto", "v1", "v2", "repos"] = Field(
        "auto",
        description="Kind of the stream: Jetstream's v1 (/subscribe) or v2 (subscribeEvents), or repos (the network's "
        "own, subscribeRepos); auto takes the first that a server has, in the order v2, v1, repos.",
    )
    dids: Names = Field(
        (), description="Only posts of these accounts (DIDs). Without this: of all.", examples=[["did:plc:zorblat77"]]
    )
    batch_posts: int = Field(500, ge=1, le=5000, description="Posts that are committed at once, at most.")
    batch_seconds: float = Field(1.0, gt=0, le=60, description="Seconds after which a smaller batch is committed.")
    idle_seconds: float = Field(60.0, gt=0, description="Seconds of silence after which the connection is made anew.")
    reconnects: int = Field(5, ge=0, le=100, description="Attempts to connect again in a row before giving up.")
    search_seconds: float = Field(
        300, ge=10, description="With queries or actors: seconds between two polls (bluesky-search has `every`)."
    )

    @model_validator(mode="after")
    def _askable(self) -> BlueskyOptions:
        if self.searching and self.base_url and not self.base_url.startswith("http"):
            raise ValueError("queries and actors are read over http")
        return self

    @property
    def addresses(self) -> tuple[str, ...]:
        """The stream's servers, in the order in which they are tried."""
        if self.base_url:
            return (self.base_url,)
        return RELAYS if self.wire == "repos" and "servers" not in self.model_fields_set else self.servers
