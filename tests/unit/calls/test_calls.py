"""How calls begin: callers who arrive, agents who call or dial, feature codes (S40, S41, S45)."""

from dataclasses import replace

import pytest

from ari_app.calls import commands as c
from ari_app.calls import effects as e
from ari_app.calls import stimuli as s
from ari_app.calls.model import CallType, Identity, Outside, Phone
from ari_app.routing.entries import Fault
from ari_app.routing.targets import TargetType
from ari_app.testing.asterisk import Behaviour
from tests.support.callcentre import directory
from tests.support.office import AWAY, NUMBER, Office, hear_each_other
from tests.support.world import to


def test_an_invitation_is_created_then_joined_to_the_bridge_then_dialled() -> None:
    office = Office()
    office.arrives("agent", "alice", leg="in1")
    office.settle()
    done = [office.described(x) for x in office.asterisk.executed if "alice" in office.described(x)]
    assert done == ["CreateLeg alice", "JoinBridge alice", "DialLeg alice"]


def test_a_caller_hears_music_from_the_first_moment_until_they_are_served() -> None:
    office = Office()
    office.arrives("group", "support", leg="in1")
    office.step()
    assert office.requests() == ["StartMusic in1"]
    office.settle()
    leg = office.leg_of("alice")
    assert office.happens(s.LegAnswered(leg)) == ["StopMusic in1", "JoinBridge in1"]
    office.asterisk.answer(leg)
    office.is_calm()
    assert office.hears() == hear_each_other("alice", "in1")
    assert office.only_call().owner == "alice"
    assert office.only_call().answered_at == office.now


def test_the_agent_called_sees_dialing_then_ringing_then_established_s40() -> None:
    office = Office("alice")
    office.phone("bob", Behaviour.NEVER)
    name = office.command(c.MakeCall, "alice", target=to("agent:bob"))
    office.settle()
    assert office.seen("alice").state == "dialing"
    assert office.seen("bob").state == "dialing"
    office.asterisk.ring(office.leg_of("bob"))
    office.settle()
    assert office.seen("alice").state == "ringing"
    assert office.seen("bob").state == "ringing"
    assert name in office.replies
    office.asterisk.answer(office.leg_of("bob"))
    office.is_calm()
    assert office.seen("alice").state == "established"
    assert office.hears() == hear_each_other("alice", "bob")


@pytest.mark.parametrize(
    ("target", "kind"),
    [
        ("agent:bob", CallType.INTERNAL),
        ("group:sales", CallType.INTERNAL),
        ("skill:french>=3", CallType.INTERNAL),
        ("routing_point:billing", CallType.INTERNAL),
        ("number:1002", CallType.INTERNAL),
        (f"number:{NUMBER}", CallType.OUTBOUND),
    ],
)
def test_every_kind_of_target_can_be_called_s40(target: str, kind: CallType) -> None:
    office = Office("alice", "bob", "carol", "dave")
    office.outside(Behaviour.ANSWER)
    office.ask(c.MakeCall, "alice", target=to(target))
    office.is_calm()
    assert office.only_call().type is kind
    assert len(office.hears()) == 2
    assert office.seen("alice").state == "established"


def test_the_callers_own_phone_rings_first_with_auto_answer_and_shows_whom_they_call_s40() -> None:
    office = Office()
    office.command(c.MakeCall, "alice", target=to("agent:bob"))
    office.step()
    (create,) = [x for x in office.effects if isinstance(x, e.CreateLeg)]
    assert create.auto_answer
    assert create.destination == Phone("1001")
    assert create.identity == Identity("Bob", "1002")
    office.settle()
    assert office.seen("alice").offer is None
    assert office.agents.activity == {"alice": "on_call", "bob": "reserved"}
    office.picks_up("alice")
    assert office.agents.activity["bob"] == "ringing"


