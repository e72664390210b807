"""Call-backs: which number is rung, which may be, and for whom."""

from dataclasses import replace

import pytest

from ari_app.calls import commands as c
from ari_app.calls import stimuli as s
from ari_app.calls.model import (
    CallId,
    EndReason,
    Identity,
    Outside,
)
from ari_app.routing.directory import CallerId
from ari_app.routing.outside import Ceilings, Emergency, OutsideLimits, OutsideRule
from ari_app.routing.ways_out import CallBackRules
from ari_app.testing.asterisk import Behaviour
from tests.support import account
from tests.support.callcentre import ANNOUNCEMENTS
from tests.support.office import hear_each_other
from tests.support.world import ANONYMOUS, CALLER
from tests.unit.calls.called_back import Queueing
from tests.unit.calls.keypad import presses, said


def _keys_in(office: Queueing, keys: str) -> CallId:
    call = office.is_promised("in1", caller=ANONYMOUS)
    presses(office, keys, "in1")
    return call


def test_who_withholds_their_number_keys_one_in() -> None:
    office = Queueing()
    call = _keys_in(office, "0612*0612345678#")
    assert said(office) == ["callback_number", "callback_promised"]
    assert (office.shows(call).number, office.shows(call).name) == ("0612345678", "")
    office.free("alice")
    office.picks_up("alice")
    assert office.outside_rings() == ["0612345678"]
    office.is_calm()
    story = office.switch.stories.of(call) or ()
    keys = [x.detail.digit for x in story if isinstance(x.detail, s.LegDigit)]
    assert set(keys) == {"=callback", "?", "*", "#"}
    assert not account.replayed_otherwise(office)


def test_a_key_ends_the_prompt_and_a_place_is_not_announced_over_it() -> None:
    office = Queueing()
    office.queue(announce_every=7.0)
    office.asterisk.prompts_end = False
    call = office.is_promised("in1", caller=ANONYMOUS)
    assert office.plays("in1")
    presses(office, "0", "in1")
    assert not office.plays("in1")
    office.pass_time(7.0)
    assert not office.plays("in1")
    assert office.switch.calls[call].offer is not None
    office.is_calm()


def test_a_number_without_an_end_ends_with_the_time_and_none_at_all_is_none() -> None:
    office = Queueing()
    call = _keys_in(office, "0612345678")
    office.pass_time(10.0)
    office.settle()
    assert office.shows(call).number == "0612345678"
    office = Queueing()
    call = office.is_promised("in1", caller=ANONYMOUS)
    office.pass_time(29.0)
    assert office.party(office.switch.calls[call], "in1").keyed is not None
    office.pass_time(1.0)
    assert office.party(office.switch.calls[call], "in1").keyed is None
    assert said(office) == ["callback_number"]
    office.is_calm()


@pytest.mark.parametrize("number", ["12", "112", "0112", "1002", "x" * 3])
def test_a_number_that_may_not_be_dialled_is_refused_and_they_wait_on(number: str) -> None:
    office = Queueing(emergency=Emergency(frozenset({"112"})))
    rules = (OutsideRule(r"0([0-9]+)", r"\1"), *office.directory.outside)
    office.configure(replace(office.directory, outside=rules))
    call = _keys_in(office, f"{number}#")
    assert said(office) == ["callback_number", "callback_refused"]
    assert office.switch.calls[call].callback is None
    office.is_calm()
    assert office.music() == {"in1"}


def test_without_a_prompt_for_a_number_who_withholds_it_has_no_call_back() -> None:
    prompts = {name: sound for name, sound in ANNOUNCEMENTS.items() if name != "callback_number"}
    office = Queueing(announcements=prompts)
    call = office.is_promised("in1", caller=ANONYMOUS)
    assert said(office) == ["callback_refused"]
    assert office.switch.calls[call].callback is None
    office.is_calm()


