"""Tables that all sides share: the audit trail and the switches."""

# SQLModel declares `__tablename__` as a declared_attr; a plain string is its documented use.
# pyright: reportAssignmentType=false
from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, LargeBinary
from sqlmodel import Field, SQLModel

from monitor.store.types import UtcTime, encrypted_text


class AuditRow(SQLModel, table=True):
    """Who did what, inserted with its transaction; ids and keyed commitments, never text.

    `seq`, `prev_hash` and `row_hash` are filled by the sealer a little later, so that the chain does not
    serialise the writers.
    """

    __tablename__ = "audit"

    id: int | None = Field(default=None, primary_key=True)
    at: datetime = Field(sa_type=UtcTime)
    actor: str
    action: str
    subject: str
    detail: dict[str, Any] = Field(sa_type=JSON)
    seq: int | None = Field(default=None, unique=True)
    prev_hash: bytes | None = Field(default=None, sa_type=LargeBinary)
    row_hash: bytes | None = Field(default=None, sa_type=LargeBinary)


class Switch(SQLModel, table=True):
    """A switch that all processes obey: `sending` on or off."""

    __tablename__ = "switch"

    name: str = Field(primary_key=True)
    on: bool
    by: str
    reason: str | None = Field(default=None, sa_type=encrypted_text("switch.reason"))
    changed_at: datetime = Field(sa_type=UtcTime)
