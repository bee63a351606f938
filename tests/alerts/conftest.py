from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from monitor.store.database import Store, open_store, sqlite_url
from monitor.store.keys import KEY_FILE, load_keyring, write_key_file

ORGANISATION = """
[organisation]
controller = "Example Institute"
purpose = "testing"
legal_basis = "none needed"
retention_days = 30
escalation_contact = "+1 555 0100"
contact = "reports@institute.example.org"
reviewers = ["sal"]
"""


@pytest.fixture
def installed(home: Path) -> Iterator[Store]:
    """A set-up home folder as `handlewatch init` leaves it, and its store."""
    (home / "handlewatch.toml").write_text(ORGANISATION)
    write_key_file(home / KEY_FILE)
    store = open_store(sqlite_url(home / "handlewatch.db"), load_keyring(home), upgrade=True)
    yield store
    store.close()
