"""What a handle may look like on each app, and its canonical form.

Facts: Session ids are 66 hex digits that begin with 05; Tox ids 76 hex digits whose last four are a checksum (XOR of
the two-byte words); Threema ids eight letters and digits, gateways '*' and seven; TeleGuard ids nine letters and
digits; Zangi numbers ten digits; Signal usernames a name, a dot and two digits or more; Matrix ids @user:server; old
Discord names end in #1234. Phone numbers are checked with `phonenumbers` for being possible, so that the ranges
reserved for fiction count.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

HEX: Final = re.compile(r"[0-9A-Fa-f]+\Z")
_HOST: Final = r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,24}"
_MATRIX: Final = re.compile(
    rf"(?P<sigil>[@#!])(?P<user>[A-Za-z0-9._=/+-]{{1,200}}):(?P<host>{_HOST}|localhost)(?::\d{{1,5}})?\Z"
)
_ADDRESS: Final = re.compile(rf"(?P<user>[A-Za-z0-9._+%-]{{1,200}})@(?P<host>{_HOST})\Z")
_SIGNAL: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{2,31}\.[0-9]{2,9}\Z")
_DISCORD: Final = re.compile(r"(?P<name>[^\s#@:`]{2,32})#(?P<tag>[0-9]{4})\Z")

_DUMMY: Final = re.compile(r"\*?(\w)\1{6,}\Z|.*#(?:0000|xxxx)\Z|(?:example|name|user|username|test|nick)#\d{4}\Z")

_STANDS_FOR: Final = re.compile(
    r"(?:your|ur|the|any|some|insert|enter|example|sample|test|dummy)?[_.-]?(?:(?:kik|wickr|tele|telegram|snap|discord)[_.-]?)?"
    r"(?:user(?:_?name)?|name|handle|nick(?:name)?|id|channel|group|chat|server|account|link|invite|code|bot|number)s?"
    r"(?:[_.-]?(?:name|id|link|code))?[_.-]?(?:here)?[_.-]?(?:123|1234)?\Z"
    r"|(?:your|insert|enter)[_.-]?[a-z]{2,10}[_.-]?here\Z"
)
"""What templates put in a handle's place: yourchannel, channel_name, user123, your_kik_here."""

SHAPES: Final = (
    "name", "phone", "session-id", "signal-name", "discord-tag", "threema-id", "matrix-id", "zangi-number",
    "teleguard-id", "tox-id", "xmpp-address",
)  # fmt: skip


def placeholder(handle: str) -> bool:
    """True for what stands where a handle would: XXXXXXXX, example#0000, your_channel."""
    lower = handle.lower()
    return _DUMMY.match(lower) is not None or _STANDS_FOR.match(lower) is not None


def tox_checksum_holds(text: str) -> bool:
    """True where the last two bytes of 38 are the XOR of the two-byte words before (Tox protocol, "Tox ID")."""
    raw = bytes.fromhex(text)
    even = odd = 0
    for first, second in zip(raw[0:36:2], raw[1:36:2], strict=True):
        even ^= first
        odd ^= second
    return raw[36:] == bytes((even, odd))


def session_id(text: str) -> str | None:
    """66 hex digits beginning with 05, in lower case."""
    return text.lower() if len(text) == 66 and text.startswith("05") and HEX.match(text) else None


def tox_id(text: str) -> str | None:
    """76 hex digits whose checksum holds, in upper case."""
    return text.upper() if len(text) == 76 and HEX.match(text) and tox_checksum_holds(text) else None


def signal_name(text: str) -> str | None:
    """name.NN"""
    return text if _SIGNAL.match(text) else None


def discord_tag(text: str) -> str | None:
    """name#1234, as they were until 2023."""
    return text if _DISCORD.match(text) else None


def threema_id(text: str) -> str | None:
    """Eight letters and digits, or '*' and seven, in capitals; a plain lower-case word is none."""
    if not re.fullmatch(r"[A-Za-z0-9]{8}|\*[A-Za-z0-9]{7}", text):
        return None
    return text.upper() if text.upper() == text or any(char.isdigit() for char in text) else None


def teleguard_id(text: str) -> str | None:
    """Nine letters and digits, in capitals; a plain lower-case word is none."""
    if not re.fullmatch(r"[A-Za-z0-9]{8,10}", text) or (text != text.upper() and not any(c.isdigit() for c in text)):
        return None
    return text.upper()


def zangi_number(text: str) -> str | None:
    """Zangi's own ten digits."""
    digits = re.sub(r"[^0-9]", "", text)
    return digits if len(digits) == 10 else None


def matrix_id(text: str) -> str | None:
    """@user:server (or a room, #room:server); the server in lower case."""
    found = _MATRIX.match(text)
    return f"{found['sigil']}{found['user']}:{found['host'].lower()}" if found else None


def xmpp_address(text: str) -> str | None:
    """user@server, without a resource; the server in lower case."""
    found = _ADDRESS.match(text.partition("/")[0])
    return f"{found['user']}@{found['host'].lower()}" if found else None


def phone(text: str) -> str | None:
    """E.164, where the number says its country and is possible there."""
    digits = re.sub(r"[^0-9+]", "", text)
    digits = f"+{digits[2:]}" if digits.startswith("00") else digits
    if not re.fullmatch(r"\+[1-9][0-9]{6,14}", digits):
        return None
    import phonenumbers  # noqa: PLC0415 - a tenth of a second that most posts never need

    try:
        number = phonenumbers.parse(digits, None)
    except phonenumbers.NumberParseException:
        return None
    reason = phonenumbers.is_possible_number_with_reason(number)
    possible = (phonenumbers.ValidationResult.IS_POSSIBLE, phonenumbers.ValidationResult.IS_POSSIBLE_LOCAL_ONLY)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) if reason in possible else None


CHECKS: Final[dict[str, Callable[[str], str | None]]] = {
    "session-id": session_id,
    "tox-id": tox_id,
    "signal-name": signal_name,
    "discord-tag": discord_tag,
    "threema-id": threema_id,
    "teleguard-id": teleguard_id,
    "zangi-number": zangi_number,
    "matrix-id": matrix_id,
    "xmpp-address": xmpp_address,
    "phone": phone,
}
"""Shape -> what makes the canonical form of a text, or None where it has not that shape. "name" is the app's own."""
