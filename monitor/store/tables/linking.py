"""Tables of links: which accounts share which identities, what that joins, and the names that accounts had."""

# SQLModel declares `__tablename__` as a declared_attr; a plain string is its documented use.
# pyright: reportAssignmentType=false
from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, LargeBinary
from sqlmodel import Field, SQLModel

from monitor.store.types import UtcTime, encrypted_json


class Sharing(SQLModel, table=True):
    """The edge between an account and an identity that it shared; the posts that prove it are the mentions'.

    `linkable`: a post whose terms let it be set beside other platforms' proves it. `same_name`: the account said
    that its own name is the handle. `confidence` is the best of its posts, of which versions count once; `platform` is
    the account's. Posts of the safeguarding lane prove nothing.
    """

    __tablename__ = "sharing"
    __table_args__ = (
        Index("ix_sharing_identity_id_linkable", "identity_id", "linkable"),
        Index("ix_sharing_identity_id_platform", "identity_id", "platform"),
    )

    identity_id: int = Field(primary_key=True, foreign_key="identity.id")
    account_id: int = Field(primary_key=True, foreign_key="account.id", index=True)
    platform: str
    linkable: bool
    same_name: bool = False
    confidence: float
    posts: int
    first_at: datetime = Field(sa_type=UtcTime)
    last_at: datetime = Field(sa_type=UtcTime)


class LinkedSet(SQLModel, table=True):
    """The linked set that an identity is in, named by its smallest identity; singles have no row.

    `scope`: empty for what may be linked over platforms, else the platform whose accounts alone join it.
    """

    __tablename__ = "linked_set"

    identity_id: int = Field(primary_key=True, foreign_key="identity.id")
    scope: str = Field(primary_key=True, default="")
    set_id: int = Field(foreign_key="identity.id", index=True)


class AccountName(SQLModel, table=True):
    """A name that an account had: accounts are followed by their platform's id, whatever they call themselves."""

    __tablename__ = "account_name"

    account_id: int = Field(primary_key=True, foreign_key="account.id")
    name_hash: bytes = Field(primary_key=True, sa_type=LargeBinary)
    author: dict[str, Any] | None = Field(default=None, sa_type=encrypted_json("account_name.author"))
    first_seen_at: datetime = Field(sa_type=UtcTime)
    last_seen_at: datetime = Field(sa_type=UtcTime)


class LinkBasis(SQLModel, table=True):
    """One row: by which rules edges and linked sets were last made anew. Where the rules are others now, they are."""

    __tablename__ = "link_basis"

    id: int = Field(default=1, primary_key=True)
    rules: str
    at: datetime = Field(sa_type=UtcTime)
