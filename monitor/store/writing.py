"""Statements that both databases take: insert unless it is there, how many rows a statement changed, so many values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, Final, TypeVar, cast

from sqlalchemy import CursorResult, Executable, Insert, Update, inspect
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, SQLModel

PORTION: Final = 400
"""Values in one statement; databases take so many and no more."""

_Value = TypeVar("_Value")


def portions(values: Iterable[_Value]) -> Iterator[Sequence[_Value]]:
    """The values, so many at once."""
    whole = list(values)
    return (whole[start : start + PORTION] for start in range(0, len(whole), PORTION))


def run(
    session: Session, statement: Executable, values: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None
) -> Any:
    """Executes a statement that was made once, with these values (or each of these); gives its result.

    For what is done for every post that hits, past the session's bookkeeping: a statement that is made anew each time
    takes longer than its execution. What is pending in the session is not written first.
    """
    return session.connection().execute(statement, values)


def insert_or_ignore(session: Session, table: type[SQLModel], **values: Any) -> Any | None:
    """Inserts a row; returns its primary key (first column), or None where a unique key already has it."""
    session.flush()
    return put(session, table, **values)


def put(session: Session, table: type[SQLModel], **values: Any) -> Any | None:
    """:func:`insert_or_ignore` as :func:`run` does it: what the row refers to is written, not pending."""
    return run(session, _ignoring(cast("Any", table), session.get_bind().dialect.name), values).scalar_one_or_none()


def put_all(session: Session, table: type[SQLModel], rows: Sequence[Mapping[str, Any]]) -> list[Any]:
    """:func:`put` for several rows in few statements; gives the primary keys of those that are new, in no order."""
    statement = _ignoring(cast("Any", table), session.get_bind().dialect.name)
    return list(run(session, statement, list(rows)).scalars())


@cache
def _ignoring(table: Any, dialect: str) -> Insert:
    key = inspect(table).primary_key[0]
    if dialect == "sqlite":
        return sqlite.insert(table).on_conflict_do_nothing().returning(key)
    return postgresql.insert(table).on_conflict_do_nothing().returning(key)


_TURN = 0x68616E646C66  # any constant of our own


def take_turn(session: Session) -> None:
    """Waits until no other process writes what posts share: accounts, handles, campaigns, links. Ends with the commit.

    To be asked for before anything else in a transaction. SQLite has one writer anyway.
    """
    if session.get_bind().dialect.name != "sqlite":
        session.connection().exec_driver_sql(f"SELECT pg_advisory_xact_lock({_TURN})")


def rows_changed(session: Session, statement: Update) -> int:
    """Executes an UPDATE and says how many rows it changed: the test of every conditional update."""
    return cast("CursorResult[Any]", session.exec(statement)).rowcount
