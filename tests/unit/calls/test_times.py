"""Since when somebody is in a call, on hold or waits, what was dialled, and who ended it and why."""

import pytest

from ari_app.calls import commands as c
from ari_app.calls import stimuli as s
from ari_app.calls.actions import call_state
from ari_app.calls.model import DEAD, Call
from ari_app.calls.views import view
from tests.support.office import AWAY, Office
from tests.support.world import to


def ended(office: Office) -> Call:
    """The call that the last steps ended."""
    return list(office.switch._over.values())[-1]


def how(office: Office) -> tuple[str | None, str | None]:
    call = ended(office)
    assert call.ended_at == office.now
    return call.ended_by, call.end_reason


def test_who_joins_and_who_is_on_hold_is_known_since_when() -> None:
    office = Office()
    call = office.served()
    began = office.now
    office.pass_time(5)
    office.do(c.Hold, "alice", call=call.id)
    held = office.now
    office.pass_time(3)
    contact, alice = office.switch.calls[call.id].joined()
    assert (contact.joined_at, contact.held_since) == (call.started_at, held)
    assert (alice.joined_at, alice.held_since) == (began, None)
    office.do(c.Retrieve, "alice", call=call.id)
    contact, _ = office.switch.calls[call.id].joined()
    assert contact.held_since is None


def test_nobody_is_on_hold_who_has_left() -> None:
    office = Office("bob", "carol")
    call = office.served()
    office.do(c.SingleStepConference, "alice", call=call.id, target=to("agent:bob"))
    office.settle()
    contact = next(p for p in office.switch.calls[call.id].joined() if p.agent is None)
    office.do(c.HoldParty, "alice", call=call.id, party=contact.id)
    office.do(c.RemoveParty, "alice", call=call.id, party=contact.id)
    gone = office.switch.calls[call.id].parties[contact.id]
    assert gone.joined_at is not None
    assert gone.held_since is None


def test_a_caller_waits_in_a_queue_since_they_came() -> None:
    office = Office(ready=())
    office.arrives("queue", "help", leg="in1")
    office.settle()
    (call,) = office.switch.calls.values()
    assert (call.queue, call.queued_at) == ("help", call.started_at)
    assert call_state(call, "sue") == "queued"
    shown = view(call, "sue", office.directory)
    assert (shown.state, shown.queue, shown.queued_at) == ("queued", "help", shown.started_at)


def test_who_was_answered_waits_no_more_and_how_long_they_had_is_kept() -> None:
    office = Office()
    office.arrives("group", "support", leg="in1")
    office.settle()
    (call,) = office.switch.calls.values()
    assert (call.queue, call.queued_at) == (None, call.started_at)
    office.pass_time(4)
    for agent in ("alice", "bob", "carol", "dave"):
        office.picks_up(agent)
    call = office.switch.calls[call.id]
    assert call_state(call, "sue") == "established"
    assert call.queued_at == call.started_at


def test_a_call_to_an_agent_waits_in_no_line() -> None:
    office = Office()
    call = office.served()
    assert (call.queue, call.queued_at) == (None, None)


@pytest.mark.parametrize(
    ("entry", "reported", "dialled"),
    [
        ("from-carrier 2000", "", "2000"),
        ("billing-menu 1", "4000", "4000"),
        ("billing-menu s", "", None),
        ("", "", None),
        ("from-carrier +33123456789", "", "+33123456789"),
    ],
)
def test_what_the_caller_dialled_is_what_the_dialplan_says_or_the_extension(
    entry: str, reported: str, dialled: str | None
) -> None:
    office = Office()
    office.feed(s.ChannelArrived("in1", "carrier", "agent", ("alice",), entry=entry, dialled=reported))
    (call,) = office.switch.calls.values()
    assert call.dialled == dialled


def test_what_an_agent_dialled_at_the_desktop_or_by_hand() -> None:
    office = Office()
    office.command(c.MakeCall, "alice", target=AWAY)
    office.feed(s.ChannelArrived("own", office.directory.agents["bob"].phone or "", "dial", (AWAY.id,)))
    office.command(c.MakeCall, "carol", target=to("agent:dave"))
    office.settle()
    assert [call.dialled for call in office.switch.calls.values()] == [AWAY.id, AWAY.id, None]


def test_what_was_dialled_for_a_consultation() -> None:
    office = Office()
    call = office.served()
    office.do(c.InitiateTransfer, "alice", call=call.id, target=AWAY)
    assert [c_.dialled for c_ in office.switch.calls.values() if c_.parent] == [AWAY.id]


