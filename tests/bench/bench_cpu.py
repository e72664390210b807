"""The controller's CPU for a call against Asterisk's, by signalling and by talk; memory of 50 calls; sizes of the
images.

    docker/bench cpu     or, with the CC_* of `tests/e2e/stack.py`:     python -m tests.bench.bench_cpu

A call: a caller reaches an agent, is put on hold, retrieved, transferred to a second agent, and hangs up. Two pairs
of agents work at once. CPU is user and system time of process 1 of either container, less what the same time costs at
rest; it is compared block by block (a tenth of the calls each). Then 50 callers are transferred to a number outside
and stay, for what a second of talk costs.

The ratio that is judged is that of such calls, all signalling and hardly any talk. Beside it stands the ratio of a
call with `--talk` seconds of talk, computed from the two.
"""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import docker
from docker.models.images import Image

from tests.bench.figures import Figure, Value, load, parser, progress, table, tell
from tests.bench.ownfiles import CENTRE, FILES, WITHOUT_LIMITS, with_more
from tests.bench.parts import PARTS, memory, used
from tests.bots import Contact, Lab, answers
from tests.e2e.containers import ask_docker
from tests.e2e.crowd import with_entries
from tests.e2e.office import PHONES, Agent, Office
from tests.e2e.stack import Stack

GOAL = 0.75
CALLS_UP = 50
BLOCKS = 10
REST = 5.0
# Not Erin: a supervisor sees everybody's calls.
PAIRS = (("alice", "bob"), ("carol", "dave"))
# At once, the answer to a transfer would come after the event of its end, and be taken for newer.
LIFTS_AFTER = 0.1

type Cpu = dict[str, list[float]]
"""Of each part in each block: ms for a call, less what the same time costs at rest."""


async def images(stack: Stack) -> dict[str, int]:
    """Megabytes of the images in use."""

    def look(client: docker.DockerClient) -> dict[str, Image | None]:
        found = {part: client.containers.get(f"{stack.project}-{part}").image for part in ("asterisk", "controller")}
        found["bots"] = next(iter(client.images.list("callcontrol-bots")), None)
        return found

    found = await ask_docker(look)
    return {part: image.attrs["Size"] // 1_000_000 for part, image in found.items() if image is not None}


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


async def cpu_of_calls(office: Office, stack: Stack, calls: int) -> tuple[Cpu, dict[str, float]]:
    """What a call costs, block by block; and ms of a second at rest."""
    pairs = []
    for number, names in enumerate(PAIRS):
        first, second = await office.agents(*names, behaviour=answers(LIFTS_AFTER))
        pairs.append((await office.caller(f"caller{number}", f"+3361234567{number}"), first, second))
    for pair in pairs:
        await one_call(office, *pair)
    idle = await used(stack)
    await asyncio.sleep(REST)
    before = await used(stack)
    at_rest = {part: spent / (before.at - idle.at) for part, spent in before.since(idle).items()}
    found: Cpu = {part: [] for part in PARTS}
    each = max(1, calls // BLOCKS)
    for block in range(BLOCKS):
        left = iter(range(each))
        await asyncio.gather(*(_work(office, pair, left) for pair in pairs))
        now = await used(stack)
        for part, spent in now.since(before).items():
            found[part].append((spent - at_rest[part] * (now.at - before.at)) / each)
        before = now
        progress((block + 1) * each, BLOCKS * each)
    return found, at_rest


async def _work(office: Office, pair: tuple[Contact, Agent, Agent], left: Iterator[int]) -> None:
    for _ in left:
        await one_call(office, *pair)


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


def figures(cpu: Cpu, talking: dict[str, float], talk: float) -> list[Figure]:
    """The controller's part of Asterisk's CPU."""

    def with_talk(part: str) -> list[float]:
        return [spent + talk * talking[part] for spent in cpu[part]]

    return [
        Figure("CPU of a call, signalling", "Asterisk", GOAL, ours=cpu["controller"], baseline=cpu["asterisk"]),
        Figure(
            f"CPU of a call with {talk:g} s of talk", "Asterisk",
            ours=with_talk("controller"), baseline=with_talk("asterisk"),
        ),
    ]  # fmt: skip


async def run(stack: Stack, calls: int, talk: float, file: Path | None) -> None:
    began = load()
    at_rest = await memory(stack)
    lab = Lab(stack.asterisk, bind=stack.bind, carrier=stack.carrier)
    office = Office(lab, stack, {})
    centre = with_entries((FILES / CENTRE).read_text(), WITHOUT_LIMITS)
    async with with_more(stack, {CENTRE: centre}, reads=(), forgets=()):
        try:
            cpu, resting = await cpu_of_calls(office, stack, calls)
            busy, talking = await fifty_up(office, stack)
        finally:
            await office.close()
    after = await memory(stack)
    made = figures(cpu, talking, talk)
    print(table(made))
    print("            a second of talk    at rest   MB at rest  50 calls up  afterwards")
    for part in PARTS:
        sizes = "".join(f"{found[part] / 1024:12.1f}" for found in (at_rest, busy, after))
        print(f"  {part:<12}{talking[part]:12.2f} ms {resting[part] / 10:8.2f} % {sizes}")
    sizes_of = await images(stack)
    print("images: " + ", ".join(f"{name} {size} MB" for name, size in sizes_of.items()))
    values = [
        *(Value(f"CPU of a second of talk, {part}", talking[part], "ms") for part in PARTS),
        *(Value(f"at rest, {part}", resting[part] / 10, "% of a core") for part in PARTS),
        *(Value(f"image, {name}", size, "MB") for name, size in sizes_of.items()),
    ]
    tell("cpu", file, began=began, figures=made, values=values)


def main() -> None:
    arguments = parser(__doc__, 60)
    arguments.add_argument("--talk", type=float, default=60.0, help="seconds of talk for the computed ratio")
    given = arguments.parse_args()
    asyncio.run(run(Stack.from_environment(), given.rounds, given.talk, given.json))


if __name__ == "__main__":
    main()
