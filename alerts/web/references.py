"""Addresses of handle records: sealed, for one session, for half an hour. Nobody can read, guess or pass one on."""

from __future__ import annotations

import base64
import binascii
import json
from datetime import UTC, datetime, timedelta
from typing import Final

from alerts.handles import Reference
from alerts.web.sessions import LoggedIn
from monitor.clock import Clock
from monitor.errors import ConfigError, StoreError
from monitor.store.keys import Keyring

LIFETIME: Final = timedelta(minutes=30)
LONGEST: Final = 1000


class OverError(ConfigError):
    """An address that is too old, of another session, or none of ours: all told alike."""

    def __init__(self) -> None:
        super().__init__(
            "This address of a record is no longer valid.",
            kept="Nothing was looked up.",
            do="Look the handle up again, or open it from its alert. "
            f"An address works for {LIFETIME // timedelta(minutes=1)} minutes, and only for who opened it.",
        )


class References:
    """Turns references into addresses and back. It keeps nothing: several processes can serve one store."""

    def __init__(self, keyring: Keyring, clock: Clock) -> None:
        self._keyring = keyring
        self._now = clock

    def address(self, reference: Reference, person: LoggedIn) -> str:
        """The address of that record for this session, from now on."""
        until = int((self._now() + LIFETIME).timestamp())
        body = [reference.app, reference.key_hash.hex(), reference.platform, reference.through, until]
        sealed = self._keyring.seal(json.dumps(body).encode(), _context(person))
        return f"/handles/record/{base64.urlsafe_b64encode(sealed).rstrip(b'=').decode()}"

    def read(self, token: str, person: LoggedIn) -> Reference:
        """What an address refers to. Raises `OverError`."""
        if len(token) > LONGEST:
            raise OverError
        try:
            sealed = base64.b64decode(token.encode() + b"=" * (-len(token) % 4), altchars=b"-_", validate=True)
            app, key_hash, platform, through, until = json.loads(self._keyring.open(sealed, _context(person)))
        except (StoreError, binascii.Error, UnicodeEncodeError):
            raise OverError from None
        if datetime.fromtimestamp(until, UTC) <= self._now():
            raise OverError
        return Reference(app=app, key_hash=bytes.fromhex(key_hash), platform=platform, through=through)


def _context(person: LoggedIn) -> str:
    return f"page.record/{person.token_hash.hex()}"
