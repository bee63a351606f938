from __future__ import annotations

import pytest

from monitor.detect.bundle import load_bundle
from monitor.detect.screen import Screen


@pytest.fixture(scope="session")
def screen() -> Screen:
    return Screen(load_bundle())
