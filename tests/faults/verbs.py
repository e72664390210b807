"""What somebody does in the moment in which a controller dies, and what must have become of it when one leads again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tests.bots import Contact, DeadlineMissed, Pair, Sound
from tests.e2e.crowd import QUEUE
from tests.faults.people import Answer, People, Talk, said

_WITHIN = 10.0


@dataclass(frozen=True)
class Stage:
    """A call in which something is done; `spare` is the agent whom it may reach, `other` who calls meanwhile."""

    people: People
    talk: Talk
    spare: str
    other: Contact


type Act = Callable[[Stage], Awaitable[list[Answer]]]
type Check = Callable[[Stage], Awaitable[None]]


async def _mute(stage: Stage) -> list[Answer]:
    _, call = await stage.talk.desktop.request("GET", f"/v1/calls/{stage.talk.call}")
    (contact,) = (party["id"] for party in call["parties"] if party["role"] == "contact")
    return await stage.talk.do(f"parties/{contact}/mute")


async def _hold(stage: Stage) -> list[Answer]:
    return await stage.talk.do("hold")


async def _transfer(stage: Stage) -> list[Answer]:
    return await stage.talk.do("single-step-transfer", target=f"agent:{stage.spare}")


async def _transfer_outside(stage: Stage) -> list[Answer]:
    return await stage.talk.do("single-step-transfer", target=f"number:{stage.other.user}")


async def _conference(stage: Stage) -> list[Answer]:
    return await stage.talk.do("single-step-conference", target=f"agent:{stage.spare}")


async def _consult(stage: Stage) -> list[Answer]:
    return await stage.talk.do("initiate-transfer", target=f"agent:{stage.spare}")


async def _release(stage: Stage) -> list[Answer]:
    return await stage.talk.do("release")


async def _caller_leaves(stage: Stage) -> list[Answer]:
    stage.talk.caller.hangup()
    return [(200, {})]


async def _caller_comes(stage: Stage) -> list[Answer]:
    stage.other.dial(QUEUE)
    return [(200, {})]


async def _hear(stage: Stage, *pairs: Pair) -> None:
    """Exactly these, among all of this stage."""
    among = {stage.talk.caller.name, stage.talk.agent.name, stage.spare, stage.other.name}
    await stage.people.lab.exactly(pairs, among=among, within=_WITHIN)


def _both(one: str, other: str) -> list[Pair]:
    return [(one, other), (other, one)]


async def _hears_music(stage: Stage) -> None:
    caller = stage.talk.caller
    await stage.people.lab.board.until(
        lambda: caller.timeline.now.sound is Sound.MUSIC,
        within=_WITHIN,
        otherwise=lambda: f"{caller.name} hears {caller.timeline.now} in place of music",
    )


async def _is_held(stage: Stage) -> None:
    await _hears_music(stage)
    await _hear(stage)


async def _is_muted(stage: Stage) -> None:
    await _hear(stage, (stage.talk.caller.name, stage.talk.agent.name))


async def _is_transferred(stage: Stage) -> None:
    await _hear(stage, *_both(stage.talk.caller.name, stage.spare))


async def _is_outside(stage: Stage) -> None:
    await _hear(stage, *_both(stage.talk.caller.name, stage.other.name))


async def _is_conference(stage: Stage) -> None:
    caller, agent = stage.talk.caller.name, stage.talk.agent.name
    await _hear(stage, *_both(caller, agent), *_both(caller, stage.spare), *_both(agent, stage.spare))


async def _is_consulted(stage: Stage) -> None:
    await _hears_music(stage)
    await _hear(stage, *_both(stage.talk.agent.name, stage.spare))


async def _is_over(stage: Stage) -> None:
    talk = stage.talk
    await stage.people.lab.board.until(
        lambda: not talk.caller.live and not talk.agent.live,
        within=_WITHIN,
        otherwise=lambda: f"the call of {talk.caller.name} and {talk.agent.name} is not over",
    )


async def _is_served(stage: Stage) -> None:
    await _hear(stage, *stage.talk.pairs, *_both(stage.other.name, stage.spare))


OUTSIDE = "transfer to a number outside"
VERBS: dict[str, tuple[Act, Check]] = {
    "hold": (_hold, _is_held),
    "mute": (_mute, _is_muted),
    "transfer": (_transfer, _is_transferred),
    OUTSIDE: (_transfer_outside, _is_outside),
    "conference": (_conference, _is_conference),
    "consultation": (_consult, _is_consulted),
    "release": (_release, _is_over),
    "hang-up": (_caller_leaves, _is_over),
    "arrival": (_caller_comes, _is_served),
}


async def what_became_of(verb: str, answers: list[Answer], stage: Stage) -> str:
    """Empty where it was done, and done so as it was answered; else what is wrong."""
    try:
        await VERBS[verb][1](stage)
    except DeadlineMissed as missed:
        return f"{verb} was answered {said(answers)}, and is not so: {' '.join(str(missed).splitlines()[:3])}"
    return "" if answers[-1][0] < 300 else f"{verb} was done, and answered {said(answers)}"
