"""What is read of Mastodon-compatible servers."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, SecretStr, model_validator

from monitor.sourcing import Address, Addresses, Names, SourceOptions, split_texts

Which = Literal["public", "public:local", "public:remote"]


class MastodonReading(SourceOptions):
    """What is read, and where, of timelines and streams alike."""

    base_url: Address | None = Field(
        None, description="One server to read, instead of `servers`.", examples=["https://mastodon.example"]
    )
    servers: Addresses = Field((), description="The servers to read, for example https://mastodon.example.")
    tags: Names = Field((), description="Tags whose timelines are read.")
    timelines: Annotated[tuple[Which, ...] | None, BeforeValidator(split_texts)] = Field(
        None,
        description="Whole timelines to read: public, public:local, public:remote. "
        "Without this: public where no tag and no query is named, else none.",
        examples=[["public:local"]],
    )
    access_token: SecretStr | None = Field(
        None,
        description="Token of an application with the scopes read:statuses and read:search, where servers want one. "
        "It is sent to every server that is named here.",
        json_schema_extra={"env": ["MASTODON_ACCESS_TOKEN"]},
    )
    ask_origin: bool = Field(
        False,
        description="At a re-check, ask a post's own server too where it is not named here. Its operator may be the "
        "author, and sees who asks; without this, the servers that are named here are asked what they know.",
    )
    overlap_seconds: float = Field(
        60, ge=0, le=3600, description="How much is read again at every poll: seconds before the newest post seen."
    )
    first_pages: int = Field(1, ge=1, le=100, description="How many pages back the very first poll of a timeline goes.")
    max_pages: int = Field(50, ge=1, le=1000, description="Most pages of one timeline in one poll; then the next one.")

    @model_validator(mode="after")
    def _somewhere(self) -> MastodonReading:
        if not self.addresses:
            raise ValueError("name a server, as base_url or in servers")
        return self

    @property
    def addresses(self) -> tuple[str, ...]:
        """The servers to read."""
        return (self.base_url,) if self.base_url else tuple(dict.fromkeys(self.servers))

    @property
    def whole(self) -> tuple[Which, ...]:
        """The whole timelines to read."""
        return self.timelines if self.timelines is not None else () if self.tags else ("public",)


class MastodonOptions(MastodonReading):
    """What is polled, and where."""

    queries: Names = Field(
        (),
        description="Searches for posts, on servers that offer it: with a token only, of posts that are indexed.",
        examples=[["zorblat"]],
    )

    @property
    def whole(self) -> tuple[Which, ...]:
        """The whole timelines to read."""
        return () if self.timelines is None and self.queries else super().whole


class MastodonStreamOptions(MastodonReading):
    """What is read as it is posted, and where."""

    poll_seconds: float = Field(
        60, ge=10, le=3600, description="Seconds between two polls of timelines of which a server has no stream."
    )
    batch_posts: int = Field(100, ge=1, le=1000, description="Events that are committed at once, at most.")
    batch_seconds: float = Field(2.0, gt=0, le=60, description="Seconds after which a smaller batch is committed.")
    quiet_seconds: float = Field(
        60.0, ge=1, le=3600, description="Seconds without a post after which coverage says that nothing came."
    )
    idle_seconds: float = Field(
        60.0, ge=1, le=600, description="Seconds without a sign of life after which a stream is opened anew."
    )
    reconnects: int = Field(5, ge=0, le=100, description="Attempts to connect again in a row before giving up.")
