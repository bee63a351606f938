from __future__ import annotations

import pytest

from monitor.store.database import Store
from tests.support.site import Site, make_site


@pytest.fixture
def site(sqlite_store: Store) -> Site:
    return make_site(sqlite_store)
