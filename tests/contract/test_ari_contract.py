"""What the core may rely on, over FakeAsterisk and over the real one: the same scenarios, so that the fake can't lie.

The real one is requested through `ari.asterisk.Asterisk`, its phones are bots behind the carrier, and who hears whom is
measured in RTP. CC_ARI_URL, CC_ARI_USER, CC_ARI_PASSWORD, CC_BIND and CC_CARRIER say where it is.
"""

import pytest

from ari_app.calls.effects import (
    Announce,
    AnswerLeg,
    AsteriskEffect,
    CreateBridge,
    CreateLeg,
    DestroyBridge,
    DetectTalk,
    DialLeg,
    HangUp,
    JoinBridge,
    LeaveBridge,
    PlayDtmf,
    SetMute,
    ShowIdentity,
    StartMusic,
    StartRinging,
    StartSilence,
    StopMusic,
    StopRinging,
    StopSilence,
)
from ari_app.calls.model import Identity, Outside, Phone
from ari_app.calls.stimuli import (
    AnnouncementFinished,
    AsteriskReconciled,
    EffectDone,
    EffectFailed,
    LegAnswered,
    LegCreated,
    LegGone,
    LegHeldByPhone,
    LegLostFromBridge,
    LegRetrievedByPhone,
    LegRinging,
    LinkLost,
)
from ari_app.testing.asterisk import Behaviour
from tests.support.benches import Bench

NOBODY = Identity("Nobody", "+33100000000")
SOUND = ("sound:beep",)
LONG = ("sound:demo-congrats",) * 9


async def test_a_leg_is_created_joined_dialled_rings_and_is_answered(bench: Bench) -> None:
    one = await bench.person("one", Behaviour.ANSWER)
    bridge = bench.new("b")
    await bench.done(CreateBridge(bench.number(), bridge))
    leg = bench.new("leg")
    await bench.done(CreateLeg(bench.number(), leg, one, NOBODY, "call"))
    await bench.reported(LegCreated(leg))
    await bench.done(JoinBridge(bench.number(), leg, bridge))
    await bench.done(DialLeg(bench.number(), leg))
    await bench.reported(LegRinging(leg))
    await bench.reported(LegAnswered(leg))
    assert bench.of_leg(leg) == [LegCreated(leg), LegRinging(leg), LegAnswered(leg)]


async def test_two_in_a_bridge_hear_each_other(bench: Bench) -> None:
    a, b, _ = await bench.conversation()
    await bench.hears({(a, b), (b, a)}, a, b)


@pytest.mark.parametrize(
    ("behaviour", "cause"), [(Behaviour.DECLINE, 21), (Behaviour.BUSY, 17), (Behaviour.NO_ANSWER, 19)]
)
async def test_a_leg_that_is_not_answered_goes_with_the_cause(bench: Bench, behaviour: Behaviour, cause: int) -> None:
    leg = await bench.dial(await bench.person("one", behaviour))
    await bench.reported(LegGone(leg, cause))
    assert bench.of_leg(leg)[-1] == LegGone(leg, cause)
    assert LegAnswered(leg) not in bench.of_leg(leg)


@pytest.mark.parametrize("destination", [Outside("+33999", "no-such-trunk"), Phone("no-such-phone")])
async def test_a_destination_that_is_not_there_cannot_be_created(bench: Bench, destination: Outside | Phone) -> None:
    bench.unreachable(destination)
    leg = bench.new("leg")
    failed = await bench.failed(CreateLeg(bench.number(), leg, destination, NOBODY, "call"))
    assert failed.gone is False
    assert bench.of_leg(leg) == []


async def test_the_fact_of_a_leg_that_hangs_up_comes_once(bench: Bench) -> None:
    a, b, _ = await bench.conversation()
    bench.hang_up(a)
    await bench.reported(LegGone(a, 16))
    await bench.done(HangUp(bench.number(), b))
    await bench.reported(LegGone(b, 16))
    assert bench.of_leg(a).count(LegGone(a, 16)) == 1


async def test_muted_twice_and_unmuted_once_is_unmuted(bench: Bench) -> None:
    a, b, _ = await bench.conversation()
    await bench.done(SetMute(bench.number(), a, nobody_hears=True, hears_nobody=False))
    await bench.done(SetMute(bench.number(), a, nobody_hears=True, hears_nobody=False))
    await bench.hears({(a, b)}, a, b)
    await bench.done(SetMute(bench.number(), a, nobody_hears=False, hears_nobody=False))
    await bench.hears({(a, b), (b, a)}, a, b)


