"""The calls that are up, out of snapshots: what is said of them, aligned, and nobody named who does not want it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from ari_app.calls import commands as c
from ari_app.calls.model import Call, Identity, MonitorMode
from ari_app.config.settings import ProcessSettings
from ari_app.operations.calls import document, lines, listed, run
from tests.support.callcentre import target
from tests.support.discretion import SECRET
from tests.support.office import Office

NOW = 12.0


def up(office: Office) -> list[Call]:
    """Since the beginning of time."""
    return [
        replace(call, started_at=0.0, answered_at=call.answered_at and 2.0, held_since=call.held_since and 5.0)
        for call in office.switch.calls.values()
    ]


def printed(office: Office, columns: int = 160) -> list[str]:
    return lines(listed(up(office)), NOW, columns)


def test_a_call_is_shown_with_its_parties_and_who_holds_and_mutes_them() -> None:
    office = Office("bob")
    call = office.served()
    office.do(c.SingleStepConference, "alice", call=call.id, target=target("agent:bob"))
    office.settle()
    bob = office.party(call, "bob").id
    office.do(c.MuteParty, "alice", call=call.id, party=bob)
    office.do(c.DeafenParty, "alice", call=call.id, party=bob)
    office.do(c.HoldParty, "alice", call=call.id, party=office.party(call, "in1").id)
    office.settle()
    head, first, contact, alice, agent, last = printed(office)
    assert head.split() == ["CALL", "STATE", "FOR", "TYPE", "OWNER", "MORE"]
    assert first.split() == [call.id, "established", "0:10", "inbound", "alice"]
    assert contact.split()[0] == "contact"
    assert "held" in contact
    assert contact.endswith(" by alice")
    assert alice.split() == ["agent", "Alice", "1001", "connected"]
    assert agent.endswith("connected, muted by alice, deaf by alice")
    assert last == "1 call is up"
    assert any(line.endswith("muted by alice, deaf by alice") for line in printed(office, 80)), "that is not cut"
    assert contact.index("held") == alice.index("connected") == agent.index("connected")


def test_what_else_a_call_has_is_shown_beside_it() -> None:
    office = Office("bob", "erin")
    call = office.served()
    office.do(c.StartRecording, "alice", call=call.id)
    office.settle()
    office.do(c.MonitorCall, "erin", role=office.directory.agents["erin"].role, call=call.id, mode=MonitorMode.LISTEN)
    office.settle()
    assert printed(office)[1].endswith("alice  recording, with erin (listen)")
    office.do(c.PauseRecording, "alice", call=call.id)
    office.settle()
    assert printed(office)[1].endswith("alice  paused, with erin (listen)")


def test_who_waits_in_a_queue_is_shown_with_it_and_who_is_rung_with_whom() -> None:
    office = Office(ready=())
    office.arrives("queue", "help", leg="in1")
    office.settle()
    waiting = printed(office)
    assert waiting[1].split()[1] == "queued"
    assert waiting[1].endswith("-      queue:help")
    office = Office()
    office.arrives("agent", "bob", leg="in1")
    office.settle()
    assert printed(office)[1].endswith("rings agent:bob")


def test_who_withholds_who_they_are_is_not_named_whatever_is_kept() -> None:
    office = Office(agents_see_withheld=True)
    office.withholding = True
    office.served()
    (call,) = up(office)
    assert any(party.withheld == SECRET for party in call.parties.values()), "it is kept, for agents to see"
    text = "\n".join(printed(office)) + document(listed([call]))
    assert SECRET.name not in text
    assert SECRET.number not in text
    assert "withheld" in text


def test_names_that_would_move_the_cursor_or_are_too_long_stay_in_their_column() -> None:
    office = Office()
    office.served()
    office.asterisk.identify("in1", Identity("\x1b[2JZoé " + "x" * 90, "+336"), None)
    office.settle()
    for columns in (80, 160):
        shown = printed(office, columns)
        assert all(len(line) <= columns for line in shown)
        assert "\x1b" not in "".join(shown)
    assert any("�[2JZoé xx" in line and "…" in line for line in printed(office, 80))


def test_as_json_times_are_rfc_3339_and_who_left_is_not_listed() -> None:
    office = Office("bob")
    call = office.served()
    office.do(c.SingleStepConference, "alice", call=call.id, target=target("agent:bob"))
    office.settle()
    office.hangs_up("bob")
    (shown,) = json.loads(document(listed(up(office))))["calls"]
    assert (shown["id"], shown["since"], shown["started_at"]) == (
        call.id,
        "1970-01-01T00:00:02.000Z",
        "1970-01-01T00:00:00.000Z",
    )
    assert [party["agent"] for party in shown["parties"]] == [None, "alice"]


def test_who_held_somebody_and_is_not_in_the_call_any_more_has_no_name() -> None:
    office = Office()
    office.served()
    (call,) = up(office)
    alice, contact = office.party(call, "alice"), office.party(call, "in1")
    held = replace(call, parties={contact.id: replace(contact, held_by=frozenset({"p99", alice.id})), alice.id: alice})
    (line,) = listed([held])
    assert line.parties[0].held_by == ("alice", "somebody who left")


def test_who_withholds_who_they_are_is_not_named_as_the_one_who_holds_either() -> None:
    office = Office()
    office.withholding = True
    office.served()
    (call,) = up(office)
    alice, contact = office.party(call, "alice"), office.party(call, "in1")
    held = replace(call, parties={contact.id: contact, alice.id: replace(alice, held_by=frozenset({contact.id}))})
    (line,) = listed([held])
    assert line.parties[1].held_by == ("withheld",)
    known = replace(held, parties={**held.parties, contact.id: replace(contact, identity=Identity("Zoé", "+336"))})
    assert listed([known])[0].parties[1].held_by == ("Zoé",)


def test_without_calls_it_says_so() -> None:
    assert lines([], NOW, 80) == ["no calls are up"]


def test_where_redis_is_away_it_says_so_and_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ARI_APP_ARI_PASSWORD", "x")
    monkeypatch.setenv("ARI_APP_REDIS_URL", "redis://127.0.0.1:1/0")
    assert run(ProcessSettings(), as_json=False, columns=80) == 1
    assert capsys.readouterr().err.startswith("calls cannot be read: the store cannot be used")


def test_an_asterisk_that_takes_no_new_calls_is_named_below() -> None:
    office = Office()
    assert lines(listed(up(office)), NOW, 160, ("asterisk-b",)) == [
        "no calls are up",
        "asterisk-b takes no new calls (ari-app drain)",
    ]
    assert json.loads(document([], ("asterisk-b",))) == {"calls": [], "drained": ["asterisk-b"]}
