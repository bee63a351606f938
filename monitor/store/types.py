"""Column types: encrypted text and JSON, and UTC times that are the same on both databases."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, cast

from sqlalchemy import DateTime, Dialect, LargeBinary
from sqlalchemy.types import TypeDecorator

from monitor.store.keys import Keyring


def _keyring(dialect: Dialect) -> Keyring:
    """Each engine has a dialect object of its own, which carries that engine's keyring (see `database`)."""
    return cast("Keyring", cast("Any", dialect).handlewatch_keyring)


class EncryptedText(TypeDecorator[str]):
    """Text, encrypted with the engine's keyring.

    :param context: "table.column": a value moved to another column does not decrypt.
    """

    impl = LargeBinary
    cache_ok = True

    def __init__(self, context: str) -> None:
        super().__init__()
        self.context = context

    def process_bind_param(self, value: str | None, dialect: Dialect) -> bytes | None:
        """Seals."""
        if value is None:
            return None
        return _keyring(dialect).seal(value.encode("utf-8", "surrogatepass"), self.context)

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> str | None:
        """Opens."""
        if value is None:
            return None
        return _keyring(dialect).open(bytes(value), self.context).decode("utf-8", "surrogatepass")


class EncryptedJson(TypeDecorator[Any]):
    """A JSON value, encrypted; see :class:`EncryptedText`."""

    impl = LargeBinary
    cache_ok = True

    def __init__(self, context: str) -> None:
        super().__init__()
        self.context = context

    def process_bind_param(self, value: Any, dialect: Dialect) -> bytes | None:
        """Seals."""
        # The standard library's json: posts may hold lone surrogates, which stricter encoders refuse.
        return None if value is None else _keyring(dialect).seal(json.dumps(value).encode(), self.context)

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> Any:
        """Opens."""
        return None if value is None else json.loads(_keyring(dialect).open(bytes(value), self.context))


class UtcTime(TypeDecorator[datetime]):
    """A timezone-aware time, UTC in and out, microseconds, on both databases."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuses naive times: they are a bug, not a guess."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a timezone cannot be stored")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Gives UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def encrypted_text(context: str) -> Any:
    """An :class:`EncryptedText` column type (SQLModel's `Field` knows only classes, hence Any)."""
    return EncryptedText(context)


def encrypted_json(context: str) -> Any:
    """An :class:`EncryptedJson` column type; see :func:`encrypted_text`."""
    return EncryptedJson(context)