def test_a_call_to_a_number_shows_the_number_and_one_to_a_group_its_name_s40() -> None:
    office = Office()
    office.command(c.MakeCall, "alice", target=AWAY)
    (create,) = [x for x in office.effects if isinstance(x, e.CreateLeg)]
    assert create.identity == Identity(NUMBER, NUMBER)
    office = Office()
    office.command(c.MakeCall, "alice", target=to("routing_point:billing"))
    (create,) = [x for x in office.effects if isinstance(x, e.CreateLeg)]
    assert create.identity == Identity("billing", "")


@pytest.mark.parametrize("target", ["agent:bob", f"number:{NUMBER}"])
@pytest.mark.parametrize("how", ["timeout", "decline", "cancel", "release", "unreachable"])
def test_a_call_whose_own_phone_is_not_picked_up_is_over_and_the_reservation_free_s40(how: str, target: str) -> None:
    office = Office()
    if how == "unreachable":
        office.phone("alice", Behaviour.UNREACHABLE)
    name = office.command(c.MakeCall, "alice", target=to(target))
    office.settle()
    match how:
        case "timeout":
            assert office.switch.next_deadline() == office.now + 20.0
            office.pass_time()
        case "decline":
            office.hangs_up("alice", 21)
        case "cancel" | "release":
            assert office.seen("alice").actions == ("cancel", "release")
            office.command(c.Cancel if how == "cancel" else c.Release, "alice", call=office.only_call().id)
    office.is_calm()
    assert not office.switch.calls
    assert not office.agents.activity
    if how == "unreachable":
        assert office.refusals[name].code.value == "phone_unreachable"
    else:
        assert name in office.replies


def test_the_call_made_is_over_when_the_target_declines_s40() -> None:
    office = Office("alice")
    office.ask(c.MakeCall, "alice", target=to("agent:bob"))
    office.hangs_up("bob", 21)
    office.is_calm()
    assert not office.switch.calls


def test_the_caller_gives_up_while_the_target_rings_s40() -> None:
    for kind in (c.Cancel, c.Release, c.Clear):
        office = Office("alice")
        call = office.ask(c.MakeCall, "alice", target=to("agent:bob"))
        office.command(kind, "alice", call=call.id)
        office.is_calm()
        assert not office.switch.calls
        assert not office.agents.activity


def test_an_agent_without_a_phone_does_not_call_s40() -> None:
    office = Office()
    assert office.refused(c.MakeCall, "olga", target=AWAY) == "not_allowed_now"


def test_who_has_dialled_by_hand_since_they_were_reserved_is_not_rung_for_a_command_s40() -> None:
    office = Office("alice")
    name = office.command(c.MakeCall, "alice", target=to("agent:bob"))
    office.feed(s.ChannelArrived("own", "1002", "dial", (NUMBER,)))
    office.settle()
    assert office.refusals[name].code == "no_agent_available"


def test_who_has_dialled_by_hand_since_they_were_reserved_is_passed_over_for_a_caller() -> None:
    office = Office()
    office.feed(s.ChannelArrived("in1", "carrier", "group", ("support",)))
    office.feed(s.ChannelArrived("own", "1001", "dial", (NUMBER,)))
    assert isinstance(office.inbox[0], s.AgentReserved)
    office.step()
    call = next(x for x in office.switch.calls.values() if x.type is CallType.INBOUND)
    assert call.offer is not None
    assert call.offer.tried == {"alice"}
    office.step()
    offer = office.switch.calls[call.id].offer
    assert offer is not None
    assert offer.attempts[0].agent == "bob"


def test_a_phone_dials_and_is_the_same_call_as_from_the_desktop_s41() -> None:
    office = Office("bob")
    office.asterisk.arrive("own", "1001", "dial", "1002", user_data={"case": "7"})
    office.is_calm()
    call = office.only_call()
    assert (call.type, call.owner, call.user_data) == (CallType.INTERNAL, "alice", {"case": "7"})
    assert office.hears() == hear_each_other("alice", "bob")
    assert {"hold", "release", "single_step_transfer"} <= set(office.seen("alice").actions)


