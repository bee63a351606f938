"""What a person can decide about an alert: verdicts, conducts and risks, with the words shown for each.

A reportable verdict has a conduct and a risk; both map to each channel's own reasons (`channels/channels.toml`).
The labels are neutral: they say what a post does, never what its author is.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TypeVar

from monitor.errors import ConfigError
from monitor.suggest import closest


class Verdict(StrEnum):
    """How an alert is decided."""

    REPORTABLE = "reportable"
    NOT_REPORTABLE = "not_reportable"
    ESCALATED = "escalated"
    DUPLICATE = "duplicate"

    @property
    def label(self) -> str:
        """One line for people."""
        return _VERDICT_LABELS[self]


class Conduct(StrEnum):
    """What the post does, by a reviewer's reading."""

    OFFERS_OR_ASKS_MATERIAL = "offers_or_asks_material"
    CHILD_ACCESS = "child_access"
    APPROACH_TO_CHILD = "approach_to_child"
    EXTORTION = "extortion"
    POSTER_MAY_BE_CHILD = "poster_may_be_child"
    OTHER_CRIME = "other_crime"

    @property
    def label(self) -> str:
        """One line for people, and for the note of a report."""
        return _CONDUCT_LABELS[self]

    @property
    def safeguarding(self) -> bool:
        """Whether the account needs protection: nothing about it leaves automatically or in a batch."""
        return self is Conduct.POSTER_MAY_BE_CHILD


class Risk(StrEnum):
    """How urgent it is, most urgent first."""

    DANGER_NOW = "danger_now"
    CHILD_AT_RISK = "child_at_risk"
    TRADE = "trade"
    OTHER = "other"

    @property
    def label(self) -> str:
        """One line for people."""
        return _RISK_LABELS[self]


_VERDICT_LABELS = {
    Verdict.REPORTABLE: "reportable: goes to the channels of its platform",
    Verdict.NOT_REPORTABLE: "not reportable: a false alarm, or within the rules",
    Verdict.ESCALATED: "escalated: somebody more senior must see it",
    Verdict.DUPLICATE: "duplicate of another alert",
}
_CONDUCT_LABELS = {
    Conduct.OFFERS_OR_ASKS_MATERIAL: "offers or asks for illegal material",
    Conduct.CHILD_ACCESS: "asks for or offers access to a child",
    Conduct.APPROACH_TO_CHILD: "approaches a child",
    Conduct.EXTORTION: "extortion",
    Conduct.POSTER_MAY_BE_CHILD: "the account may be a child's and may need protection",
    Conduct.OTHER_CRIME: "another possible crime",
}
_RISK_LABELS = {
    Risk.DANGER_NOW: "somebody may be in danger now",
    Risk.CHILD_AT_RISK: "a child may be at risk",
    Risk.TRADE: "trade, without a sign of a child at immediate risk",
    Risk.OTHER: "other",
}

_Choice = TypeVar("_Choice", Verdict, Conduct, Risk)


def _parse(kind: type[_Choice], what: str, text: str) -> _Choice:
    try:
        return kind(text.strip().lower().replace("-", "_").replace(" ", "_"))
    except ValueError:
        raise ConfigError(
            f"There is no {what} {text!r}.", kept="Nothing was changed.", do=closest(text, kind)
        ) from None


def parse_verdict(text: str) -> Verdict:
    """The verdict of that name ("not-reportable" will do). Raises `ConfigError` naming the closest."""
    return _parse(Verdict, "verdict", text)


def parse_conduct(text: str) -> Conduct:
    """The conduct of that name. Raises `ConfigError` naming the closest."""
    return _parse(Conduct, "conduct", text)


def parse_risk(text: str) -> Risk:
    """The risk of that name. Raises `ConfigError` naming the closest."""
    return _parse(Risk, "risk", text)
