"""Tables of the collecting side: sources, their runs, cursors and leases, and the coverage ledger."""

# SQLModel declares `__tablename__` as a declared_attr; a plain string is its documented use.
# pyright: reportAssignmentType=false
from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON
from sqlmodel import Field, SQLModel

from monitor.store.types import UtcTime


class SourceRow(SQLModel, table=True):
    """A configured source, as it was last enabled. `basis` is the operator's, as configured."""

    __tablename__ = "source"

    name: str = Field(primary_key=True)
    plugin: str
    basis: str | None = None
    enabled_at: datetime = Field(sa_type=UtcTime)


class Run(SQLModel, table=True):
    """One collecting run of a source: from its start until it ended, failed or was stopped."""

    __tablename__ = "run"

    id: int | None = Field(default=None, primary_key=True)
    source: str = Field(foreign_key="source.name", index=True)
    started_at: datetime = Field(sa_type=UtcTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcTime)
    outcome: str | None = None
    posts: int = 0
    hits: int = 0
    bad: int = 0
    error: str | None = None


class Coverage(SQLModel, table=True):
    """One interval of one scope of a source and what became of it (`monitor.ports.Seen`)."""

    __tablename__ = "coverage"

    id: int | None = Field(default=None, primary_key=True)
    source: str = Field(foreign_key="source.name", index=True)
    run_id: int | None = Field(default=None, foreign_key="run.id")
    scope: str
    started_at: datetime | None = Field(default=None, sa_type=UtcTime)
    ended_at: datetime = Field(sa_type=UtcTime, index=True)
    state: str
    posts: int = 0
    note: str = ""


class Volume(SQLModel, table=True):
    """How many posts a source brought in an hour (its beginning, UTC), in how many batches."""

    __tablename__ = "volume"

    source: str = Field(primary_key=True, foreign_key="source.name")
    hour: datetime = Field(primary_key=True, sa_type=UtcTime)
    posts: int
    batches: int


class CursorRow(SQLModel, table=True):
    """Where a source goes on. `token` is the fencing token of the lease under which it was written."""

    __tablename__ = "cursor"

    source: str = Field(primary_key=True, foreign_key="source.name")
    value: dict[str, Any] = Field(sa_type=JSON)
    token: int
    updated_at: datetime = Field(sa_type=UtcTime)


class Pause(SQLModel, table=True):
    """Until when a server (with a credential), or a source, is not to be asked, as it said; by its keyed hash."""

    __tablename__ = "pause"

    name_hash: bytes = Field(primary_key=True)
    until: datetime = Field(sa_type=UtcTime)


class Lease(SQLModel, table=True):
    """Who may work on a named thing (a source, the outbox) until when, on the database's time.

    `token` grows with every new holder: a write that carries an old one is refused.
    """

    __tablename__ = "lease"

    name: str = Field(primary_key=True)
    holder: str
    token: int
    expires_at: datetime = Field(sa_type=UtcTime)
