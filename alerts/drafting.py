"""What a report of a post says: worded by the channels that take it, or for a person who files it. No database, no
transaction: a thousand of them take seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from alerts.channels.configured import ConfiguredChannel
from alerts.channels.wording import note_lines
from alerts.masking import clean
from alerts.outbox.entering import Slot, Worded
from alerts.outbox.reports import MANUAL_CHANNEL, digest, freeze
from alerts.verdicts import Conduct
from monitor.channel_ports import Outgoing, ReportDraft, Subject
from monitor.records import from_record
from monitor.store.keys import Keyring


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """What a decision says of an alert, made or about to be made: all that its reports need to know of it.

    :param version: of the alert, which the decision is about.
    """

    alert_id: int
    version: int
    conduct: Conduct
    risk: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """A stored post that is to be reported.

    :param record: as it is stored. :param handles: keys as "wickr:...".
    """

    row: int
    platform: str
    post_id: str
    first_seen_at: datetime
    record: Mapping[str, Any]
    handles: Sequence[str]


Turn = Callable[[Slot], int]
"""How often a report in a place was taken back before, under the same decision."""


def _first(slot: Slot) -> int:  # noqa: ARG001 - a decision's own reports were never there before
    return 0


class Drafting:
    """Words reports.

    :param channels: by name, see `alerts.channels.configured.open_channels`.
    """

    def __init__(self, keyring: Keyring, channels: Mapping[str, ConfiguredChannel]) -> None:
        self._keyring = keyring
        self._channels = channels

    def word(self, ruling: Ruling, post: Reported, turn: Turn = _first) -> list[Worded]:
        """The reports of a post: one for every channel that takes its platform, and one for a person where no channel
        does, or one cannot carry it.
        """
        return list(self._word(ruling, post, turn))

    def _word(self, ruling: Ruling, post: Reported, turn: Turn) -> Iterator[Worded]:
        subject = _subject(post)
        not_carried: list[str] = []
        takers = {name: channel for name, channel in self._channels.items() if channel.takes(post.platform)}
        for name, configured in takers.items():
            slot, draft = self._draft(name, ruling, subject, post.handles, turn)
            try:
                outgoing = configured.channel.prepare(draft)
            except ValueError as error:
                not_carried.append(f"{name} cannot carry it: {error}")
                continue
            yield _worded(slot, draft, post.row, outgoing)
        if not takers:
            not_carried.append(f"no channel takes posts of {post.platform}")
        if not_carried:
            slot, draft = self._draft(MANUAL_CHANNEL, ruling, subject, post.handles, turn)
            yield _worded(slot, draft, post.row, _packet(draft), why="; ".join(not_carried))

    def _draft(
        self, channel: str, ruling: Ruling, subject: Subject, handles: Sequence[str], turn: Turn
    ) -> tuple[Slot, ReportDraft]:
        slot = Slot(channel=channel, subject=f"{subject.platform}/{subject.post_id}", reason=ruling.conduct)
        draft = ReportDraft(
            report_id=slot.report_id(self._keyring, alert_id=ruling.alert_id, version=ruling.version, turn=turn(slot)),
            subject=subject,
            conduct=ruling.conduct,
            risk=ruling.risk,
            note="",
            handles=handles,
            term_ids=(),  # coded terms never leave; their ids may be the terms themselves
            decided_at=ruling.at,
        )
        return slot, draft


def _worded(slot: Slot, draft: ReportDraft, row: int, outgoing: Outgoing, *, why: str | None = None) -> Worded:
    frozen = freeze(outgoing)
    return Worded(slot=slot, report_id=draft.report_id, post_id=row, frozen=frozen, sha256=digest(frozen), why=why)


def _subject(post: Reported) -> Subject:
    record = from_record(post.record)
    return Subject(
        platform=post.platform,
        instance=record.instance,
        post_id=post.post_id,
        url=record.url,
        cid=record.cid,
        account_id=record.author.id,
        account_handle=record.author.handle,
        observed_at=post.first_seen_at,
    )


def _packet(draft: ReportDraft) -> Outgoing:
    """What a person needs to file it by hand: the text for a form, and the facts that forms ask for."""
    subject = draft.subject
    facts = {
        "Platform": subject.platform,
        "Server": subject.instance,
        "Post": subject.url or subject.post_id,
        "Account": subject.account_handle or subject.account_id,
    }
    # Each on one line, whatever the platform says: somebody copies this into a form.
    lines = [f"{name}: {clean(value, limit=4000)}" for name, value in facts.items() if value]
    text = "\n".join([*lines, "", *note_lines(draft, handles=True, link=False), ""])
    return Outgoing(to=subject.platform, content_type="text/plain; charset=utf-8", body=text.encode("utf-8", "replace"))
