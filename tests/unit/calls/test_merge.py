"""Two calls of one agent become a conference (S45-S47 with S25's end)."""

from ari_app.calls import commands as c
from ari_app.calls import stimuli as s
from ari_app.calls.features import merging
from ari_app.calls.model import Identity, Party, PartyRole, Progress
from ari_app.calls.step import Step
from ari_app.calls.views import view
from ari_app.routing.directory import Role
from tests.support.office import AWAY, Office, hear_each_other
from tests.support.world import to


def _two_calls(office: Office) -> tuple[str, str]:
    """A contact on hold, and a talk with somebody outside."""
    first = office.served()
    second = office.ask(c.MakeCall, "alice", target=AWAY)
    office.answers_outside()
    return first.id, second.id


def test_both_calls_become_one_in_which_all_hear_each_other() -> None:
    office = Office()
    first, second = _two_calls(office)
    outside = office.outside_leg()
    assert office.music() == {"in1"}
    merged = office.ask(c.Merge, "alice", call=first, other=second)
    assert merged.id == first
    assert merged.state == "established"
    assert list(office.switch.calls) == [first]
    assert office.hears() == hear_each_other("alice", "in1", outside)
    assert not office.music()
    office.is_calm()


def test_the_call_on_hold_may_join_the_one_that_talks() -> None:
    office = Office()
    first, second = _two_calls(office)
    office.ask(c.Merge, "alice", call=second)
    assert list(office.switch.calls) == [second]
    assert office.hears() == hear_each_other("alice", "in1", office.outside_leg())
    assert office.refused(c.Hold, "alice", call=first) == "not_found"
    office.is_calm()


def test_a_talk_between_colleagues_may_have_the_contact_join_it() -> None:
    office = Office("bob")
    first = office.served().id
    second = office.ask(c.MakeCall, "alice", target=to("agent:bob")).id
    office.ask(c.Merge, "alice", call=second, other=first)
    assert office.hears() == hear_each_other("alice", "bob", "in1")
    office.is_calm()


def test_it_is_listed_from_the_answer_on_and_reported_for_both() -> None:
    office = Office()
    first = office.served()
    second = office.ask(c.MakeCall, "alice", target=AWAY)
    assert "merge" not in office.actions("alice", first)
    assert office.refused(c.Merge, "alice", call=first.id, other=second.id) == "not_allowed_now"
    office.answers_outside()
    assert "merge" in office.actions("alice", first)
    assert "merge" in office.actions("alice", office.switch.calls[second.id])
    office.hangs_up(office.outside_leg())
    assert "merge" not in office.actions("alice", first)


def test_attached_data_of_both_are_kept_and_those_of_the_one_that_stays_win() -> None:
    office = Office()
    first, second = _two_calls(office)
    office.ask(c.ChangeUserData, "alice", call=first, changes={"ticket": "1", "kept": "a"})
    office.ask(c.ChangeUserData, "alice", call=second, changes={"ticket": "2", "more": "b"})
    merged = office.ask(c.Merge, "alice", call=first)
    assert merged.user_data == {"ticket": "1", "kept": "a", "more": "b"}


def test_too_much_attached_data_together_is_refused_and_nothing_is_lost() -> None:
    office = Office(max_user_data=20)
    first, second = _two_calls(office)
    office.ask(c.ChangeUserData, "alice", call=first, changes={"a": "x" * 15})
    office.ask(c.ChangeUserData, "alice", call=second, changes={"b": "y" * 15})
    assert office.refused(c.Merge, "alice", call=first) == "invalid"
    assert set(office.switch.calls) == {first, second}


def test_a_colleague_in_both_calls_would_be_in_it_twice() -> None:
    office = Office()
    first, second = _two_calls(office)
    step = Step(office.switch.state, office.directory, office.now)
    assert merging.can_merge(step, step.call(first), step.call(second), "alice")
    for call in (first, second):
        step.add_party(
            call, Party(f"{call}-bob", PartyRole.AGENT, Identity("Bob", "1002"), "bob", progress=Progress.JOINED)
        )
    assert not merging.can_merge(step, step.call(first), step.call(second), "alice")


