"""Commands that are refused: with which code, in which order, and that nothing changes by them."""

from dataclasses import replace

import pytest

from ari_app.calls import commands as c
from ari_app.calls import effects as e
from ari_app.calls import stimuli as s
from ari_app.routing.directory import Purpose, Role
from tests.properties.walk import unchanged
from tests.support.callcentre import directory
from tests.support.office import AWAY, Office
from tests.support.world import to

NOWHERE = to("group:nowhere")


def test_another_agents_call_does_not_exist_whatever_is_requested_s2() -> None:
    office = Office()
    call = office.served().id
    party = office.party(office.only_call(), "in1").id
    assert office.refused(c.Hold, "bob", call=call) == "not_found"
    assert office.refused(c.SingleStepTransfer, "bob", call=call, target=NOWHERE) == "not_found"
    assert office.refused(c.MuteParty, "bob", call=call, party=party) == "not_found"
    assert office.refused(c.Hold, "alice", call="none") == "not_found"
    assert office.refused(c.SendDtmf, "alice", call="none", digits="x") == "not_found"


def test_a_party_that_is_not_there_or_has_left_is_not_found_s29() -> None:
    office = Office()
    call = office.served().id
    assert office.refused(c.MuteParty, "alice", call=call, party="none") == "not_found"
    assert office.refused(c.SendDtmf, "alice", call=call, party="none", digits="1") == "not_found"


@pytest.mark.parametrize("digits", ["", "12x", "a", "1 2", "1" * 65, "٣"])
def test_digits_that_no_phone_sends_are_invalid_s35(digits: str) -> None:
    office = Office()
    call = office.served().id
    assert office.refused(c.SendDtmf, "alice", call=call, digits=digits) == "invalid"
    office.is_calm()


def test_the_target_is_checked_before_what_is_enabled_and_that_before_what_may_be_done_now_s2_s3_s28() -> None:
    office = Office(conferences=False)
    groups = {**directory().groups}
    groups["sales"] = replace(groups["sales"], enabled_for=frozenset({Purpose.CALL}))
    office.feed(s.DirectoryReplaced(replace(directory(conferences=False), groups=groups)))
    office.arrives("agent", "alice")
    office.settle()
    call = office.only_call().id  # rings: no transfer may be requested now
    ask = {"call": call, "by": "alice"}
    assert office.refused(c.SingleStepConference, target=NOWHERE, **ask) == "unknown_target"
    assert office.refused(c.SingleStepConference, target=to("agent:bob"), **ask) == "feature_disabled"
    assert office.refused(c.SingleStepTransfer, target=to("group:sales"), **ask) == "feature_disabled"
    code = office.refused(c.SingleStepTransfer, target=AWAY, caller_id="none", **ask)
    assert code == "caller_id_not_allowed"
    assert office.refused(c.SingleStepTransfer, target=AWAY, **ask) == "not_allowed_now"
    assert office.refused(c.MakeCall, "bob", target=to("group:none")) == "unknown_target"


@pytest.mark.parametrize("kind", [c.SingleStepTransfer, c.SingleStepConference, c.InitiateTransfer, c.MakeCall])
def test_nobody_is_their_own_target(kind: type[c.BaseCommand]) -> None:
    office = Office()
    call = office.served().id
    fields = {} if kind is c.MakeCall else {"call": call}
    for target in ("agent:alice", "number:1001"):
        assert office.refused(kind, "alice", target=to(target), **fields) == "invalid"


@pytest.mark.parametrize("kind", [c.SingleStepTransfer, c.SingleStepConference, c.InitiateTransfer, c.MakeCall])
def test_a_target_where_nobody_is_free_is_refused_and_the_contact_hears_nothing_of_it_s6(
    kind: type[c.BaseCommand],
) -> None:
    office = Office(ready=("alice",))
    call = office.served().id
    office.asterisk.executed.clear()
    fields = {} if kind is c.MakeCall else {"call": call}
    assert office.refused(kind, "alice", target=to("group:sales"), **fields) == "no_agent_available"
    assert office.asterisk.executed == []


@pytest.mark.parametrize("kind", [c.SingleStepTransfer, c.MakeCall])
def test_with_redis_away_what_needs_a_reservation_is_refused_and_nothing_changes(kind: type[c.BaseCommand]) -> None:
    office = Office()
    call = office.served().id
    office.agents.away = True
    fields = {} if kind is c.MakeCall else {"call": call}
    assert office.refused(kind, "alice", target=to("agent:bob"), **fields) == "store_unavailable"
    assert office.switch.calls[call].held_since is None


