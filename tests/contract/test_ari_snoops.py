"""What a snoop hears, to whom it whispers and how it ends, over FakeAsterisk and over the real one."""

from ari_app.calls.effects import (
    CreateBridge,
    CreateSnoop,
    HangUp,
    JoinBridge,
    LeaveBridge,
    SetMute,
    StartSilence,
    StopSilence,
)
from ari_app.calls.stimuli import AsteriskReconciled, EffectDone, LegAnswered, LegCreated, LegGone, LinkLost
from ari_app.testing.asterisk import Behaviour
from tests.support.benches import Bench


async def _overhearing(bench: Bench, of: str, *, whisper: bool = False) -> tuple[str, str, str]:
    """A third one and a snoop on `of`, in a bridge of their own."""
    bridge, snoop = bench.new("b"), bench.new("snoop")
    await bench.done(CreateBridge(bench.number(), bridge))
    third = await bench.dial(await bench.person("third", Behaviour.ANSWER))
    await bench.reported(LegAnswered(third))
    await bench.done(JoinBridge(bench.number(), third, bridge))
    await bench.done(CreateSnoop(bench.number(), snoop, of, whisper, "call"))
    await bench.reported(LegCreated(snoop))
    await bench.done(JoinBridge(bench.number(), snoop, bridge))
    return third, snoop, bridge


async def test_through_a_snoop_one_hears_both_and_is_heard_by_nobody(bench: Bench) -> None:
    a, b, _ = await bench.conversation()
    third, snoop, bridge = await _overhearing(bench, a)
    talk = {(a, b), (b, a)}
    await bench.hears(talk | {(third, a), (third, b)}, a, b, third)
    assert bench.of_leg(snoop) == [LegCreated(snoop)]
    await bench.done(LeaveBridge(bench.number(), snoop, bridge))
    await bench.hears(talk, a, b, third)
    await bench.done(HangUp(bench.number(), snoop))
    await bench.reported(LegGone(snoop, 16))


async def test_a_whisper_is_heard_by_the_leg_that_the_snoop_is_on_alone(bench: Bench) -> None:
    a, b, _ = await bench.conversation()
    third, _, _ = await _overhearing(bench, a, whisper=True)
    await bench.hears({(a, b), (b, a), (third, a), (third, b), (a, third)}, a, b, third)


async def test_a_snoop_hears_nobody_who_is_muted_and_a_deaf_leg_no_whisper(bench: Bench) -> None:
    a, b, _ = await bench.conversation()
    third, _, _ = await _overhearing(bench, a, whisper=True)
    await bench.done(SetMute(bench.number(), a, nobody_hears=True, hears_nobody=False))
    await bench.hears({(a, b), (third, b), (a, third)}, a, b, third)
    await bench.done(SetMute(bench.number(), a, nobody_hears=False, hears_nobody=True))
    await bench.hears({(b, a), (third, a)}, a, b, third)


async def test_a_leg_that_is_sent_nothing_hears_a_whisper_only_over_silence(bench: Bench) -> None:
    a, b, bridge = await bench.conversation()
    third, _, _ = await _overhearing(bench, a, whisper=True)
    await bench.done(LeaveBridge(bench.number(), b, bridge))
    await bench.hears({(third, a)}, a, b, third)
    for _ in range(2):
        await bench.done(StartSilence(bench.number(), a))
    await bench.hears({(third, a), (a, third)}, a, b, third)
    for _ in range(2):
        await bench.done(StopSilence(bench.number(), a))
    await bench.done(JoinBridge(bench.number(), b, bridge))
    await bench.hears({(a, b), (b, a), (third, a), (third, b), (a, third)}, a, b, third)


async def test_a_snoop_stays_with_its_leg_from_bridge_to_bridge_and_goes_with_it(bench: Bench) -> None:
    a, b, _ = await bench.conversation()
    third, snoop, _ = await _overhearing(bench, a)
    other = bench.new("b")
    await bench.done(CreateBridge(bench.number(), other))
    await bench.done(JoinBridge(bench.number(), a, other))
    await bench.hears({(third, a)}, a, b, third)
    await bench.done(JoinBridge(bench.number(), b, other))
    await bench.hears({(a, b), (b, a), (third, a), (third, b)}, a, b, third)
    bench.hang_up(a)
    await bench.reported(LegGone(a, 16))
    await bench.reported(LegGone(snoop, 16))
    assert LegGone(third, 16) not in bench.facts


async def test_a_snoop_is_made_once_and_never_on_a_leg_that_is_not_there(bench: Bench) -> None:
    a, _, _ = await bench.conversation()
    snoop = bench.new("snoop")
    for _ in range(2):
        await bench.done(CreateSnoop(bench.number(), snoop, a, False, "call"))
    await bench.reported(LegCreated(snoop))
    failed = await bench.failed(CreateSnoop(bench.number(), bench.new("snoop"), bench.new("leg"), False, "call"))
    assert failed.gone is False, "nobody would tell the end of a channel that never was"
    await bench.done(HangUp(bench.number(), snoop))
    await bench.reported(LegGone(snoop, 16))
    assert bench.of_leg(snoop) == [LegCreated(snoop), LegGone(snoop, 16)]


async def test_a_snoop_hung_up_while_it_is_made_does_not_stay(bench: Bench) -> None:
    a, _, _ = await bench.conversation()
    snoop = bench.new("snoop")
    create, hang_up = CreateSnoop(bench.number(), snoop, a, True, "call"), HangUp(bench.number(), snoop)
    bench.execute(create)
    bench.execute(hang_up)
    await bench.reported(EffectDone(create.number))
    await bench.reported(EffectDone(hang_up.number))
    await bench.reported(LegGone(snoop, 16))


async def test_snoops_are_among_what_is_reconciled(bench: Bench) -> None:
    a, b, _ = await bench.conversation()
    third, snoop, _ = await _overhearing(bench, a)
    await bench.lose_link()
    await bench.reported(LinkLost())
    bench.facts.clear()
    await bench.restore_link()
    found_there = await bench.reported_of(AsteriskReconciled)
    (found,) = [channel for channel in found_there.channels if channel.leg == snoop]
    assert found.up
    assert found.in_app
    assert found.arrived is None
    await bench.hears({(a, b), (b, a), (third, a), (third, b)}, a, b, third)
