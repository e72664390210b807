"""Lanes at the real Asterisk: what goes over them, what becomes of it when they are lost, and what is left behind."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from urllib.parse import quote

import pytest

from ari_app.ari.figures import NoFigures
from ari_app.ari.lanes import Lane, LaneLost
from ari_app.ari.requests import Requests
from ari_app.calls.effects import (
    AnswerLeg,
    CreateBridge,
    CreateLeg,
    DialLeg,
    HangUp,
    JoinBridge,
    LeaveBridge,
    SetMute,
    ShowIdentity,
    StartMusic,
    StopMusic,
)
from ari_app.calls.model import Identity, Phone
from ari_app.calls.stimuli import EffectDone, EffectFailed, LegAnswered, LegCreated, LegGone
from ari_app.testing.asterisk import Behaviour
from tests.bots import answers
from tests.support.benches import RealBench, real_lab, real_settings
from tests.support.polling import until

LANES = 3


class Counting(NoFigures):
    def __init__(self) -> None:
        self.carried: Counter[tuple[str, bool]] = Counter()
        self.outcomes: Counter[str] = Counter()
        self.open: set[str] = set()
        self.opened = asyncio.Event()

    def request(self, kind: str, seconds: float, outcome: str, carrier: str) -> None:
        self.carried[kind, carrier != "http"] += 1
        self.outcomes[outcome] += 1

    def lane(self, number: str, *, is_open: bool) -> None:
        if is_open:
            self.open.add(number)
        else:
            self.open.discard(number)
            self.opened.clear()
        if len(self.open) == LANES:
            self.opened.set()

    async def all_open(self) -> None:
        async with asyncio.timeout(10):
            await self.opened.wait()


@pytest.fixture
def counted() -> Counting:
    return Counting()


@pytest.fixture
async def bench(counted: Counting) -> AsyncIterator[RealBench]:
    async with real_lab() as lab:
        bench = RealBench(replace(real_settings(), lanes=LANES, figures=counted), lab)
        await bench.open()
        await counted.all_open()
        yield bench
        await bench.close()


def lanes(bench: RealBench) -> list[Lane]:
    return bench.asterisk.client.http.lanes._lanes


def cut(*lanes: Lane) -> None:
    """As a network does."""
    for lane in lanes:
        assert lane._socket is not None
        lane._socket.abort()


async def applications(bench: RealBench) -> set[str]:
    listed = await bench.asterisk.client.call("applications", "list")
    return {str(each["name"]) for each in listed if str(each["name"]).startswith(bench.settings.application)}


async def test_a_call_goes_over_lanes_with_all_that_it_is_given(bench: RealBench, counted: Counting) -> None:
    bridge, leg = bench.new("b"), bench.new("leg")
    phone = await bench.lab.phone("phone", "1001", "phone-1001", behaviour=answers(0.02))
    bench.bot_of[leg] = "phone"
    await bench.done(CreateBridge(bench.number(), bridge))
    await bench.done(CreateLeg(bench.number(), leg, Phone("1001"), Identity("Zoé & + %", "+3361"), "call"))
    await bench.reported(LegCreated(leg))
    join, dial = JoinBridge(bench.number(), leg, bridge), DialLeg(bench.number(), leg)
    bench.execute(join)
    await bench.done(dial)
    await bench.reported(LegAnswered(leg))
    await phone.displays(name="Zoé & + %", number="+3361")
    await bench.done(SetMute(bench.number(), leg, True, False))
    await bench.done(LeaveBridge(bench.number(), leg, bridge))
    await bench.done(StartMusic(bench.number(), leg, "default"))
    await bench.hears_music(leg)
    await bench.done(HangUp(bench.number(), leg))
    kinds = (
        "POST bridges", "POST channels/create", "POST bridges/addChannel", "POST channels/dial", "POST channels/mute",
        "POST bridges/removeChannel", "POST channels/moh", "DELETE channels",
    )  # fmt: skip
    assert {kind: counted.carried[kind, True] for kind in kinds} == dict.fromkeys(kinds, 1)
    assert not [kind for kind in kinds if counted.carried[kind, False]]
    assert set(counted.outcomes) <= {"done"} | {"refused"}


async def test_what_follows_at_once_is_done_in_its_order(bench: RealBench) -> None:
    """Ten times over: music, out of it and in again, with the last word being that they talk."""
    a, b, bridge = await bench.conversation()
    last = 0
    for _ in range(10):
        for effect in (
            LeaveBridge(bench.number(), a, bridge),
            StartMusic(bench.number(), a, "default"),
            SetMute(bench.number(), a, True, True),
            StopMusic(bench.number(), a),
            SetMute(bench.number(), a, False, False),
            ShowIdentity(bench.number(), a, Identity("Zoé", "+33611")),
            JoinBridge(last := bench.number(), a, bridge),
        ):
            bench.execute(effect)
    await bench.reported(EffectDone(last))
    assert len([fact for fact in bench.facts if isinstance(fact, EffectDone)]) >= 70
    await bench.hears({(a, b), (b, a)}, a, b)


async def test_who_waits_for_their_own_channel_keeps_nobody_waiting(bench: RealBench) -> None:
    """A tone that never ends, and a request that waits for its end."""
    a, b, bridge = await bench.conversation()
    await bench.done(LeaveBridge(bench.number(), a, bridge))
    client = bench.asterisk.client
    await client.call("channels", "playWithId", channelId=a, playbackId=bench.new("p"), media=["tone:busy"])
    answers_never = AnswerLeg(bench.number(), a)
    bench.execute(answers_never)
    async with asyncio.timeout(2):
        for _ in range(10):
            await bench.done(SetMute(bench.number(), b, True, False))
            await bench.done(ShowIdentity(bench.number(), b, Identity("Zoé", "+33611")))
            await bench.done(SetMute(bench.number(), b, False, False))
        assert EffectDone(answers_never.number) not in bench.facts
        await bench.done(HangUp(bench.number(), a))
    await bench.reported_of(LegGone)


async def test_a_call_survives_lanes_that_are_cut_and_they_are_opened_again(
    bench: RealBench, counted: Counting
) -> None:
    a, b, bridge = await bench.conversation()
    for _ in range(5):
        await counted.all_open()
        last = 0
        for effect in (
            LeaveBridge(bench.number(), a, bridge),
            StartMusic(bench.number(), a, "default"),
            StopMusic(bench.number(), a),
            JoinBridge(last := bench.number(), a, bridge),
        ):
            bench.execute(effect)
        await asyncio.sleep(0)  # they are on their way
        cut(*lanes(bench))
        await bench.reported(EffectDone(last))
    await bench.hears({(a, b), (b, a)}, a, b)
    await counted.all_open()
    before = counted.carried["POST channels/mute", True]
    await bench.done(SetMute(bench.number(), a, True, False))
    assert counted.carried["POST channels/mute", True] == before + 1


async def test_one_lane_that_is_lost_is_opened_again_beside_the_others(bench: RealBench, counted: Counting) -> None:
    """While requests go over all of them."""
    a, b, _ = await bench.conversation()
    lost, *others = lanes(bench)
    kept = [lane._socket for lane in others]
    for _ in range(5):
        await counted.all_open()
        last = [bench.number() for _ in range(4)]
        bench.execute(SetMute(last[0], a, True, False))
        bench.execute(SetMute(last[1], b, True, False))
        bench.execute(SetMute(last[2], a, False, False))
        bench.execute(SetMute(last[3], b, False, False))
        await asyncio.sleep(0)  # they are on their way
        cut(lost)
        for number in last:
            await bench.reported(EffectDone(number))
    await bench.hears({(a, b), (b, a)}, a, b)
    await counted.all_open()
    assert [lane._socket for lane in others] == kept


async def test_of_a_lane_that_was_cut_nothing_is_done_that_asterisk_had_not_come_to(bench: RealBench) -> None:
    """It waits for a leg's own thread when who sent it gives it up, and all that was behind it."""
    a, _, bridge = await bench.conversation()
    await bench.done(LeaveBridge(bench.number(), a, bridge))
    client, lane = bench.asterisk.client, lanes(bench)[0]
    playback, device = bench.new("p"), f"Stasis:{bench.new('lane')}"
    await client.call("channels", "playWithId", channelId=a, playbackId=playback, media=["tone:busy"])
    name = f"{bench.settings.application}-lane-{lane.number}-"
    (application,) = [each for each in await applications(bench) if each.startswith(name)]
    waits = asyncio.create_task(lane.ask(None, "POST", f"channels/{a}/answer", {}, None))
    await asyncio.sleep(0)  # it is sent
    busy = {"deviceState": "BUSY"}
    behind = asyncio.create_task(lane.ask(None, "PUT", f"deviceStates/{quote(device, safe='')}", busy, None))
    await bench.done(SetMute(bench.number(), a, True, False))  # by then Asterisk is at the first
    waits.cancel()
    with pytest.raises(LaneLost):
        await behind
    await client.call("playbacks", "stop", playbackId=playback)

    async def given_up() -> bool:
        return application not in await applications(bench)

    await until(given_up, "Asterisk is done with the lane", within=10)
    found = await client.call("deviceStates", "get", deviceName=device)
    assert found["state"] != "BUSY"