async def test_muting_is_exactly_what_was_requested_whatever_was_before(bench: Bench) -> None:
    a, b, _ = await bench.conversation()
    for nobody_hears, hears_nobody, heard in (
        (True, True, set()),
        (False, True, {(b, a)}),
        (True, False, {(a, b)}),
        (False, False, {(a, b), (b, a)}),
    ):
        await bench.done(SetMute(bench.number(), a, nobody_hears, hears_nobody))
        await bench.hears(heard, a, b)


async def test_a_leg_moves_from_bridge_to_bridge_in_one_effect(bench: Bench) -> None:
    a, b, _ = await bench.conversation()
    other = bench.new("b")
    await bench.done(CreateBridge(bench.number(), other))
    await bench.done(JoinBridge(bench.number(), a, other))
    await bench.hears(set(), a, b)
    await bench.done(JoinBridge(bench.number(), b, other))
    await bench.hears({(a, b), (b, a)}, a, b)


async def test_a_leg_that_asterisk_loses_from_its_bridge_is_reported_and_can_be_put_in_again(bench: Bench) -> None:
    a, b, bridge = await bench.conversation()
    await bench.lose_from_bridge(a, bridge)
    await bench.reported(LegLostFromBridge(a, bridge))
    await bench.done(JoinBridge(bench.number(), a, bridge))
    await bench.hears({(a, b), (b, a)}, a, b)
    assert not any(isinstance(fact, LegLostFromBridge) and fact.leg != a for fact in bench.facts)


async def test_a_leg_that_left_can_join_again_and_leaving_twice_is_done(bench: Bench) -> None:
    a, b, bridge = await bench.conversation()
    await bench.done(LeaveBridge(bench.number(), a, bridge))
    await bench.done(LeaveBridge(bench.number(), a, bridge))
    await bench.done(LeaveBridge(bench.number(), a, bench.new("never-made")))
    await bench.hears(set(), a, b)
    await bench.done(JoinBridge(bench.number(), a, bridge))
    await bench.hears({(a, b), (b, a)}, a, b)


async def test_who_is_muted_and_has_music_in_a_bridge_hears_music_alone(bench: Bench) -> None:
    a, b, _ = await bench.conversation()
    await bench.done(SetMute(bench.number(), a, nobody_hears=True, hears_nobody=False))
    await bench.done(StartMusic(bench.number(), a, "default"))
    await bench.hears_music(a)
    await bench.hears(set(), a, b)
    await bench.done(StopMusic(bench.number(), a))
    await bench.done(SetMute(bench.number(), a, nobody_hears=False, hears_nobody=False))
    await bench.hears({(a, b), (b, a)}, a, b)


async def test_music_out_of_a_bridge_ends_before_the_bridge_is_joined_again(bench: Bench) -> None:
    a, b, bridge = await bench.conversation()
    await bench.done(LeaveBridge(bench.number(), a, bridge))
    await bench.done(StartMusic(bench.number(), a, "default"))
    await bench.hears_music(a)
    await bench.done(StopMusic(bench.number(), a))
    await bench.done(JoinBridge(bench.number(), a, bridge))
    await bench.hears({(a, b), (b, a)}, a, b)


async def test_hanging_up_and_destroying_what_is_not_there_is_done(bench: Bench) -> None:
    await bench.done(HangUp(bench.number(), bench.new("leg")))
    await bench.done(HangUp(bench.number(), bench.new("leg"), answered_elsewhere=True))
    await bench.done(DestroyBridge(bench.number(), bench.new("b")))


async def test_every_other_effect_on_a_leg_that_is_gone_fails_as_gone(bench: Bench) -> None:
    bridge, leg = bench.new("b"), bench.new("leg")
    await bench.done(CreateBridge(bench.number(), bridge))
    effects: list[AsteriskEffect] = [
        DialLeg(bench.number(), leg),
        AnswerLeg(bench.number(), leg),
        JoinBridge(bench.number(), leg, bridge),
        LeaveBridge(bench.number(), leg, bridge),
        SetMute(bench.number(), leg, nobody_hears=True, hears_nobody=False),
        StartMusic(bench.number(), leg, "default"),
        StopMusic(bench.number(), leg),
        StartRinging(bench.number(), leg),
        StopRinging(bench.number(), leg),
        StartSilence(bench.number(), leg),
        StopSilence(bench.number(), leg),
        Announce(bench.number(), leg, bench.new("playing"), "prompt", SOUND),
        PlayDtmf(bench.number(), leg, "1"),
        ShowIdentity(bench.number(), leg, NOBODY),
        DetectTalk(bench.number(), leg, 1.0),
        DetectTalk(bench.number(), leg, None),
    ]
    for effect in effects:
        failed = await bench.failed(effect)
        assert failed.gone is True, effect


