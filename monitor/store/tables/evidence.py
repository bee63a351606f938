"""Tables of what was found: posts that hit, their accounts and their identities."""

# SQLModel declares `__tablename__` as a declared_attr; a plain string is its documented use.
# pyright: reportAssignmentType=false
from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from sqlalchemy import LargeBinary, UniqueConstraint
from sqlmodel import Field, SQLModel

from monitor.store.types import UtcTime, encrypted_json, encrypted_text


class Account(SQLModel, table=True):
    """A reported or reportable account: platform + keyed hash of the platform's id, else (told apart) of its handle."""

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
    that is also when a platform's word that it is deleted came. By the keyed hashes of its author's bio (handles
    masked), of its community and of the family of names that the community's belongs to, what comes back is known
    again when the words are gone.
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
    bio_hash: bytes | None = Field(default=None, sa_type=LargeBinary, index=True)
    community_hash: bytes | None = Field(default=None, sa_type=LargeBinary)
    family_hash: bytes | None = Field(default=None, sa_type=LargeBinary, index=True)


SEALED: Final[tuple[Any, ...]] = (StoredPost.record, StoredPost.screening)
"""What of a post is encrypted: to be deferred where many posts are read and none is shown."""


class Identity(SQLModel, table=True):
    """One messenger identity: app + keyed hash of the canonical key.

    `skeleton_hash` is the keyed hash of the handle with look-alike characters made one: who has it in common is a
    look-alike, never the same. `hub` is a person's word that it joins no linked sets (or that it does), whatever
    the number of its accounts; None where nobody said so.
    """

    __tablename__ = "identity"
    __table_args__ = (UniqueConstraint("app", "key_hash"),)

    id: int | None = Field(default=None, primary_key=True)
    app: str
    key_hash: bytes = Field(sa_type=LargeBinary)
    handle: str | None = Field(default=None, sa_type=encrypted_text("identity.handle"))
    first_seen_at: datetime = Field(sa_type=UtcTime)
    last_seen_at: datetime = Field(sa_type=UtcTime)
    skeleton_hash: bytes | None = Field(default=None, sa_type=LargeBinary, index=True)
    hub: bool | None = None


class Mention(SQLModel, table=True):
    """An identity in a post: the evidence of every edge that starts there.

    `same_name`: the post says that the account's own name is the handle. Both are empty in rows from before they
    were kept.
    """

    __tablename__ = "mention"

    identity_id: int = Field(primary_key=True, foreign_key="identity.id")
    post_id: int = Field(primary_key=True, foreign_key="post.id", index=True)
    confidence: float | None = None
    same_name: bool | None = None
