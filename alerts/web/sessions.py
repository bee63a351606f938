"""Log-ins on the page: a random token in a cookie, only its hash in the store."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256

from sqlalchemy import delete
from sqlmodel import col

from alerts.roles import ALLOWED, Permission, Role
from monitor import audit
from monitor.store.database import Store
from monitor.store.tables import User, WebSession

COOKIE = "handlewatch_session"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedIn:
    """Who is logged in. `csrf` must come with every form."""

    name: str
    role: Role
    csrf: str
    token_hash: bytes

    def may(self, permission: str) -> bool:
        """Whether this role has the permission of that name."""
        return Permission(permission) in ALLOWED[self.role]


def _hashed(token: str) -> bytes:
    return sha256(token.encode("utf-8", "surrogatepass")).digest()


class Sessions:
    """The sessions of a store; each ends after `hours`, at log-out, or when its user is disabled."""

    def __init__(self, store: Store, *, hours: float) -> None:
        self._store = store
        self._lifetime = timedelta(hours=hours)

    def open(self, name: str) -> str:
        """Logs somebody in; returns the token for the cookie. Clears away sessions that ran out."""
        token = secrets.token_urlsafe(32)
        now = self._store.now()
        with self._store.write() as session:
            session.exec(delete(WebSession).where(col(WebSession.expires_at) <= now))
            session.add(
                WebSession(
                    token_hash=_hashed(token),
                    user=name,
                    csrf=secrets.token_urlsafe(24),
                    created_at=now,
                    expires_at=now + self._lifetime,
                )
            )
            audit.record(session, now, actor=name, action="user.login", subject=f"user:{name}")
        return token

    def find(self, token: str | None) -> LoggedIn | None:
        """Who that is; None for a session that is unknown, over, or of a disabled user."""
        if not token:
            return None
        with self._store.read() as session:
            row = session.get(WebSession, _hashed(token))
            if row is None or row.expires_at <= self._store.now():
                return None
            user = session.get(User, row.user)
        if user is None or user.disabled_at is not None:
            return None
        return LoggedIn(name=user.name, role=Role(user.role), csrf=row.csrf, token_hash=row.token_hash)

    def close(self, person: LoggedIn) -> None:
        """Logs somebody out."""
        with self._store.write() as session:
            session.exec(delete(WebSession).where(col(WebSession.token_hash) == person.token_hash))
            audit.record(
                session, self._store.now(), actor=person.name, action="user.logout", subject=f"user:{person.name}"
            )
