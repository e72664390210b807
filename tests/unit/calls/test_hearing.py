"""Who hears whom, as it is reported. That it is so is held against the in-memory Asterisk after the machine's walks."""

from dataclasses import replace

from ari_app.calls import commands as c
from ari_app.calls import stimuli as s
from ari_app.calls.hearing import hearing
from ari_app.calls.model import Call, Media
from tests.support.office import Office
from tests.support.world import to
from tests.unit.calls.supervised import LISTEN, WHISPER, monitor


def reported(office: Office, call: Call) -> dict[str, tuple[str, ...] | str]:
    """Whom each hears, agents by name; or what instead."""
    now = office.switch.calls[call.id]
    names = {p.id: p.agent or "contact" for p in now.parties.values()}
    return {
        names.get(e.ear, e.ear): tuple(names.get(other, other) for other in e.hears) or e.sound
        for e in hearing(now, office.switch.legs.get)
    }


def conference() -> tuple[Office, Call]:
    office = Office("bob")
    call = office.served()
    office.do(c.SingleStepConference, "alice", call=call.id, target=to("agent:bob"))
    office.settle()
    return office, office.switch.calls[call.id]


def test_all_hear_each_other() -> None:
    office, call = conference()
    assert reported(office, call) == {
        "contact": ("alice", "bob"),
        "alice": ("contact", "bob"),
        "bob": ("contact", "alice"),
    }


def test_mute_deaf_and_hold_each_for_themselves() -> None:
    office, call = conference()
    ids = {p.agent or "contact": p.id for p in call.joined()}
    office.do(c.MuteParty, "alice", call=call.id, party=ids["bob"])
    office.do(c.DeafenParty, "alice", call=call.id, party=ids["contact"])
    assert reported(office, call) == {"contact": "silence", "alice": ("contact",), "bob": ("contact", "alice")}
    office.do(c.HoldParty, "alice", call=call.id, party=ids["contact"])
    assert reported(office, call) == {"contact": "music", "alice": "silence", "bob": ("alice",)}


def test_who_waits_hears_music_and_whoever_calls_hears_ringing() -> None:
    office = Office(ready=())
    office.arrives("queue", "help", leg="in1")
    office.settle()
    (call,) = office.switch.calls.values()
    assert reported(office, call) == {"contact": "music"}
    office = Office("alice")
    office.command(c.MakeCall, "alice", target=to("agent:bob"))
    office.settle()
    (call,) = office.switch.calls.values()
    assert reported(office, call) == {"alice": "ringing"}


def test_an_agent_who_is_at_another_call_hears_nothing_of_this_one() -> None:
    office = Office("bob")
    call = office.served()
    office.do(c.InitiateTransfer, "alice", call=call.id, target=to("agent:bob"))
    office.settle()
    consult = next(x for x in office.switch.calls.values() if x.parent)
    assert reported(office, call) == {"contact": "music", "alice": "silence"}
    assert reported(office, consult) == {"alice": ("bob",), "bob": ("alice",)}


def test_a_phone_that_holds_by_its_own_key_hears_nobody() -> None:
    office = Office()
    call = office.served()
    leg = next(p.leg for p in call.joined() if p.agent) or ""
    office.feed(s.LegHeldByPhone(leg))
    office.settle()
    assert reported(office, call) == {"contact": "music", "alice": "silence"}


def test_to_whom_a_prompt_is_played_hears_an_announcement() -> None:
    office = Office("alice", announcements={"conference_join": "sound:x", "invalid_number": "sound:y"})
    call = office.served()
    leg = office.switch.legs["in1"]
    now = office.switch.calls[call.id]
    heard = hearing(now, lambda name: replace(leg, playing="a1", requested=Media()) if name == "in1" else None)
    assert [(ear.hears, ear.sound) for ear in heard] == [((), "announcement"), ((), "silence")]


def test_supervisors_hear_both_and_their_whisper_is_heard_by_one() -> None:
    office = Office("erin")
    call = office.served()
    monitor(office, call, LISTEN)
    both = {"contact": ("alice",), "alice": ("contact",), "monitor:erin": ("contact", "alice")}
    assert reported(office, call) == both
    monitor(office, call, WHISPER)
    assert reported(office, call) == both | {"alice": ("contact", "monitor:erin")}
    me = next(p.id for p in office.switch.calls[call.id].joined() if p.agent)
    office.do(c.MuteParty, "alice", call=call.id, party=me)
    assert reported(office, call)["monitor:erin"] == ("contact",)
    office.do(c.DeafenParty, "alice", call=call.id, party=me)
    assert reported(office, call)["alice"] == "silence"


def test_while_nobody_speaks_in_the_call_a_supervisor_hears_music() -> None:
    office = Office("erin", "bob")
    call = office.served()
    monitor(office, call, LISTEN)
    office.do(c.InitiateTransfer, "alice", call=call.id, target=to("agent:bob"))
    office.settle()
    assert reported(office, call) == {"contact": "music", "alice": "silence", "monitor:erin": "music"}
