"""The controller's CPU for a call against Asterisk's; memory, sizes of the images, and the start of everything.

    docker/test bench     or, with the CC_* of `tests/e2e/stack.py`:     python -m tests.bench.bench_cpu [--start]

A call: a caller reaches an agent, is put on hold, retrieved, transferred to a second agent, and hangs up. Two pairs
of agents work at once. CPU is user and system time of process 1 of either container, less what the same time costs at
rest. Then 50 callers are transferred to a number outside and stay, for the memory and for what a second of talk costs.

The ratio that is judged is that of such calls, all signalling and hardly any talk. Beside it stand the ratio of a call
with `--talk` seconds of talk, computed from the two, and the talk from which on that is at the goal. With `--start`
everything is stopped and started again first (calls that are up are lost): the time until `/readyz`.
"""

import asyncio
import time
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import docker
from docker.models.containers import Container
from docker.models.images import Image

from tests.bench.figures import load, parser, progress, tell
from tests.bots import Contact, Lab, answers
from tests.e2e.containers import ask_docker, run_in, until_ready, with_container
from tests.e2e.office import PHONES, Agent, Office
from tests.e2e.stack import Stack

GOAL = 1 / 3
CALLS_UP = 50
REST = 5.0
START_GOAL = 10.0
# Not Erin: a supervisor sees everybody's calls.
PAIRS = (("alice", "bob"), ("carol", "dave"))
# At once, the answer to a transfer would come after the event of its end, and be taken for newer.
LIFTS_AFTER = 0.1
PARTS = ("asterisk", "controller", "redis")


@dataclass(frozen=True, slots=True)
class Used:
    """CPU of one part up to a moment, in ms."""

    at: float
    cpu: dict[str, float]

    def since(self, before: "Used") -> dict[str, float]:
        """What was used between."""
        return {part: self.cpu[part] - before.cpu[part] for part in self.cpu}


async def used(stack: Stack) -> Used:
    """Of process 1 and all its threads, also those that have ended; ticks of 10 ms."""
    cpu = {}
    for part in PARTS:
        # The name of the program stands in brackets and may hold anything.
        fields = (await run_in(f"{stack.project}-{part}", "cat", "/proc/1/stat")).rpartition(b")")[2].split()
        cpu[part] = (int(fields[11]) + int(fields[12])) * 10.0
    return Used(time.monotonic(), cpu)


async def memory(stack: Stack) -> dict[str, float]:
    """Resident megabytes of process 1."""
    found = {}
    for part in PARTS:
        status = await run_in(f"{stack.project}-{part}", "cat", "/proc/1/status")
        line = next(line for line in status.splitlines() if line.startswith(b"VmRSS"))
        found[part] = round(int(line.split()[1]) / 1024, 1)
    return found


