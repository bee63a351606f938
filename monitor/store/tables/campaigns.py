"""Tables of campaigns: posts of one template, the wordings they are found again by, merges, and returns."""

# SQLModel declares `__tablename__` as a declared_attr; a plain string is its documented use.
# pyright: reportAssignmentType=false
from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, LargeBinary, UniqueConstraint
from sqlmodel import Field, SQLModel

from monitor.store.types import UtcTime, encrypted_json, encrypted_text


class Campaign(SQLModel, table=True):
    """Posts of one template, whatever their handles. Its id is that of its first stored post.

    `first_hash` is the keyed hash of its first wording with its handles. `about`: its posts warn of, report or
    quote others'. `merged_into`: a person made it part of another campaign, which has its posts now.
    """

    __tablename__ = "campaign"

    id: int = Field(primary_key=True, foreign_key="post.id", sa_column_kwargs={"autoincrement": False})
    first_hash: bytes = Field(sa_type=LargeBinary, unique=True)
    created_at: datetime = Field(sa_type=UtcTime)
    about: bool = False
    merged_into: int | None = Field(default=None, foreign_key="campaign.id", index=True)


class StoredWording(SQLModel, table=True):
    """One wording with one set of handles, of a campaign: what further posts are compared with.

    `variant_hash` is the keyed hash of both, `words_hash` that of the wording alone. `words` are the wording's
    words (`monitor.graph.wording`); when the texts of all its posts have to go, keyed hashes of the words take
    their place.
    """

    __tablename__ = "wording"

    id: int | None = Field(default=None, primary_key=True)
    campaign_id: int = Field(foreign_key="campaign.id", index=True)
    variant_hash: bytes = Field(sa_type=LargeBinary, unique=True)
    words_hash: bytes = Field(sa_type=LargeBinary, index=True)
    words: dict[str, Any] = Field(sa_type=encrypted_json("wording.words"))
    hashed: bool = False
    created_at: datetime = Field(sa_type=UtcTime)


class Band(SQLModel, table=True):
    """One band of a wording's sketch, or one of its handles, keyed: wordings that have one in common are compared.

    Neither foreign key nor index of wordings: a post leaves dozens of bands, and both would take longer than they do.
    """

    __tablename__ = "band"
    __table_args__ = {"sqlite_with_rowid": False}

    band: int = Field(primary_key=True, sa_type=BigInteger)
    wording_id: int = Field(primary_key=True)


class Occurrence(SQLModel, table=True):
    """A post in a campaign.

    `state`: attached; waiting (it joined a reportable alert, and a person says yes or no to it), added (yes: it
    is reported like the others), left (no); counted (it joined a not-reportable one). `origin_id` is the campaign
    that it was first placed in, where a merge or a split moved it.
    """

    __tablename__ = "occurrence"

    campaign_id: int = Field(primary_key=True, foreign_key="campaign.id")
    post_id: int = Field(primary_key=True, foreign_key="post.id", index=True)
    added_at: datetime = Field(sa_type=UtcTime)
    wording_id: int | None = Field(default=None, foreign_key="wording.id", index=True)
    origin_id: int | None = Field(default=None, foreign_key="campaign.id")
    state: str = Field(default="attached", index=True)
    decided_by: str | None = Field(default=None, foreign_key="user.name")
    decided_at: datetime | None = Field(default=None, sa_type=UtcTime)


class Suggestion(SQLModel, table=True):
    """Two campaigns that a post bridges, the one with the smaller id first: a person merges them, or says no.

    `state`: open, merged, dismissed. Campaigns that a person split stay apart: their suggestion is dismissed from
    the start.
    """

    __tablename__ = "suggestion"
    __table_args__ = (UniqueConstraint("campaign_id", "other_id"),)

    id: int | None = Field(default=None, primary_key=True)
    campaign_id: int = Field(foreign_key="campaign.id")
    other_id: int = Field(foreign_key="campaign.id", index=True)
    post_id: int = Field(foreign_key="post.id")
    state: str = Field(default="open", index=True)
    suggested_at: datetime = Field(sa_type=UtcTime)
    decided_by: str | None = Field(default=None, foreign_key="user.name")
    decided_at: datetime | None = Field(default=None, sa_type=UtcTime)


class CampaignStep(SQLModel, table=True):
    """What a person did to campaigns: who, why, and which posts moved. Never changed.

    `kind`: merge (`other_id` became part of `campaign_id`), unmerge, split (`other_id` came out of it), dismiss (the
    two stay apart).
    """

    __tablename__ = "campaign_step"

    id: int | None = Field(default=None, primary_key=True)
    kind: str
    campaign_id: int = Field(foreign_key="campaign.id", index=True)
    other_id: int = Field(foreign_key="campaign.id", index=True)
    user: str = Field(foreign_key="user.name")
    reason: str = Field(sa_type=encrypted_text("campaign_step.reason"))
    at: datetime = Field(sa_type=UtcTime)
    posts: list[int] = Field(sa_type=encrypted_json("campaign_step.posts"))


class Comeback(SQLModel, table=True):
    """A return: something came back after a post of it became unavailable.

    `kind`: handle, campaign, bio, community (a successor of the same family of names). `subject_hash` is the keyed
    hash of what came back. It was unavailable on `gone_platform` from `gone_at` on, as far as was found out, and
    came back with `post_id` on `platform` at `back_at`.
    """

    __tablename__ = "comeback"
    __table_args__ = (UniqueConstraint("kind", "subject_hash", "post_id"),)

    id: int | None = Field(default=None, primary_key=True)
    kind: str
    subject_hash: bytes = Field(sa_type=LargeBinary)
    post_id: int = Field(foreign_key="post.id", index=True)
    platform: str
    gone_post_id: int = Field(foreign_key="post.id")
    gone_platform: str
    gone_at: datetime = Field(sa_type=UtcTime)
    back_at: datetime = Field(sa_type=UtcTime)
    days: float
