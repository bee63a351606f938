"""Looking one handle up: by somebody who may, written down before anything is shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlmodel import Session, select

from alerts.handles.build import build
from alerts.handles.linking import Linking
from alerts.handles.records import HandleRecord
from alerts.masking import tag
from alerts.roles import Permission, require
from alerts.triage.choice import worded
from monitor import audit
from monitor.detect.apps import App
from monitor.handles import canonical_keys, find_app
from monitor.intake import identity_hash
from monitor.store.database import Store
from monitor.store.tables import Identity


class HandleRecords:
    """The records of handles. There is no list of them, and no search but for one whole handle.

    :param apps: gives the apps of the configured bundle.
    """

    def __init__(self, store: Store, *, apps: Callable[[], Sequence[App]], linking: Linking) -> None:
        self._store = store
        self._apps = apps
        self._linking = linking

    def show(self, app: str, handle: str, *, user: str, platform: str | None = None) -> HandleRecord:
        """The record of one handle, masked. That it was looked up is in the audit trail.

        :param platform: only what was seen on this one: the way to platforms that may not be linked.
        :raises AuthError: the person may not review.
        :raises ConfigError: there is no such app, or it has no such handles.
        """
        return self._record(app, handle, user=user, platform=platform, reason=None)

    def reveal(self, app: str, handle: str, *, user: str, reason: str, platform: str | None = None) -> HandleRecord:
        """The record with names and addresses in clear. Who looked and why is committed before; see :meth:`show`."""
        why = worded(reason, "To reveal a handle's record")
        return self._record(app, handle, user=user, platform=platform, reason=why)

    def _record(self, app: str, handle: str, *, user: str, platform: str | None, reason: str | None) -> HandleRecord:
        keyring = self._store.keyring
        with self._store.read() as session:
            require(session, user, Permission.REVIEW)
        found = find_app(self._apps(), app)
        hashes = [identity_hash(keyring, key) for key in canonical_keys(found, handle)]
        with self._store.write() as session:
            person = require(session, user, Permission.REVIEW)
            identity = _first(session, found.id, hashes)
            key_hash = identity.key_hash if identity else hashes[0]
            detail = {"reason": keyring.lookup("reason", reason).hex()} if reason is not None else {}
            audit.record(
                session,
                self._store.now(),
                actor=person.name,
                action="handle.show" if reason is None else "handle.reveal",
                subject=f"handle:{tag('H', key_hash)}",
                app=found.id,
                key=key_hash.hex(),
                **detail,
            )
        with self._store.read() as session:
            return build(
                session,
                app=found.id,
                key_hash=key_hash,
                identity=identity,
                platform=platform,
                linking=self._linking,
                now=self._store.now(),
                clear=reason is not None,
            )


def _first(session: Session, app: str, hashes: Sequence[bytes]) -> Identity | None:
    for key_hash in hashes:
        found = session.exec(select(Identity).where(Identity.app == app, Identity.key_hash == key_hash)).first()
        if found is not None:
            return found
    return None
