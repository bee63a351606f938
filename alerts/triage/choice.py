"""A person's choice: what it must name, and what follows from it."""

from __future__ import annotations

from alerts.triage.records import Choice, Lane
from alerts.verdicts import Conduct, Risk, Verdict
from monitor.errors import ConfigError
from monitor.store.tables import Decision

MAX_REASON = 4000


def worded(reason: str, what: str) -> str:
    """A reason that says something. Raises `ConfigError`."""
    text = reason.strip()
    if not text:
        raise ConfigError(f"{what}, say why.", kept="Nothing was changed.", do="Give a reason in a few words.")
    if len(text) > MAX_REASON:
        raise ConfigError(
            f"The reason has {len(text)} characters; {MAX_REASON} is the most.",
            kept="Nothing was changed.",
            do="Shorten it.",
        )
    return text


def complete(choice: Choice, alert_id: int) -> Choice:
    """The choice with a trimmed reason. Raises `ConfigError` where something is missing or too much."""
    kept = "Nothing was changed."
    reason = worded(choice.reason, "To decide an alert")
    reportable = choice.verdict is Verdict.REPORTABLE
    if reportable and (choice.conduct is None or choice.risk is None):
        raise ConfigError(
            "A reportable verdict needs a conduct and a risk.",
            kept=kept,
            do=f"Conducts: {', '.join(Conduct)}. Risks: {', '.join(Risk)}.",
        )
    if not reportable and (choice.conduct is not None or choice.risk is not None):
        raise ConfigError(f"Only a reportable verdict has a conduct and a risk, {choice.verdict} has none.", kept=kept)
    if (choice.verdict is Verdict.DUPLICATE) != (choice.duplicate_of is not None):
        raise ConfigError(
            "The verdict duplicate names the alert that this one repeats, and no other verdict does.", kept=kept
        )
    if choice.duplicate_of == alert_id:
        raise ConfigError(f"Alert {alert_id} cannot be a duplicate of itself.", kept=kept)
    return Choice(
        verdict=choice.verdict,
        reason=reason,
        conduct=choice.conduct,
        risk=choice.risk,
        duplicate_of=choice.duplicate_of,
    )


def same(decision: Decision, reason: str) -> Choice:
    """The verdict of an earlier decision, said again with another reason."""
    return Choice(
        verdict=Verdict(decision.verdict),
        reason=reason,
        conduct=Conduct(decision.conduct) if decision.conduct else None,
        risk=Risk(decision.risk) if decision.risk else None,
        duplicate_of=decision.duplicate_of,
    )


def lane_after(choice: Choice, lane: str) -> str:
    """A poster who may be a child moves to the safeguarding lane; another reportable conduct, chosen there, out."""
    if choice.verdict is not Verdict.REPORTABLE:
        return lane
    return Lane.SAFEGUARDING if choice.conduct is Conduct.POSTER_MAY_BE_CHILD else Lane.MAIN