async def images(stack: Stack) -> dict[str, int]:
    """Megabytes of the images in use."""

    def look(client: docker.DockerClient) -> dict[str, Image | None]:
        found = {part: client.containers.get(f"{stack.project}-{part}").image for part in ("asterisk", "controller")}
        found["bots"] = next(iter(client.images.list("callcontrol-bots")), None)
        return found

    found = await ask_docker(look)
    return {part: image.attrs["Size"] // 1_000_000 for part, image in found.items() if image is not None}


async def start_anew(stack: Stack) -> float:
    """Seconds from starting the containers until `/readyz`."""
    names = [f"{stack.project}-{part}" for part in PARTS]
    for name in names:
        await with_container(name, lambda container: container.stop(timeout=5))
    began = time.monotonic()
    for name in names:
        await with_container(name, Container.start)
    await until_ready(stack)
    return time.monotonic() - began


async def one_call(office: Office, caller: Contact, first: Agent, second: Agent) -> None:
    """Set up, held, retrieved, transferred, ended."""
    caller.dial(PHONES[first.name])
    await first.sees_state("established")
    await first.do("hold")
    await first.do("retrieve")
    await office.lab.hears((caller.name, first.name), (first.name, caller.name))
    await first.do("single-step-transfer", target=f"agent:{second.name}")
    await second.sees_state("established")
    await office.lab.hears((caller.name, second.name), (second.name, caller.name))
    caller.hangup()
    await caller.ended()
    await first.is_now("ready")
    await second.is_now("ready")


async def cpu_of_calls(office: Office, stack: Stack, calls: int) -> dict[str, dict[str, float]]:
    """CPU in ms for a call, of each part: as it is, and less that of the same time at rest."""
    pairs = []
    for number, names in enumerate(PAIRS):
        first, second = await office.agents(*names, behaviour=answers(LIFTS_AFTER))
        pairs.append((await office.caller(f"caller{number}", f"+3361234567{number}"), first, second))
    for caller, first, second in pairs:
        await one_call(office, caller, first, second)
    idle = await used(stack)
    await asyncio.sleep(REST)
    begun = await used(stack)
    left = iter(range(calls))

    async def work(caller: Contact, first: Agent, second: Agent) -> None:
        for number in left:
            await one_call(office, caller, first, second)
            progress(number + 1, calls)

    await asyncio.gather(*(work(*pair) for pair in pairs))
    ended = await used(stack)
    seconds = ended.at - begun.at
    at_rest = {part: spent / (begun.at - idle.at) for part, spent in begun.since(idle).items()}
    found = {}
    for part, spent in ended.since(begun).items():
        found[part] = {
            "total": round(spent / calls, 2),
            "net": round((spent - at_rest[part] * seconds) / calls, 2),
            "rest_ms_per_s": round(at_rest[part], 2),
        }
    found["run"] = {"calls": calls, "seconds": round(seconds, 1)}
    return found


async def fifty_up(office: Office, stack: Stack) -> tuple[dict[str, float], dict[str, float]]:
    """(memory, CPU in ms of a second of talk of one call) with so many calls of two parties, audio both ways."""
    alice = office.people["alice"]
    # Two people with fifty calls each: a lab has no more tones.
    inside = await office.caller("inside", "+33620000001")
    outside = await office.caller("outside", "+33630000001", behaviour=answers(LIFTS_AFTER))
    for number in range(CALLS_UP):
        inside.dial(PHONES["alice"])
        await alice.sees_state("established")
        await alice.do("single-step-transfer", target=f"number:{outside.user}")
        await alice.sees_state("released")
        await alice.is_now("ready")
        progress(number + 1, CALLS_UP)
    await outside.hears("inside")
    await inside.hears("outside")
    async with aiohttp.ClientSession() as session:
        headers = {"Authorization": f"Bearer {await stack.login(session, 'admin')}"}
        async with session.get(f"{stack.api}/v1/admin/calls", headers=headers) as response:
            up = len((await response.json())["calls"])
        async with session.post(f"{stack.api}/v1/logout", headers=headers):
            pass
    assert up == CALLS_UP, f"{up} calls are up"
    begun = await used(stack)
    await asyncio.sleep(REST)
    ended = await used(stack)
    seconds = (ended.at - begun.at) * CALLS_UP
    return await memory(stack), {part: spent / seconds for part, spent in ended.since(begun).items()}


def shares(cpu: dict[str, dict[str, float]], talking: dict[str, float], talk: float) -> dict[str, float]:
    """The controller's part of Asterisk's CPU, and the seconds of talk from which on it is below the goal."""
    ours, theirs = cpu["controller"]["net"], cpu["asterisk"]["net"]
    with_talk = (ours + talk * talking["controller"]) / (theirs + talk * talking["asterisk"])
    enough = (ours - GOAL * theirs) / (GOAL * talking["asterisk"] - talking["controller"])
    return {"signalling": round(ours / theirs, 3), "with_talk": round(with_talk, 3), "enough": round(enough, 1)}


def show(cpu: dict[str, dict[str, float]], talking: dict[str, float], share: dict[str, float], talk: float) -> None:
    """For people."""
    print(f"CPU of a call, mean of {cpu['run']['calls']:.0f}      signalling   a second of talk       at rest")
    for part in PARTS:
        mine = cpu[part]
        print(f"  {part:<12} {mine['net']:26.1f} ms {talking[part]:15.2f} ms {mine['rest_ms_per_s'] / 10:11.2f} %")
    verdict = "met" if share["signalling"] <= GOAL else "MISSED"
    print(f"controller / Asterisk: {share['signalling']:.3f}, goal {GOAL:.3f}: {verdict}")
    print(f"  computed with {talk:g} s of talk: {share['with_talk']:.3f}; at the goal from {share['enough']:.1f} s on")


async def run(stack: Stack, calls: int, talk: float, start: bool, file: Path | None) -> None:
    started = await start_anew(stack) if start else None
    began = load()
    at_rest = await memory(stack)
    lab = Lab(stack.asterisk, bind=stack.bind, carrier=stack.carrier)
    office = Office(lab, stack, {})
    try:
        cpu = await cpu_of_calls(office, stack, calls)
        busy, talking = await fifty_up(office, stack)
    finally:
        await office.close()
    after = await memory(stack)
    share = shares(cpu, talking, talk)
    show(cpu, talking, share, talk)
    print(f"memory (MB)   at rest      {CALLS_UP} calls up      afterwards")
    for part in PARTS:
        print(f"  {part:<12} {at_rest[part]:7.1f} {busy[part]:14.1f} {after[part]:15.1f}")
    sizes = await images(stack)
    print("images: " + ", ".join(f"{name} {size} MB" for name, size in sizes.items()))
    if started is not None:
        print(f"from the images to /readyz: {started:.1f} s, goal {START_GOAL:.0f} s")
    result = {
        "load_before": began,
        "cpu_ms_per_call": cpu,
        "talk_ms_per_second": {part: round(spent, 3) for part, spent in talking.items()},
        "talk_seconds": talk,
        "ratio": share,
        "goal": round(GOAL, 3),
        "memory_mb": {"at_rest": at_rest, f"{CALLS_UP}_calls_up": busy, "afterwards": after},
        "images_mb": sizes,
        "start_seconds": None if started is None else round(started, 2),
    }
    tell("cpu", result, file)


def main() -> None:
    arguments = parser(__doc__, 60)
    arguments.add_argument("--start", action="store_true", help="stop and start everything first, timed")
    arguments.add_argument("--talk", type=float, default=60.0, help="seconds of talk for the computed ratio")
    given = arguments.parse_args()
    asyncio.run(run(Stack.from_environment(), given.rounds, given.talk, given.start, given.json))


if __name__ == "__main__":
    main()
