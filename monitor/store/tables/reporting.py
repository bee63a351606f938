"""Tables of the reporting side: the outbox with its history, and exported batches."""

# SQLModel declares `__tablename__` as a declared_attr; a plain string is its documented use.
# pyright: reportAssignmentType=false
from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index
from sqlmodel import Field, SQLModel

from monitor.store.types import UtcTime, encrypted_json, encrypted_text


class Report(SQLModel, table=True):
    """One report of one post over one channel: a row of the outbox.

    `id` is a UUID and the report's id on the outside. `dedupe_key` (channel, subject and reason, keyed hash in
    hex) is unique: nothing is reported twice. `outgoing` is what leaves, frozen (`monitor.channel_ports.Outgoing`).
    `state`: undo_window, queued, claimed, accepted, rejected, uncertain, manual, filed, withdrawn, dead.
    `token` is the fencing token of the claim; `claim_expires_at` is on the database's time. `why` (and an
    event's `detail`) is encrypted: a recipient's answer may quote anything.
    """

    __tablename__ = "report"
    __table_args__ = (Index("ix_report_due", "state", "due_at"),)

    id: str = Field(primary_key=True)
    decision_id: int = Field(foreign_key="decision.id", index=True)
    alert_id: int = Field(foreign_key="alert.id", index=True)
    post_id: int = Field(foreign_key="post.id", index=True)
    channel: str
    dedupe_key: str = Field(unique=True)
    state: str
    outgoing: dict[str, Any] | None = Field(
        default=None,
        sa_type=encrypted_json("report.outgoing"),
    )
    outgoing_sha256: str | None = None
    due_at: datetime = Field(sa_type=UtcTime)
    attempts: int = 0
    token: int = 0
    claim_expires_at: datetime | None = Field(default=None, sa_type=UtcTime)
    remote_id: str | None = None
    why: str | None = Field(default=None, sa_type=encrypted_text("report.why"))
    created_at: datetime = Field(sa_type=UtcTime)
    updated_at: datetime = Field(sa_type=UtcTime)


class ReportEvent(SQLModel, table=True):
    """One step in a report's life: from which state to which, when, by whom, with what answer."""

    __tablename__ = "report_event"
    __table_args__ = (Index("ix_report_event_after", "after", "at"),)

    id: int | None = Field(default=None, primary_key=True)
    report_id: str = Field(foreign_key="report.id", index=True)
    before: str | None = None
    after: str
    at: datetime = Field(sa_type=UtcTime)
    actor: str
    detail: str = Field(default="", sa_type=encrypted_text("report_event.detail"))


class ExportBatch(SQLModel, table=True):
    """One export that left: who, why, which rows, which bytes, and the batch before it.

    `seq` numbers them without a gap; `sha256` is that of the manifest file, which names all others.
    """

    __tablename__ = "export_batch"

    id: str = Field(primary_key=True)
    seq: int = Field(unique=True)
    user: str = Field(foreign_key="user.name")
    reason: str = Field(sa_type=encrypted_text("export_batch.reason"))
    format: str
    rows: int
    sha256: str
    manifest: dict[str, Any] = Field(sa_type=JSON)
    created_at: datetime = Field(sa_type=UtcTime)
