"""Groups, queues and skills beyond the demo's: who is rung, who is served first, and where a caller goes next."""

from __future__ import annotations

from datetime import datetime

from tests.bots import Contact, everyone
from tests.bots.call import Call
from tests.e2e import crowd
from tests.e2e.office import Agent, Office

FIRST, SECOND, THIRD = "+33600000001", "+33600000002", "+33600000003"
DATA = {"order": "4711", "vip": "yes"}


async def waits(office: Office, name: str, number: str, dialled: str) -> Contact:
    """A caller who hears music."""
    caller = await office.caller(name, number)
    caller.dial(dialled)
    await caller.hears_music(within=8)
    return caller


async def serves(agent: Agent, caller: Contact) -> Call:
    """The next call of this agent is that caller's: they talk, and the agent releases it."""
    call = await agent.phone.rings(within=10)
    assert call.display.number == caller.number
    call.answer()
    await agent.phone.hears(caller.name)
    await caller.hears(agent.name)
    await agent.sees_state("established")
    await agent.do("release")
    await caller.ended()
    await agent.phone.ended(call)
    return call


def at(agent: Agent) -> float:
    """Since when the agent's state is what it is, in seconds."""
    return datetime.fromisoformat(agent.me["since"]).timestamp()


async def available(agent: Agent, target: str) -> int:
    return int((await agent.command("GET", f"/v1/targets/{target}"))["available"])


async def test_a_group_rings_all_at_once_and_the_first_who_answers_has_the_call(office: Office) -> None:
    one, two, three = await office.agents(*crowd.TOGETHER)
    first = await office.caller("first", FIRST)
    first.dial(crowd.GROUP_TOGETHER)
    rung = [await agent.phone.rings() for agent in (one, two, three)]
    for agent in (one, two, three):
        await agent.is_now("ringing")
    assert [call.display.number for call in rung] == [FIRST] * 3, "a phone shows who else is rung"
    assert await available(one, "group:together") == 0
    await two.phone.answer()
    await office.hears("first <-> crowd02")
    for agent, call in ((one, rung[0]), (three, rung[2])):
        await agent.phone.stops_ringing()
        assert call.answered_elsewhere, "the phone shows a missed call"
        await agent.is_now("ready")
    await two.is_now("on_call")
    assert await available(one, "group:together") == 2

    second = await office.caller("second", SECOND)
    second.dial(crowd.GROUP_TOGETHER)
    for agent in (one, three):
        assert (await agent.phone.rings()).display.number == SECOND
    assert two.phone.ringing is None
    await one.phone.answer()  # of two, not of three: Asterisk mixes two in another way
    await office.hears("first <-> crowd02", "second <-> crowd01")
    await three.phone.stops_ringing()
    await three.is_now("ready")


async def test_in_a_group_that_rings_all_one_who_declines_leaves_the_others_ringing(office: Office) -> None:
    one, two, three = await office.agents(*crowd.TOGETHER)
    caller = await office.caller()
    caller.dial(crowd.GROUP_TOGETHER)
    for agent in (one, two, three):
        await agent.phone.rings()
    await two.phone.decline()
    await two.is_now("ready")
    for agent in (one, three):
        assert (await agent.phone.rings()).display.number == caller.number
    await three.phone.answer()
    await office.hears("caller <-> crowd03")
    await one.phone.stops_ringing()


async def test_a_caller_who_gives_up_stops_all_phones_and_leaves_nobody_reserved(office: Office) -> None:
    agents = await office.agents(*crowd.TOGETHER)
    caller = await office.caller()
    caller.dial(crowd.GROUP_TOGETHER)
    for agent in agents:
        await agent.phone.rings()
    caller.hangup()
    for agent in agents:
        await agent.phone.stops_ringing()
        await agent.is_now("ready")
    assert await available(agents[0], "group:together") == 3


async def rings_alone(agent: Agent, *others: Agent) -> Call:
    """Their phone rings, and none of the others'."""
    call = await agent.phone.rings(within=20)
    assert [other.name for other in others if other.phone.ringing is not None] == []
    return call


