"""What a process does that is going to be killed: it decides or delivers, and dies at a named point.

Processes come from a fork server that has everything imported: a killed process is a real one, and cheap.
"""

from __future__ import annotations

import asyncio
import os
import signal
from multiprocessing import get_context
from typing import Any, NoReturn

from sqlalchemy import event
from sqlmodel import Session

from alerts.channels.configured import ConfiguredChannel
from alerts.channels.mail import MailChannel, MailOptions
from alerts.outbox import delivery as steps
from alerts.outbox.delivery import Delivery, Timing
from monitor.channel_ports import Outgoing, Receipt
from monitor.store.database import Store, open_store
from monitor.store.keys import Keyring
from tests.support.posts import hit
from tests.support.reporting import decide, router

KEY = b"k" * 32
TIMING = Timing(poll=0.02, switch=0.05, send=20, claim=21)
SHORT = Timing(poll=0.02, switch=0.05, send=0.4, claim=0.5)
"""For a process that will be killed: its claim is over soon."""

PROCESSES = get_context("forkserver")
PROCESSES.set_forkserver_preload(["tests.support.crashing"])


def die(*_: object) -> NoReturn:
    """kill -9, by its own hand."""
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("unreachable")


def die_before_commit() -> None:
    """The next transaction writes everything, and dies before it is committed."""
    event.listen(Session, "before_commit", die)


class Dying(MailChannel):
    """The mail channel in a process that dies just before it sends, or just after it was answered."""

    point: str = ""

    async def send(self, outgoing: Outgoing) -> Receipt:
        if self.point == "claimed":
            die()
        receipt = await super().send(outgoing)
        if self.point == "answered":
            die()
        if self.point == "noting":
            die_before_commit()
        return receipt


def channels(port: int, point: str = "") -> dict[str, ConfiguredChannel]:
    """The mail channel to the counting server."""
    options = MailOptions(
        to="desk@example.org",
        organisation="Example Institute",
        contact="reports@institute.example.org",
        host="127.0.0.1",
        port=port,
        security="none",
    )
    channel = Dying("desk", options)
    channel.point = point
    return {"desk": ConfiguredChannel(channel=channel)}


def open_it(url: str) -> Store:
    """The store, by the machine's time."""
    return open_store(url, Keyring(KEY))


def decide_two(store: Store, port: int) -> int:
    """One alert of two posts, decided: two reports."""
    return decide(store, router(store, channels(port)), hit(1), hit(2, "vexilorp"))


def decide_and_die(url: str, port: int, point: str) -> None:
    """Dies while it commits a decision, or just after."""
    store = open_it(url)
    way = router(store, channels(port))
    if point == "deciding":
        enter = way.enter

        def then_die(*arguments: Any, **named: Any) -> Any:
            reports = enter(*arguments, **named)
            die_before_commit()
            return reports

        way.enter = then_die  # type: ignore[method-assign]
    decide(store, way, hit(1), hit(2, "vexilorp"))
    die()


def deliver_and_die(url: str, port: int, point: str) -> None:
    """Delivers until it dies; with no point of its own, until it is killed."""
    store = open_it(url)
    delivery = Delivery(store, channels(port, point), timing=SHORT if point != "held" else TIMING)
    if point in {"released", "noted"}:
        name = {"released": "release_due", "noted": "note"}[point]
        step = getattr(steps, name)

        def then_die(*arguments: Any) -> None:
            if step(*arguments):
                die()

        setattr(steps, name, then_die)
    if point == "claiming":
        claim = steps.claim

        def die_claiming(*arguments: Any, **named: Any) -> Any:
            die_before_commit()
            return claim(*arguments, **named)

        steps.claim = die_claiming
    asyncio.run(delivery.run(asyncio.Event()))