def test_the_contact_hangs_up() -> None:
    office = Office()
    office.served()
    office.feed(s.LegGone("in1", 16))
    assert how(office) == ("contact", "hangup")


def test_the_contacts_line_dies() -> None:
    office = Office()
    office.served()
    office.feed(s.LegGone("in1", DEAD))
    assert how(office) == ("contact", "lost")


def test_the_agent_leaves_at_the_desktop_or_by_the_phone() -> None:
    office = Office()
    call = office.served()
    office.do(c.Release, "alice", call=call.id)
    assert how(office) == ("agent:alice", "hangup")
    call = office.served("bob", leg="in2")
    leg = next(p.leg for p in call.joined() if p.agent == "bob")
    office.feed(s.LegGone(leg or "", 16))
    assert how(office) == ("agent:bob", "hangup")


def test_the_agent_ends_it_for_all() -> None:
    office = Office()
    call = office.served()
    office.do(c.Clear, "alice", call=call.id)
    assert how(office) == ("agent:alice", "cleared")


def test_a_caller_gives_up_waiting() -> None:
    office = Office(ready=())
    office.arrives("queue", "help", leg="in1")
    office.settle()
    office.feed(s.LegGone("in1", 16))
    assert how(office) == ("contact", "abandoned")


def test_whoever_is_called_declines_or_is_given_up() -> None:
    office = Office("alice")
    office.command(c.MakeCall, "alice", target=AWAY)
    office.settle()
    leg = next(leg.id for leg in office.switch.legs.values() if leg.agent is None)
    office.feed(s.LegGone(leg, 21))
    office.settle()
    assert ended(office).end_reason == "declined"
    office = Office("alice")
    office.command(c.MakeCall, "alice", target=AWAY)
    office.settle()
    (call,) = office.switch.calls.values()
    office.do(c.Clear, "alice", call=call.id)
    assert how(office) == ("agent:alice", "cleared")
    office = Office("alice")
    office.command(c.MakeCall, "alice", target=AWAY)
    office.settle()
    (call,) = office.switch.calls.values()
    office.do(c.Release, "alice", call=call.id)
    assert how(office) == ("agent:alice", "cancelled")


def test_a_consultation_ends_in_the_first_call() -> None:
    office = Office("bob")
    call = office.served()
    office.do(c.InitiateTransfer, "alice", call=call.id, target=to("agent:bob"))
    office.settle()
    consult = next(x for x in office.switch.calls.values() if x.parent)
    office.do(c.CompleteConference, "alice", call=consult.id)
    assert how(office) == ("agent:alice", "merged")


def test_the_offer_says_until_when_it_rings() -> None:
    office = Office()
    office.arrives("agent", "alice", leg="in1")
    office.settle()
    (call,) = office.switch.calls.values()
    offer = view(call, "alice", office.directory).offer
    assert offer is not None
    assert offer.ring_until is not None
    office.picks_up("alice")
    offer = view(office.switch.calls[call.id], "alice", office.directory).offer
    assert offer is not None
    assert offer.ring_until is None


def test_who_waits_longer_than_is_allowed_has_waited_since_the_first_moment_also_elsewhere() -> None:
    office = Office(ready=())
    office.arrives("queue", "help", leg="in1")
    office.settle()
    (call,) = office.switch.calls.values()
    began = call.queued_at
    office.pass_time(31.0)  # on to the group that the queue overflows to
    office.settle()
    call = office.switch.calls[call.id]
    assert call.offer is not None
    assert str(call.offer.target) == "group:sales"
    assert (call.queue, call.queued_at) == ("help", began)


@pytest.mark.parametrize("announcements", [{}, {"nobody_available": "sound:nobody"}])
def test_whom_nobody_can_serve_is_released_by_us_also_after_they_heard_so(announcements: dict[str, str]) -> None:
    office = Office(ready=(), announcements=announcements)
    office.arrives("agent", "alice", leg="in1")
    office.settle()
    for leg in [leg for leg in office.switch.legs.values() if leg.playing is not None]:
        office.feed(s.AnnouncementFinished(leg.id, leg.playing or ""))
        office.settle()
    assert not office.switch.calls
    assert (ended(office).ended_by, ended(office).end_reason) == ("system", "unavailable")


def test_who_hangs_up_while_they_hear_that_nobody_can_serve_them_was_released_by_us() -> None:
    office = Office(ready=(), announcements={"nobody_available": "sound:nobody"})
    office.asterisk.prompts_end = False
    office.arrives("agent", "alice", leg="in1")
    office.settle()
    assert office.switch.legs["in1"].farewell
    office.asterisk.hang_up("in1")
    office.settle()
    assert how(office) == ("system", "unavailable")
