"""A command that comes again because its controller died before it answered is answered, and not done twice."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from ari_app.calls import commands as c
from ari_app.calls import effects as e
from ari_app.calls.derived import repeats as derived
from ari_app.calls.model import Pending, Phone
from ari_app.calls.step import Step
from ari_app.errors import Code, Refused
from ari_app.testing.asterisk import Behaviour
from tests.support import account, repeats
from tests.support.office import AWAY, Office
from tests.support.world import to


def _dies(office: Office, *, behind: bool = False) -> None:
    """Another leads, and knows what Asterisk has."""
    office.restart(behind=behind)
    office.settle()


def _repeated(office: Office, name: str) -> tuple[list[object], e.Reply | e.Refuse]:
    """What is requested of others by a repeat, and its answer."""
    effects = repeats.repeat(office, name)
    (answer,) = [x for x in effects if isinstance(x, e.Reply | e.Refuse)]
    return [x for x in effects if isinstance(x, e.OnAsterisk | e.OnAgents)], answer


def _transfer(office: Office, call: str) -> str:
    return office.command(c.SingleStepTransfer, "alice", call=call, target=to("agent:bob"))


def _conference(office: Office, call: str) -> str:
    return office.command(c.SingleStepConference, "alice", call=call, target=AWAY)


def _consultation(office: Office, call: str) -> str:
    return office.command(c.InitiateTransfer, "alice", call=call, target=to("agent:bob"))


def _hold(office: Office, call: str) -> str:
    return office.command(c.Hold, "alice", call=call)


def _release(office: Office, call: str) -> str:
    return office.command(c.Release, "alice", call=call)


def _clear(office: Office, call: str) -> str:
    return office.command(c.Clear, "alice", call=call)


@pytest.mark.parametrize("do", [_transfer, _conference, _consultation, _hold, _release, _clear])
def test_what_was_carried_out_is_answered_by_the_next_controller(do: Callable[[Office, str], str]) -> None:
    office = Office()
    name = do(office, office.served().id)
    office.settle()
    first = office.replies[name]
    assert first is not None
    office.restart()
    again = replace(office.commands[name], again=True)
    assert office.switch.knows(again)  # what Asterisk has is not known yet: nothing is begun anew
    office.settle()
    assert office.switch.knows(again)
    requested, answer = _repeated(office, name)
    assert requested == []
    assert isinstance(answer, e.Reply)
    assert answer.call is not None
    assert (answer.call.id, answer.call.ended) == (first.id, first.ended)


def test_what_was_not_answered_yet_is_answered_when_it_has_come_about() -> None:
    office = Office()
    office.phone("bob", Behaviour.NO_ANSWER)
    call = office.served().id
    name = _transfer(office, call)
    while not account.never_dialled(office):
        office.step()
    office.restart()
    while not office.switch.state.linked:
        office.step()
    assert repeats.repeat(office, name) == []
    office.settle()
    answer = office.replies[name]
    assert answer is not None
    assert answer.offer is not None
    assert answer.offer.attempts[0].ringing


def test_what_was_never_begun_is_done_now() -> None:
    office = Office()
    call = office.served().id
    name = _hold(office, call)
    _dies(office, behind=True)
    assert not office.switch.calls[call].carried_out
    again = c.Hold(id=name, by="alice", call=call, again=True)
    assert not office.switch.knows(again)
    office.feed(again)
    office.settle()
    assert office.replies[name] == office.switch.calls[call]
    assert office.music() == {"in1"}


@pytest.mark.parametrize("kind", [c.Release, c.Clear])
def test_who_wants_to_leave_and_has_left_is_answered_with_the_call_as_it_was(kind: type[c.Command]) -> None:
    office = Office()
    call = office.served().id
    office.hangs_up("alice")
    office.settle()
    office.feed(kind(id="again", by="alice", call=call, again=True))  # type: ignore[call-arg]
    answer = office.replies["again"]
    assert answer is not None
    assert answer.ended


def test_who_has_left_a_conference_has_left_and_it_is_not_over() -> None:
    office = Office()
    call = office.served().id
    office.ask(c.SingleStepConference, "alice", call=call, target=to("agent:bob"))
    office.picks_up("bob")
    office.hangs_up("alice")
    office.settle()
    office.feed(c.Release(id="leave", by="alice", call=call, again=True))
    assert office.replies["leave"] == office.switch.calls[call]
    office.feed(c.Clear(id="clear", by="alice", call=call, again=True))
    assert office.refusals["clear"].code == "not_found"
    office.feed(c.Release(id="stranger", by="dave", call=call, again=True))
    assert office.refusals["stranger"].code == "not_found"
    office.feed(c.Release(id="still there", by="bob", call=call, again=True))
    office.settle()
    assert call not in office.switch.calls


def test_nobody_knows_whether_digits_were_heard_before() -> None:
    office = Office()
    call = office.served().id
    name = office.command(c.SendDtmf, "alice", call=call, digits="12")
    office.settle()
    _dies(office)
    requested, answer = _repeated(office, name)
    assert requested == []
    assert isinstance(answer, e.Refuse)
    assert answer.error.code == "unknown_outcome"


def test_what_failed_may_be_tried_again() -> None:
    office = Office()
    office.asterisk.behaviour[Phone("1001")] = Behaviour.UNREACHABLE
    name = office.command(c.MakeCall, "alice", target=AWAY)
    office.settle()
    assert name in office.refusals
    assert not any(call.carried_out for call in (*office.switch.calls.values(), *office.switch._over.values()))


def test_nothing_is_answered_while_nobody_knows_what_asterisk_did() -> None:
    office = Office()
    name = _hold(office, office.served().id)
    office.settle()
    office.restart()
    repeats.repeat(office, name)
    assert office.refusals[name].code == "asterisk_unavailable"


def test_a_call_keeps_the_last_commands_alone() -> None:
    office = Office()
    call = office.served().id
    names = []
    for _ in range(5):
        names.append(_hold(office, call))
        office.settle()
        names.append(office.command(c.Retrieve, "alice", call=call))
        office.settle()
    assert [done.command for done in office.switch.calls[call].carried_out] == names[-8:]


def test_what_is_under_way_is_not_begun_again() -> None:
    office = Office()
    name = _hold(office, office.served().id)
    assert repeats.repeat(office, name) == []
    office.settle()
    assert office.replies[name] is not None


def test_what_fails_when_its_call_is_over_is_noted_nowhere() -> None:
    office = Office()
    office.switch.state.pending["k1"] = Pending("k1", "over")
    step = Step(office.switch.state, office.directory, office.now)
    step.refuse("k1", Refused(Code.NOT_FOUND, "there is no such call"))
    derived.settle(step)
    assert step.calls == {}
