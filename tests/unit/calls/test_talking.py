"""Who speaks is reported in calls of three and more, where the administrator has it so."""

from dataclasses import replace

import pytest

from ari_app.calls import commands as c
from ari_app.calls import effects as e
from ari_app.calls import stimuli as s
from ari_app.calls.derived.talking import PAUSE
from ari_app.calls.model import Call
from tests.support.office import Office
from tests.support.world import to


def _office(*quick: str, talk_detection: bool = True) -> Office:
    return Office(*quick, talk_detection=talk_detection)


def _conference(office: Office) -> Call:
    """A caller, alice and bob; nobody has said anything yet."""
    call = office.served()
    office.ask(c.SingleStepConference, "alice", call=call.id, target=to("agent:bob"))
    office.picks_up("bob")
    for who in ("in1", "alice", "bob"):
        _says(office, who, False)
    return call


def _says(office: Office, who: str, talking: bool) -> list[e.Effect]:
    office.asterisk.talk(office.leg_of(who) if who in office.directory.agents else who, talking)
    office.settle()
    return office.effects


def _speak(office: Office, call: Call) -> set[str]:
    """Who speaks, as alice sees it, or anybody else who is there."""
    viewer = "alice" if office.switch.calls[call.id].party_of("alice") else "bob"
    parties = office.seen(viewer, call.id).parties
    return {party.agent or "in1" for party in parties if party.talking}


def _detecting(office: Office) -> set[str]:
    return {office._name(x.id) for x in office.asterisk.world.channels.values() if x.detecting}


def test_two_are_not_listened_to_and_three_are() -> None:
    office = _office()
    call = office.served()
    assert _detecting(office) == set()
    office.ask(c.SingleStepConference, "alice", call=call.id, target=to("agent:bob"))
    assert _detecting(office) == set()
    office.picks_up("bob")
    assert _detecting(office) == {"in1", "alice", "bob"}
    office.is_calm()
    office.ask(c.Release, "bob", call=call.id)
    office.settle()
    assert _detecting(office) == set()


def test_a_phone_that_rings_is_not_listened_to() -> None:
    office = _office()
    call = _conference(office)
    office.ask(c.SingleStepConference, "alice", call=call.id, target=to("agent:carol"))
    assert _detecting(office) == {"alice", "bob"}  # the contact hears music
    office.picks_up("carol")
    assert _detecting(office) == {"in1", "alice", "bob", "carol"}


def test_where_the_administrator_has_not_requested_it_nobody_is_listened_to() -> None:
    office = _office(talk_detection=False)
    call = _conference(office)
    assert not [x for x in office.asterisk.executed if isinstance(x, e.DetectTalk)]
    office.feed(s.LegTalking("in1", talking=True))
    assert _speak(office, call) == set()


def test_who_speaks_is_reported_and_that_they_have_stopped() -> None:
    office = _office()
    call = _conference(office)
    assert _says(office, "in1", True) == [e.TalkChanged(office.switch.calls[call.id])]
    assert _speak(office, call) == {"in1"}
    _says(office, "bob", True)
    assert _speak(office, call) == {"in1", "bob"}
    _says(office, "in1", False)
    assert _speak(office, call) == {"bob"}
    office.is_calm()


def test_no_snapshot_is_written_for_it_and_no_story_kept_of_it() -> None:
    office = _office()
    call = _conference(office)
    saved, story = dict(office.saved_calls), office.switch.stories.of(call.id)
    for talking in (True, False):
        assert [type(x) for x in _says(office, "bob", talking)] == [e.TalkChanged]
    assert office.saved_calls == saved
    assert office.switch.stories.of(call.id) == story


def test_what_is_reported_twice_is_reported_once() -> None:
    office = _office()
    _conference(office)
    assert office.feed(s.LegTalking("in1", talking=True))
    assert office.feed(s.LegTalking("in1", talking=True)) == []


@pytest.mark.parametrize("how", [c.MuteParty, c.HoldParty, c.RemoveParty])
def test_who_is_muted_held_or_gone_does_not_speak(how: type[c.PartyCommand]) -> None:
    office = _office()
    call = _conference(office)
    for who in ("in1", "bob"):
        _says(office, who, True)
    office.ask(how, "alice", call=call.id, party=office.party(call, "bob").id)
    office.settle()
    assert "bob" not in _speak(office, call)
    assert "bob" not in _detecting(office)
    left = how is c.RemoveParty  # two are left
    assert _speak(office, call) == (set() if left else {"in1"})
    office.is_calm()


