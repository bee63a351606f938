"""A person's word on a handle that many accounts share: whether it joins linked sets, whatever their number."""

from __future__ import annotations

from typing import Final

from sqlmodel import select

from alerts.handles.lookup import HandleRecords
from alerts.roles import Permission, require
from alerts.triage.choice import worded
from monitor import audit
from monitor.crossref import Crossref
from monitor.errors import ConfigError
from monitor.store.database import Store
from monitor.store.tables import Identity
from monitor.store.writing import take_turn

_WORDS: Final = {"joins": False, "stays-out": True, "by-count": None}


def parse_hub(word: str) -> bool | None:
    """True: it joins nothing. False: it joins. None: by the number of its accounts. Raises `ConfigError`."""
    if word not in _WORDS:
        raise ConfigError(f"There is no {word!r}.", kept="Nothing was changed.", do=f"Say one of: {', '.join(_WORDS)}.")
    return _WORDS[word]


class Hubs:
    """Says it, with permission, reason and audit row."""

    def __init__(self, store: Store, records: HandleRecords, crossref: Crossref) -> None:
        self._store = store
        self._records = records
        self._crossref = crossref

    def say(self, app: str, handle: str, *, user: str, reason: str, hub: bool | None) -> str:
        """Makes the sets around a handle anew; gives the tag of the handle.

        :param hub: it joins nothing (True), it joins (False), or it goes by the number of its accounts (None).
        :raises AuthError: the person may not. :raises ConfigError: the handle was never seen, or there is no reason.
        """
        why = worded(reason, "To say what a handle joins")
        reference = self._records.find(app, handle, user=user)
        with self._store.write() as session:
            take_turn(session)
            person = require(session, user, Permission.SECOND_REVIEW)
            identity = session.exec(
                select(Identity).where(Identity.app == reference.app, Identity.key_hash == reference.key_hash)
            ).first()
            if identity is None:
                raise ConfigError("That handle was never seen here.", kept="Nothing was changed.", do="Check it.")
            self._crossref.say_hub(session, identity, hub)
            audit.record(
                session,
                self._store.now(),
                actor=person.name,
                action="handle.hub",
                subject=f"handle:{reference.tag}",
                app=reference.app,
                key=reference.key_hash.hex(),
                joins={True: "nothing", False: "all", None: "by-count"}[hub],
                reason=self._store.keyring.lookup("reason", why).hex(),
            )
        return reference.tag
