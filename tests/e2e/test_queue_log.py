"""Our queue_log, line by line beside that of app_queue: the same is done in one Asterisk, at once in each queue."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from tests.bots import Contact, Lab, Phone
from tests.bots.call_state import CallState
from tests.e2e.containers import read_in, run_in, until_ready
from tests.e2e.office import PHONES, Agent, Office
from tests.e2e.own_asterisk import FILES, SECRET, made, running
from tests.e2e.stack import Stack
from tests.e2e.test_configuration import APPLICATION, environment, own_controller
from tests.support import queue_logs
from tests.support.polling import until

THEIRS, OURS = "3700", "3701"
"""The number of app_queue's queue, and of ours. Both are called `compare`."""
QUEUE = "compare"
RINGS, WAITS = 3, 9
"""Seconds: for which a phone rings, and after which who waits has waited too long."""
KEY = "9"
_OTHER = {THEIRS: "1905", OURS: "1006"}
"""What an agent dials for a colleague who is in no queue."""
_PEOPLE = {THEIRS: ("carol", "dave", "erin"), OURS: ("alice", "bob", "frank")}
"""Who serve that queue as alice and bob, and their colleague."""
_NUMBERS = {THEIRS: ("+33698765432", "+33698765433"), OURS: ("+33612345678", "+33612345679")}
"""From where its callers call."""
_LONG = 1.3
_LATE = 5.4
"""Seconds after they came: by then app_queue, too, has rung the second member for more than a second."""
_MODULES = "\nload = app_queue.so\n"
_QUEUES = f"""\
[general]
[{QUEUE}]
strategy = linear
timeout = {RINGS}
retry = 1
ringinuse = no
context = out-of-the-queue
"""
_DIALPLAN = f"""
[from-carrier](+)
exten => {THEIRS},1,Answer()
 same => n,Queue({QUEUE},,,,{WAITS})
 same => n,Hangup()
[out-of-the-queue]
exten => {KEY},1,Hangup()
[from-phones](+)
exten => {_OTHER[THEIRS]},1,Dial(PJSIP/{PHONES["erin"]})
"""
_OUR_QUEUE = f"""\
  {QUEUE}: {{name: Compare, number: "{OURS}", groups: [compare], max_wait: {WAITS}, keys: {{"{KEY}": hang_up}}}}
"""


def callcentre(text: str) -> str:
    """Alice and Bob serve our queue, and are rung next though they let it ring before."""
    for agent in ("alice", "bob"):
        head, _, rest = text.partition(f"\n  {agent}:\n")
        text = f"{head}\n  {agent}:\n{rest.replace('groups: [support]', 'groups: [support, compare]', 1)}"
    text = text.replace("\ngroups:\n", "\ngroups:\n  compare: {name: Compare}\n", 1)
    text = text.replace("\nqueues:\n", f"\nqueues:\n{_OUR_QUEUE}", 1)
    text = text.replace("  offer_timeout: 15 ", f"  offer_timeout: {RINGS} ", 1)
    return text.replace("  max_missed: 1 ", "  max_missed: 9 ", 1)


@dataclass
class Side:
    """One of the queues, and who is there for it."""

    office: Office
    queue: str
    agents: list[Agent] = field(default_factory=list)

    @property
    def phones(self) -> list[Phone]:
        """Of the two who serve it."""
        return [agent.phone for agent in self.agents[:2]]

    @property
    def colleague(self) -> Phone:
        """Who is in no queue."""
        return self.agents[2].phone

    async def caller(self, which: int = 0) -> Contact:
        """Somebody outside, who calls the queue: as a second begins, for seconds are cut off in a log."""
        number = _NUMBERS[self.queue][which]
        known = self.office.lab.bots.get(number)
        found = known if isinstance(known, Contact) else await self.office.caller(number, number)
        await self.wait(1.05 - time.time() % 1)
        found.dial(self.queue)
        await found.talks()
        return found

    async def rung(self, but: Phone | None = None) -> Phone:
        """Whose phone rings, for long enough to be counted in whole seconds."""
        board = self.office.lab.board

        def ringing() -> Phone | None:
            return next((phone for phone in self.phones if phone.ringing is not None and phone is not but), None)

        await board.until(lambda: ringing() is not None, within=10, stable=_LONG, otherwise=lambda: "nobody is rung")
        found = ringing()
        assert found is not None
        return found

    async def wait(self, seconds: float) -> None:
        """Let that pass."""
        await asyncio.wait([asyncio.get_running_loop().create_future()], timeout=max(0.0, seconds))

    async def for_a_while(self, *talking: Contact | Phone) -> None:
        """They go on with what they do."""
        for each in talking:
            await each.stays_up(_LONG)

    async def all_over(self) -> None:
        """Until nobody is in a call of this queue, and both who serve it may be rung for the next one."""
        people = {*_PEOPLE[self.queue], *_NUMBERS[self.queue]}
        bots = [bot for name, bot in self.office.lab.bots.items() if name in people]
        await self.office.lab.board.until(
            lambda: all(call.state is CallState.ENDED for bot in bots for call in bot.calls),
            within=15,
            otherwise=lambda: "somebody is still in a call",
        )
        await self.office.lab.board.until(
            lambda: all(agent.me["state"] in ("ready", "not_ready") for agent in self.agents),
            within=15,
            otherwise=lambda: "somebody is not ready yet",
        )

    async def does(self, doings: Iterable[Doing]) -> None:
        """One after the other."""
        for doing in doings:
            await doing(self)
            await self.all_over()


