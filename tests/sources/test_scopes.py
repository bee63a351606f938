"""Several scopes of one server: which errors are one scope's, and which the server's."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from datetime import UTC, datetime

import pytest

from monitor.errors import HandlewatchError, UnreachableError
from monitor.net.errors import RedirectRefusedError, TooLargeError
from monitor.ports import Batch, Records
from sources.scopes import Place, each_scope


@pytest.mark.parametrize(
    ("error", "others_read"),
    [
        (RedirectRefusedError("It sends us on to www.example, which nobody named."), True),
        (TooLargeError("Too large."), True),
        (UnreachableError("It does not answer."), False),
    ],
)
async def test_what_one_scope_answers_says_nothing_of_the_others(error: HandlewatchError, others_read: bool) -> None:
    asked: list[str] = []

    async def read(place: Place) -> AsyncGenerator[Batch, None]:
        asked.append(place.scope)
        if place.scope == "gone":
            raise error
        yield Batch(records=Records.of(()))

    places = [Place("gone", "https://a.example"), Place("there", "https://a.example")]
    reading = each_scope(places, read, until=lambda _: None, clock=lambda: datetime(2026, 11, 1, tzinfo=UTC))
    try:
        batches = [batch async for batch in reading]
    except UnreachableError:
        batches = []
    assert (asked == ["gone", "there"]) is others_read
    assert bool(batches) is others_read