async def test_a_group_rings_in_its_order_one_after_the_other_whether_they_decline_or_let_it_ring(
    office: Office,
) -> None:
    third, second, first = await office.agents(*reversed(crowd.IN_ORDER))  # who is idle longest comes last
    caller = await office.caller()
    caller.dial(crowd.GROUP_IN_ORDER)
    declined = await rings_alone(first, second, third)
    await first.phone.decline()
    ignored = await rings_alone(second, first, third)
    await rings_alone(third, first, second)
    assert (len(first.phone.calls), len(second.phone.calls), len(third.phone.calls)) == (1, 1, 1)
    assert [call.display.number for call in (declined, ignored)] == [caller.number] * 2
    await third.phone.answer()
    await office.hears("caller <-> crowd16")
    await first.is_now("ready")
    await second.is_now("not_ready")
    assert second.me["reason"] == "no_answer"
    caller.never_in_silence(longer_than=2)


async def test_a_transfer_to_a_group_that_rings_in_order_goes_from_one_to_the_next_s12_s14(office: Office) -> None:
    initiator, third, second, first = await office.agents("crowd01", *reversed(crowd.IN_ORDER))
    caller = await office.caller()
    await office.connect(caller, initiator)
    await initiator.do("single-step-transfer", target="group:front")
    await rings_alone(first, second, third)
    await first.phone.decline()
    await rings_alone(second, first, third)
    await initiator.sees(lambda call: call["offer"]["ringing"] == ["crowd14"], "sees who is rung")
    await second.phone.decline()
    await rings_alone(third, first, second)
    await third.phone.decline()
    await initiator.sees_offer("declined")
    await caller.hears_music()
    await initiator.do("retrieve")
    await office.hears("caller <-> crowd01")
    await initiator.do("single-step-transfer", target="group:front")
    await first.phone.answer()
    await office.hears("caller <-> crowd15")
    assert (len(second.phone.calls), len(third.phone.calls)) == (1, 1)


async def test_after_a_call_an_agent_rests_as_long_as_their_group_says_and_then_has_the_next(office: Office) -> None:
    rested = await office.agent(crowd.RESTED)
    first = await office.caller("first", FIRST)
    first.dial(crowd.GROUP_REST)
    await rested.phone.rings()
    second = await waits(office, "second", SECOND, crowd.GROUP_REST)
    await serves(rested, first)
    await rested.is_now("wrap_up")
    began = at(rested)
    assert rested.phone.ringing is None
    await second.hears_music()
    assert (await rested.phone.rings()).display.number == SECOND
    await rested.is_now("ringing")
    assert at(rested) - began >= 2.0, "they were offered a call while they rested"
    await serves(rested, second)
    await rested.is_now("wrap_up")
    await rested.command("PUT", "/v1/me/state", {"state": "ready"})  # they may end their rest themselves
    await rested.is_now("ready")


async def test_who_is_urgent_is_served_before_those_who_wait_longer(office: Office) -> None:
    first = await waits(office, "first", FIRST, crowd.QUEUE)
    second = await waits(office, "second", SECOND, crowd.QUEUE)
    urgent = await waits(office, "urgent", THIRD, crowd.QUEUE_URGENT)
    agent = await office.agent(crowd.CROWD[0])
    for caller in (urgent, first, second):
        await serves(agent, caller)


async def test_when_the_line_is_full_the_next_goes_to_the_overflow_target_at_once(office: Office) -> None:
    """They are offered to the other group before the two who wait: they follow when they have waited long enough."""
    first = await waits(office, "first", FIRST, crowd.QUEUE_SHORT)
    second = await office.caller("second", SECOND)
    second.dial(crowd.QUEUE_SHORT)
    third = await office.caller("third", THIRD)
    await second.talks()
    agent = await office.agent(crowd.TOGETHER[0])
    third.dial(crowd.QUEUE_SHORT)
    await serves(agent, third)
    await serves(agent, first)
    await serves(agent, second)


async def test_who_has_waited_long_enough_goes_to_the_overflow_target_and_never_back(office: Office) -> None:
    agent = await office.agent(crowd.TOGETHER[0])
    caller = await waits(office, "first", FIRST, crowd.QUEUE_SHORT)
    assert agent.phone.calls == []
    call = await agent.phone.rings(within=8)
    assert call.display.number == FIRST
    await agent.sees(lambda call: call["offer"]["target"] == "group:together", "sees where the caller went")
    rested = await office.agent(crowd.RESTED)
    await serves(agent, caller)
    assert rested.phone.calls == []