async def test_a_bridge_that_is_not_there_cannot_be_joined(bench: Bench) -> None:
    a, _, _ = await bench.conversation()
    failed = await bench.failed(JoinBridge(bench.number(), a, bench.new("never-made")))
    assert failed.gone is False


async def test_before_it_is_answered_a_leg_can_be_joined_but_not_muted(bench: Bench) -> None:
    leg = await bench.dial(await bench.person("one", Behaviour.RING))
    await bench.reported(LegRinging(leg))
    for effect in (
        SetMute(bench.number(), leg, nobody_hears=True, hears_nobody=False),
        StartMusic(bench.number(), leg, "default"),
        Announce(bench.number(), leg, bench.new("playing"), "prompt", SOUND),
        PlayDtmf(bench.number(), leg, "1"),
    ):
        assert (await bench.failed(effect)).gone is False
    await bench.done(ShowIdentity(bench.number(), leg, NOBODY))
    bridge = bench.new("b")
    await bench.done(CreateBridge(bench.number(), bridge))
    await bench.done(JoinBridge(bench.number(), leg, bridge))


async def test_effects_run_twice_are_done_once(bench: Bench) -> None:
    one = await bench.person("one", Behaviour.ANSWER)
    bridge, leg, playing = bench.new("b"), bench.new("leg"), bench.new("playing")
    for _ in range(2):
        await bench.done(CreateBridge(bench.number(), bridge))
    for _ in range(2):
        await bench.done(CreateLeg(bench.number(), leg, one, NOBODY, "call"))
    await bench.reported(LegCreated(leg))
    for _ in range(2):
        await bench.done(JoinBridge(bench.number(), leg, bridge))
    for _ in range(2):
        await bench.done(DialLeg(bench.number(), leg))
    await bench.reported(LegAnswered(leg))
    for _ in range(2):
        await bench.done(Announce(bench.number(), leg, playing, "prompt", SOUND))
    await bench.reported(AnnouncementFinished(leg, playing))
    for _ in range(2):
        await bench.done(HangUp(bench.number(), leg))
    await bench.reported(LegGone(leg, 16))
    for _ in range(2):
        await bench.done(DestroyBridge(bench.number(), bridge))
    assert bench.of_leg(leg) == [
        LegCreated(leg),
        LegRinging(leg),
        LegAnswered(leg),
        AnnouncementFinished(leg, playing),
        LegGone(leg, 16),
    ]


async def test_all_at_once_is_done_in_order(bench: Bench) -> None:
    """The bridge is made before it is joined, joined before it is destroyed, though nobody waits in between."""
    a, b, _ = await bench.conversation()
    bridge, playing = bench.new("b"), bench.new("playing")
    effects: list[AsteriskEffect] = [
        CreateBridge(bench.number(), bridge),
        JoinBridge(bench.number(), a, bridge),
        JoinBridge(bench.number(), b, bridge),
        SetMute(bench.number(), a, nobody_hears=True, hears_nobody=False),
        SetMute(bench.number(), a, nobody_hears=False, hears_nobody=False),
        LeaveBridge(bench.number(), a, bridge),
        Announce(bench.number(), a, playing, "prompt", SOUND),
        DestroyBridge(bench.number(), bridge),
    ]
    for effect in effects:
        bench.execute(effect)
    for effect in effects:
        await bench.reported(EffectDone(effect.number))
    await bench.reported(AnnouncementFinished(a, playing))


async def test_a_hang_up_overtakes_what_waits_for_its_leg(bench: Bench) -> None:
    a, b, bridge = await bench.conversation()
    behind = [JoinBridge(bench.number(), a, bridge) for _ in range(5)]
    for effect in behind:
        bench.execute(effect)
    bench.execute(HangUp(bench.number(), a))
    await bench.reported(LegGone(a, 16))
    for effect in behind[1:]:
        await bench.reported(EffectFailed(effect.number, "hung up", gone=True))
    await bench.hears(set(), a, b)


