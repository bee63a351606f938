"""Who may do what. One table, asked by the page and the command line alike."""

from __future__ import annotations

import re
from enum import StrEnum

from sqlmodel import Session

from monitor.errors import AuthError
from monitor.store.tables import User
from monitor.suggest import closest

USER_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,39}")


class Role(StrEnum):
    """The roles of the design."""

    ANALYST = "analyst"
    APPROVER = "approver"
    MODERATOR = "moderator"
    LEXICON_OWNER = "lexicon_owner"
    SAFEGUARDING_LEAD = "safeguarding_lead"
    SUPERVISOR = "supervisor"
    AUDITOR = "auditor"
    ADMIN = "admin"


class Permission(StrEnum):
    """What can be allowed."""

    REVIEW = "review"
    """See the queue and alerts (masked), claim, reveal, decide."""
    SECOND_REVIEW = "second_review"
    """Confirm or return another person's verdict."""
    SAFEGUARDING = "safeguarding"
    """See and decide the safeguarding lane."""
    SEND = "send"
    """Work the outbox: send, mark as filed, withdraw."""
    STOP = "stop"
    """Stop and resume all sending."""
    EXPORT = "export"
    """Export batches."""
    AUDIT = "audit"
    """Read the audit trail."""
    USERS = "users"
    """Add and disable users."""


_P = Permission
ALLOWED: dict[Role, frozenset[Permission]] = {
    Role.ANALYST: frozenset({_P.REVIEW, _P.STOP}),
    Role.APPROVER: frozenset({_P.REVIEW, _P.SECOND_REVIEW, _P.SEND, _P.STOP}),
    Role.MODERATOR: frozenset({_P.REVIEW, _P.EXPORT, _P.SEND, _P.STOP}),
    Role.LEXICON_OWNER: frozenset({_P.STOP}),
    Role.SAFEGUARDING_LEAD: frozenset({_P.REVIEW, _P.SECOND_REVIEW, _P.SAFEGUARDING, _P.STOP}),
    Role.SUPERVISOR: frozenset({_P.REVIEW, _P.SECOND_REVIEW, _P.SAFEGUARDING, _P.SEND, _P.STOP, _P.EXPORT, _P.AUDIT}),
    Role.AUDITOR: frozenset({_P.AUDIT}),
    Role.ADMIN: frozenset({_P.USERS, _P.STOP}),
}


def require(session: Session, name: str, permission: Permission) -> User:
    """The active user of that name who may do this. Raises `AuthError` otherwise."""
    if not name:
        raise AuthError("This needs a name.", kept="Nothing was changed.", do="Say who you are: --as USER.")
    # Whatever is no name is nobody's: some texts (bytes that are not UTF-8) no database takes.
    user = session.get(User, name) if USER_NAME.fullmatch(name) else None
    if user is None or user.disabled_at is not None:
        raise AuthError(
            f"There is no active user {name[:41]!r}.", kept="Nothing was changed.", do="See `handlewatch users list`."
        )
    if permission not in ALLOWED[Role(user.role)]:
        able = ", ".join(role for role, allowed in ALLOWED.items() if permission in allowed)
        raise AuthError(
            f"{name!r} is {user.role} and may not do this ({permission}).",
            kept="Nothing was changed.",
            do=f"Ask somebody who is: {able}.",
        )
    return user


def parse_role(text: str) -> Role:
    """The role of that name. Raises `ValueError` naming the closest."""
    try:
        return Role(text)
    except ValueError:
        raise ValueError(f"there is no role {text!r}. {closest(text, Role)}") from None
