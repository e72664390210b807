"""Mute, deafen and hold by the API until they are heard, against the bare ARI requests on the same call, alternating.

    docker/test bench     or, with the CC_* of `tests/e2e/stack.py`:     python -m tests.bench.bench_commands

A caller and Alice talk. The time is that from sending the request until the last frame in which somebody is heard who
should not be: for mute and hold the caller by Alice, for deafen Alice by the caller, for hold both. Each side undoes
what it did. Both use the same kind of HTTP client, with its connections open.

The bare requests: `mute?direction=in`, `mute?direction=out`, and for hold `removeChannel`, then `moh`.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from tests.bench.figures import Figure, load, parser, progress, spread, table, tell
from tests.bots import Contact, Lab, answers
from tests.e2e.office import Agent, Office
from tests.e2e.stack import Stack

GOAL = 1.15
FRAME = 0.020
COMMANDS = ("mute", "deafen", "hold")
UNDONE = {"mute": "unmute", "deafen": "undeafen", "hold": "retrieve"}
# (who hears, who is heard) of which nothing may be left
ENDS = {
    "mute": (("alice", "caller"),),
    "deafen": (("caller", "alice"),),
    "hold": (("alice", "caller"), ("caller", "alice")),
}

type Act = Callable[[], Awaitable[None]]


class Bare:
    """ARI itself, on one channel in one bridge."""

    def __init__(self, stack: Stack, session: aiohttp.ClientSession, channel: str, bridge: str) -> None:
        self._base = f"{stack.ari}/ari"
        self._session = session
        self._channel = channel
        self._bridge = bridge

    async def ask(self, method: str, path: str, **query: str) -> None:
        async with self._session.request(method, f"{self._base}/{path}", params=query) as response:
            await response.read()
            assert response.status < 300, f"{method} {path}: {response.status}"

    async def mute(self) -> None:
        await self.ask("POST", f"channels/{self._channel}/mute", direction="in")

    async def unmute(self) -> None:
        await self.ask("DELETE", f"channels/{self._channel}/mute", direction="in")

    async def deafen(self) -> None:
        await self.ask("POST", f"channels/{self._channel}/mute", direction="out")

    async def undeafen(self) -> None:
        await self.ask("DELETE", f"channels/{self._channel}/mute", direction="out")

    async def hold(self) -> None:
        await self.ask("POST", f"bridges/{self._bridge}/removeChannel", channel=self._channel)
        await self.ask("POST", f"channels/{self._channel}/moh")

    async def retrieve(self) -> None:
        await self.ask("DELETE", f"channels/{self._channel}/moh")
        await self.ask("POST", f"bridges/{self._bridge}/addChannel", channel=self._channel)


@dataclass
class Side:
    """How one side does and undoes a command."""

    do: dict[str, Act]
    undo: dict[str, Act]


class Api:
    """The controller's API, for the caller's party in Alice's call."""

    def __init__(self, stack: Stack, session: aiohttp.ClientSession, alice: Agent) -> None:
        self._call = f"{stack.api}/v1/calls/{alice.call_id}"
        self._party = f"{self._call}/parties/{alice.party('contact')['id']}"
        self._session = session

    async def ask(self, verb: str) -> None:
        # As a desktop does it: hold is said of the call, the others of a party.
        base = self._call if verb in ("hold", "retrieve") else self._party
        async with self._session.post(f"{base}/{verb}") as response:
            body = await response.read()
            assert response.status == 200, body

    def act(self, verb: str) -> Act:
        async def act() -> None:
            await self.ask(verb)

        return act


async def until_off(office: Office, command: str, act: Act, offset: float) -> float:
    """Milliseconds from sending the request until nothing is left to be heard."""
    caller = office.lab["caller"]
    # `offset` into a frame of the one who is to be silenced, as their frames reach the other.
    frames = office.lab[ENDS[command][0][0]].call.audio.ear
    now = time.monotonic()
    await asyncio.sleep((frames.last_frame + offset - now) % FRAME)
    sent = time.monotonic()
    await act()
    for hears, heard in ENDS[command]:
        await office.lab[hears].hears_nothing_of(heard, stable=0.0)
    ends = [office.lab[hears].timeline.last(heard, sent - 1.0) for hears, heard in ENDS[command]]
    assert caller.live, "the call is up"
    return (max(end for end in ends if end is not None) - sent) * 1000


async def bridge_of(stack: Stack, session: aiohttp.ClientSession) -> tuple[str, str]:
    """(the caller's channel, its bridge), as Asterisk tells."""
    async with session.get(f"{stack.ari}/ari/channels") as response:
        channels = await response.json()
    caller = next(c["id"] for c in channels if c["name"].startswith("PJSIP/carrier"))
    async with session.get(f"{stack.ari}/ari/bridges") as response:
        bridges = await response.json()
    return caller, next(b["id"] for b in bridges if caller in b["channels"])


async def measure(office: Office, sides: dict[str, Side], rounds: int, seed: int) -> list[Figure]:
    """All commands, each by both sides in turn."""
    figures = {c: Figure(c, "bare ARI", GOAL) for c in COMMANDS}
    dice = random.Random(seed)
    offsets = {c: spread(rounds, FRAME, seed + i) for i, c in enumerate(COMMANDS)}
    for warm in (True, False):
        for round_ in range(2 if warm else rounds):
            for command in COMMANDS:
                for name in dice.sample(["api", "bare"], 2):
                    took = await until_off(office, command, sides[name].do[command], offsets[command][round_])
                    await sides[name].undo[command]()
                    await office.lab.hears(("caller", "alice"), ("alice", "caller"), stable=0.1)
                    if not warm:
                        figure = figures[command]
                        (figure.ours if name == "api" else figure.baseline).append(took)
            if not warm:
                progress(round_ + 1, rounds)
    return list(figures.values())


async def run(stack: Stack, rounds: int, seed: int, file: Path | None) -> None:
    lab = Lab(stack.asterisk, bind=stack.bind, carrier=stack.carrier)
    office = Office(lab, stack, {})
    began = load()
    try:
        async with (
            aiohttp.ClientSession(headers=stack.ari_headers) as ari,
            aiohttp.ClientSession() as api,
        ):
            (alice,) = await office.agents("alice", behaviour=answers())
            caller: Contact = await office.caller()
            await connect(office, caller, alice)
            api.headers["Authorization"] = f"Bearer {await stack.login(api, 'alice')}"
            bare = Bare(stack, ari, *await bridge_of(stack, ari))
            ours = Api(stack, api, alice)
            sides = {
                "api": Side({c: ours.act(c) for c in COMMANDS}, {c: ours.act(UNDONE[c]) for c in COMMANDS}),
                "bare": Side({c: getattr(bare, c) for c in COMMANDS}, {c: getattr(bare, UNDONE[c]) for c in COMMANDS}),
            }
            figures = await measure(office, sides, rounds, seed)
            async with api.post(f"{stack.api}/v1/logout"):
                pass
    finally:
        await office.close()
    print(table(figures))
    tell("commands", {"load_before": began, "figures": [figure.json() for figure in figures]}, file)


async def connect(office: Office, caller: Contact, alice: Agent) -> None:
    """The caller reaches Alice, who answers at once."""
    caller.dial("1001")
    await alice.sees_state("established")
    await office.hears("caller <-> alice")


def main() -> None:
    arguments = parser(__doc__, 50)
    arguments.add_argument("--seed", type=int, default=1)
    given = arguments.parse_args()
    asyncio.run(run(Stack.from_environment(), given.rounds, given.seed, given.json))


if __name__ == "__main__":
    main()