@pytest.mark.parametrize("number", ["", "1002", "911#"])
def test_a_number_that_cannot_be_called_is_replaced_by_one_that_is_keyed_in(number: str) -> None:
    office = Queueing()
    office.is_promised("in1", caller=Identity("Inside", number))
    assert said(office) == ["callback_number"]
    office.is_calm()


def test_who_is_answered_while_they_key_a_number_in_talks_and_dials_nothing() -> None:
    office = Queueing()
    call = _keys_in(office, "06")
    office.free("alice")
    office.picks_up("alice")
    assert office.party(office.switch.calls[call], "in1").keyed is None
    presses(office, "12345678#", "in1")
    assert office.hears() == hear_each_other("alice", "in1")
    assert office.switch.calls[call].callback is None
    office.is_calm()


def test_keys_that_were_lost_with_the_connection_are_pressed_anew() -> None:
    office = Queueing()
    call = _keys_in(office, "06")
    office.lose_link()
    office.asterisk.restore_link()
    office.settle()
    assert office.party(office.switch.calls[call], "in1").keyed is None
    presses(office, "10612345678#", "in1")
    assert office.shows(call).number == "0612345678"
    office.is_calm()


# -- what may be dialled ----------------------------------------------------------------------------------------------


def test_the_call_centre_dials_so_that_the_agents_own_limits_do_not_count_and_those_of_all_do() -> None:
    office = Queueing(outside=OutsideLimits(Ceilings(0, 0), Ceilings(1, 10)))
    call = office.is_promised("in1")
    office.is_promised("in2", caller=Identity("Two", "+33600000002"))
    office.free("alice")
    office.picks_up("alice")
    assert office.outside_rings() == [CALLER.number]
    office.free("bob")
    office.picks_up("bob")
    assert office.outside_rings() == [CALLER.number]
    second = next(x for x in office.switch.calls if x != call)
    shown = office.shows(second)
    assert (shown.state, shown.tries) == ("resting", 0)
    assert office.agents.free() == ["bob"]
    office.is_calm()


def test_a_number_that_may_be_dialled_no_longer_counts_as_not_reached() -> None:
    office = Queueing()
    call = office.is_promised("in1")
    office.configure(replace(office.directory, outside=()))
    office.free("alice")
    office.picks_up("alice")
    assert (office.shows(call).state, office.shows(call).last) == ("resting", "unavailable")
    office.is_calm()


def test_a_queue_that_is_listed_no_longer_keeps_the_place_until_it_is_too_late() -> None:
    office = Queueing()
    call = office.is_promised("in1")
    office.configure(replace(office.directory, queues={}))
    office.free("alice")
    assert office.shows(call).state == "queued"
    office.is_calm()


# -- strangers who would have the call centre ring whom they like ------------------------------------------------------


@pytest.mark.parametrize(
    "rules",
    [
        (OutsideRule(r"0[1-7][0-9]{8}"), OutsideRule(r"00[0-9]+", for_=frozenset({"role:supervisor"}))),
        (OutsideRule(r"0[0-9]+"), OutsideRule(r"00[0-9]+", deny=True, for_=frozenset({"group:support"}))),
        (OutsideRule(r"00([0-9]+)", r"+\1", for_=frozenset({"group:sales"})), OutsideRule(r"0[1-7][0-9]{8}")),
    ],
)
@pytest.mark.parametrize("shown", [True, False])
def test_a_caller_is_not_called_back_at_a_number_that_not_everybody_may_dial(
    rules: tuple[OutsideRule, ...], shown: bool
) -> None:
    office = Queueing()
    office.configure(replace(office.directory, outside=rules))
    dear, allowed = "0088213123456", "0612345678"
    call = office.is_promised("in1", caller=Identity("", dear)) if shown else _keys_in(office, f"{dear}#")
    assert office.switch.calls[call].callback is None
    presses(office, ("" if shown else "1") + f"{allowed}#", "in1")
    assert office.shows(call).number == allowed
    office.is_calm()