async def test_a_leg_hung_up_while_it_is_created_does_not_stay(bench: Bench) -> None:
    one = await bench.person("one", Behaviour.ANSWER)
    leg = bench.new("leg")
    create, hang_up = CreateLeg(bench.number(), leg, one, NOBODY, "call"), HangUp(bench.number(), leg)
    bench.execute(create)
    bench.execute(hang_up)
    await bench.reported(EffectDone(create.number))
    await bench.reported(EffectDone(hang_up.number))
    await bench.reported(LegGone(leg, 16))


async def test_answered_elsewhere_ends_a_ringing_leg_with_its_own_cause(bench: Bench) -> None:
    leg = await bench.dial(await bench.person("one", Behaviour.RING))
    await bench.reported(LegRinging(leg))
    await bench.done(HangUp(bench.number(), leg, answered_elsewhere=True))
    await bench.reported(LegGone(leg, 26))


async def test_the_hold_key_is_reported_of_the_leg_that_pressed_it_alone(bench: Bench) -> None:
    a, b, _ = await bench.conversation()
    await bench.press_hold(a)
    await bench.reported(LegHeldByPhone(a))
    await bench.press_retrieve(a)
    await bench.reported(LegRetrievedByPhone(a))
    await bench.hears({(a, b), (b, a)}, a, b)
    assert LegHeldByPhone(b) not in bench.facts
    assert LegRetrievedByPhone(b) not in bench.facts


async def test_another_effect_stops_an_announcement(bench: Bench) -> None:
    a, b, bridge = await bench.conversation()
    await bench.done(LeaveBridge(bench.number(), a, bridge))
    playing = bench.new("playing")
    await bench.done(Announce(bench.number(), a, playing, "prompt", LONG))
    await bench.done(JoinBridge(bench.number(), a, bridge))
    await bench.reported(AnnouncementFinished(a, playing))
    await bench.hears({(a, b), (b, a)}, a, b)


async def test_digits_go_to_that_leg_alone(bench: Bench) -> None:
    a, b, _ = await bench.conversation()
    await bench.done(PlayDtmf(bench.number(), a, "12#"))
    await bench.received(a, "12#")
    await bench.received(b, "")


async def test_an_announcement_replaces_one_under_way(bench: Bench) -> None:
    a, _, bridge = await bench.conversation()
    await bench.done(LeaveBridge(bench.number(), a, bridge))
    first, second = bench.new("playing"), bench.new("playing")
    await bench.done(Announce(bench.number(), a, first, "prompt", LONG))
    await bench.done(Announce(bench.number(), a, second, "prompt", SOUND))
    await bench.reported(AnnouncementFinished(a, first))
    await bench.reported(AnnouncementFinished(a, second))


async def test_digits_do_not_end_the_music_of_who_gets_them(bench: Bench) -> None:
    a, b, bridge = await bench.conversation()
    await bench.done(LeaveBridge(bench.number(), a, bridge))
    await bench.done(StartMusic(bench.number(), a, "default"))
    await bench.hears_music(a)
    await bench.done(PlayDtmf(bench.number(), a, "12"))
    await bench.received(a, "12")
    await bench.hears_music(a)
    await bench.hears(set(), a, b)
    await bench.hears_music(a)


async def test_after_a_lost_connection_all_is_reconciled_and_calls_go_on(bench: Bench) -> None:
    a, b, bridge = await bench.conversation()
    bench.facts.clear()
    await bench.lose_link()
    await bench.reported(LinkLost())
    await bench.restore_link()
    found_there = await bench.reported_of(AsteriskReconciled)
    there = {channel.leg: channel for channel in found_there.channels}
    assert {a, b} <= set(there)
    assert there[a].up
    assert there[a].in_app
    assert there[a].arrived is None
    assert bridge in found_there.bridges
    await bench.hears({(a, b), (b, a)}, a, b)
    await bench.done(SetMute(bench.number(), a, nobody_hears=True, hears_nobody=False))
    await bench.hears({(a, b)}, a, b)
    await bench.done(HangUp(bench.number(), a))
    await bench.reported(LegGone(a, 16))


async def test_without_a_connection_every_effect_fails(bench: Bench) -> None:
    a, _, _ = await bench.conversation()
    await bench.lose_link()
    await bench.reported(LinkLost())
    failed = await bench.failed(HangUp(bench.number(), a))
    assert failed.gone is False
