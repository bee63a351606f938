from __future__ import annotations

import pytest
from argon2 import PasswordHasher
from sqlmodel import select

from alerts.roles import Role
from alerts.users import MAX_PASSWORD, Users, without_admin
from monitor.errors import AuthError, ConfigError, RefusedError
from monitor.store.database import Store
from monitor.store.tables import AuditRow, User, WebSession

PASSWORD = "four neutral random words"
WEAK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@pytest.fixture
def users(store: Store) -> Users:
    return Users(store, hasher=WEAK)


def test_until_there_is_an_admin_nobody_has_to_be_one(users: Users, store: Store) -> None:
    users.add("ana", role=Role.ANALYST, password=PASSWORD)
    assert without_admin(users.all())
    users.add("adm", role=Role.ADMIN, password=None)
    with pytest.raises(AuthError, match="by one"):
        users.add("ben", role=Role.ANALYST, password=None)
    with pytest.raises(AuthError, match="may not do this"):
        users.add("ben", role=Role.ANALYST, password=None, by="ana")
    users.add("ben", role=Role.ANALYST, password=None, by="adm")
    with store.read() as session:
        rows = [(row.actor, row.action, row.subject) for row in session.exec(select(AuditRow))]
    assert rows == [
        ("system:bootstrap", "user.add", "user:ana"),
        ("system:bootstrap", "user.add", "user:adm"),
        ("adm", "user.add", "user:ben"),
    ]
    assert [person.name for person in users.all()] == ["adm", "ana", "ben"]


def test_passwords_are_argon2id_and_only_the_right_one_opens(store: Store) -> None:
    users = Users(store)
    users.add("ana", role=Role.ANALYST, password=PASSWORD)
    with store.read() as session:
        hashed = session.get_one(User, "ana").password_hash or ""
    assert hashed.startswith("$argon2id$")
    assert PASSWORD not in hashed
    found = users.check("ana", PASSWORD)
    assert found is not None
    assert found.name == "ana"
    for name, password in (("ana", PASSWORD + "x"), ("ana", ""), ("nobody", PASSWORD), ("", ""), ("ANA\0", PASSWORD)):
        assert users.check(name, password) is None


def test_somebody_without_a_password_or_disabled_cannot_log_in(users: Users) -> None:
    users.add("adm", role=Role.ADMIN, password=None)
    users.add("ana", role=Role.ANALYST, password=PASSWORD, by="adm")
    assert users.check("adm", "no password is this") is None
    users.disable("ana", by="adm")
    assert users.check("ana", PASSWORD) is None


def test_disabling_and_a_new_password_end_the_sessions(users: Users, store: Store) -> None:
    users.add("adm", role=Role.ADMIN, password=PASSWORD)
    users.add("ana", role=Role.ANALYST, password=PASSWORD, by="adm")

    def sessions() -> list[str]:
        with store.read() as session:
            return sorted(row.user for row in session.exec(select(WebSession)))

    with store.write() as session:
        for place, name in enumerate(("adm", "ana")):
            values = {"csrf": "c", "created_at": store.now(), "expires_at": store.now()}
            session.add(WebSession(token_hash=bytes([place]), user=name, **values))
    users.set_password("adm", PASSWORD + "2", by="adm")
    assert sessions() == ["ana"]
    assert users.check("adm", PASSWORD) is None
    users.disable("ana", by="adm")
    assert sessions() == []
    with pytest.raises(RefusedError, match="disabled"):
        users.set_password("ana", PASSWORD, by="adm")
    with pytest.raises(AuthError):
        users.set_password("ana", PASSWORD, by="ana2")


def test_the_last_admin_stays(users: Users) -> None:
    users.add("adm", role=Role.ADMIN, password=None)
    with pytest.raises(RefusedError, match="last active admin"):
        users.disable("adm", by="adm")
    users.add("adm2", role=Role.ADMIN, password=None, by="adm")
    users.disable("adm", by="adm2")
    with pytest.raises(AuthError, match="no active user"):
        users.disable("adm2", by="adm")


@pytest.mark.parametrize("name", ["", "Ana", "a b", "system:x", "-a", "a" * 41, "ü"])
def test_names_are_plain(users: Users, name: str) -> None:
    with pytest.raises(ConfigError):
        users.add(name, role=Role.ANALYST, password=None)


@pytest.mark.parametrize("password", ["short", "x" * (MAX_PASSWORD + 1)])
def test_passwords_have_a_length(users: Users, password: str) -> None:
    with pytest.raises(ConfigError):
        users.add("ana", role=Role.ANALYST, password=password)
    assert users.all() == []


def test_a_name_is_taken_once(users: Users) -> None:
    users.add("ana", role=Role.ANALYST, password=None)
    with pytest.raises(RefusedError, match="already"):
        users.add("ana", role=Role.AUDITOR, password=None)
    with pytest.raises(ConfigError, match="no user"):
        users.set_password("zoe", PASSWORD)


def test_a_hash_with_older_parameters_is_renewed(users: Users, store: Store) -> None:
    users.add("ana", role=Role.ANALYST, password=PASSWORD)
    stronger = Users(store, hasher=PasswordHasher(time_cost=2, memory_cost=16, parallelism=1))
    assert stronger.check("ana", PASSWORD) is not None
    with store.read() as session:
        assert "m=16,t=2" in (session.get_one(User, "ana").password_hash or "")
    assert stronger.check("ana", PASSWORD) is not None