async def test_a_dial_on_a_lane_that_is_lost_is_not_called_undone(bench: RealBench) -> None:
    person = await bench.person("one", Behaviour.RING)
    leg = bench.new("leg")
    await bench.done(CreateLeg(bench.number(), leg, person, Identity("Zoé", "+33611"), "call"))
    await bench.reported(LegCreated(leg))
    dial = DialLeg(bench.number(), leg)
    bench.execute(dial)
    await asyncio.sleep(0)  # it is on its way
    assert [lane.load for lane in lanes(bench)].count(1) == 1
    cut(*lanes(bench))
    failed = await bench.reported_of(EffectFailed)
    assert (failed.effect, failed.unknown) == (dial.number, True)


@pytest.mark.parametrize(("before", "after"), [(0, LANES), (LANES, 0)])
async def test_a_controller_with_lanes_takes_over_from_one_without_and_the_other_way_round(
    before: int, after: int
) -> None:
    """As in an upgrade, and where it is taken back."""
    counted = Counting()
    async with real_lab() as lab, AsyncExitStack() as opened:
        older = RealBench(replace(real_settings(), lanes=before), lab)
        opened.push_async_callback(older.close)
        await older.open()
        a, b, bridge = await older.conversation()
        newer = RealBench(replace(older.settings, lanes=after, figures=counted), lab)
        newer.bot_of = older.bot_of
        opened.push_async_callback(newer.close)
        await newer.open()
        async with asyncio.timeout(5):
            await older.fenced.wait()
        if after:
            await counted.all_open()
        await newer.done(SetMute(newer.number(), a, True, False))
        await newer.hears({(a, b)}, a, b)
        await newer.done(LeaveBridge(newer.number(), a, bridge))
        await newer.done(JoinBridge(newer.number(), a, bridge))
        await newer.done(SetMute(newer.number(), a, False, False))
        await newer.hears({(a, b), (b, a)}, a, b)
        assert counted.carried["POST bridges/addChannel", after > 0] == 1

        async def only_its_own() -> bool:
            return len(await applications(newer)) == after + 1

        await until(only_its_own, "the other's lanes are no applications", within=10)


