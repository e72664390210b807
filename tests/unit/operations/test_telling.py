"""A story in words: who did what; nothing of digits, of withheld identities, of what is attached."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from ari_app.calls import commands as c
from ari_app.calls import effects as e
from ari_app.calls import stimuli as s
from ari_app.calls.model import Alarm, Identity, MonitorMode, Outside, PartyRole, Withheld
from ari_app.calls.story import StoryEntry
from ari_app.engine.storyfile import read, write
from ari_app.errors import Code, Refused
from ari_app.operations.telling import Account, as_lines, tell
from tests.support.callcentre import target
from tests.support.discretion import SECRET
from tests.support.office import AWAY, Office
from tests.support.world import ANONYMOUS

RECORDED = Path(__file__).parents[1] / "engine" / "recorded_story.json"


def account_of(office: Office, call: str) -> Account:
    """By way of a file, as an operator gets it."""
    return tell(*read(write(call, office.switch.stories.of(call) or ())))


def said(account: Account) -> list[str]:
    """`who: what`, then what was requested."""
    lines = []
    for step in account.steps:
        lines += [f"{step.who}: {step.what}", *(f"-> {effect}" for effect in step.then)]
    return lines


def effects(*details: Any) -> list[str]:
    """What is said of these, of a call c1 of whose people nothing is known."""
    entries = [StoryEntry(1.0, "stimulus", s.TimePassed()), *(StoryEntry(1.0, "effect", x) for x in details)]
    (step,) = tell("c1", entries).steps
    return list(step.then)


def test_a_story_that_a_controller_recorded_is_shown_with_names_and_times() -> None:
    account = tell(*read(RECORDED.read_text(encoding="utf-8")))
    lines = as_lines(account, 80)
    assert lines[0] == "call cc-mx1asfdo-c1, 2026-11-29 (times are UTC)"
    assert max(len(line) for line in lines) <= 80
    wide = as_lines(account, 160)
    assert "03:46:59.845     0.363  Alice Martin  single step transfer: agent:bob" in wide
    assert "03:46:59.859     0.377  Bob Lefèvre   agent reserved" in wide
    assert "03:46:59.882     0.400  Bob Lefèvre   gone: declined" in wide
    at = wide.index("03:46:59.896     0.414  Alice Martin  retrieve")
    assert wide[at + 1 : at + 3] == [" " * 24 + "-> stop music: Zoé Caller", " " * 24 + "-> join bridge: Zoé Caller"]
    assert not any(word in line for line in wide[1:] for word in ("cc-", "1795"))
    assert not any("effect done" in line for line in wide)


def test_as_json_it_has_the_same_steps() -> None:
    account = tell(*read(RECORDED.read_text(encoding="utf-8")))
    document = json.loads(json.dumps(account.document()))
    assert document["call"] == "cc-mx1asfdo-c1"
    assert [step["what"] for step in document["steps"]] == [step.what for step in account.steps]
    assert document["steps"][0]["at"] == "2026-11-29T03:46:59.482Z"
    assert document["steps"][0]["then"] == [
        "reserve agent: agent:alice, seconds 31, can wait",
        "start music: Zoé Caller, default",
    ]


def test_digits_and_who_withholds_their_name_are_not_shown() -> None:
    office = Office()
    office.withholding = True
    call = office.served().id
    office.do(c.ChangeUserData, "alice", call=call, changes={"card": "4970"})
    account = account_of(office, call)
    lines = said(account)
    assert any(line.startswith("a caller who withholds who they are: arrived") for line in lines)
    pressed = [
        StoryEntry(1.0, "stimulus", s.LegDigit("in1", "7")),
        StoryEntry(1.0, "stimulus", c.SendDtmf(id="m1", by="alice", call=call, digits="4711")),
        StoryEntry(1.0, "effect", e.PlayDtmf(1, "in1", "4711")),
    ]
    keys = said(tell(call, pressed))
    assert keys == ["in1: digit", "alice: send dtmf", "-> play dtmf: in1"]
    text = "\n".join((*lines, *keys))
    for secret in (SECRET.name, SECRET.number, "4711", "4970"):
        assert secret not in text
    assert "Alice: change user data: changes card" in lines


def test_a_story_that_is_not_out_of_a_file_keeps_the_secret_too() -> None:
    arrived = s.ChannelArrived("in1", "carrier", "agent", ("alice",), ANONYMOUS, withheld=Withheld("Odile", "+336"))
    account = tell("c1", [StoryEntry(1.0, "stimulus", arrived)])
    assert "Odile" not in "\n".join(as_lines(account, 200)) + json.dumps(account.document())


def test_who_is_called_outside_is_named_by_their_number_and_parties_by_their_names() -> None:
    office = Office("alice")
    office.do(c.MakeCall, "alice", target=AWAY)
    office.answers_outside()
    (call,) = office.switch.calls.values()
    (outside,) = [p.id for p in call.parties.values() if p.role is PartyRole.CONTACT]
    office.do(c.MuteParty, "alice", call=call.id, party=outside)
    office.settle()
    lines = said(account_of(office, call.id))
    assert f"Alice: mute party: {AWAY.id}" in lines
    assert f"{AWAY.id}: answered" in lines


def test_a_supervisor_who_listens_and_an_agents_own_phone_are_named() -> None:
    office = Office("alice", "erin")
    call = office.served()
    office.do(c.MonitorCall, "erin", role=office.directory.agents["erin"].role, call=call.id, mode=MonitorMode.LISTEN)
    office.settle()
    lines = said(account_of(office, call.id))
    assert any(line.startswith("Erin: monitor call: listen") for line in lines)
    assert any(line.startswith("-> create snoop: a listener to ") for line in lines)


def test_what_effects_carry_is_shown_as_far_as_a_person_needs_it() -> None:
    identity = Identity("Support", "+331")
    call = Office().served()
    assert effects(
        e.CreateLeg(1, "l1", Outside("0033", "carrier", "+33"), identity, "c1", auto_answer=True),
        e.HangUp(2, "l1", answered_elsewhere=True),
        e.ShowIdentity(3, "l1", Identity(anonymous=True)),
        e.SetActivity("bob", None, "c1", wrap_up=20.0),
        e.ReserveAgent("r1", target("group:support"), frozenset({"bob", "alice"}), 15.0),
        e.ReconcileAgents((("bob", "on_call", "c1"),)),
        e.Announce(4, "l1", "a1", "nobody_available", ("sound:nobody",)),
        e.OperationFailed("c1", ("alice",), "hold", Refused(Code.NOT_FOUND, "gone")),
        e.CallAlarm(replace(call, id="c2"), Alarm.HELD_TOO_LONG),
        e.CallAlarm(replace(call, id="c1"), Alarm.HELD_TOO_LONG),
        e.Announce(5, "l9", "a1", "queue_position", ("a", "b", "c", "d")),
    ) == [
        "create leg: +33, as Support, auto answer",
        "hang up: +33, answered elsewhere",
        "show identity: +33, as a caller who withholds who they are",
        "set activity: bob, no call, wrap up 20",
        "reserve agent: group:support, alice bob, seconds 15",
        "reconcile agents: 1 busy",
        "announce: +33, nobody_available, sound:nobody",
        "operation failed: alice, hold, not_found",
        "call alarm: call c2, held_too_long",
        "call alarm: held_too_long",
        "announce: l9, queue_position, 4 sounds",
    ]  # fmt: skip


def test_a_refusal_is_shown_with_its_code_and_a_call_to_agents_with_the_command_that_made_it() -> None:
    office = Office("alice")
    call = office.served().id
    office.command(c.Retrieve, "alice", call=call)
    assert said(account_of(office, call))[-2:] == ["Alice: retrieve", "-> refuse: not_allowed_now"]
    office.hangs_up("in1")
    office.do(c.MakeCall, "alice", target=target("agent:bob"))
    office.settle()
    (made,) = office.switch.calls
    assert "Bob: agent reserved (for Alice: make call: agent:bob)" in said(account_of(office, made))


def test_of_a_cause_that_has_no_word_the_number_is_shown() -> None:
    account = tell("c1", [StoryEntry(1.0, "stimulus", s.LegGone("l1", 102))])
    assert [(step.who, step.what) for step in account.steps] == [("l1", "gone: cause 102")]


def test_a_story_that_has_lost_its_beginning_begins_with_what_there_is() -> None:
    entries = [StoryEntry(1.0, "effect", e.StopMusic(1, "l1")), StoryEntry(2.0, "stimulus", s.LegAnswered("l1"))]
    assert [(step.who, step.what) for step in tell("c1", entries).steps] == [("l1", "stop music"), ("l1", "answered")]
    assert as_lines(tell("c1", []), 80) == ["call c1: nothing is kept of it"]


def test_where_a_caller_came_from_and_whom_they_are_for_is_said_so() -> None:
    arrived = s.ChannelArrived("in1", "carrier", "group", ("sales",), Identity("Zoé", "+336"), entry="main 2000")
    (step,) = tell("c1", [StoryEntry(1.0, "stimulus", replace(arrived, dialled="0140"))]).steps
    assert step.what == "arrived: from carrier, for group, sales, as Zoé, at main 2000, dialled 0140"
