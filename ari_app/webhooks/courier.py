"""Brings one receiver its events: sends what its lane says, and keeps what came of it. One receiver knows no other."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace

import structlog

from ari_app.errors import StoreUnavailable
from ari_app.routing.webhooks import Webhook
from ari_app.store.port import WebhookEvents
from ari_app.webhooks import envelope, retries
from ari_app.webhooks.figures import Figures
from ari_app.webhooks.lane import Lane
from ari_app.webhooks.model import MOST_WAITING, Health, Reason, Standing, Waiting
from ari_app.webhooks.posting import HttpPost, Post
from ari_app.webhooks.retries import Verdict, verdict

log = structlog.get_logger(__name__)

RETRY_SECONDS = 0.5
"""Until a store that was away is tried again."""


async def until_stored[T](work: Callable[[], Awaitable[T]]) -> T:
    """Have it done, again and again until the store can be reached."""
    while True:
        try:
            return await work()
        except StoreUnavailable:
            await asyncio.sleep(RETRY_SECONDS)


class Courier:
    """`leads()`: whether this controller may still send. `renewed`: the administrator has written another address,
    say, so that what an earlier one answered counts no more. `clock` in seconds since the epoch."""

    def __init__(
        self,
        webhook: Webhook,
        store: WebhookEvents,
        figures: Figures,
        leads: Callable[[], Awaitable[bool]],
        clock: Callable[[], float] = time.time,
        post: Post | None = None,
        *,
        renewed: bool = False,
    ) -> None:
        self._renewed = renewed
        self.webhook = webhook
        self._store = store
        self._figures = figures
        self._leads = leads
        self._clock = clock
        self._post = post or HttpPost(webhook.url)
        self._lane = Lane()
        self._health = Health()
        self._wake = asyncio.Event()
        self._loaded = False
        self._before: list[Waiting] = []
        self._dead = 0

    # -- what others want of it ---------------------------------------------------------------------------------------

    def put(self, waiting: Waiting) -> None:
        """One more is kept for it."""
        if self._loaded:
            self._lane.add(waiting)
            self._wake.set()
        else:
            self._before.append(waiting)

    def standing(self) -> Standing:
        """How it is now."""
        oldest = self._lane.oldest
        return Standing(self._health, len(self._lane), oldest.at if oldest else None, self._lane.next_at, self._dead)

    async def retry(self) -> int:
        """Have all that was given up tried again, and all that waits at once; how many were given up.

        Raises:
            StoreUnavailable: some of them may be tried again.
        """
        revived = await self._store.revive_events(self.webhook.id)
        self._dead = 0
        for waiting in revived:
            self.put(waiting)
        self._lane.resume(self._clock())
        if self._health.stopped:
            await self._became(Health())
        self._wake.set()
        return len(revived)

    async def forget_old(self, before: float) -> None:
        """Dead letters of before that time are wanted by nobody any more. Raises: StoreUnavailable."""
        self._dead -= await self._store.forget_dead_letters(self.webhook.id, before)

    async def run(self) -> None:
        """Bring what there is and what comes; until it is cancelled."""
        try:
            await until_stored(self._load)
            async with asyncio.TaskGroup() as under_way:
                while True:
                    await self._give_up()
                    while (waiting := self._lane.take(self._clock())) is not None:
                        under_way.create_task(self._bring(waiting))
                    self._figures.waiting.labels(self.webhook.id).set(len(self._lane))
                    await self._rest()
        finally:
            await self._post.close()

    # -- inside -------------------------------------------------------------------------------------------------------

    async def _load(self) -> None:
        """What an earlier controller has kept. Raises: StoreUnavailable."""
        name = self.webhook.id
        kept = await self._store.events_waiting(name)
        self._dead = await self._store.events_dead(name)
        self._health = Health() if self._renewed else (await self._store.webhook_health()).get(name, Health())
        self._lane.stopped = self._health.stopped
        self._figures.failing.labels(name).set(self._health.failing_since is not None)
        known = {waiting.position for waiting in kept}
        for waiting in (*kept, *(w for w in self._before if w.position not in known)):
            self._lane.add(waiting)
        self._before, self._loaded = [], True

    async def _rest(self) -> None:
        at = self._lane.wakes_at()
        try:
            async with asyncio.timeout(None if at is None else max(0.0, at - self._clock())):
                await self._wake.wait()
        except TimeoutError:
            pass
        self._wake.clear()

    async def _give_up(self) -> None:
        while (waiting := self._lane.give_up(self._clock(), MOST_WAITING)) is not None:
            expired = retries.expires(waiting.at) <= self._clock()
            await self._bury(waiting, "expired" if expired else "too_many")

    async def _bury(self, waiting: Waiting, reason: Reason) -> None:
        name = self.webhook.id
        log.warning("webhook_event_dead", receiver=name, event_id=waiting.id, reason=reason, attempts=waiting.attempts)
        await until_stored(lambda: self._store.bury_event(name, waiting, reason))
        self._dead += 1
        self._figures.dead.labels(name).inc()

    async def _bring(self, waiting: Waiting) -> None:
        """One try."""
        name = self.webhook.id
        try:
            await self._until_it_leads()
            text = await until_stored(lambda: self._store.event_body(name, waiting.position))
            if text is None:  # somebody has deleted it
                self._lane.taken(waiting, self._clock())
                return
            headers = envelope.headers(waiting.id, text, self.webhook.secret, self._clock())
            answer = await self._post.send(text, headers)
            match verdict(answer.status):
                case Verdict.TAKEN:
                    await self._taken(waiting)
                case Verdict.AGAIN:
                    await self._in_vain(waiting, answer.error, answer.wish)
                case Verdict.STOP:
                    self._lane.stopped = True
                    await self._in_vain(waiting, answer.error, 0.0)
        finally:
            self._wake.set()

    async def _until_it_leads(self) -> None:
        """Another may have its events now; then this one will be stopped."""
        while True:
            if await self._leads():
                return
            await asyncio.sleep(RETRY_SECONDS)

    async def _taken(self, waiting: Waiting) -> None:
        name = self.webhook.id
        self._figures.tries.labels(name, "taken").inc()
        self._figures.seconds.labels(name).observe(max(0.0, self._clock() - waiting.at))
        # The next of its line is sent when this one is known to be done: after a crash none comes before it again.
        await until_stored(lambda: self._store.event_taken(name, waiting.position))
        self._lane.taken(waiting, self._clock())
        if self._health.failing_since is not None:
            log.info("webhook_works_again", receiver=name, waiting=len(self._lane))
            await self._became(Health())

    async def _in_vain(self, waiting: Waiting, error: str, wish: float) -> None:
        name, now = self.webhook.id, self._clock()
        self._figures.tries.labels(name, "failed").inc()
        again = self._lane.in_vain(waiting, now, random.random(), wish)  # noqa: S311  # nosec B311  # no secret
        if self._health.failing_since is None or self._lane.stopped is not self._health.stopped:
            log.warning("webhook_failing", receiver=name, reason=error, stopped=self._lane.stopped)
            await self._became(Health(self._health.failing_since or now, error, self._lane.stopped))
        self._health = replace(self._health, error=error)
        if again is None:
            await self._bury(replace(waiting, attempts=waiting.attempts + 1), "expired")
        else:
            await until_stored(lambda: self._store.event_tried(name, again))

    async def _became(self, health: Health) -> None:
        self._health = health
        self._figures.failing.labels(self.webhook.id).set(health.failing_since is not None)
        await until_stored(lambda: self._store.keep_webhook_health(self.webhook.id, health))
