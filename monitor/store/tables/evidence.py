"""Tables of what was found: posts that hit, accounts, identities, campaigns and their occurrences."""

# SQLModel declares `__tablename__` as a declared_attr; a plain string is its documented use.
# pyright: reportAssignmentType=false
from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import LargeBinary, UniqueConstraint
from sqlmodel import Field, SQLModel

from monitor.store.types import UtcTime, encrypted_json, encrypted_text


class Account(SQLModel, table=True):
    """A reported or reportable account: platform + keyed hash of the platform's id (else its handle)."""

    __tablename__ = "account"
    __table_args__ = (UniqueConstraint("platform", "key_hash"),)

    id: int | None = Field(default=None, primary_key=True)
    platform: str
    key_hash: bytes = Field(sa_type=LargeBinary)
    author: dict[str, Any] | None = Field(default=None, sa_type=encrypted_json("account.author"))
    first_seen_at: datetime = Field(sa_type=UtcTime)


class StoredPost(SQLModel, table=True):
    """One version of a post that hit: an edit that changes its content is a row of its own.

    `record` is the post record (design, section 5), text fields as they are shown: access-bearing strings
    replaced. `screening` is the screen's verdict frozen at intake: offsets, ids, steps, keyed hashes, no text.
    `state`: up, expired (its words were kept as long as they may be), deleted (the platform said so, or it was no
    longer there when asked; `record` is then empty). `standing` is what the last re-check found, at `checked_at`;
    that is also when a platform's word that it is deleted came.
    """

    __tablename__ = "post"
    __table_args__ = (UniqueConstraint("platform", "post_id", "content_hash"),)

    id: int | None = Field(default=None, primary_key=True)
    platform: str
    post_id: str
    content_hash: bytes = Field(sa_type=LargeBinary)
    source: str = Field(foreign_key="source.name", index=True)
    run_id: int | None = Field(default=None, foreign_key="run.id")
    account_id: int | None = Field(default=None, foreign_key="account.id", index=True)
    record: dict[str, Any] | None = Field(default=None, sa_type=encrypted_json("post.record"))
    screening: dict[str, Any] = Field(sa_type=encrypted_json("post.screening"))
    bundle: str
    rule: str
    score: float
    created_at: datetime | None = Field(default=None, sa_type=UtcTime)
    first_seen_at: datetime = Field(sa_type=UtcTime)
    state: str = "up"
    standing: str | None = None
    checked_at: datetime | None = Field(default=None, sa_type=UtcTime)


class Identity(SQLModel, table=True):
    """One messenger identity: app + keyed hash of the canonical key."""

    __tablename__ = "identity"
    __table_args__ = (UniqueConstraint("app", "key_hash"),)

    id: int | None = Field(default=None, primary_key=True)
    app: str
    key_hash: bytes = Field(sa_type=LargeBinary)
    handle: str | None = Field(default=None, sa_type=encrypted_text("identity.handle"))
    first_seen_at: datetime = Field(sa_type=UtcTime)
    last_seen_at: datetime = Field(sa_type=UtcTime)


class Mention(SQLModel, table=True):
    """An identity in a post."""

    __tablename__ = "mention"

    identity_id: int = Field(primary_key=True, foreign_key="identity.id")
    post_id: int = Field(primary_key=True, foreign_key="post.id", index=True)


class Campaign(SQLModel, table=True):
    """Posts of one template. Its id is that of its first stored post.

    Until near-duplicates are sketched, `template_hash` is the keyed hash of the exact folded text with the
    handles masked.
    """

    __tablename__ = "campaign"

    id: int = Field(primary_key=True, foreign_key="post.id", sa_column_kwargs={"autoincrement": False})
    template_hash: bytes = Field(sa_type=LargeBinary, unique=True)
    created_at: datetime = Field(sa_type=UtcTime)


class Occurrence(SQLModel, table=True):
    """A post in a campaign."""

    __tablename__ = "occurrence"

    campaign_id: int = Field(primary_key=True, foreign_key="campaign.id")
    post_id: int = Field(primary_key=True, foreign_key="post.id", index=True)
    added_at: datetime = Field(sa_type=UtcTime)