def test_a_phone_that_dials_outside_goes_through_the_trunk_s40() -> None:
    office = Office()
    office.arrives("dial", NUMBER, leg="own", endpoint="1001")
    office.settle()
    assert office.switch.legs[office.outside_leg()].destination == Outside(NUMBER, "carrier")
    assert office.only_call().type is CallType.OUTBOUND


@pytest.mark.parametrize(
    ("endpoint", "args"),
    [("1001", ("*",)), ("1001", ("17",)), ("1001", ()), ("1001", ("1001",)), ("9999", (NUMBER,))],
)
def test_a_number_that_may_not_be_dialled_is_announced_and_the_leg_released(
    endpoint: str, args: tuple[str, ...]
) -> None:
    office = Office()
    office.asterisk.arrive("own", endpoint, "dial", *args)
    office.step()
    assert office.requests() == ["Announce own invalid_number"]
    (refused,) = office.turned_away
    assert refused.fault is (Fault.UNKNOWN_PHONE if endpoint == "9999" else Fault.NUMBER_REFUSED)
    assert (refused.entry_verb, refused.argument) == ("dial", "")  # what somebody dials is nobody's business
    office.is_calm()
    assert not office.asterisk.world.channels


@pytest.mark.parametrize(("agent", "most"), [("alice", 3), ("erin", 2)])
def test_one_call_too_many_by_hand_is_reported_and_the_others_are_untouched_s45(agent: str, most: int) -> None:
    office = Office("bob", "carol", "dave")
    phone = office.directory.agents[agent].phone or ""
    for number in ("1002", "1003", "1004")[:most]:
        office.arrives("dial", number, endpoint=phone)
        office.settle()
    before = dict(office.switch.calls)
    assert len(before) == most
    office.arrives("dial", NUMBER, leg="more", endpoint=phone)
    office.step()
    assert office.requests() == ["Announce more too_many_calls"]
    assert [refused.fault for refused in office.turned_away] == [Fault.TOO_MANY_CALLS]
    office.is_calm()
    assert office.switch.calls == before
    assert "more" not in office.asterisk.world.channels


def test_dialled_by_hand_and_refused_the_phone_says_why_before_it_is_released_s40() -> None:
    office = Office()
    office.arrives("dial", "1002", leg="own", endpoint="1001")
    office.settle()
    leg = office.leg_of("bob")
    requested = office.happens(s.LegGone(leg, 21))
    assert requested == ["StopRinging alice", "LeaveBridge alice", "Announce alice nobody_available"]
    office.asterisk.hang_up(leg, 21)
    office.is_calm()
    assert not office.asterisk.world.channels


@pytest.mark.parametrize(
    ("verb", "args"),
    [
        ("group", ()),
        ("group", ("none",)),
        ("skill", (">=",)),
        ("nonsense", ("x",)),
        ("agent", ("nobody",)),
        ("number", ("0033140000000",)),
        ("number", ()),
    ],
)
def test_a_caller_for_what_does_not_exist_hears_so_and_is_released(verb: str, args: tuple[str, ...]) -> None:
    office = Office()
    office.asterisk.arrive("in1", "carrier", verb, *args, entry="from-carrier 2000")
    office.step()
    assert office.requests() == ["Announce in1 invalid_number"]
    fault = Fault.UNKNOWN_VERB if verb == "nonsense" else Fault.UNKNOWN_TARGET
    argument = args[0] if args else ""
    assert office.turned_away == [e.ArrivalRefused("from-carrier 2000", verb, argument, fault)]
    office.is_calm()
    assert not office.asterisk.world.channels


