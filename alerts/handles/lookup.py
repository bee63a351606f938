"""Looking one handle up: by somebody who may, written down before anything is shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from sqlmodel import Session, col, select

from alerts.handles import limit
from alerts.handles.build import build
from alerts.handles.links import LinkRules
from alerts.handles.records import HandleRecord
from alerts.masking import tag
from alerts.roles import Permission, require
from alerts.triage.choice import worded
from alerts.triage.moves import find_for
from monitor import audit
from monitor.crossref.mentions import identity_hash
from monitor.detect.apps import App
from monitor.errors import ConfigError
from monitor.handles import canonical_keys, find_app
from monitor.linking import Linking
from monitor.store.database import Store
from monitor.store.tables import Identity, Mention, Occurrence

AN_HOUR = 60
"""Different handles that one person may look up within an hour, unless configured otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """One handle that somebody asked for or was shown, without its name.

    :param platform: only what was seen on this one: the way to platforms that may not be linked.
    :param through: what showed it, as "alert:7" or "handle:H-4F2KQ7"; empty where its name was given.
    """

    app: str
    key_hash: bytes
    platform: str | None = None
    through: str = ""

    @property
    def tag(self) -> str:
        """What it is called where it is masked."""
        return tag("H", self.key_hash)

    def within(self, platform: str | None) -> Reference:
        """The same handle on one platform, or on all that may be linked."""
        return replace(self, platform=platform)


class NotShownError(ConfigError):
    """A handle was named by its tag, and what should show it does not."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"{what} does not show that handle.",
            kept="Nothing was looked up.",
            do="Load that page again: what it shows may have changed.",
        )


class HandleRecords:
    """The records of handles. There is no list of them, and no search but for one whole handle.

    :param apps: gives the apps of the configured bundle.
    :param an_hour: how many different handles one person may look up within an hour.
    :param rules: what makes a hub, and how fast links fade.
    """

    def __init__(
        self,
        store: Store,
        *,
        apps: Callable[[], Sequence[App]],
        linking: Linking,
        an_hour: int = AN_HOUR,
        rules: LinkRules | None = None,
    ) -> None:
        self._store = store
        self._apps = apps
        self._linking = linking
        self._an_hour = an_hour
        self._rules = rules or LinkRules()

    @property
    def apps(self) -> Sequence[str]:
        """The ids of the apps that have handles."""
        return [app.id for app in self._apps()]

    def show(self, app: str, handle: str, *, user: str, platform: str | None = None) -> HandleRecord:
        """The record of one handle, masked. That it was looked up is in the audit trail.

        :param platform: only what was seen on this one.
        :raises AuthError: the person may not review.
        :raises ConfigError: there is no such app, or it has no such handles.
        :raises TooManyLookUpsError: the person looked up as many as they may for now.
        """
        return self.open(self.find(app, handle, user=user, platform=platform), user=user)

    def reveal(self, app: str, handle: str, *, user: str, reason: str, platform: str | None = None) -> HandleRecord:
        """The record with names and addresses in clear. Who looked and why is committed before; see :meth:`show`."""
        worded(reason, _TO_REVEAL)
        return self.open_clear(self.find(app, handle, user=user, platform=platform), user=user, reason=reason)

    def find(self, app: str, handle: str, *, user: str, platform: str | None = None) -> Reference:
        """The reference to a handle by its name, whether it was ever seen or not. Raises as :meth:`show` does."""
        with self._store.read() as session:
            require(session, user, Permission.REVIEW)
        found = find_app(self._apps(), app)
        hashes = [identity_hash(self._store.keyring, key) for key in canonical_keys(found, handle)]
        with self._store.read() as session:
            known = (one for one in hashes if _identity(session, found.id, one) is not None)
            return Reference(app=found.id, key_hash=next(known, hashes[0]), platform=platform)

    def of_alert(self, alert_id: int, *, app: str, label: str, user: str) -> Reference:
        """A handle by its tag, as this alert or its campaign shows it: whoever may see these may open its record.

        :raises NotShownError: the alert has no such handle. :raises NoSuchAlertError: there is no such alert.
        """
        with self._store.read() as session:
            _, alert = find_for(session, alert_id, user)
            shown = [(match["app"], bytes.fromhex(match["key_hash"])) for match in alert.explanation.get("handles", ())]
            shown += session.exec(
                select(Identity.app, Identity.key_hash)
                .join(Mention, col(Mention.identity_id) == col(Identity.id))
                .join(Occurrence, col(Occurrence.post_id) == col(Mention.post_id))
                .where(Occurrence.campaign_id == alert.campaign_id, Identity.app == app)
                .distinct()
            ).all()
        return _among(shown, app, label, Reference(app=app, key_hash=b"", through=f"alert:{alert_id}"))

    def beside(self, reference: Reference, *, app: str, label: str, user: str) -> Reference:
        """A handle by its tag, as the record of another one shows it. Raises `NotShownError`."""
        with self._store.read() as session:
            require(session, user, Permission.REVIEW)
            record = self._build(session, reference, clear=False)
        linked = record.linked.members if record.linked else ()
        shown = [(one.app, one.key_hash) for one in (*record.handles, *linked, *record.lookalikes)]
        return _among(shown, app, label, replace(reference, through=f"handle:{reference.tag}"))

    def open(self, reference: Reference, *, user: str) -> HandleRecord:
        """The record, masked; see :meth:`show`."""
        return self._record(reference, user=user, reason=None)

    def open_clear(self, reference: Reference, *, user: str, reason: str) -> HandleRecord:
        """The record in clear; see :meth:`reveal`."""
        return self._record(reference, user=user, reason=worded(reason, _TO_REVEAL))

    def _record(self, reference: Reference, *, user: str, reason: str | None) -> HandleRecord:
        now, key = self._store.now(), reference.key_hash.hex()
        action = "handle.show" if reason is None else "handle.reveal"
        detail = {"through": reference.through} if reference.through else {}
        if reason is not None:
            detail["reason"] = self._store.keyring.lookup("reason", reason).hex()
        with self._store.write() as session:
            person = require(session, user, Permission.REVIEW)
            wait = limit.wait(session, person=person.name, key=key, most=self._an_hour, now=now)
            audit.record(
                session,
                now,
                actor=person.name,
                action="handle.refused" if wait else action,
                subject=f"handle:{reference.tag}",
                app=reference.app,
                key=key,
                **detail,
            )
        if wait:
            raise limit.TooManyLookUpsError(self._an_hour, wait)
        with self._store.read() as session:
            return self._build(session, reference, clear=reason is not None)

    def _build(self, session: Session, reference: Reference, *, clear: bool) -> HandleRecord:
        return build(
            session,
            app=reference.app,
            key_hash=reference.key_hash,
            identity=_identity(session, reference.app, reference.key_hash),
            platform=reference.platform,
            linking=self._linking,
            rules=self._rules,
            now=self._store.now(),
            clear=clear,
        )


_TO_REVEAL = "To reveal a handle's record"


def _identity(session: Session, app: str, key_hash: bytes) -> Identity | None:
    return session.exec(select(Identity).where(Identity.app == app, Identity.key_hash == key_hash)).first()


def _among(shown: Sequence[tuple[str, bytes]], app: str, label: str, base: Reference) -> Reference:
    for name, key_hash in shown:
        if name == app and tag("H", key_hash) == label:
            return replace(base, app=app, key_hash=key_hash)
    kind, _, number = base.through.partition(":")
    raise NotShownError(f"{'Alert' if kind == 'alert' else 'The record of'} {number}")