@dataclass
class Comparison:
    """One Asterisk, in which the same is done in both queues."""

    office: Office
    written: Path
    theirs: Side
    ours: Side

    async def open(self) -> None:
        """Everybody is there: those of app_queue by its console."""
        for side in (self.theirs, self.ours):
            side.agents = await self.office.agents(*_PEOPLE[side.queue])
        for phone, name in self._members:
            await self.console(f"queue add member PJSIP/{phone} to {QUEUE} penalty 0 as {name}")

    @property
    def _members(self) -> list[tuple[str, str]]:
        """Of app_queue: their phone, and as whom."""
        return [(PHONES[name], us) for name, us in zip(_PEOPLE[THEIRS][:2], _PEOPLE[OURS][:2], strict=True)]

    async def both_do(self, doings: Iterable[Doing]) -> None:
        """The same in both queues."""
        await asyncio.gather(self.theirs.does(doings), self.ours.does(doings))
        await self.office.stack.no_calls()

    async def pause(self, *, paused: bool) -> None:
        """Both members, in both queues."""
        body = {"state": "not_ready", "reason": "lunch"} if paused else {"state": "ready"}
        verb, reason = ("pause", " reason lunch") if paused else ("unpause", "")
        for agent, (phone, _) in zip(self.ours.agents[:2], self._members, strict=True):
            await agent.command("PUT", "/v1/me/state", body)
            await self.console(f"queue {verb} member PJSIP/{phone} queue {QUEUE}{reason}")

    async def leave(self) -> None:
        """Nobody serves either queue any more."""
        for agent, (phone, _) in zip(self.ours.agents[:2], self._members, strict=True):
            await self.console(f"queue remove member PJSIP/{phone} from {QUEUE}")
            await agent.command("PUT", "/v1/me/state", {"state": "logged_out"})

    async def console(self, command: str) -> None:
        """Something at the console of this Asterisk."""
        await run_in(f"{self.office.stack.project}-own-asterisk", "asterisk", "-rx", command)

    async def they_have_written(self) -> list[str]:
        """What app_queue has, with the numbers from where ours was called."""
        name = f"{self.office.stack.project}-own-asterisk"
        text = (await read_in(name, "/var/log/asterisk/queue_log")).decode()
        for theirs, ours in zip(_NUMBERS[THEIRS], _NUMBERS[OURS], strict=True):
            text = text.replace(theirs, ours)
        return text.splitlines()

    async def we_have_written(self, calls: int) -> list[str]:
        """What we have, as soon as it has so many calls."""
        lines: list[str] = []

        async def there() -> bool:
            lines[:] = self.written.read_text().splitlines() if self.written.exists() else []
            return len(queue_logs.calls(lines, QUEUE)) >= calls

        await until(there, f"{calls} calls are in {self.written.name}", within=15)
        return lines


@asynccontextmanager
async def compared(stack: Stack, folder: Path) -> AsyncIterator[Comparison]:
    """An Asterisk with app_queue in it, and a controller that writes a queue_log."""
    phones = f"{stack.bind.rpartition('.')[0]}.62"
    surroundings = {
        "AST_ADDRESS": phones,
        "AST_ARI_ADDRESS": phones,
        "AST_CARRIER": ":".join(map(str, stack.carrier)),
        "STASIS_APP": APPLICATION,
    }
    files = {
        "modules.conf": (FILES / "modules.conf").read_text() + _MODULES,
        "extensions.conf": (FILES / "extensions.conf").read_text() + _DIALPLAN,
        "logger.conf": (FILES / "logger.conf").read_text().replace("queue_log = no", "queue_log = yes"),
        "queues.conf": _QUEUES,
    }
    file, written = folder / "callcentre.yaml", folder / "queue_log"
    file.write_text(callcentre((FILES / "callcentre.yaml").read_text()))
    async with running(await made(stack, surroundings, files)):
        beside = replace(
            stack, asterisk=(phones, 5060), ari=f"http://{phones}:8088", ari_user="callcontrol", ari_password=SECRET
        )
        settings = {
            **environment(beside, file),
            "ARI_APP_REDIS_PREFIX": f"queue-log-{folder.name[:20]}",
            "ARI_APP_HISTORY_URL": f"sqlite:///{folder}/history.db",
            "ARI_APP_HISTORY_QUEUE_LOG": str(written),
        }
        async with own_controller(beside, settings, folder / "log") as own:
            office = Office(Lab(own.asterisk, bind=own.bind, carrier=own.carrier), own, {})
            try:
                await until_ready(own)
                yield Comparison(office, written, Side(office, THEIRS), Side(office, OURS))
            finally:
                await office.close()