@pytest.mark.parametrize(
    ("kind", "name"), [(kind, next(iter(directory().listed(kind)))) for kind in list(TargetType)[:3]]
)
def test_a_caller_is_delivered_to_whatever_the_administrator_gave_their_number_to(kind: TargetType, name: str) -> None:
    by_name, by_number = Office(), Office()
    number = by_number.directory.listed(TargetType(kind))[name].number
    assert number is not None
    by_name.arrives(kind, name, leg="in1")
    by_number.arrives("number", number, leg="in1")
    for office in (by_name, by_number):
        office.settle()
    assert by_number.only_call().offer == by_name.only_call().offer
    assert by_number.requests() == by_name.requests()


def test_an_agent_dials_a_number_with_a_star_that_the_administrator_gave_to_a_group() -> None:
    office = Office()
    groups = {**office.directory.groups}
    groups["support"] = replace(groups["support"], number="*55")
    office.happens(s.DirectoryReplaced(replace(office.directory, groups=groups)))
    office.arrives("dial", "*55", leg="own", endpoint="1001")
    office.settle()
    offer = office.only_call().offer
    assert offer is not None
    assert offer.target == to("group:support")


def test_a_channel_that_arrives_twice_is_taken_in_once() -> None:
    office = Office()
    office.served()
    assert office.happens(s.ChannelArrived("in1", "carrier", "group", ("support",))) == []
    assert len(office.switch.calls) == 1


@pytest.mark.parametrize(
    ("code", "state", "prompt"),
    [
        ("ready", "ready", "ready"),
        ("not_ready", "not_ready", "not_ready"),
        ("login", "ready", "logged_in"),
        ("logout", "logged_out", "logged_out"),
    ],
)
def test_a_feature_code_changes_the_agents_state_and_a_voice_confirms_it(code: str, state: str, prompt: str) -> None:
    office = Office()
    effects = office.feed(s.ChannelArrived("own", "1001", "feature", (code,)))
    assert e.SetAgentState("alice", state) in effects
    assert office.requests() == [f"Announce own {prompt}"]


@pytest.mark.parametrize("code", ["ready", "not_ready", "login"])
def test_after_call_work_is_not_ended_by_phone_before_it_is_said_how_the_call_went(code: str) -> None:
    office = Office(disposition_required=True)
    effects = office.feed(s.ChannelArrived("own", "1001", "feature", (code,)))
    assert e.CheckOutcome("own", "alice", code) in effects
    effects += office.feed(s.OutcomeChecked("own", "alice", code, missing=True))
    assert not [effect for effect in effects if isinstance(effect, e.SetAgentState)]
    assert office.requests() == ["Announce own disposition_required"]


def test_whoever_logs_out_by_phone_need_not_say_how_the_call_went() -> None:
    office = Office(disposition_required=True)
    effects = office.feed(s.ChannelArrived("own", "1001", "feature", ("logout",)))
    assert e.SetAgentState("alice", "logged_out") in effects


def test_who_has_said_it_ends_after_call_work_by_phone_also_when_they_hang_up_at_once() -> None:
    office = Office(disposition_required=True)
    office.feed(s.ChannelArrived("own", "1001", "feature", ("login",)))
    effects = office.feed(s.OutcomeChecked("own", "alice", "login", missing=False))
    assert e.SetAgentState("alice", "ready") in effects
    assert office.requests() == ["Announce own logged_in"]
    assert office.feed(s.OutcomeChecked("gone", "alice", "login", missing=False)) == [e.SetAgentState("alice", "ready")]


def test_a_phone_whose_code_nobody_answers_is_hung_up_when_the_controller_is_started_again() -> None:
    office = Office(disposition_required=True)
    arrived = s.ChannelArrived("own", "1001", "feature", ("ready",))
    office.feed(arrived)
    office.feed(s.AsteriskReconciled((s.ChannelFact("own", up=True, ringing=False, in_app=True, arrived=arrived),), ()))
    assert office.requests() == ["HangUp own"]
    office.feed(s.OutcomeChecked("own", "alice", "ready", missing=False))
    assert office.requests() == []


