from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from alerts.users import Users
from monitor.settings import DATABASE_FILE
from monitor.store.database import open_store, sqlite_url
from monitor.store.keys import load_keyring

PASSWORD = "four neutral random words"


def test_users_from_the_first_to_the_disabled(handlewatch: Any, home: Path) -> None:
    made = handlewatch(
        "init", "--controller", "Example Hotline", "--purpose", "reports", "--legal-basis", "public task",
        "--retention-days", "90", "--escalation-contact", "duty desk", "--contact", "desk@hotline.example",
        "--reviewer", "ana",
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    assert "There are no users yet" in handlewatch("users", "list").stdout
    first = handlewatch("users", "add", "ana", "--role", "analyst", "--password-stdin", stdin=f"{PASSWORD}\n")
    assert first.returncode == 0, first.stderr
    assert "no admin yet" in first.stderr
    handlewatch("users", "add", "adm", "--role", "admin", "--no-password")
    nameless = handlewatch("users", "add", "ben", "--role", "analyst", "--no-password")
    assert nameless.returncode == 4
    assert "--as" in nameless.stderr
    unasked = handlewatch("users", "add", "ben", "--role", "analyst", "--as", "adm")
    assert unasked.returncode == 2
    assert "no terminal" in unasked.stderr
    typo = handlewatch("users", "add", "ben", "--role", "analist", "--no-password", "--as", "adm")
    assert typo.returncode == 2
    assert "'analyst'" in typo.stderr
    short = handlewatch("users", "add", "ben", "--role", "analyst", "--password-stdin", "--as", "adm", stdin="short\n")
    assert short.returncode == 2
    changed = handlewatch("users", "passwd", "ana", "--as", "ana", "--password-stdin", stdin=f"{PASSWORD} anew\n")
    assert changed.returncode == 0, changed.stderr
    assert handlewatch("users", "disable", "adm", "--as", "adm").returncode == 7
    store = open_store(sqlite_url(home / DATABASE_FILE), load_keyring(home))
    assert Users(store).check("ana", PASSWORD) is None
    assert Users(store).check("ana", f"{PASSWORD} anew") is not None
    store.close()
    assert handlewatch("users", "disable", "ana", "--as", "adm").returncode == 0
    people = json.loads(handlewatch("users", "list", "--json").stdout)
    assert [(person["name"], person["role"], person["disabled_at"] is None) for person in people] == [
        ("adm", "admin", True),
        ("ana", "analyst", False),
    ]
