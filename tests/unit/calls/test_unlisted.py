"""An agent is taken out of the administrator's file while calls have them: as when they had logged out."""

from dataclasses import replace

import pytest

from ari_app.calls import commands as c
from ari_app.calls import stimuli as s
from ari_app.calls.replay import replay
from ari_app.engine.storyfile import read, write
from ari_app.routing.outside import Emergency
from tests.support.office import Office, hear_each_other
from tests.support.world import to


def _unlist(office: Office, *gone: str) -> None:
    agents = {name: agent for name, agent in office.directory.agents.items() if name not in gone}
    office.configure(replace(office.directory, agents=agents))


def _list_again(office: Office, agent: str) -> None:
    agents = {**office.directory.agents, agent: office.everybody[agent]}
    office.configure(replace(office.directory, agents=agents))
    office.agents.idle.append(agent)


def _on_hold(office: Office) -> str:
    call = office.served().id
    office.ask(c.Hold, "alice", call=call)
    return call


@pytest.mark.parametrize("rings", [False, True])
def test_who_is_taken_out_of_the_file_is_waited_for_no_longer_also_while_their_phone_rings(rings: bool) -> None:
    office = Office(fallback=to("agent:bob"))
    call = _on_hold(office)
    office.hangs_up("alice")
    if rings:
        office.pass_time(60.0)
        office.settle()
    _unlist(office, "carol")
    assert office.only_call().owner == "alice"
    _unlist(office, "alice")
    assert office.abandoned == [call]
    office.settle()
    office.picks_up("bob")
    assert office.hears() == hear_each_other("bob", "in1")
    office.is_calm()


def test_the_story_says_why_and_can_be_run_again() -> None:
    office = Office()
    call = _on_hold(office)
    office.hangs_up("alice")
    _unlist(office, "alice")
    office.is_calm()
    story = office.switch.stories.of(call) or ()
    assert s.AgentUnlisted("alice") in [entry.detail for entry in story]
    assert all(step.same for step in replay(*read(write(call, story))))


def test_who_was_taken_out_of_the_file_while_no_controller_ran_is_waited_for_no_longer_either() -> None:
    office = Office()
    call = _on_hold(office)
    office.hangs_up("alice")
    office.directory = replace(office.directory, agents={n: a for n, a in office.everybody.items() if n != "alice"})
    office.restart()
    office.settle()
    assert office.abandoned == [call]
    office.is_calm()
    assert not office.switch.calls


def test_who_still_talks_goes_on_and_is_waited_for_no_longer_once_they_hang_up_with_the_contact_on_hold() -> None:
    office = Office(fallback=to("agent:bob"))
    call = office.served().id
    _unlist(office, "alice")
    assert office.hears() == hear_each_other("alice", "in1")
    office.is_calm()
    office.ask(c.Hold, "alice", call=call)  # on its way when the file was read
    office.hangs_up("alice")
    office.settle()
    office.picks_up("bob")
    assert office.hears() == hear_each_other("bob", "in1")
    office.is_calm()


def test_a_phone_that_rings_rings_on_and_who_answers_talks() -> None:
    office = Office()
    office.arrives("agent", "alice", leg="in1")
    office.settle()
    _unlist(office, "alice")
    office.is_calm()
    office.picks_up("alice")
    assert office.hears() == hear_each_other("alice", "in1")
    office.hangs_up("alice")
    office.is_calm()
    assert not office.switch.calls


@pytest.mark.parametrize("gone", ["alice", "bob"])
def test_a_consultation_goes_on_and_who_hangs_up_leaves_it_to_the_fallback(gone: str) -> None:
    office = Office("bob", fallback=to("agent:carol"))
    call = office.served().id
    office.ask(c.InitiateTransfer, "alice", call=call, target=to("agent:bob"))
    office.settle()
    _unlist(office, gone)
    assert office.hears() == hear_each_other("alice", "bob")
    office.is_calm()
    office.hangs_up("alice")
    office.settle()
    if gone == "alice":
        office.picks_up("carol")
        assert office.hears() == hear_each_other("carol", "in1")
    else:
        assert office.switch.calls[call].party_of("alice") is not None
        assert office.music() == {"in1"}
    office.is_calm()


def test_who_is_in_the_file_again_is_waited_for_as_before() -> None:
    office = Office()
    _unlist(office, "alice")
    _list_again(office, "alice")
    _on_hold(office)
    office.hangs_up("alice")
    assert office.music() == {"in1"}
    office.is_calm()


def test_who_is_in_the_file_again_in_mid_call_is_given_no_second_one() -> None:
    office = Office()
    office.served()
    _unlist(office, "alice")
    _list_again(office, "alice")
    office.is_calm()
    assert office.agents.activity["alice"] == "on_call"
    assert "alice" not in office.agents.free()


def test_who_is_in_no_file_any_more_and_still_talks_reaches_emergency_services() -> None:
    office = Office(emergency=Emergency(numbers=frozenset({"112"})))
    call = office.served().id
    _unlist(office, "alice")
    office.ask(c.SingleStepConference, "alice", call=call, target=to("number:112"))
    (dialled,) = office.emergencies
    assert (dialled.agent, dialled.phone, dialled.number) == ("alice", "1001", "112")
    office.is_calm()