@pytest.mark.parametrize(("endpoint", "args"), [("9999", ("ready",)), ("1001", ("what",)), ("1001", ())])
def test_a_feature_code_of_nobody_or_of_nothing_is_reported(endpoint: str, args: tuple[str, ...]) -> None:
    office = Office()
    office.feed(s.ChannelArrived("own", endpoint, "feature", args))
    assert office.requests() == ["Announce own invalid_number"]
    fault = Fault.UNKNOWN_PHONE if endpoint == "9999" else Fault.UNKNOWN_FEATURE
    assert [refused.fault for refused in office.turned_away] == [fault]


def test_the_data_of_the_dialplan_goes_with_the_call_and_adds_to_that_of_the_favourite_s7_s8() -> None:
    office = Office()
    fact = s.ChannelArrived("in1", "carrier", "routing_point", ("billing",), user_data={"case": "7"})
    office.feed(fact)
    assert office.only_call().user_data == {"topic": "b", "case": "7"}


def test_wrap_up_follows_a_call_that_was_talked_in_and_is_the_longest_of_their_groups() -> None:
    office = Office()
    seconds = {"support": 5.0, "sales": 9.0}
    groups = {name: replace(group, wrap_up=seconds.get(name, 0.0)) for name, group in office.directory.groups.items()}
    office.feed(s.DirectoryReplaced(replace(office.directory, groups=groups)))
    office.served("carol")
    leg = office.leg_of("carol")
    office.feed(s.LegGone("in1"))
    effects = office.feed(s.LegGone(leg))
    (free,) = [x for x in effects if isinstance(x, e.SetActivity)]
    assert (free.agent, free.activity, free.wrap_up) == ("carol", None, 9.0)
    office.arrives("agent", "dave", leg="in2")
    office.settle()
    effects = office.feed(s.LegGone(office.leg_of("dave"), 21))
    assert [x.wrap_up for x in effects if isinstance(x, e.SetActivity) and x.agent == "dave"] == [0.0]


class Resting(Office):
    """Everybody rests after a call; `rests` has who does, and from which."""

    def __init__(self) -> None:
        self.rests: list[tuple[str, str | None]] = []
        super().__init__()
        groups = {name: replace(group, wrap_up=5.0) for name, group in self.directory.groups.items()}
        self.configure(replace(self.directory, groups=groups))

    def _do(self, effect: e.Effect) -> None:
        if isinstance(effect, e.SetActivity) and effect.wrap_up:
            self.rests.append((effect.agent, effect.call))
        super()._do(effect)


@pytest.mark.parametrize("how", ["caller hangs up", "released", "hangs up"])
def test_whoever_got_a_call_after_a_consultation_rests_from_that_call_and_not_from_the_consultation(how: str) -> None:
    office = Resting()
    call = office.served()
    office.do(c.InitiateTransfer, "alice", call=call.id, target=to("agent:bob"))
    office.settle()
    office.picks_up("bob")
    consultation = next(x for x in office.switch.calls.values() if x.parent == call.id)
    office.do(c.CompleteTransfer, "alice", call=consultation.id)
    office.settle()
    match how:
        case "caller hangs up":
            office.feed(s.LegGone("in1", 16))
        case "released":
            office.do(c.Release, "bob", call=call.id)
        case _:
            office.hangs_up("bob")
    office.settle()
    assert office.rests == [("alice", call.id), ("bob", call.id)]


def test_activities_follow_the_calls_ringing_then_on_call_then_free() -> None:
    office = Office()
    seen = []
    office.arrives("agent", "alice", leg="in1")
    office.settle()
    seen.append(office.agents.activity["alice"])
    office.picks_up("alice")
    seen.append(office.agents.activity["alice"])
    office.hangs_up("in1")
    seen.append(office.agents.activity.get("alice", "free"))
    assert seen == ["ringing", "on_call", "free"]