def test_every_command_is_refused_while_asterisk_is_away() -> None:
    office = Office()
    call = office.served().id
    office.asterisk.lose_link()
    office.settle()
    for kind in (c.Hold, c.Release, c.Clear):
        assert office.refused(kind, "alice", call=call) == "asterisk_unavailable"
    assert office.refused(c.MakeCall, "bob", target=AWAY) == "asterisk_unavailable"


def test_a_reservation_that_comes_while_asterisk_is_away_is_given_back() -> None:
    office = Office()
    name = office.command(c.MakeCall, "alice", target=to("agent:bob"))
    office.asterisk.lose_link()
    office.feed(s.LinkLost())
    reserved = office.inbox.popleft()
    effects = office.feed(reserved)
    assert isinstance(reserved, s.AgentReserved)
    assert effects[0] == e.SetActivity("bob", None, request=reserved.request)
    assert office.refusals[name].code == "asterisk_unavailable"
    assert not office.agents.activity
    assert office.switch.state.seeks == {}


def test_what_is_no_longer_allowed_when_the_reservation_comes_is_refused_and_it_is_given_back() -> None:
    office = Office()
    call = office.served().id
    first = office.command(c.SingleStepTransfer, "alice", call=call, target=to("agent:bob"))
    office.feed(c.SingleStepTransfer(id="second", by="alice", call=call, target=AWAY))
    office.settle()
    assert office.refusals[first].code == "not_allowed_now"
    assert "bob" not in office.agents.activity
    office.is_calm()


def test_an_agent_who_left_the_call_before_the_reservation_came_gets_nothing_s6() -> None:
    office = Office()
    call = office.served().id
    office.ask(c.SingleStepConference, "alice", call=call, target=to("agent:carol"))
    office.picks_up("carol")
    name = office.command(c.SingleStepTransfer, "alice", call=call, target=to("agent:bob"))
    office.feed(c.Release(id="leave", by="alice", call=call))
    office.settle()
    assert office.refusals[name].code == "not_allowed_now"


def test_attached_data_is_set_removed_and_bounded_s8() -> None:
    office = Office(max_user_data=10)
    call = office.served().id
    office.ask(c.ChangeUserData, "alice", call=call, changes={"a": "123", "b": "45"})
    office.ask(c.ChangeUserData, "alice", call=call, changes={"a": None, "none": None})
    assert office.switch.calls[call].user_data == {"b": "45"}
    assert office.refused(c.ChangeUserData, "alice", call=call, changes={"c": "1234567"}) == "invalid"
    big = {"user_data": {"c": "1234567"}, "target": AWAY}
    assert office.refused(c.SingleStepTransfer, "alice", call=call, **big) == "invalid"
    assert office.refused(c.MakeCall, "alice", target=AWAY, user_data={"c": "1234567890"}) == "invalid"
    office.ask(c.ChangeUserData, "alice", call=call, changes={"c": "123456"})
    assert office.switch.calls[call].user_data == {"b": "45", "c": "123456"}


def test_a_refused_command_leaves_no_trace_not_even_a_number() -> None:
    office = Office()
    call = office.served().id
    before = unchanged(office)
    for command in (
        c.Retrieve(id="1", by="alice", call=call),
        c.SendDtmf(id="2", by="alice", call=call, digits="x"),
        c.SingleStepTransfer(id="3", by="alice", call=call, target=NOWHERE),
    ):
        (refuse,) = office.switch.handle(command, office.now)
        assert isinstance(refuse, e.Refuse)
    assert unchanged(office) == before


def test_a_supervisor_sees_every_call_but_does_in_it_only_what_needs_no_phone() -> None:
    office = Office()
    call = office.served().id
    for kind in (c.Answer, c.Hold, c.Release, c.Cancel):
        assert office.refused(kind, "olga", call=call, role=Role.SUPERVISOR) == "not_allowed_now"
    office.command(c.ChangeUserData, "olga", call=call, changes={"k": "v"}, role=Role.ADMIN)
    assert office.switch.calls[call].user_data == {"k": "v"}


def test_every_error_says_what_happened_and_the_fields_that_offend() -> None:
    office = Office()
    call = office.served().id
    name = office.command(c.SendDtmf, "alice", call=call, digits="x")
    assert [field.field for field in office.refusals[name].fields] == ["digits"]
    name = office.command(c.MakeCall, "alice", target=to("agent:alice"))
    assert [field.field for field in office.refusals[name].fields] == ["target"]
    name = office.command(c.ChangeUserData, "alice", call=call, changes={"k": "v" * 20_000})
    assert [field.field for field in office.refusals[name].fields] == ["user_data"]
