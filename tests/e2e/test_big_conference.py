"""A conference of more than twenty, in which everybody is heard by everybody, and each is treated separately."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable

import pytest
import pytest_asyncio

from tests.bots import Lab, answers, everyone
from tests.bots.lab import Pair
from tests.e2e import crowd
from tests.e2e.office import Agent, Office, Refused
from tests.e2e.stack import Stack

OWNER, *OTHERS = (*crowd.CROWD, crowd.RESTED)
MUTED, DEAF, HELD, ALL_OF_IT, REMOVED, GONE = OTHERS[:6]
WITHIN = 10.0


@pytest_asyncio.fixture(loop_scope="session")
async def hall(stack: Stack) -> AsyncIterator[Office]:
    """An office whose bots speak so softly that all voices of a big conference can be distinguished at once."""
    office = Office(Lab(stack.asterisk, bind=stack.bind, carrier=stack.carrier, voices=crowd.MAX_PARTIES), stack, {})
    try:
        yield office
    finally:
        await office.close()


async def hears(office: Office, heard: set[Pair]) -> None:
    """Exactly these hear each other among all, for half a second."""
    await office.lab.exactly(heard, among=office.lab.bots, within=WITHIN, stable=0.5)


def without(heard: set[Pair], *, voices: Iterable[str] = (), ears: Iterable[str] = ()) -> set[Pair]:
    """As those pairs, but for who is heard by nobody (`voices`), and who hears nobody (`ears`)."""
    mute, deaf = set(voices), set(ears)
    return {(hearer, voice) for hearer, voice in heard if hearer not in deaf and voice not in mute}


async def big_conference(office: Office) -> list[Agent]:
    """The caller, the owner, and one after the other everybody else, until no more may join."""
    owner = await office.agent(OWNER)
    others = [await office.agent(name, behaviour=answers()) for name in OTHERS]
    await office.connect(await office.caller(), owner)
    for other in others:
        await owner.do("single-step-conference", target=f"agent:{other.name}")
        await other.sees_state("established")
    return [owner, *others]


async def test_more_than_twenty_hear_each_other_and_each_is_treated_separately_s29_s31_s33_s34(hall: Office) -> None:
    owner, *_ = await big_conference(hall)
    assert len(hall.lab.bots) == crowd.MAX_PARTIES > 20
    whole = everyone(*hall.lab.bots)
    await hears(hall, whole)

    for who, verbs in {
        MUTED: ["mute"],
        DEAF: ["deafen"],
        HELD: ["hold"],
        ALL_OF_IT: ["mute", "deafen", "hold"],
    }.items():
        for verb in verbs:
            await owner.to(who, verb)
    some = without(whole, voices=(MUTED, HELD, ALL_OF_IT), ears=(DEAF, HELD, ALL_OF_IT))
    await hears(hall, some)
    for who in (HELD, ALL_OF_IT):
        await hall.people[who].phone.hears_music()

    await owner.to(HELD, "retrieve")
    await owner.to(ALL_OF_IT, "retrieve")
    await hears(hall, without(whole, voices=(MUTED, ALL_OF_IT), ears=(DEAF, ALL_OF_IT)))
    await owner.to(ALL_OF_IT, "undeafen")
    await owner.to(MUTED, "unmute")
    await owner.to(REMOVED, "remove")
    await hall.people[REMOVED].phone.ended()
    left = without(whole, voices=[REMOVED], ears=[REMOVED])
    await hears(hall, without(left, voices=[ALL_OF_IT], ears=[DEAF]))
    await owner.to(ALL_OF_IT, "unmute")
    await owner.to(DEAF, "undeafen")
    await hears(hall, left)


async def test_more_than_twenty_talk_on_when_the_owner_leaves_until_one_of_them_ends_it_s37_s38(hall: Office) -> None:
    owner, *others = await big_conference(hall)
    await hears(hall, everyone(*hall.lab.bots))
    hall.people[GONE].phone.hangup()
    await owner.do("release")
    await owner.phone.ended()
    left = set(hall.lab.bots) - {OWNER, GONE}
    await hears(hall, everyone(*left))
    heir = hall.people[
        (await hall.people[MUTED].sees(lambda call: call["owner"] != OWNER, "sees who owns it"))["owner"]
    ]
    assert heir.name in left
    await heir.do("clear")
    for name in left:
        await hall.lab[name].ended()
    for agent in others:
        await agent.is_now("wrap_up" if agent.name == crowd.RESTED else "ready")


async def test_no_more_join_than_the_administrator_allows_s34(hall: Office) -> None:
    owner, *_ = await big_conference(hall)
    late = await hall.agent("alice", behaviour=answers())
    call = await owner.command("GET", f"/v1/calls/{owner.call_id}")
    assert len(call["parties"]) == crowd.MAX_PARTIES
    assert "single_step_conference" not in call["actions"]
    with pytest.raises(Refused) as refused:
        await owner.do("single-step-conference", target="agent:alice")
    assert (refused.value.status, refused.value.code) == (409, "not_allowed_now")
    assert late.phone.calls == []
    whole = set(hall.lab.bots) - {"alice"}
    await hears(hall, everyone(*whole))

    await owner.to(REMOVED, "remove")
    await owner.sees(lambda call: "single_step_conference" in call["actions"], "may confer again")
    await owner.do("single-step-conference", target="agent:alice")
    await hears(hall, everyone(*(whole - {REMOVED}), "alice"))
