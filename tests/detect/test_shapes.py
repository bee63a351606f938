from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.detect import shapes


def tox(body: bytes) -> str:
    even = odd = 0
    for first, second in zip(body[0::2], body[1::2], strict=True):
        even, odd = even ^ first, odd ^ second
    return (body + bytes((even, odd))).hex()


@given(st.binary(min_size=36, max_size=36))
def test_tox_ids_need_their_checksum(body: bytes) -> None:
    good = tox(body)
    assert shapes.tox_id(good) == good.upper()
    wrong = good[:-1] + ("0" if good[-1] != "0" else "1")
    assert shapes.tox_id(wrong) is None


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("+44 7700 900123", "+447700900123"),
        ("0044 7700 900123", "+447700900123"),
        ("+44 (0)7700 900123", "+447700900123"),
        ("+1 555 0123", "+15550123"),
        ("+1 (202) 555-0143", "+12025550143"),
        ("07700 900123", None),
        ("+999 1", None),
        ("12", None),
    ],
)
def test_phone_numbers(text: str, canonical: str | None) -> None:
    assert shapes.phone(text) == canonical


@pytest.mark.parametrize(
    ("check", "good", "canonical", "bad"),
    [
        (shapes.session_id, "05" + "AB" * 32, "05" + "ab" * 32, "06" + "ab" * 32),
        (shapes.signal_name, "zorblat.42", "zorblat.42", "zorblat.4"),
        (shapes.discord_tag, "Zorblat#1234", "Zorblat#1234", "Zorblat#12"),
        (shapes.threema_id, "ABCD1234", "ABCD1234", "tomorrow"),
        (shapes.threema_id, "*ABCDEF1", "*ABCDEF1", "ABC"),
        (shapes.teleguard_id, "ABC123DEF", "ABC123DEF", "wonderful"),
        (shapes.zangi_number, "10-1234-5678", "1012345678", "10-1234-567"),
        (shapes.matrix_id, "@zorblat:Server.example", "@zorblat:server.example", "@zorblat"),
        (shapes.xmpp_address, "zorblat@Server.example/phone", "zorblat@server.example", "zorblat"),
    ],
)
def test_ids(check, good: str, canonical: str, bad: str) -> None:
    assert check(good) == canonical
    assert check(bad) is None