async def test_lanes_leave_no_application_behind(bench: RealBench, counted: Counting) -> None:
    ours = bench.settings.application
    assert {name.rpartition("-")[0] for name in await applications(bench)} >= {f"{ours}-lane-{n}" for n in (1, 2, 3)}
    cut(*lanes(bench))
    await counted.all_open()

    async def only_these() -> bool:
        return len(await applications(bench)) == LANES + 1

    await until(only_these, "the lanes that were cut are no applications", within=10)
    bench.asterisk.client.http.lanes.shut()

    async def none_left() -> bool:
        return await applications(bench) == {ours}

    await until(none_left, "no lane is one", within=10)


async def test_over_lanes_as_over_http_the_same_is_refused(bench: RealBench, counted: Counting) -> None:
    over_lanes = await _refusals(bench)
    bench.asterisk.client.http.lanes.shut()
    over_http = await _refusals(bench)
    assert over_lanes == over_http
    assert len(over_lanes) == 5


async def _refusals(bench: RealBench) -> list[tuple[str, int, str]]:
    requests: Requests = bench.asterisk._requests
    found = []
    person = await bench.person("one", Behaviour.RING)
    leg = await bench.dial(person)
    for effect in (
        StartMusic(0, "nobody", "default"),
        JoinBridge(0, leg, "no-bridge"),
        JoinBridge(0, "nobody", "no-bridge"),
        SetMute(0, leg, True, False),
        ShowIdentity(0, "nobody", Identity("Zoé", "+33611")),
    ):
        try:
            await requests.perform(effect)
        except Exception as error:
            found.append((type(error).__name__, getattr(error, "status", 0), getattr(error, "message", "")))
    return found
