"""Delivery: sends what is due, once, and notes what became of it.

Work comes from due rows in the database, never from memory, so that a killed process leaves nothing behind but
a claim that expires. Whatever may have left and was not answered becomes uncertain and waits for a person.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog

from alerts.channels.configured import ConfiguredChannel
from alerts.outbox.claims import Claim, Idle, Outcome, claim, note, release_due, sweep_expired
from alerts.outbox.reports import ReportState
from alerts.outbox.switch import sending_on
from monitor.channel_ports import Channel, FateUnknownError, NotSentError, Receipt, RejectedError
from monitor.clock import Clock
from monitor.errors import StoreError
from monitor.store.database import Store

Sleep = Callable[[float], Awaitable[None]]

_LONGEST_WAIT = 7 * 86400.0
_CANCEL_SECONDS = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """How long delivery waits for what; all in seconds.

    :param poll: between two looks for due reports.
    :param switch: between two looks at the switch while something is being sent.
    :param send: the longest that one sending may take.
    :param claim: how long a claim lasts; longer than `send` plus the time to note its outcome.
    :param grace: how long a sending may go on when the process is told to end.
    :param backoff: the waits after attempts that are known not to have been sent; after the last, the report
        is dead.
    """

    poll: float = 1.0
    switch: float = 0.2
    send: float = 60.0
    claim: float = 180.0
    grace: float = 10.0
    backoff: tuple[float, ...] = (60, 300, 1800, 7200, 21600, 43200)

    def __post_init__(self) -> None:
        if self.claim <= self.send or self.switch > 0.25:
            raise ValueError("a claim must outlast the sending, and the switch be looked at four times a second")


class Delivery:
    """Sends what is due. One in each process that delivers; several at once share the work.

    :param channels: by the name under which reports were queued. Reports of other channels wait.
    :param clock: defaults to the store's.
    """

    def __init__(
        self,
        store: Store,
        channels: Mapping[str, ConfiguredChannel],
        *,
        clock: Clock | None = None,
        sleep: Sleep = asyncio.sleep,
        timing: Timing | None = None,
    ) -> None:
        self._store = store
        self._channels = channels
        self._now = clock or store.now
        self._sleep = sleep
        self._timing = timing or Timing()
        self._halt = asyncio.Event()
        self._why_halted = ""
        self._ending = False
        self._resting: dict[str, datetime] = {}
        self._log: Any = structlog.get_logger("handlewatch.delivery")

    async def run(self, stop: asyncio.Event) -> None:
        """Delivers until told to stop; a sending that is under way then gets a few seconds to end."""
        stopping = asyncio.create_task(stop.wait())
        try:
            while not stop.is_set():
                await self._one_round(stopping)
                waiting = asyncio.ensure_future(self._sleep(self._timing.poll))
                await asyncio.wait({waiting, stopping}, return_when=asyncio.FIRST_COMPLETED)
                waiting.cancel()
        finally:
            stopping.cancel()

    async def _one_round(self, stopping: asyncio.Task[Any]) -> None:
        work = asyncio.create_task(self.deliver_due())
        try:
            await asyncio.wait({work, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                self._ending = True
                await asyncio.wait({work}, timeout=self._timing.grace)
                self._stop_now("the process was told to end")
            await work
        except StoreError as error:
            self._log.error("delivery.store", what=error.what, do=error.do)
        finally:
            self._ending = False

    async def deliver_due(self) -> int:
        """Sends everything that is due now; returns how many attempts were made.

        Raises `StoreError` where the database cannot be used; nothing is lost by that.
        """
        self._halt = asyncio.Event()
        uncertain = await asyncio.to_thread(sweep_expired, self._store)
        if uncertain:
            self._log.warning("delivery.uncertain", reports=uncertain)
        await asyncio.to_thread(release_due, self._store)
        watching = asyncio.create_task(self._watch_switch())
        try:
            drained = await asyncio.gather(
                *(self._drain(name, channel) for name, channel in self._channels.items()), return_exceptions=True
            )
        finally:
            watching.cancel()
        # A channel that failed must not cut short what another one is sending: hence not a task group.
        for failure in drained:
            if isinstance(failure, BaseException):
                raise failure
        return sum(count for count in drained if isinstance(count, int))

    def _stop_now(self, why: str) -> None:
        self._why_halted = why
        self._halt.set()

    async def _watch_switch(self) -> None:
        while True:
            try:
                on = await asyncio.to_thread(self._is_on)
            except StoreError:
                self._stop_now("the switch could not be read")
                return
            if not on:
                self._stop_now("sending was stopped")
                return
            await asyncio.sleep(self._timing.switch)

    def _is_on(self) -> bool:
        with self._store.read() as session:
            return sending_on(session)

    async def _drain(self, name: str, configured: ConfiguredChannel) -> int:
        done = 0
        while not (self._halt.is_set() or self._ending or self._resting.get(name, self._now()) > self._now()):
            claimed = await self._claim(name, configured.daily_cap)
            if isinstance(claimed, Idle):
                if claimed is Idle.CAPPED:
                    self._log.warning("delivery.daily_cap", channel=name, cap=configured.daily_cap)
                break
            await self._note(claimed, await self._attempt(configured.channel, claimed))
            done += 1
        return done

    async def _claim(self, name: str, daily_cap: int) -> Claim | Idle:
        taking = asyncio.ensure_future(
            asyncio.to_thread(claim, self._store, name, seconds=self._timing.claim, daily_cap=daily_cap)
        )
        try:
            return await asyncio.shield(taking)
        except asyncio.CancelledError:
            claimed = await taking
            if isinstance(claimed, Claim):
                await self._note(claimed, self._not_begun("the process was told to end"))
            raise

    def _not_begun(self, why: str) -> Outcome:
        return Outcome(to=ReportState.QUEUED, detail=f"{why} before this was sent", counts=False)

    async def _attempt(self, channel: Channel, claimed: Claim) -> Outcome:
        if self._halt.is_set():
            return self._not_begun(self._why_halted)
        sending = asyncio.create_task(channel.send(claimed.outgoing))
        halted = asyncio.create_task(self._halt.wait())
        try:
            await asyncio.wait({sending, halted}, timeout=self._timing.send, return_when=asyncio.FIRST_COMPLETED)
            why = self._why_halted if self._halt.is_set() else f"there was no answer within {self._timing.send:g} s"
            await _cancel(sending)
        except asyncio.CancelledError:
            await _cancel(sending)
            await self._note(claimed, self._judge(sending, claimed, "the process was told to end"))
            raise
        finally:
            halted.cancel()
        return self._judge(sending, claimed, why)

    def _judge(self, sending: asyncio.Task[Receipt], claimed: Claim, why: str) -> Outcome:
        """What the end of a sending means.

        :param why: why it was cut short, in case it was.
        """
        if not sending.done() or sending.cancelled():
            return Outcome(to=ReportState.UNCERTAIN, detail=f"{why} while it was being sent")
        error = sending.exception()
        if error is None:
            receipt = sending.result()
            said = " ".join(part for part in (receipt.status, receipt.detail) if part)
            return Outcome(to=ReportState.ACCEPTED, detail=said, remote_id=receipt.remote_id)
        if isinstance(error, NotSentError):
            return self._again(error, claimed)
        if isinstance(error, RejectedError):
            return Outcome(to=ReportState.REJECTED, detail=str(error))
        if isinstance(error, FateUnknownError):
            return Outcome(to=ReportState.UNCERTAIN, detail=str(error))
        # Not one of the three answers that a channel may give: a defect in it. Its text may hold content.
        self._log.error("delivery.channel_failed", channel=claimed.channel, error=type(error).__name__)
        return Outcome(to=ReportState.UNCERTAIN, detail=f"the channel failed: {type(error).__name__}: {error}")

    def _again(self, error: NotSentError, claimed: Claim) -> Outcome:
        if error.retry_after is not None:
            seconds = min(max(error.retry_after, 1.0), _LONGEST_WAIT)
            self._resting[claimed.channel] = self._now() + timedelta(seconds=seconds)
            return Outcome(to=ReportState.QUEUED, detail=str(error), retry_seconds=seconds, counts=False)
        if claimed.attempt > len(self._timing.backoff):
            return Outcome(to=ReportState.DEAD, detail=f"given up after {claimed.attempt} attempts: {error}")
        return Outcome(
            to=ReportState.QUEUED, detail=str(error), retry_seconds=self._timing.backoff[claimed.attempt - 1]
        )

    async def _note(self, claimed: Claim, outcome: Outcome) -> None:
        for pause in (0.2, 1.0, 5.0, None):
            try:
                held = await asyncio.to_thread(note, self._store, claimed, outcome)
            except StoreError:
                if pause is None:  # the claim will expire, and the report be uncertain
                    raise
                await asyncio.sleep(pause)
                continue
            log = self._log.info if held and outcome.to is ReportState.ACCEPTED else self._log.warning
            log("delivery.attempt", report=claimed.report_id, channel=claimed.channel, state=outcome.to, held=held)
            return


async def _cancel(sending: asyncio.Task[Receipt]) -> None:
    """Cancels what is not done, and waits a moment for it: a channel that hangs on must not stop us."""
    if not sending.done():
        sending.cancel()
        await asyncio.wait({sending}, timeout=_CANCEL_SECONDS)
