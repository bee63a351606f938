"""What of Telegram is read through its API, and with what."""

from __future__ import annotations

from typing import Final

from pydantic import Field, SecretStr, field_validator

from monitor.sourcing import Address, Names, SourceOptions
from sources.telegram import channel_names

SERVER: Final = "https://telegram.org"


class TelegramApiOptions(SourceOptions):
    """Which channels are read, and with what."""

    base_url: Address = Field(
        SERVER, description="Telegram; or the address of one data centre to connect to, as a test's: tcp://host:443."
    )
    channels: Names = Field(description="Public channels to read, by name: zorblat_news, or https://t.me/zorblat_news.")
    api_id: SecretStr | None = Field(
        None, description="The application's number.", json_schema_extra={"env": ["TELEGRAM_API_ID"]}
    )
    api_hash: SecretStr | None = Field(
        None, description="The application's secret.", json_schema_extra={"env": ["TELEGRAM_API_HASH"]}
    )
    session: SecretStr | None = Field(
        None,
        description="Telethon's StringSession of an account of the organisation's own.",
        json_schema_extra={"env": ["TELEGRAM_SESSION"]},
    )
    first_posts: int = Field(100, ge=1, le=10_000, description="How many messages of a channel the first poll reads.")
    max_pages: int = Field(50, ge=1, le=1000, description="Most pages (of 100) of one channel in one poll.")
    again: int = Field(
        50,
        ge=0,
        le=100,
        description="How many of the last messages are asked for again at every poll: edits, deletions.",
    )

    @field_validator("channels")
    @classmethod
    def _names(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return channel_names(value)
