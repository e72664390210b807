"""FakeAsterisk: interleavings, failures, lost connections. That it resembles Asterisk is the contract's to show."""

import pytest

from ari_app.calls.effects import (
    AnswerLeg,
    CreateBridge,
    CreateLeg,
    DestroyBridge,
    DialLeg,
    HangUp,
    JoinBridge,
    LeaveBridge,
    PlayDtmf,
    SetMute,
    StartMusic,
    StartRinging,
    StopRinging,
    TellTransfer,
)
from ari_app.calls.model import Identity, Phone, TransferState
from ari_app.calls.stimuli import (
    AsteriskReconciled,
    ChannelArrived,
    ChannelFact,
    EffectDone,
    EffectFailed,
    LegAnswered,
    LegCreated,
    LegGone,
    LegHeldByPhone,
    LegRetrievedByPhone,
    LegRinging,
    LinkLost,
)
from ari_app.testing.asterisk import Behaviour, FakeAsterisk

PHONE = Phone("1001")
CREATE = CreateLeg(1, "a", PHONE, Identity(), "call")


@pytest.fixture
def asterisk() -> FakeAsterisk:
    return FakeAsterisk("cc-")


def test_answer_and_event_may_come_in_either_order(asterisk: FakeAsterisk) -> None:
    asterisk.execute(CREATE)
    assert asterisk.pending() == ("effects:a",)
    assert asterisk.deliver_next("effects:a") is None
    assert set(asterisk.pending()) == {"answers:a", "events:a"}
    assert asterisk.deliver_next("events:a") == LegCreated("a")
    assert asterisk.deliver_next("answers:a") == EffectDone(1)
    assert asterisk.pending() == ()
    assert asterisk.deliver_next() is None


def test_the_next_effect_of_a_leg_waits_for_the_answer_before(asterisk: FakeAsterisk) -> None:
    asterisk.execute(CREATE)
    asterisk.execute(DialLeg(2, "a"))
    asterisk.deliver_next("effects:a")
    assert asterisk.deliver_next("effects:a") is None
    assert asterisk.executed == [CREATE]
    asterisk.deliver_next("answers:a")
    asterisk.deliver_next("effects:a")
    assert len(asterisk.executed) == 2


def test_facts_come_oldest_first_by_themselves(asterisk: FakeAsterisk) -> None:
    asterisk.execute(CREATE)
    asterisk.execute(DialLeg(2, "a"))
    facts = asterisk.deliver_all()
    assert [fact for fact in facts if not isinstance(fact, EffectDone)] == [
        LegCreated("a"),
        LegRinging("a"),
        LegAnswered("a"),
    ]


def test_a_phone_may_hang_up_before_its_answer_is_reported(asterisk: FakeAsterisk) -> None:
    asterisk.execute(CREATE)
    asterisk.execute(DialLeg(2, "a"))
    while "phone:a" not in asterisk.pending():
        asterisk.deliver_next(asterisk.pending()[0])
    asterisk.hang_up("a", 21)
    assert "phone:a" not in asterisk.pending()
    assert asterisk.deliver_all()[-1] == LegGone("a", 21)
    asterisk.hang_up("a")
    asterisk.ring("a")
    asterisk.answer("a")
    asterisk.press_hold("a")
    asterisk.press_retrieve("a")
    assert asterisk.deliver_all() == []


def test_a_phone_that_never_does_anything_is_the_tests_to_move(asterisk: FakeAsterisk) -> None:
    asterisk.behaviour[PHONE] = Behaviour.NEVER
    asterisk.execute(CREATE)
    asterisk.execute(DialLeg(2, "a"))
    assert LegRinging("a") not in asterisk.deliver_all()
    asterisk.ring("a")
    asterisk.answer("a")
    asterisk.press_hold("a")
    asterisk.press_retrieve("a")
    assert asterisk.deliver_all() == [
        LegRinging("a"),
        LegAnswered("a"),
        LegHeldByPhone("a"),
        LegRetrievedByPhone("a"),
    ]


def test_joining_waits_for_the_bridge_and_its_end_for_the_leaving(asterisk: FakeAsterisk) -> None:
    asterisk.arrive("a", "1001", "dial", "2000")
    asterisk.execute(CreateBridge(1, "cc-b"))
    asterisk.execute(JoinBridge(2, "a", "cc-b"))
    asterisk.execute(LeaveBridge(3, "a", "cc-b"))
    asterisk.execute(DestroyBridge(4, "cc-b"))
    assert set(asterisk.pending()) == {"events:a", "effects:cc-b"}
    assert [fact.effect for fact in asterisk.deliver_all() if isinstance(fact, EffectDone)] == [1, 2, 3, 4]


