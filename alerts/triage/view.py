"""One alert as it is shown: its evidence, its posts, where its handles are known, its history and reports."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, func, select

from alerts.masking import Kind, Masker, Span, clean, tag
from alerts.triage.posts import account_label, occurrences, part_of, platforms, waiting
from alerts.triage.queue import effective
from alerts.triage.records import Lane, State, Step
from alerts.triage.returned import returned
from alerts.triage.seen import handles_seen, steps_of
from alerts.triage.shown import Abilities, AlertView, HistoryStep, PostShown, ReportShown, ScorePart, TermSeen
from monitor.linking import Linking
from monitor.post import Post
from monitor.priority import as_parts
from monitor.records import from_record
from monitor.retention import EXPIRED
from monitor.store.keys import Keyring
from monitor.store.tables import (
    Account,
    Alert,
    Decision,
    Identity,
    Report,
    Reveal,
    SourceRow,
    StoredPost,
)

_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8}){0,3}")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Evidence:
    """The frozen explanation, with names in place of keyed hashes and lexicon ids."""

    spans: Sequence[Span]
    handles: dict[str, list[dict[str, Any]]]
    """By keyed hash (hex)."""
    terms: dict[str, list[dict[str, Any]]]
    """By the lexicon's id."""


def build(
    session: Session,
    keyring: Keyring,
    alert: Alert,
    *,
    now: datetime,
    clear: bool,
    linking: Linking,
    ask_first: Collection[str] = (),
) -> AlertView:
    """The view of an alert; `clear` only for a reveal that is committed with it."""
    evidence = _evidence(alert.explanation, keyring)
    row = session.get_one(StoredPost, alert.campaign_id)
    post = from_record(row.record) if row.record is not None else None
    identities = _identities(session, evidence)
    account = account_label(session.get(Account, row.account_id) if row.account_id else None)
    known = {_handle_label(row.app, key): (row.handle,) for key, row in identities.items() if row.handle is not None}
    known |= {f"term {_term_tag(term, keyring)}": (term,) for term in evidence.terms}
    masker = Masker.for_post(post, evidence.spans, known=known, clear=clear, account=account)
    state = effective(alert, now)
    held = state is State.CLAIMED
    spread = platforms(session, alert)
    return AlertView(
        id=alert.id or 0,
        state=state,
        version=alert.version,
        lane=Lane(alert.lane),
        priority=alert.priority,
        priority_parts=as_parts(alert.priority_parts),
        raised_again_at=alert.raised_again_at,
        raised_for=alert.raised_for or (),
        score=alert.score,
        rule=alert.rule,
        bundle=alert.bundle,
        opened_at=alert.opened_at,
        last_occurrence_at=alert.last_occurrence_at,
        claimed_by=alert.claimed_by if held else None,
        claimed_until=alert.claimed_until if held else None,
        verdict=alert.verdict,
        decided_at=alert.decided_at,
        handles=handles_seen(session, alert, evidence.handles, identities, linking, clear=clear),
        terms=_terms(evidence, keyring, clear=clear),
        parts=[
            ScorePart(name=masker.text(part["name"]), weight=part["weight"], why=masker.text(part["why"]))
            for part in alert.explanation.get("parts", ())
        ],
        post=_post(row, post, masker, evidence.spans, account, unchecked=_unchecked(session, row, ask_first)),
        occurrences=occurrences(session, alert, masker),
        occurrence_count=sum(spread.values()),
        platforms=sorted(map(clean, spread)),
        history=_history(session, alert, masker),
        reports=_reports(session, alert, masker),
        reveals=session.exec(select(func.count()).where(Reveal.alert_id == alert.id)).one(),
        clear=clear,
        returns=returned(session, alert, linking),
        part_of=part_of(session, alert),
        waiting=waiting(session, alert),
    )


def post_shown(
    session: Session, keyring: Keyring, row: StoredPost, *, clear: bool = False, ask_first: Collection[str] = ()
) -> PostShown:
    """One post by itself, with its own evidence; `clear` only for a reveal that is committed with it."""
    evidence = _evidence(row.screening, keyring)
    post = from_record(row.record) if row.record is not None else None
    account = account_label(session.get(Account, row.account_id) if row.account_id else None)
    known = {
        _handle_label(one.app, key): (one.handle,)
        for key, one in _identities(session, evidence).items()
        if one.handle is not None
    }
    known |= {f"term {_term_tag(term, keyring)}": (term,) for term in evidence.terms}
    masker = Masker.for_post(post, evidence.spans, known=known, clear=clear, account=account)
    return _post(row, post, masker, evidence.spans, account, unchecked=_unchecked(session, row, ask_first))