async def test_the_best_of_a_skill_is_rung_first_and_of_two_as_good_the_longest_idle(office: Office) -> None:
    one, three, five, other = await office.agents("crowd08", "crowd07", "crowd06", "crowd05")
    callers = [await office.caller(f"caller{n}", f"+3361000000{n}") for n in range(4)]
    for caller, agent in zip(callers, (five, other, three, one), strict=True):
        caller.dial(crowd.SKILL)
        assert (await agent.phone.rings()).display.number == caller.number
    assert await available(one, "skill:tools") == 0
    for agent in (one, three, five, other):
        assert len(agent.phone.calls) == 1


async def test_a_level_that_is_requested_is_never_gone_below(office: Office) -> None:
    one, three, colleague = await office.agents("crowd08", "crowd07", "crowd01")
    assert await available(one, "skill:tools>=3") == 1
    assert await available(one, "skill:tools") == 2
    first = await office.caller("first", FIRST)
    first.dial(crowd.SKILL_3)
    assert (await three.phone.rings()).display.number == FIRST
    second = await waits(office, "second", SECOND, crowd.SKILL_3)
    assert await colleague_is_refused(colleague, "skill:tools>=3")
    await colleague.dials("skill:tools")
    await one.phone.answer()
    await office.hears("crowd01 <-> crowd08")
    await one.do("release")
    await one.is_now("ready")
    await serves(three, first)
    await serves(three, second)
    assert len(one.phone.calls) == 1, "they are not good enough for those two"


async def colleague_is_refused(agent: Agent, target: str) -> bool:
    """Whether nobody can be had for that."""
    status, problem = await agent.request("POST", "/v1/calls", {"target": target})
    return status == 409 and problem["code"] == "no_agent_available"


async def test_what_the_dialplan_attaches_follows_the_call_to_everybody_in_it_s8(office: Office) -> None:
    one, two, three = await office.agents("crowd11", "crowd12", "crowd13")
    admin = await office.desk("admin")
    caller = await office.caller()
    caller.dial(crowd.GROUP_WITH_DATA)
    await one.phone.rings()
    await one.sees(lambda call: call["user_data"] == DATA, "sees the data while it rings")
    await one.phone.answer()
    await office.hears("caller <-> crowd11")

    await one.do("single-step-transfer", target="agent:crowd12")
    await two.phone.answer()
    await office.hears("caller <-> crowd12")
    call = await two.sees(lambda call: call["user_data"] == DATA, "sees the data of the call transferred to them")
    (story,) = (await admin.command("GET", "/v1/admin/calls"))["calls"]
    assert (story["id"], story["user_data"]) == (call["id"], DATA)

    await two.do("single-step-conference", target="agent:crowd13", user_data={"note": "angry"})
    await three.phone.answer()
    among = ("caller", "crowd12", "crowd13")
    await office.lab.exactly(everyone(*among), among=office.lab.bots)
    for agent in (two, three):
        await agent.sees(lambda call: call["user_data"] == {**DATA, "note": "angry"}, "sees what was added")
    await two.do("release")
    await office.hears("caller <-> crowd13")
    await three.sees(lambda call: call["user_data"] == {**DATA, "note": "angry"}, "still sees it")


async def test_who_becomes_available_gets_the_best_of_all_who_wait_for_them(office: Office) -> None:
    """They serve a queue, a group and a skill: the urgent one first, then who has waited longest, wherever they wait.

    From the request to the INVITE at their phone it took 11 to 25 ms, 16 at the median of 30, on two shared cores.
    """
    first = await waits(office, "first", FIRST, crowd.SKILL)
    second = await waits(office, "second", SECOND, crowd.QUEUE)
    urgent = await waits(office, "urgent", THIRD, crowd.QUEUE_URGENT)
    agent = await office.agent("crowd05", ready=False)
    assert agent.phone.calls == []
    await agent.command("PUT", "/v1/me/state", {"state": "ready"})
    for caller in (urgent, first, second):
        await serves(agent, caller)
    await agent.is_now("ready")