def test_a_hang_up_waits_for_what_its_phone_is_notified_of_its_transfer(asterisk: FakeAsterisk) -> None:
    asterisk.arrive("a", "1001", "dial", "2000")
    asterisk.execute(TellTransfer(1, "a", TransferState.ANSWERED))
    asterisk.execute(HangUp(2, "a"))
    assert "hangup:a" not in asterisk.pending()
    assert [fact.effect for fact in asterisk.deliver_all() if isinstance(fact, EffectDone)] == [1, 2]


def test_a_hang_up_drops_what_waits(asterisk: FakeAsterisk) -> None:
    asterisk.arrive("a", "1001", "dial", "2000")
    asterisk.execute(StartMusic(1, "a", "default"))
    asterisk.execute(PlayDtmf(2, "a", "1"))
    asterisk.execute(HangUp(3, "a"))
    asterisk.deliver_next("hangup:a")
    facts = asterisk.deliver_all()
    assert EffectFailed(2, "hung up", gone=True) in facts
    assert EffectFailed(1, "Channel not found", gone=True) in facts
    assert LegGone("a", 16) in facts


def test_an_effect_can_be_made_to_fail_done_or_not(asterisk: FakeAsterisk) -> None:
    asterisk.fail_next(lambda effect: isinstance(effect, CreateBridge), "refused")
    asterisk.fail_next(lambda effect: isinstance(effect, CreateLeg), "no answer in time", carried_out=True)
    asterisk.execute(CreateBridge(5, "cc-b"))
    asterisk.execute(CREATE)
    facts = asterisk.deliver_all()
    assert EffectFailed(5, "refused") in facts
    assert EffectFailed(1, "no answer in time", unknown=True) in facts
    assert LegCreated("a") in facts
    assert asterisk.world.bridges == set()


def test_without_a_connection_phones_go_on_and_nothing_is_reported(asterisk: FakeAsterisk) -> None:
    asterisk.execute(CreateBridge(1, "cc-b"))
    asterisk.execute(CreateBridge(2, "other"))
    asterisk.deliver_all()
    asterisk.execute(CreateLeg(3, "a", PHONE, Identity(), "call"))
    asterisk.execute(DialLeg(4, "a"))
    asterisk.arrive("in", "carrier", "agent", "alice", caller=Identity("Zoé", "1"), user_data={"k": "v"}, up=False)
    while "phone:a" not in asterisk.pending():
        asterisk.deliver_next(asterisk.pending()[0])
    asterisk.execute(SetMute(5, "in", nobody_hears=True, hears_nobody=False))
    asterisk.lose_link()
    asterisk.execute(HangUp(6, "in"))
    facts = asterisk.deliver_all()
    assert facts[0] == LinkLost()
    lost = "the connection to Asterisk was lost"
    assert EffectFailed(5, lost) in facts
    assert EffectFailed(6, lost) in facts
    assert LegAnswered("a") not in facts
    asterisk.restore_link()
    arrived = ChannelArrived("in", "carrier", "agent", ("alice",), Identity("Zoé", "1"), {"k": "v"})
    assert asterisk.deliver_all() == [
        AsteriskReconciled(
            (
                ChannelFact("in", up=False, ringing=False, in_app=True, arrived=arrived),
                ChannelFact("a", up=True, ringing=False, in_app=True),
            ),
            ("cc-b",),
        ),
        LegRetrievedByPhone("a"),
    ]


def test_who_hears_whom_follows_bridges_mutes_and_music(asterisk: FakeAsterisk) -> None:
    for leg in ("a", "b"):
        asterisk.arrive(leg, leg, "dial", "1")
    asterisk.execute(CreateBridge(1, "cc-b"))
    for number, leg in enumerate(("a", "b"), 2):
        asterisk.execute(JoinBridge(number, leg, "cc-b"))
    asterisk.deliver_all()
    assert asterisk.hears() == {("a", "b"), ("b", "a")}
    asterisk.execute(StartMusic(5, "a", "default"))
    asterisk.deliver_all()
    assert asterisk.hears() == {("a", "b"), ("b", "a")}, "music alone doesn't keep the others out"
    asterisk.execute(SetMute(6, "a", nobody_hears=True, hears_nobody=False))
    asterisk.deliver_all()
    assert (asterisk.hears(), asterisk.music()) == (set(), {"a"})
    asterisk.execute(SetMute(7, "a", nobody_hears=True, hears_nobody=True))
    asterisk.deliver_all()
    assert asterisk.music() == set()
    asterisk.execute(DestroyBridge(8, "cc-b"))
    asterisk.deliver_all()
    assert asterisk.world.channels["a"].bridge is None


def test_a_waiting_channel_may_be_rung_and_answered(asterisk: FakeAsterisk) -> None:
    asterisk.arrive("in", "carrier", "agent", "alice", up=False)
    for effect in (StartRinging(1, "in"), StopRinging(2, "in"), AnswerLeg(3, "in")):
        asterisk.execute(effect)
    assert [type(fact) for fact in asterisk.deliver_all()] == [ChannelArrived, EffectDone, EffectDone, EffectDone]