def test_not_where_conferences_are_off_or_would_be_too_large() -> None:
    office = Office(conferences=False)
    first, second = _two_calls(office)
    assert "merge" not in office.actions("alice", office.switch.calls[first])
    assert office.refused(c.Merge, "alice", call=first) == "feature_disabled"
    small = Office(max_parties=2)
    first, second = _two_calls(small)
    assert "merge" not in small.actions("alice", small.switch.calls[first])
    assert second in small.switch.calls


def test_a_consultation_joins_its_contacts_call_and_not_the_other_way_round() -> None:
    office = Office()
    first = office.served()
    consultation = office.ask(c.InitiateTransfer, "alice", call=first.id, target=to("agent:bob"))
    office.picks_up("bob")
    assert "merge" not in office.actions("alice", office.switch.calls[consultation.id])
    assert "merge" in office.actions("alice", first)
    office.ask(c.Merge, "alice", call=first.id)
    assert office.hears() == hear_each_other("alice", "bob", "in1")
    office.is_calm()


def test_a_call_that_waits_without_a_phone_comes_back_by_merging() -> None:
    office = Office()
    first = office.served()
    office.ask(c.Hold, "alice", call=first.id)
    office.hangs_up("alice")
    second = office.ask(c.MakeCall, "alice", target=AWAY)
    office.picks_up("alice")
    office.answers_outside()
    merged = office.ask(c.Merge, "alice", call=first.id, other=second.id)
    assert merged.state == "established"
    assert office.switch.calls[first.id].recall_at is None
    assert office.hears() == hear_each_other("alice", "in1", office.outside_leg())
    office.is_calm()


def test_of_two_lines_of_one_phone_the_one_that_talks_stays() -> None:
    office = Office("bob")
    first = office.served()
    office.asterisk.press_hold(office.leg_of("alice", first.id))
    office.settle()
    office.asterisk.arrive("line2", "1001", "dial", "1002")
    office.settle()
    second = next(call for call in office.switch.calls.values() if call.id != first.id)
    assert office.hears() == hear_each_other("alice", "bob")
    office.ask(c.Merge, "alice", call=first.id, other=second.id)
    assert office.leg_of("alice", first.id) == "line2"
    assert office.hears() == hear_each_other("alice", "bob", "in1")
    office.is_calm()


def test_another_call_than_ones_own_does_not_exist() -> None:
    office = Office()
    first, _second = _two_calls(office)
    strange = office.served("carol", "in9")
    assert office.refused(c.Merge, "alice", call=first, other=strange.id) == "not_found"
    assert office.refused(c.Merge, "alice", call=first, other="nothing") == "not_found"
    assert "merge" not in view(office.switch.calls[first], "olga", office.directory, Role.SUPERVISOR).actions


def test_of_several_calls_one_that_cannot_join_is_refused() -> None:
    office = Office(max_parties=32)
    first, _second = _two_calls(office)
    office.arrives("dial", "2000", leg="line2", endpoint="1001")
    office.settle()
    third = next(call for call in office.switch.calls.values() if call.offering() is not None)
    assert office.refused(c.Merge, "alice", call=first, other=third.id) == "not_allowed_now"


def test_a_call_in_which_nobody_is_left_to_talk_to_joins_nothing() -> None:
    office = Office()
    first = office.served()
    office.arrives("dial", "1002", leg="line2", endpoint="1001")
    office.settle()
    office.feed(s.LegGone(office.leg_of("bob"), 21))  # the phone says why, and is released then
    alone = next(call for call in office.switch.calls.values() if call.id != first.id)
    assert [p.agent for p in alone.joined()] == ["alice"]
    assert "merge" not in office.actions("alice", first)
    assert office.refused(c.Merge, "alice", call=first.id, other=alone.id) == "not_allowed_now"
