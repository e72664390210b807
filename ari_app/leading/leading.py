"""Keeps asking the store for the lease, and says who leads: the shell around `machine`."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable

import structlog

from ari_app.errors import StoreUnavailable
from ari_app.leading.machine import Inquiry, Leadership, Timing
from ari_app.store.leases import Fence, Lease, Leases

log = structlog.get_logger(__name__)

_LATE = "the store does not answer in time; try again shortly"


async def nobody_knows(address: str) -> bool:
    """Whether that process is dead: never known."""
    return False


class Leading:
    """Run `run()` in a task. `owner` is this process and no other; `address` is where its API is.

    `leads_another`: whether it leads another Asterisk, or is about to; `spare`: whether of those that it leads this one
    is handed over to a controller that leads none; `dead`: whether there is no process any more whose API was there.
    """

    def __init__(
        self,
        leases: Leases,
        asterisk: str,
        owner: str,
        address: str,
        timing: Timing | None = None,
        leads_another: Callable[[], bool] = lambda: False,
        spare: Callable[[], bool] = lambda: False,
        clock: Callable[[], float] = time.monotonic,
        dead: Callable[[str], Awaitable[bool]] = nobody_knows,
    ) -> None:
        self._dead = dead
        self._leases = leases
        self._asterisk = asterisk
        self._owner = owner
        self._address = address
        self._clock = clock
        self._machine = Leadership(timing or Timing())
        self._leads_another = leads_another
        self._spare = spare
        self._inquiring = asyncio.Lock()
        self._closed = False
        self._seen = Lease(0)
        self._taking = False
        self._trouble = ""
        self._news = asyncio.Event()  # set, and replaced, whenever something was answered
        self._hurry = asyncio.Event()

    @property
    def fence(self) -> Fence | None:
        """Under which it leads; None for a standby."""
        number = self._machine.number
        return None if number is None else Fence(self._asterisk, number, self._owner)

    @property
    def leads(self) -> bool:
        """Whether it leads, or is about to."""
        return self._taking or self.fence is not None

    @property
    def leader(self) -> Lease:
        """Whose the lease is, as far as is known: also while the store is away, without which nobody else can lead."""
        fence = self.fence
        return self._seen if fence is None else Lease(fence.number, fence.owner, self._address)

    @property
    def trouble(self) -> str:
        """Why the store has not answered the last inquiry; empty where it has."""
        return self._trouble

    async def run(self) -> None:
        """Inquire until it is closed."""
        while not self._closed:
            self._hurry.clear()
            before = self.fence
            async with self._inquiring:
                await self._inquire()
            if before is None and self.fence is not None:
                log.info("lease_taken", asterisk=self._asterisk, number=self.fence.number)
            elif before is not None and self.fence is None:
                log.error("lease_lost", asterisk=self._asterisk, number=before.number)
            self._tell()
            with contextlib.suppress(TimeoutError):
                pause = self._machine.pause(self._clock(), leads_another=self._leads_another())
                async with asyncio.timeout(pause):
                    await self._hurry.wait()

    async def begun(self) -> Fence:
        """Wait until it leads."""
        while (fence := self.fence) is None:
            await self._news.wait()
        return fence

    async def inquired(self) -> None:
        """Wait until something was inquired once more, or it leads no more."""
        await self._news.wait()

    async def ended(self, fence: Fence) -> None:
        """Wait until it leads no more under this lease, or is to hand it over: another leads none."""
        while self.fence == fence and not self._machine.hands_over(self._clock()):
            await self._news.wait()

    async def sure(self, fence: Fence) -> bool:
        """Whether it leads under this lease. Whoever has stood still asks first: another may have taken over."""
        while self.fence == fence and not self._machine.may_act(self._clock()):
            self._hurry.set()
            await self._news.wait()
        return self.fence == fence

    def replaced(self, fence: Fence) -> None:
        """Another has the application in Asterisk."""
        if self.fence == fence:
            log.error("application_lost", asterisk=self._asterisk, number=fence.number)
            self._machine.replaced(self._clock())
            self._tell()

    async def release(self) -> None:
        """Hand over: another may lead at once. Nothing happens where it does not lead."""
        async with self._inquiring:  # what is renewed later than it is released would be held again
            fence = self.fence
            if fence is None:
                return
            self._machine.resigned()
            self._tell()
            try:
                await self._leases.release(fence)
                log.info("lease_released", asterisk=self._asterisk, number=fence.number)
            except StoreUnavailable:
                log.warning("lease_not_released", asterisk=self._asterisk, number=fence.number)

    async def close(self) -> None:
        """Hand over, and lead no more."""
        self._closed = True
        self._hurry.set()
        await self.release()

    async def _inquire(self) -> None:
        machine, lasts = self._machine, self._machine.timing.lasts
        begun = self._clock()
        fence = self.fence
        try:
            async with asyncio.timeout(machine.timing.within):
                match machine.inquiry(begun, leads_another=self._leads_another()):
                    case Inquiry.LOOK | Inquiry.SEEK as inquiry:
                        seeks = lasts if inquiry is Inquiry.SEEK else 0
                        self._seen = await self._leases.look(self._asterisk, seeks)
                        machine.looked(self._seen, self._clock())
                        await self._bury(self._seen)
                    case Inquiry.TAKE:
                        self._taking = True  # of two that end at once it takes one
                        of = (self._asterisk, self._owner, self._address)
                        machine.taken(await self._leases.take(*of, lasts, machine.highest), begun)
                    case Inquiry.RENEW if fence is not None:
                        renewal = await self._leases.renew(fence, self._address, lasts)
                        if self.fence == fence:  # else it was lost to another meanwhile
                            machine.renewed(renewal, begun, spare=self._spare())
            self._trouble = ""
        except (StoreUnavailable, TimeoutError) as error:
            machine.unanswered(begun)
            reason = error.detail if isinstance(error, StoreUnavailable) else _LATE
            if reason != self._trouble:
                log.warning("store_unavailable", reason=reason, asterisk=self._asterisk)
            self._trouble = reason
        finally:
            self._taking = False

    async def _bury(self, lease: Lease) -> None:
        """Give up in the name of who is dead: the lease was not renewed when it should have been, and nobody listens at
        the API. One that is being stopped does not listen either, but renews; one that stands still listens.
        """
        overdue = self._machine.timing.lasts - lease.left > self._machine.timing.late
        if lease.owner and overdue and await self._dead(lease.address):
            await self._leases.release(Fence(self._asterisk, lease.number, lease.owner))
            log.warning("leader_dead", asterisk=self._asterisk, number=lease.number)
            self._hurry.set()

    def _tell(self) -> None:
        self._news.set()
        self._news = asyncio.Event()