# -- what people do ---------------------------------------------------------------------------------------------------


async def the_caller_hangs_up(there: Side) -> None:
    caller = await there.caller()
    phone = await there.rung()
    await phone.answer()
    await there.for_a_while(caller)
    caller.hangup()


async def the_agent_hangs_up(there: Side) -> None:
    await there.caller()
    phone = await there.rung()
    await phone.answer()
    await there.for_a_while(phone)
    phone.hangup()


async def they_give_up_while_a_phone_rings(there: Side) -> None:
    caller = await there.caller()
    await there.rung()
    caller.hangup()


async def one_lets_it_ring_and_the_other_answers(there: Side) -> None:
    caller = await there.caller()
    first = await there.rung()
    await first.stops_ringing(within=RINGS + 2)
    second = await there.rung(but=first)
    await there.wait(caller.call.stamps["200 received"] + _LATE - time.monotonic())
    await second.answer()
    await there.for_a_while(caller)
    caller.hangup()


async def one_declines_and_the_other_answers(there: Side) -> None:
    caller = await there.caller()
    first = await there.rung()
    await first.decline(486)
    second = await there.rung(but=first)
    await second.answer()
    await there.for_a_while(caller)
    caller.hangup()


async def the_agent_passes_them_on_by_the_transfer_key(there: Side) -> None:
    caller = await there.caller()
    phone = await there.rung()
    await phone.answer()
    await there.for_a_while(phone)
    await phone.transfer(_OTHER[there.queue])
    colleague = there.colleague
    await colleague.answer()
    await there.for_a_while(colleague)
    caller.hangup()


async def the_agent_passes_them_on_after_a_consultation(there: Side) -> None:
    caller = await there.caller()
    phone = await there.rung()
    await phone.answer()
    await there.for_a_while(phone)
    await phone.hold()
    phone.dial(_OTHER[there.queue])
    colleague = there.colleague
    await colleague.answer()
    await there.for_a_while(colleague)
    await phone.transfer_attended()
    await phone.ended(within=8)
    await there.for_a_while(colleague)
    caller.hangup()


async def nobody_is_there_and_they_wait_too_long(there: Side) -> None:
    caller = await there.caller()
    await caller.ended(within=WAITS + 12)


async def nobody_is_there_and_they_leave_by_a_key(there: Side) -> None:
    caller = await there.caller()
    await there.for_a_while(caller)
    pressing = asyncio.ensure_future(caller.send_dtmf(KEY))  # they are gone before it is let go
    await caller.ended(within=8)
    pressing.cancel()


async def nobody_is_there_and_the_second_gives_up_before_the_first(there: Side) -> None:
    first = await there.caller()
    await there.for_a_while(first)
    second = await there.caller(1)
    await there.for_a_while(second)
    second.hangup()
    await second.ended()
    await there.for_a_while(first)  # until both queues know of it
    first.hangup()


type Doing = Callable[[Side], Awaitable[None]]
WITH_AGENTS: tuple[Doing, ...] = (
    the_caller_hangs_up,
    the_agent_hangs_up,
    they_give_up_while_a_phone_rings,
    one_lets_it_ring_and_the_other_answers,
    one_declines_and_the_other_answers,
    the_agent_passes_them_on_by_the_transfer_key,
    the_agent_passes_them_on_after_a_consultation,
)
WITHOUT: tuple[Doing, ...] = (
    nobody_is_there_and_they_wait_too_long,
    nobody_is_there_and_they_leave_by_a_key,
    nobody_is_there_and_the_second_gives_up_before_the_first,
)
_CALLS = len(WITH_AGENTS) + len(WITHOUT) + 1


async def test_our_queue_log_says_of_each_call_what_app_queue_says_of_the_same(stack: Stack, tmp_path: Path) -> None:
    async with compared(stack, tmp_path) as there:
        await there.open()
        await there.both_do(WITH_AGENTS)
        await there.pause(paused=True)
        await there.both_do(WITHOUT)
        await there.pause(paused=False)
        await there.leave()
        theirs, ours = await there.they_have_written(), await there.we_have_written(_CALLS)
        wrong = queue_logs.unlike(queue_logs.calls(theirs, QUEUE), queue_logs.calls(ours, QUEUE))
        assert not wrong, "\n".join(wrong)
        paused_and_back = [f"{name}|{what}" for name in ("alice", "bob") for what in ("PAUSE|lunch", "UNPAUSE|")]
        assert sorted(each for each in queue_logs.members(theirs, QUEUE) if "PAUSE" in each) == paused_and_back
        assert sorted(each for each in queue_logs.members(ours, QUEUE) if "PAUSE|" in each) == paused_and_back
