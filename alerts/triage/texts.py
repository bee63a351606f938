"""The reports of a final decision are worded before its transaction begins: a thousand take seconds, and while a
transaction is open nobody else writes.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final, Protocol, TypeVar

from sqlmodel import Session

from alerts.drafting import Ruling
from alerts.routing import Prepared, UnwordedError
from monitor.store.tables import Alert, Decision

AGAIN: Final = 5
"""How often what joined meanwhile is worded before the decision is tried again."""

Route = Callable[[Session, Alert, Decision, datetime], object]
"""Told of every final decision inside its transaction: (session, alert, decision, when)."""

_Done = TypeVar("_Done")


class Prepare(Protocol):
    """Words the reports of a decision that is about to be made (`alerts.routing.Router.prepare`)."""

    def __call__(self, ruling: Ruling) -> Prepared:
        """What is told of that decision inside its transaction."""
        ...


def with_texts(prepare: Prepare | None, ruling: Ruling | None, route: Route, act: Callable[[Route], _Done]) -> _Done:
    """Words reports, then acts; begins again where posts joined in between.

    :param prepare: None where nothing can be worded before. :param ruling: None where nothing is going to leave.
    :param act: one transaction, which hands its decision to what it is given.
    """
    if prepare is None or ruling is None:
        return act(route)
    prepared = prepare(ruling)
    for _ in range(AGAIN):
        try:
            return act(prepared)
        except UnwordedError:
            prepared.word()
    prepared.be_content()
    return act(prepared)
