"""Call-backs that come to nothing: for who calls in again, or because whoever oversees says so."""

import pytest

from ari_app.calls import commands as c
from ari_app.calls import stimuli as s
from ari_app.calls.model import (
    EndReason,
    Identity,
    LegState,
)
from ari_app.routing.directory import Role
from ari_app.routing.hours import Chosen, Override
from ari_app.routing.ways_out import CallBackRules
from tests.support.office import hear_each_other
from tests.support.world import ANONYMOUS, CALLER
from tests.unit.calls.called_back import Queueing


def test_who_calls_in_again_has_their_old_place_and_is_not_called_back() -> None:
    office = Queueing()
    call = office.is_promised("in1", "2")
    office.enters("in2", "2", caller=Identity("Two", "+33600000002"))
    office.enters("in3")
    assert call not in office.switch.calls
    assert office.over(call).end_reason is EndReason.MERGED
    office.free("alice")
    office.picks_up("alice")
    assert office.hears() == hear_each_other("alice", "in3")
    office.is_calm()


@pytest.mark.parametrize(("again", "left"), [("cancel", 2), ("keep", 3)])
def test_or_as_the_administrator_says_they_wait_like_anybody(again: str, left: int) -> None:
    office = Queueing()
    office.queue(callback=CallBackRules(again=again))  # type: ignore[arg-type]
    office.is_promised("in1")
    office.enters("in2", caller=Identity("Two", "+33600000002"))
    office.enters("in3")
    assert len(office.switch.calls) == left
    office.hangs_up("in2" if again == "cancel" else "in3")
    office.is_calm()


def test_others_and_those_for_something_else_change_nothing() -> None:
    office = Queueing()
    call = office.is_promised("in1")
    office.enters("in2", caller=ANONYMOUS)
    office.enters("in3", caller=Identity("Two", "+33600000002"))
    office.asterisk.arrive("in4", "carrier", "group", "support", caller=CALLER)
    office.settle()
    assert office.shows(call).state == "queued"
    office.is_calm()


def test_who_calls_in_while_they_are_rung_has_the_place_when_that_comes_to_nothing() -> None:
    office = Queueing()
    call = office.is_promised("in1")
    office.free("alice")
    office.picks_up("alice")
    again = office.enters("in2")
    assert call in office.switch.calls
    office.outside_ends(17)
    assert call not in office.switch.calls
    office.picks_up("alice")
    assert office.hears() == hear_each_other("alice", "in2")
    assert office.switch.calls[again].place_since is not None
    assert (office.over(call).end_reason, office.over(call).ended_by) == (EndReason.MERGED, "contact")
    office.is_calm()


# -- who oversees -----------------------------------------------------------------------------------------------------


def test_a_supervisor_ends_it_as_long_as_nobody_was_reached() -> None:
    office = Queueing()
    call = office.is_promised("in1")
    name = office.command(c.Clear, "erin", role=Role.SUPERVISOR, call=call, callback=True)
    office.settle()
    assert name in office.replies
    assert (office.over(call).end_reason, office.over(call).ended_by) == (EndReason.CLEARED, "agent:erin")
    call = office.is_promised("in2")
    office.free("alice")
    office.picks_up("alice")
    office.answers_outside()
    assert office.refused(c.Clear, "erin", role=Role.SUPERVISOR, call=call, callback=True) == "not_allowed_now"
    assert call in office.switch.calls
    office.is_calm()


def test_a_supervisor_who_ends_it_while_it_rings_frees_the_agent() -> None:
    office = Queueing()
    call = office.is_promised("in1")
    office.free("alice")
    office.picks_up("alice")
    office.command(c.Clear, "erin", role=Role.SUPERVISOR, call=call, callback=True)
    office.settle()
    assert not office.switch.calls
    assert all(leg.state is not LegState.UP for leg in office.switch.legs.values())
    office.is_calm()


def test_what_was_promised_is_kept_when_the_queue_closes_and_sends_others_away() -> None:
    office = Queueing()
    call = office.is_promised("in1")
    office.enters("in2", caller=Identity("Two", "+33600000002"))
    office.feed(s.OpeningsReplaced({"queue:help": Override(Chosen.CLOSED, "erin", office.now)}))
    office.pass_time(0.0)
    office.settle()
    assert list(office.switch.calls) == [call]
    office.free("alice")
    office.picks_up("alice")
    assert office.outside_rings() == [CALLER.number]
    office.is_calm()