def test_whoever_is_called_back_is_dialled_as_the_rules_for_everybody_say() -> None:
    office = Queueing()
    theirs = OutsideRule(r"0([0-9]{9})", r"99\1", for_=frozenset({"role:supervisor"}))
    office.configure(replace(office.directory, outside=(theirs, OutsideRule(r"0([0-9]{9})", r"+33\1"))))
    _keys_in(office, "0612345678#")
    office.free("alice")
    office.picks_up("alice")
    dialled = [leg.destination for leg in office.switch.legs.values() if isinstance(leg.destination, Outside)]
    assert [where.number for where in dialled] == ["+33612345678"]
    office.is_calm()


@pytest.mark.parametrize("number", ["+33140000000", "+33140000001"])
def test_the_call_centre_does_not_call_itself_back(number: str) -> None:
    office = Queueing(company=CallerId("company", "Company", "+33140000000"))
    call = office.is_promised("in1", caller=Identity("Company", number))
    assert office.switch.calls[call].callback is None
    assert said(office) == ["callback_number"]
    office.is_calm()


def test_a_number_that_has_become_one_for_emergencies_is_not_dialled() -> None:
    office = Queueing()
    call = office.is_promised("in1")
    settings = replace(office.directory.settings, emergency=Emergency(frozenset({CALLER.number})))
    office.configure(replace(office.directory, settings=settings))
    office.free("alice")
    office.picks_up("alice")
    assert office.outside_rings() == []
    assert office.shows(call).tries == 1
    office.is_calm()


def test_a_number_that_many_callers_give_is_rung_for_one_of_them() -> None:
    office = Queueing()
    calls = []
    for n in range(4):
        calls.append(office.enters(f"in{n}", caller=ANONYMOUS))
        presses(office, "10612345678#", f"in{n}")
    assert [call in office.switch.calls for call in calls] == [False, False, False, True]
    waiting = office.enters("late", caller=Identity("Late", "+33600000009"))
    office.free("alice")
    office.picks_up("alice")
    assert office.outside_rings() == ["0612345678"], "it has the first place that was given to it"
    assert waiting in office.switch.calls
    office.is_calm()


def test_a_number_is_the_same_however_it_is_written_as_the_rules_dial_it() -> None:
    office = Queueing()
    rules = (OutsideRule(r"0([0-9]{9})", r"+33\1"), OutsideRule(r"\+33[0-9]{9}"))
    office.configure(replace(office.directory, outside=rules))
    national = office.is_promised("in1", caller=Identity("One", "0612345678"))
    office.is_promised("in2", caller=Identity("Two", "0612345679"))
    again = office.is_promised("in3", caller=Identity("One", "+33612345678"))
    assert national not in office.switch.calls
    assert office.over(national).end_reason is EndReason.MERGED
    office.enters("in4", caller=Identity("One", "0612345678"))
    assert again not in office.switch.calls
    assert len(office.switch.calls) == 2
    office.is_calm()


def test_one_who_is_being_rung_is_not_taken_away_by_another_who_gives_their_number() -> None:
    office = Queueing()
    office.asterisk.behaviour[Outside("0612345678", "carrier")] = Behaviour.RING
    first = office.is_promised("in1", caller=Identity("", "0612345678"))
    office.free("alice")
    office.picks_up("alice")
    second = office.enters("in2", caller=ANONYMOUS)
    presses(office, "10612345678#", "in2")
    assert office.outside_rings() == ["0612345678"]
    assert {first, second} <= set(office.switch.calls)
    office.is_calm()


def _is_rung_and_calls_in(office: Queueing, *, hears_so: bool = False) -> tuple[CallId, CallId]:
    """Who is being rung has called in meanwhile, and chosen to be called back once more; `hears_so`: just now."""
    office.queue(callback=CallBackRules(tries=2, retry_after=60.0))
    first = office.is_promised("in1")
    office.free("alice")
    office.picks_up("alice")
    office.asterisk.prompts_end = not hears_so
    second = office.is_promised("in2")
    assert {first, second} <= set(office.switch.calls)
    return first, second