def test_who_is_heard_again_is_listened_to_from_the_beginning_s31() -> None:
    office = _office()
    call = _conference(office)
    _says(office, "bob", True)
    bob = office.party(call, "bob").id
    office.ask(c.MuteParty, "alice", call=call.id, party=bob)
    office.ask(c.UnmuteParty, "alice", call=call.id, party=bob)
    assert "bob" in _detecting(office)
    office.settle()
    assert _speak(office, call) == {"bob"}


def test_a_fact_of_before_is_of_no_account() -> None:
    office = _office()
    call = _conference(office)
    leg = office.leg_of("bob")
    office.ask(c.MuteParty, "alice", call=call.id, party=office.party(call, "bob").id)
    assert office.feed(s.LegTalking(leg, talking=True)) == []
    assert office.feed(s.LegTalking("nobody", talking=True)) == []


def test_who_turns_to_another_call_does_not_speak_in_the_first_s45() -> None:
    office = _office("carol")
    call = _conference(office)
    _says(office, "bob", True)
    office.ask(c.MakeCall, "bob", target=to("agent:carol"))
    office.settle()
    assert _speak(office, call) == set()
    assert "bob" not in _detecting(office)
    office.is_calm()


def test_calls_that_are_up_follow_the_administrators_file() -> None:
    office = _office(talk_detection=False)
    call = _conference(office)
    _says(office, "bob", True)
    for on in (True, False):
        settings = replace(office.directory.settings, talk_detection=on)
        office.feed(s.DirectoryReplaced(replace(office.directory, settings=settings)))
        office.settle()
        assert (_detecting(office) == {"in1", "alice", "bob"}) is on
        assert _speak(office, call) == ({"bob"} if on else set())


def test_what_the_file_says_while_asterisk_is_away_is_done_when_it_is_back() -> None:
    office = _office()
    _conference(office)
    office.lose_link()
    settings = replace(office.directory.settings, talk_detection=False)
    office.feed(s.DirectoryReplaced(replace(office.directory, settings=settings)))
    office.asterisk.restore_link()
    office.is_calm()
    assert _detecting(office) == set()


@pytest.mark.parametrize("restart", [True, False])
def test_after_a_lost_connection_everybody_is_listened_to_anew(restart: bool) -> None:
    office = _office()
    call = _conference(office)
    _says(office, "bob", True)
    office.ask(c.ChangeUserData, "alice", call=call.id, changes={"k": "v"})  # a snapshot with that in it
    if restart:
        office.restart()
    else:
        office.lose_link()
        office.asterisk.restore_link()
    office.step("link")
    assert _speak(office, call) == set()
    office.is_calm()
    assert _speak(office, call) == {"bob"}
    requested = [
        x.pause for x in office.asterisk.executed if isinstance(x, e.DetectTalk) and x.leg == office.leg_of("bob")
    ]
    assert requested[-2:] == [None, PAUSE]


def test_a_leg_that_cannot_be_listened_to_stays_in_the_call() -> None:
    office = _office()
    call = office.served()
    for _ in range(9):
        office.asterisk.fail_next(lambda effect: isinstance(effect, e.DetectTalk))
    office.ask(c.SingleStepConference, "alice", call=call.id, target=to("agent:bob"))
    office.picks_up("bob")
    office.is_calm()
    assert len(office.hears()) == 6


def test_who_speaks_does_so_in_the_call_that_their_phone_speaks_in_alone_s46() -> None:
    office = _office("bob", "carol")
    first = office.served()
    office.ask(c.MakeCall, "alice", target=to("agent:bob"))
    second = next(x for x in office.switch.calls.values() if x.id != first.id)
    office.ask(c.SingleStepConference, "alice", call=second.id, target=to("agent:carol"))
    office.asterisk.talk(office.leg_of("alice", second.id), True)
    office.settle()
    assert office.party(second, "alice").talking
    assert not office.party(first, "alice").talking
