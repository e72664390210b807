"""What administrators bring: a dialplan that names what is not there, limits, prompts of their own, faulty files."""

from __future__ import annotations

import json
from typing import Any

import aiohttp

from tests.bots import answers
from tests.bots.recital import recited
from tests.e2e import crowd
from tests.e2e.containers import with_container
from tests.e2e.office import CALLER_NUMBER, Office
from tests.e2e.prompts import prompts
from tests.e2e.stack import Stack


async def logged(stack: Stack, event: str) -> list[dict[str, Any]]:
    """The controller's log lines of this name."""
    text = await with_container(f"{stack.project}-controller", lambda container: container.logs().decode())
    lines = (json.loads(line) for line in text.splitlines() if f'"{event}"' in line)
    return [line for line in lines if line["event"] == event]


async def figure(stack: Stack, name: str) -> float:
    """One of the figures for Prometheus; 0 where it has not been counted yet."""
    async with aiohttp.ClientSession() as session, session.get(f"{stack.api}/metrics") as response:
        text = await response.text()
    return sum(float(line.rpartition(" ")[2]) for line in text.splitlines() if line.startswith(name))


async def test_a_caller_whom_the_dialplan_hands_to_nothing_is_told_so_and_the_log_says_where(
    office: Office, stack: Stack
) -> None:
    counted = 'callcontrol_arrivals_refused_total{reason="unknown_target"}'
    before, lines = await figure(stack, counted), len(await logged(stack, "arrival_refused"))
    caller = await office.caller()
    caller.tape = bytearray()
    caller.dial(crowd.NOWHERE)
    await caller.ended(within=15)
    assert recited(bytes(caller.tape), await prompts(stack, "pbx-invalid")) == ["fr/pbx-invalid"]
    (line,) = (await logged(stack, "arrival_refused"))[lines:]
    told = {name: line[name] for name in ("level", "reason", "entry", "verb", "argument")}
    assert told == {
        "level": "warning",
        "reason": "unknown_target",
        "entry": f"from-carrier {crowd.NOWHERE}",
        "verb": "group",
        "argument": "nowhere",
    }
    assert CALLER_NUMBER not in json.dumps(line)
    assert await figure(stack, counted) == before + 1


async def test_a_third_call_by_hand_is_refused_aloud_and_the_two_others_go_on_s45(office: Office, stack: Stack) -> None:
    alice, bob, carol = await office.agents("alice", "bob", "carol")
    partner = await office.caller("partner", "+33555000111", behaviour=answers())
    lines = len(await logged(stack, "arrival_refused"))
    alice.phone.dial("1002")
    await bob.phone.answer()
    await office.hears("alice <-> bob")
    alice.phone.dial(partner.number)
    await office.hears("alice <-> partner")
    await bob.phone.hears_music(within=8)
    third = alice.phone.dial("1003")
    third.audio.tape = bytearray()
    await alice.phone.until(lambda: third.state == "ended", "its third call is released", within=15)
    told = recited(bytes(third.audio.tape), await prompts(stack, "simul-call-limit-reached"))
    assert told == ["fr/simul-call-limit-reached"]
    assert carol.phone.calls == []
    await office.hears("alice <-> partner")
    await bob.phone.hears_music(within=8)
    (line,) = (await logged(stack, "arrival_refused"))[lines:]
    assert (line["reason"], line["entry"], line["argument"]) == ("too_many_calls", "call-control dial", "")