def with_abilities(view: AlertView, can: Abilities) -> AlertView:
    """The view with what the person who looks may do."""
    return replace(view, can=can)


def _evidence(explanation: dict[str, Any], keyring: Keyring) -> _Evidence:
    handles: dict[str, list[dict[str, Any]]] = {}
    terms: dict[str, list[dict[str, Any]]] = {}
    spans: list[Span] = []
    for match in explanation.get("handles", ()):
        handles.setdefault(match["key_hash"], []).append(match)
        spans.append(_span(Kind.HANDLE, match, _handle_label(match["app"], match["key_hash"])))
    for match in explanation.get("terms", ()):
        terms.setdefault(match["term"], []).append(match)
        spans.append(_span(Kind.TERM, match, f"term {_term_tag(match['term'], keyring)}"))
    return _Evidence(spans=spans, handles=handles, terms=terms)


def _span(kind: Kind, match: dict[str, Any], label: str) -> Span:
    return Span(kind=kind, field=match["field"], start=match["start"], end=match["end"], label=label)


def _handle_label(app: str, key_hash: str) -> str:
    return f"handle {tag('H', bytes.fromhex(key_hash))} · {app}"


def _term_tag(term: str, keyring: Keyring) -> str:
    return tag("T", keyring.lookup("term", term))


def _identities(session: Session, evidence: _Evidence) -> dict[str, Identity]:
    hashes = [bytes.fromhex(key) for key in evidence.handles]
    rows = session.exec(select(Identity).where(col(Identity.key_hash).in_(hashes))).all()
    return {row.key_hash.hex(): row for row in rows}


def _terms(evidence: _Evidence, keyring: Keyring, *, clear: bool) -> list[TermSeen]:
    return [
        TermSeen(
            tag=_term_tag(term, keyring), name=term if clear else None, times=len(matches), steps=steps_of(matches)
        )
        for term, matches in evidence.terms.items()
    ]


def _post(
    row: StoredPost, post: Post | None, masker: Masker, spans: Sequence[Span], account: str, *, unchecked: bool
) -> PostShown:
    return PostShown(
        platform=clean(row.platform),
        instance=masker.host(post.instance) if post else None,
        url=clean(post.url, limit=2000) if post and post.url and masker.clear else None,
        host=masker.host(post.url) if post else None,
        account=account,
        created_at=row.created_at,
        edited_at=post.edited_at if post else None,
        first_seen_at=row.first_seen_at,
        lang=post.lang if post and post.lang and _LANGUAGE.fullmatch(post.lang) else None,
        media_count=post.media_count if post else 0,
        available=post is not None,
        expired=row.state == EXPIRED,
        unchecked=unchecked and post is not None,
        standing=row.standing,
        checked_at=row.checked_at,
        fields=masker.post(post, spans) if post and row.state != EXPIRED and not unchecked else (),
    )


def _unchecked(session: Session, row: StoredPost, ask_first: Collection[str]) -> bool:
    """An archive holds what was deleted later: where the platform wants deletions followed, it is asked first."""
    if row.platform not in ask_first or row.checked_at is not None:
        return False
    source = session.get(SourceRow, row.source)
    return source is not None and source.plugin == "archive"


def _history(session: Session, alert: Alert, masker: Masker) -> list[HistoryStep]:
    rows = session.exec(select(Decision).where(Decision.alert_id == alert.id).order_by(col(Decision.id)))
    return [
        HistoryStep(
            step=Step(row.kind),
            at=row.decided_at,
            user=row.user,
            verdict=row.verdict,
            conduct=row.conduct,
            risk=row.risk,
            reason=masker.reason(row.reason),
            duplicate_of=row.duplicate_of,
            final=row.final,
        )
        for row in rows
    ]


def _reports(session: Session, alert: Alert, masker: Masker) -> list[ReportShown]:
    rows = session.exec(
        select(Report).where(Report.alert_id == alert.id).order_by(col(Report.created_at), col(Report.id))
    )
    return [
        ReportShown(
            id=row.id,
            channel=row.channel,
            state=row.state,
            post_id=row.post_id,
            due_at=row.due_at,
            updated_at=row.updated_at,
            attempts=row.attempts,
            why=masker.text(row.why) if row.why else None,
            remote_id=clean(row.remote_id) if row.remote_id else None,
        )
        for row in rows
    ]
