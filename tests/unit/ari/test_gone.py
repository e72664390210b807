"""An Asterisk of which no process is there any more: all that it had is over, and nothing can be requested of it."""

import asyncio

from ari_app.ari.asterisk import Asterisk, AsteriskSettings
from ari_app.ari.link import Pace
from ari_app.calls.model import Identity
from ari_app.calls.stimuli import AsteriskFact, AsteriskReconciled, LegIdentified, LinkLost

NOWHERE = "http://127.0.78.250:9"


async def test_that_it_is_gone_is_that_it_has_nothing_and_is_away() -> None:
    facts: asyncio.Queue[AsteriskFact] = asyncio.Queue()
    pace = Pace(first_delay=0.0, last_delay=0.0, gone_after=0.0)
    asterisk = Asterisk(AsteriskSettings(NOWHERE, "user", "secret", pace=pace), facts.put_nowait)
    asterisk.start()
    async with asyncio.timeout(5):
        assert [await facts.get(), await facts.get()] == [AsteriskReconciled((), ()), LinkLost()]
    await asterisk.stop()
    assert facts.empty()


async def test_after_all_facts_of_an_event_it_is_said_that_there_are_no_more_of_it() -> None:
    heard: list[object] = []
    asterisk = Asterisk(
        AsteriskSettings(NOWHERE, "user", "secret"), heard.append, on_facts=lambda: heard.append("all of it")
    )
    channel = {"id": "in1", "name": "PJSIP/carrier-1", "state": "Up", "caller": {"name": "", "number": ""}}
    asterisk.link_event({"type": "StasisStart", "channel": channel, "args": ["agent", "alice"]})
    assert [type(each).__name__ for each in heard[:-1]] == ["ChannelArrived"]
    assert heard[-1] == "all of it"
    await asterisk.stop()


async def test_who_somebody_is_now_comes_after_asterisk_has_passed_it_on_and_not_after_a_reconciliation() -> None:
    heard: asyncio.Queue[AsteriskFact] = asyncio.Queue()
    asterisk = Asterisk(AsteriskSettings(NOWHERE, "user", "secret"), heard.put_nowait)
    channel = {"id": "in1", "name": "PJSIP/carrier-1", "state": "Up", "caller": {"name": "", "number": ""}}
    asterisk.link_event({"type": "StasisStart", "channel": channel, "args": ["agent", "alice"]})
    assert type(heard.get_nowait()).__name__ == "ChannelArrived"
    for name in ("Yann", "Odile"):
        now = {**channel, "caller": {"name": name, "number": "1"}}
        asterisk.link_event({"type": "ChannelCallerId", "channel": now})
    assert heard.empty()
    async with asyncio.timeout(5):
        assert [await heard.get(), await heard.get()] == [
            LegIdentified("in1", Identity("Yann", "1")),
            LegIdentified("in1", Identity("Odile", "1")),
        ]
    asterisk.link_event({"type": "ChannelCallerId", "channel": channel})
    asterisk.link_down(fenced=False)
    assert heard.get_nowait() == LinkLost()
    asterisk.link_event({"type": "ChannelCallerId", "channel": {**channel, "caller": {"name": "Zoé", "number": "1"}}})
    async with asyncio.timeout(5):
        assert await heard.get() == LegIdentified("in1", Identity("Zoé", "1"))
    await asterisk.stop()