def _come_to_the_phone(office: Queueing) -> None:
    for leg in [x.id for x in office.switch.legs.values() if isinstance(x.destination, Outside)][:1]:
        office.asterisk.answer(leg)
    office.settle()


@pytest.mark.parametrize("hears_so", [True, False])
def test_who_was_reached_is_not_called_back_for_what_they_have_chosen_while_it_rang(hears_so: bool) -> None:
    office = Queueing()
    first, second = _is_rung_and_calls_in(office, hears_so=hears_so)
    _come_to_the_phone(office)
    assert second not in office.switch.calls
    assert office.over(second).end_reason is EndReason.MERGED
    office.do(c.Release, "alice", call=first)
    office.settle()
    office.free("alice")
    assert office.outside_rings() == []
    office.is_calm()


def test_whom_two_agents_ring_at_once_has_one_of_them_and_the_other_is_free() -> None:
    office = Queueing()
    _, second = _is_rung_and_calls_in(office)
    office.free("bob")
    office.picks_up("bob")
    assert len(office.outside_rings()) == 2
    _come_to_the_phone(office)
    assert second not in office.switch.calls
    assert (office.outside_rings(), office.agents.free()) == ([CALLER.number], ["bob"])
    office.is_calm()


def test_who_was_not_reached_and_hears_just_now_that_they_are_called_back_has_one_place() -> None:
    office = Queueing()
    first, second = _is_rung_and_calls_in(office, hears_so=True)
    office.outside_ends(17)
    assert first not in office.switch.calls
    office.hangs_up("in2")
    assert (office.shows(second).tries, office.outside_rings()) == (1, [])
    office.is_calm()


def test_who_was_not_reached_and_has_chosen_it_again_meanwhile_has_one_place_and_as_many_tries_as_anybody() -> None:
    office = Queueing()
    first, second = _is_rung_and_calls_in(office)
    since = office.switch.calls[first].place_since or office.switch.calls[first].started_at
    office.outside_ends(17)
    assert first not in office.switch.calls
    assert office.over(first).end_reason is EndReason.MERGED
    assert (office.shows(second).state, office.shows(second).tries) == ("resting", 1)
    assert office.switch.calls[second].place_since == since
    office.pass_time(60.0)
    office.free("alice")
    office.picks_up("alice")
    office.outside_ends(17)
    assert second not in office.switch.calls
    office.is_calm()


def test_of_a_queue_so_many_are_to_be_called_back_and_others_wait_on() -> None:
    office = Queueing()
    office.queue(callback=CallBackRules(most=2))
    for n in range(2):
        office.is_promised(f"in{n}", caller=Identity("", f"+3360000000{n}"))
    third = office.is_promised("in2", caller=Identity("", "+33600000002"))
    keyed = office.enters("in3", caller=ANONYMOUS)
    presses(office, "10612345678#", "in3")
    assert [office.switch.calls[call].callback for call in (third, keyed)] == [None, None]
    assert said(office)[-2:] == ["callback_refused", "callback_refused"]
    office.is_calm()


def test_the_last_place_that_is_taken_while_a_number_is_keyed_in_is_gone() -> None:
    office = Queueing()
    office.queue(callback=CallBackRules(most=1))
    slow = office.is_promised("in1", caller=ANONYMOUS)
    presses(office, "0612345678", "in1")
    office.is_promised("in2", caller=Identity("", "+33600000002"))
    presses(office, "#", "in1")
    assert office.switch.calls[slow].callback is None
    office.is_calm()


def test_those_who_are_to_be_called_back_do_not_fill_the_queue_for_those_who_call() -> None:
    office = Queueing()
    office.queue(max_length=2)
    for n in range(3):
        office.is_promised(f"in{n}", caller=Identity("", f"+3360000000{n}"))
    calls = [office.enters(f"on{n}", caller=Identity("", f"+3361000000{n}")) for n in range(3)]
    targets = [office.switch.calls[call].offer for call in calls]
    assert [str(offer.target) for offer in targets if offer is not None] == ["queue:help", "queue:help", "group:sales"]
