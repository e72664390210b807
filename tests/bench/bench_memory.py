"""What thousands of calls leave in a controller's memory: Asterisk and Redis in memory, calls one after the other.

    python -m tests.bench.bench_memory [--calls 12000] [--every 2000]

Each call is served by a group: offered, answered, put on hold, taken back and given data by its agent's desktop, which
follows the events, and hung up by the caller. The desktops are processes of their own, at the controller's HTTP server.
What is full in the end, but not in the beginning, is full when counting begins: the stories of 500 calls, the answers
that are kept for repeats. Prints the resident memory after so many calls, in kB, and how much a call has left.
"""

import argparse
import asyncio
import gc
import os
import sys
from pathlib import Path
from typing import cast

import aiohttp

from ari_app.adapters import EngineControl
from ari_app.api import idempotency
from ari_app.calls import effects as e
from ari_app.calls.model import Call, Identity, Phone
from ari_app.calls.switch import Switch
from ari_app.configured import Configured
from ari_app.engine.engine import Engine
from ari_app.engine.snapshots import Snapshots
from ari_app.testing.asterisk import Behaviour, FakeAsterisk
from ari_app.testing.store import MemoryStore
from tests.support.agents import Agents
from tests.unit.api.fakes import DEMO, FakeControl, World

AGENTS = ("alice", "bob")
CALLER = Identity("Zoé Caller", "+33612345678")
WARM = 1_000
"""Calls to begin with: each has a story, and two answers that are kept."""
DONE = "done"
"""The data by which a desktop says that it has finished with a call."""


class Centre:
    """The controller, with all else in memory."""

    def __init__(self) -> None:
        self.asterisks = FakeAsterisk("cc-")
        self.agents = Agents(DEMO.directory, list(AGENTS))
        store = MemoryStore()
        self.snapshots = Snapshots(store)
        self.engine = Engine(Switch(DEMO.directory, "cc-1"), self)
        control = EngineControl(self.engine, self.snapshots, lambda: Configured(DEMO, 0.0), _no_reload, dict, store)
        self.world = World(control=cast("FakeControl", control))
        self.over = asyncio.Event()
        self.finished = asyncio.Event()
        for agent in DEMO.directory.agents.values():
            if agent.phone is not None:
                self.asterisks.behaviour[Phone(agent.phone)] = Behaviour.ANSWER

    # -- outlets ------------------------------------------------------------------------------------------------------

    def asterisk(self, effect: e.AsteriskEffect) -> None:
        self.asterisks.execute(effect)
        self.pump()

    def availability(self, effect: e.AvailabilityEffect) -> None:
        for stimulus in self.agents.do(effect):
            self.engine.feed(stimulus)

    def call_changed(self, change: e.CallChanged) -> None:
        before, call = change.before, change.call
        self.snapshots.call(call)
        self.world.hub.call_changed(before, call)
        self.world.hub.hearing_changed([call.id])
        if DONE in call.user_data:
            self.finished.set()
        if call.ended:
            self.over.set()

    def leg_changed(self, effect: e.LegChanged) -> None:
        self.snapshots.leg(effect.leg_id, effect.leg)
        self.world.hub.hearing_changed(self.engine.switch.state.calls_of_leg.get(effect.leg_id, {}))

    def talk_changed(self, call: Call) -> None: ...
    def caller_id_chosen(self, agent: str, caller_id: str) -> None: ...
    def opening_chosen(self, effect: e.OpeningChosen) -> None: ...
    def list_messages(self, effect: e.ListMessages) -> None: ...
    def check_outcome(self, effect: e.CheckOutcome) -> None: ...
    def call_alarm(self, effect: e.CallAlarm) -> None: ...
    def operation_failed(self, effect: e.OperationFailed) -> None: ...
    def message_refused(self, effect: e.MessageRefused) -> None: ...
    def arrival_refused(self, effect: e.ArrivalRefused) -> None: ...
    def emergency_dialled(self, effect: e.EmergencyDialled) -> None: ...
    def beat(self, late: float) -> None: ...
    def stood_still(self) -> None: ...

    # -- calls --------------------------------------------------------------------------------------------------------

    def pump(self) -> None:
        """What Asterisk has done comes back."""
        for fact in self.asterisks.deliver_all():
            self.engine.feed(fact)

    async def serve(self, number: int) -> None:
        """A caller, from their arrival until all have gone."""
        leg = f"in{number}"
        self.over.clear()
        self.finished.clear()
        self.asterisks.arrive(leg, "carrier", "group", "support", caller=CALLER)
        self.pump()
        async with asyncio.timeout(30):
            await self.finished.wait()
            self.asterisks.hang_up(leg)
            self.pump()
            await self.over.wait()
        # Tests read these; they are nothing of the controller's.
        self.asterisks.executed.clear()
        self.world.store._claims.clear()


