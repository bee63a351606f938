"""The mark of the key that a database is written with."""

# SQLModel declares `__tablename__` as a declared_attr; a plain string is its documented use.
# pyright: reportAssignmentType=false
from __future__ import annotations

from sqlmodel import Field, SQLModel

from monitor.store.types import encrypted_text


class KeyMark(SQLModel, table=True):
    """One row, sealed with the database's key: another key is refused when opening, before it writes anything."""

    __tablename__ = "key_mark"

    id: int = Field(primary_key=True)
    sealed: str = Field(sa_type=encrypted_text("key_mark.sealed"))
