"""The people who review: local accounts with argon2id passwords. Never deleted, only disabled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError
from sqlalchemy import delete
from sqlmodel import Session, col, func, select

from alerts.roles import USER_NAME, Permission, Role, require
from monitor import audit
from monitor.errors import AuthError, ConfigError, RefusedError
from monitor.store.database import Store
from monitor.store.tables import User, WebSession

MIN_PASSWORD = 12
MAX_PASSWORD = 1024
BOOTSTRAP = "system:bootstrap"
"""The actor of what is done before there is an admin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One account, without its password."""

    name: str
    role: Role
    created_at: datetime
    disabled_at: datetime | None
    has_password: bool


class Users:
    """The accounts of a store.

    :param hasher: argon2id with the library's current parameters unless said otherwise.
    """

    def __init__(self, store: Store, *, hasher: PasswordHasher | None = None) -> None:
        self._store = store
        self._hasher = hasher or PasswordHasher()

    def add(self, name: str, *, role: Role, password: str | None, by: str | None = None) -> Person:
        """Adds a person.

        :param password: for the page; None for somebody who only uses the command line.
        :param by: the admin who adds; may be None only while there is no active admin.
        :raises ConfigError: the name or the password will not do.
        :raises RefusedError: the name is taken, or `by` is missing.
        :raises AuthError: `by` may not add users.
        """
        hashed = self._hash(password) if password is not None else None
        with self._store.write() as session:
            return self._insert(session, name, role=role, hashed=hashed, actor=self._admin(session, by))

    def seed(self, name: str, *, role: Role, password: str, part: str) -> Person:
        """Adds a person on behalf of a part of the program ("demo"): audited as "system:demo"."""
        hashed = self._hash(password)
        with self._store.write() as session:
            return self._insert(session, name, role=role, hashed=hashed, actor=f"system:{part}")

    def _insert(self, session: Session, name: str, *, role: Role, hashed: str | None, actor: str) -> Person:
        if not USER_NAME.fullmatch(name):
            raise ConfigError(
                f"{name!r} cannot be a user's name.",
                kept="Nothing was changed.",
                do="Use small letters, digits, '.', '_' and '-'; 40 characters at most.",
            )
        if session.get(User, name) is not None:
            raise RefusedError(
                f"There is a user {name!r} already.",
                kept="Nothing was changed.",
                do="Choose another name: those of disabled users stay taken, decisions refer to them.",
            )
        now = self._store.now()
        user = User(name=name, role=role, password_hash=hashed, created_at=now)
        session.add(user)
        audit.record(session, now, actor=actor, action="user.add", subject=f"user:{name}", role=role)
        return _person(user)

    def all(self) -> list[Person]:
        """Everybody, by name, the disabled ones too."""
        with self._store.read() as session:
            return [_person(user) for user in session.exec(select(User).order_by(User.name))]

    def disable(self, name: str, *, by: str) -> Person:
        """Ends an account: no log-in, no action, sessions over. The last active admin stays."""
        with self._store.write() as session:
            require(session, by, Permission.USERS)
            user = _existing(session, name)
            if user.role == Role.ADMIN and user.disabled_at is None and _admins(session) == 1:
                raise RefusedError(
                    f"{name!r} is the last active admin.", kept="Nothing was changed.", do="Add another admin first."
                )
            now = self._store.now()
            user.disabled_at = user.disabled_at or now
            session.add(user)
            _end_sessions(session, name)
            audit.record(session, now, actor=by, action="user.disable", subject=f"user:{name}")
            return _person(user)

    def set_password(self, name: str, password: str, *, by: str | None = None) -> Person:
        """Sets a password (an admin anybody's, everybody their own) and ends the open sessions."""
        hashed = self._hash(password)
        with self._store.write() as session:
            actor = name if by == name else self._admin(session, by)
            user = _existing(session, name)
            if user.disabled_at is not None:
                raise RefusedError(f"{name!r} is disabled.", kept="Nothing was changed.")
            user.password_hash = hashed
            session.add(user)
            _end_sessions(session, name)
            audit.record(session, self._store.now(), actor=actor, action="user.passwd", subject=f"user:{name}")
            return _person(user)

    def check(self, name: str, password: str) -> Person | None:
        """The active person of that name and password, else None. Takes as long for an unknown name."""
        with self._store.read() as session:
            user = session.get(User, name) if USER_NAME.fullmatch(name) else None
        usable = user is not None and user.disabled_at is None and user.password_hash is not None
        hashed = user.password_hash if user is not None and usable and user.password_hash else self._nobody
        try:
            self._hasher.verify(hashed, password[: MAX_PASSWORD + 1])
        except (VerifyMismatchError, VerificationError, InvalidHashError):
            return None
        if user is None or not usable:
            return None
        if self._hasher.check_needs_rehash(hashed):
            self._rehash(name, hashed, password)
        return _person(user)

    def _rehash(self, name: str, old: str, password: str) -> None:
        with self._store.write() as session:
            user = session.get_one(User, name)
            if user.password_hash == old:
                user.password_hash = self._hasher.hash(password)
                session.add(user)

    @cached_property
    def _nobody(self) -> str:
        """A hash that no password has to match, so that unknown names cost the same time."""
        return self._hasher.hash("no password is this")

    def _hash(self, password: str) -> str:
        if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
            raise ConfigError(
                f"The password has {len(password)} characters.",
                kept="Nothing was changed.",
                do=f"Use {MIN_PASSWORD} to {MAX_PASSWORD}; a few random words do well.",
            )
        return self._hasher.hash(password)

    def _admin(self, session: Session, by: str | None) -> str:
        if by is not None:
            return require(session, by, Permission.USERS).name
        if _admins(session) == 0:
            return BOOTSTRAP
        raise AuthError(
            "There is an admin already: users are added and changed by one.",
            kept="Nothing was changed.",
            do="Say who you are: --as ADMIN.",
        )


def _admins(session: Session) -> int:
    return session.exec(
        select(func.count()).select_from(User).where(User.role == Role.ADMIN, col(User.disabled_at).is_(None))
    ).one()


def _existing(session: Session, name: str) -> User:
    user = session.get(User, name) if USER_NAME.fullmatch(name) else None
    if user is None:
        raise ConfigError(
            f"There is no user {name!r}.", kept="Nothing was changed.", do="See `handlewatch users list`."
        )
    return user


def _end_sessions(session: Session, name: str) -> None:
    session.exec(delete(WebSession).where(col(WebSession.user) == name))


def _person(user: User) -> Person:
    return Person(
        name=user.name,
        role=Role(user.role),
        created_at=user.created_at,
        disabled_at=user.disabled_at,
        has_password=user.password_hash is not None,
    )


def without_admin(people: Sequence[Person]) -> bool:
    """Whether nobody can add users but the command line itself."""
    return not any(person.role is Role.ADMIN and person.disabled_at is None for person in people)
