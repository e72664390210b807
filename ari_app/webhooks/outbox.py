"""Keeps what happened, in order, before it is sent: behind calls, which never wait for it."""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import structlog

from ari_app.errors import StoreUnavailable
from ari_app.routing.webhooks import Webhook
from ari_app.store.port import WebhookEvents
from ari_app.tasks import report
from ari_app.webhooks import envelope
from ari_app.webhooks.courier import RETRY_SECONDS, Courier, until_stored
from ari_app.webhooks.figures import Figures
from ari_app.webhooks.model import DeadLetter, Event, Followed, Standing
from ari_app.webhooks.posting import Post

log = structlog.get_logger(__name__)

MOST_UNKEPT = 5_000
"""Changes that wait for a store that is away; beyond that they are lost."""
AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class _Change:
    """Events, each with its receivers, and what is known of their line after them."""

    events: Sequence[tuple[Event, Sequence[str]]]
    line: str
    known: Followed | None


class Webhooks:
    """All receivers. `listed()`: as the administrator lists them now. `post`: how one is reached."""

    def __init__(
        self,
        store: WebhookEvents,
        listed: Callable[[], Mapping[str, Webhook]],
        figures: Figures,
        source: str,
        leads: Callable[[], Awaitable[bool]],
        clock: Callable[[], float] = time.time,
        post: Callable[[Webhook], Post] | None = None,
    ) -> None:
        self._store = store
        self._listed = listed
        self._figures = figures
        self._source = source
        self._leads = leads
        self._clock = clock
        self._post = post
        self._unkept: deque[_Change] = deque()
        self._wake = asyncio.Event()
        self._kept = asyncio.Event()
        self._kept.set()
        self._failing = False
        self._sort_out = False
        self._ended = False
        self._couriers: dict[str, tuple[Courier, asyncio.Task[None]]] = {}

    def put(self, events: Sequence[tuple[Event, Sequence[str]]], line: str, known: Followed | None) -> None:
        """Have the events kept, with what is known of their line after them, and sent to these receivers."""
        if len(self._unkept) >= MOST_UNKEPT:
            if not self._failing:
                log.warning("webhook_events_lost", waiting=len(self._unkept))
            self._failing = True
            self._figures.lost.inc(len(events))
            return
        self._unkept.append(_Change(events, line, known))
        self._kept.clear()
        self._wake.set()

    async def run(self) -> None:
        """Keep and send; until it is cancelled."""
        try:
            self.configured()
            while True:
                await self._wake.wait()
                self._wake.clear()
                await self._keep()
        except asyncio.CancelledError:  # a fault of ours keeps nobody from bringing what is kept already
            self._ended = True
            for _, task in self._couriers.values():
                task.cancel()
            await asyncio.gather(*(task for _, task in self._couriers.values()), return_exceptions=True)
            self._figures.end()
            raise

    async def flush(self) -> None:
        """Wait until all that has happened is kept, while `run` goes on."""
        await self._kept.wait()

    def configured(self) -> None:
        """The file was read again: a receiver that is another now begins anew with what is kept for it."""
        listed, renewed = self._listed(), set[str]()
        for name, (courier, task) in list(self._couriers.items()):
            if listed.get(name) != courier.webhook:
                task.cancel()
                del self._couriers[name]
                renewed.add(name)
                if name not in listed:
                    self._figures.forget(name)
        for name, webhook in listed.items():
            if name not in self._couriers:
                post = self._post(webhook) if self._post is not None else None
                courier = Courier(
                    webhook, self._store, self._figures, self._leads, self._clock, post, renewed=name in renewed
                )
                task = asyncio.create_task(courier.run(), name=f"webhook-{name}")
                task.add_done_callback(self._over)
                self._couriers[name] = courier, task
        self._sort_out = True
        self._wake.set()

    def _over(self, task: asyncio.Task[None]) -> None:
        """A fault of ours: others go on, and what is kept is brought by a new one."""
        if task.cancelled() or not isinstance(fault := task.exception(), Exception):
            return
        report(fault, task.get_name(), RETRY_SECONDS)
        self._couriers = {name: found for name, found in self._couriers.items() if found[1] is not task}
        asyncio.get_running_loop().call_later(RETRY_SECONDS, self._begin_again)

    def _begin_again(self) -> None:
        if not self._ended:
            self.configured()

    def standing(self, name: str) -> Standing | None:
        """How this receiver is; None where there is none."""
        found = self._couriers.get(name)
        return found[0].standing() if found is not None else None

    async def dead_letters(self, name: str, before: str | None, limit: int) -> Sequence[DeadLetter]:
        """What this receiver has not taken in a day, the last first. Raises: StoreUnavailable."""
        return await self._store.dead_letters(name, before, limit)

    async def forget_old(self, before: float) -> None:
        """Of each receiver. Raises: StoreUnavailable."""
        for courier, _ in list(self._couriers.values()):
            await courier.forget_old(before)

    async def retry(self, name: str) -> int:
        """See `Courier.retry`; nothing of a receiver that is not listed any more."""
        found = self._couriers.get(name)
        return await found[0].retry() if found is not None else 0

    async def _keep(self) -> None:
        if self._sort_out:
            self._sort_out = False
            await until_stored(lambda: self._store.only_webhooks(list(self._listed())))
        while self._unkept:
            listed = self._listed()
            changes = list(islice(self._unkept, AT_ONCE))
            texts = [
                (event, envelope.body(event, self._source), [name for name in receivers if name in listed])
                for change in changes
                for event, receivers in change.events
            ]
            known = {change.line: change.known for change in changes}
            try:
                kept = await self._store.keep_events(texts, known)
            except StoreUnavailable as error:
                if not self._failing:
                    log.warning("webhook_events_not_kept", reason=error.detail, waiting=len(self._unkept))
                self._failing = True
                await asyncio.sleep(RETRY_SECONDS)
                continue
            self._failing = False
            for _ in changes:
                self._unkept.popleft()
            for name, waiting in kept:
                if name in self._couriers:
                    self._couriers[name][0].put(waiting)
        self._kept.set()