class Desktop:
    """An agent's desktop: it holds each call that it gets, takes it back, and says that it is done."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session
        self._seen: set[str] = set()

    async def follow(self, agent: str) -> None:
        """Until the controller closes the window."""
        async with self._session.post("/v1/login", json={"agent": agent, "password": f"{agent}-demo"}) as response:
            self._session.headers["Authorization"] = f"Bearer {(await response.json())['token']}"
        async with self._session.ws_connect("/v1/events") as events:
            await events.receive_json()
            print("ready", flush=True)
            async for message in events:
                call = message.json().get("call") or {}
                mine = call.get("state") == "established" and call.get("owner") == agent
                if mine and call["id"] not in self._seen:
                    self._seen = {call["id"]}
                    await self._work(f"/v1/calls/{call['id']}")

    async def _work(self, call: str) -> None:
        for verb in ("hold", "retrieve"):
            key = {idempotency.HEADER: f"{call}-{verb}"}
            async with self._session.post(f"{call}/{verb}", headers=key) as response:
                response.raise_for_status()
        async with self._session.patch(f"{call}/user-data", json={DONE: "yes"}) as response:
            response.raise_for_status()


async def desktop(api: str, agent: str) -> None:
    """Be one, in this process."""
    async with aiohttp.ClientSession(api) as session:
        await Desktop(session).follow(agent)


async def open_desktop(api: str, agent: str) -> asyncio.subprocess.Process:
    """One that follows events, as a process."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", __spec__.name, "--desktop", api, agent, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    await process.stdout.readline()
    return process


async def _no_reload() -> tuple[()]:
    return ()


def resident() -> int:
    """kB of this process that are in memory."""
    fields = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(fields["VmRSS"].split()[0])


async def measure(calls: int, every: int) -> None:
    """Print what there is after each `every` calls."""
    centre = Centre()
    writing = asyncio.ensure_future(centre.snapshots.run())
    await centre.world.start()
    desktops = [await open_desktop(str(centre.world.http._base_url), agent) for agent in AGENTS]
    centre.asterisks.restore_link()
    centre.pump()
    served, begun, blocks = 0, 0, 0
    settings = {name: value for name, value in os.environ.items() if name.startswith(("MALLOC_", "PYTHONMALLOC"))}
    print(f"Python {sys.version.split()[0]}, {settings or 'nothing set for malloc'}")
    for until in range(0, calls + every, every):
        while served < WARM + until:
            await centre.serve(served)
            served += 1
        gc.collect()
        now, had = resident(), sys.getallocatedblocks()
        if until == 0:
            begun, blocks = now, had
            print(f"{WARM} calls to begin with: {now} kB, {had} blocks of Python", flush=True)
        else:
            left = (now - begun) / until
            print(f"{until:6} more: {now} kB, {left:+.3f} kB a call; {had - blocks:+} blocks", flush=True)
    for process in desktops:
        process.terminate()
        await process.wait()
    writing.cancel()
    await asyncio.gather(writing, return_exceptions=True)
    centre.engine.close()
    await centre.world.stop()


def main() -> None:
    """Measure as the arguments say, or be a desktop."""
    parser = argparse.ArgumentParser(description="What calls leave in memory")
    parser.add_argument("--calls", type=int, default=12_000)
    parser.add_argument("--every", type=int, default=2_000)
    parser.add_argument("--desktop", nargs=2, metavar=("API", "AGENT"), help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.desktop:
        asyncio.run(desktop(*chosen.desktop))
    else:
        asyncio.run(measure(chosen.calls, chosen.every))


if __name__ == "__main__":
    main()
