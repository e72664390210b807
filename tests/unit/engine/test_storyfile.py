"""A story is written and read back whole, and what is no story is said to be none."""

import json
from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from enum import Enum
from pathlib import Path

import pytest

from ari_app.__main__ import main
from ari_app.calls import commands as c
from ari_app.calls.effects import OnAgents, OnAsterisk, ReportFault
from ari_app.calls.model import (
    Identity,
    Joining,
    Leg,
    LegState,
    Media,
    MonitorMode,
    Offer,
    OfferKind,
    OfferState,
    Party,
    PartyRole,
    TransferState,
    Withheld,
)
from ari_app.calls.replay import replay
from ari_app.calls.stimuli import ChannelArrived, TransferRequested
from ari_app.calls.story import Before, StoryEntry
from ari_app.engine.storyfile import _LISTED, _ROOMS, FORMAT, StoryUnreadable, read, write
from ari_app.errors import Code, FieldError, Refused
from ari_app.routing import settings
from ari_app.routing.directory import IceServer, PagePhone, Role
from tests.support.callcentre import directory, target
from tests.support.discretion import SECRET
from tests.support.office import Office
from tests.support.world import ANONYMOUS


def _story() -> tuple[str, tuple[StoryEntry, ...]]:
    office = Office()
    call = office.served()
    office.command(c.SingleStepTransfer, "alice", call=call.id, target=target("agent:bob"))
    office.settle()
    office.picks_up("bob")
    return call.id, office.switch.stories.of(call.id) or ()


def test_no_two_types_of_a_story_have_one_name() -> None:
    """A file has types by their names: a command and a value that shared one made stories with both unreadable."""
    named: dict[str, set[type]] = {}
    for room in _ROOMS:
        for name, found in vars(room).items():
            if isinstance(found, type) and (is_dataclass(found) or issubclass(found, Enum)):
                named.setdefault(name, set()).add(found)
    assert len(named) > 100
    assert {name for name, types in named.items() if len(types) > 1} == set()


def test_the_story_of_a_call_that_a_supervisor_hears_is_read_back() -> None:
    office = Office("erin")
    call = office.served().id
    office.command(c.MonitorCall, "erin", role=Role.SUPERVISOR, call=call, mode=MonitorMode.LISTEN)
    office.settle()
    story = office.switch.stories.of(call) or ()
    _, entries = read(write(call, story))
    assert [x.detail for x in entries] == [x.detail for x in story]


def test_what_is_written_is_read_back_and_runs_again() -> None:
    call, story = _story()
    again, entries = read(write(call, story))
    assert (again, [x.detail for x in entries]) == (call, [x.detail for x in story])
    assert all(step.same for step in replay(again, entries))
    assert len(list(replay(again, entries))) == len(list(replay(call, story)))


def test_what_a_controller_recorded_of_a_call_asks_the_same_of_asterisk_and_agents_today_s12() -> None:
    """Out of tests/e2e/test_story.py, which writes it anew (reports/story.json): a transfer declined, a conference."""
    call, entries = read((Path(__file__).parent / "recorded_story.json").read_text(encoding="utf-8"))
    steps = list(replay(call, entries))
    assert len(steps) == sum(entry.kind == "stimulus" for entry in entries)
    for step in steps:
        assert _requested(step.now) == _requested(step.then), step.stimulus
    requested = [[type(effect).__name__ for effect in _requested(step.now)] for step in steps]
    (declined,) = [place for place, step in enumerate(steps) if getattr(step.stimulus, "cause", 0) == 21]
    assert "StopMusic" not in requested[declined], "only retrieve brings the contact back"
    assert ["StopMusic", "JoinBridge"] in requested
    commands = [type(step.stimulus).__name__ for step in steps if isinstance(step.stimulus, c.BaseCommand)]
    assert commands == ["SingleStepTransfer", "Retrieve", "SingleStepConference", "Clear"]


def _requested(effects: Sequence[object]) -> list[object]:
    return [effect for effect in effects if isinstance(effect, OnAsterisk | OnAgents)]


def test_a_story_with_the_names_of_an_earlier_version_is_read() -> None:
    before = Before(True, "cc-", 1, True, directory(), {("in_flight", 1): None}, {("in_flight", ""): (1,)})
    offer = Offer(
        "o1",
        OfferKind.TRANSFER,
        target("agent:bob"),
        None,
        Identity(),
        OfferState.RINGING,
        notified=TransferState.RINGING,
        overflows=2,
    )
    leg = Leg("in1", LegState.UP, requested=Media("b1"))
    party = Party("p1", PartyRole.AGENT, held_by_phone=True, also_rung=("l9",), joining=Joining("Local/1", "l8", 9.0))
    arrived = ChannelArrived("in1", "carrier", "agent", ("bob",))
    details = [leg, offer, party, TransferRequested("in1", "1002"), arrived, ReportFault("c1", "of ours")]
    entries = [StoryEntry(1.0, "stimulus", detail, before) for detail in details]
    text = write("c1", entries)
    for name, earlier in (
        ('"Purpose"', '"Verb"'),
        ('"TransferRequested"', '"TransferAsked"'),
        ('"ReportFault"', '"RaiseAlarm"'),
        ('"held_by_phone": true', '"phone_holds": true'),
        ('"held_by_phone": false', '"on_hold_by_phone": false'),
        ('"also_rung":', '"also":'),
        ('"local":', '"link":'),
        ('"overflows":', '"hops":'),
        ('"entry_verb":', '"verb":'),
        ('"enabled_for":', '"verbs":'),
        ('"caller_ids_enabled_for":', '"caller_id_verbs":'),
        ('"requested":', '"asked":'),
        ('"notified":', '"told":'),
        ('"in_flight"', '"asked"'),
    ):
        assert name in text
        text = text.replace(name, earlier)
    again = read(text)[1]
    assert again == tuple(entries)
    assert [entry.before for entry in again] == [before] * 6


def test_errors_that_effects_carry_are_read_back() -> None:
    wrong = [FieldError("digits", "one to 64")]
    entry = StoryEntry(1.0, "effect", Refused(Code.INVALID, "digits that a phone cannot send", wrong))
    assert read(write("c1", [entry]))[1] == (entry,)
    earlier = write("c1", [StoryEntry(1.0, "effect", Refused(Code.NOT_FOUND, "gone"))]).replace(', "fields": []', "")
    assert read(earlier)[1][0].detail == Refused(Code.NOT_FOUND, "gone")


def test_what_somebody_withholds_is_in_no_file_and_the_story_runs_again_without() -> None:
    office = Office(agents_see_withheld=True)
    office.withholding = True
    call = office.served().id
    office.asterisk.identify("in1", ANONYMOUS, Withheld("A Third", "+33600000003"))
    office.settle()
    text = write(call, office.switch.stories.of(call) or ())
    assert not [said for said in (SECRET.name, SECRET.number, "A Third", "+33600000003") if said in text]
    assert all(step.same for step in replay(*read(text)))


def test_secrets_of_the_configuration_are_in_no_file_and_the_story_runs_again_without() -> None:
    turn = IceServer(("turn:turn.example.org",), "desk", "turn-secret")
    office = Office(page_phone=PagePhone(enabled=True, ice_servers=(turn,)))
    call = office.served()
    text = write(call.id, office.switch.stories.of(call.id) or ())
    assert "turn.example.org" in text
    assert "turn-secret" not in text
    again, entries = read(text)
    assert all(step.same for step in replay(again, entries))


def test_what_is_never_printed_of_a_configuration_is_a_secret_or_needed_to_run_a_story_again() -> None:
    types = {found for room in _LISTED for found in vars(room).values() if isinstance(found, type)}
    hidden = {
        f"{found.__name__}.{field.name}": settings.SECRET in field.metadata
        for found in types
        if is_dataclass(found)
        for field in fields(found)
        if not field.repr and field.init
    }
    secrets = {name for name, secret in hidden.items() if secret}
    needed = hidden.keys() - secrets
    assert (secrets, needed) == (
        {"IceServer.credential"},
        {"PriorityList.numbers", "Calendar.days", "Calendar.offsets"},
    )


def test_what_many_steps_share_stands_once() -> None:
    call, story = _story()
    names = [value["$"] for value in json.loads(write(call, story))["values"]]
    assert names.count("Directory") == 1


def test_what_no_story_can_hold_is_a_fault() -> None:
    with pytest.raises(TypeError, match="cannot hold object"):
        write("c1", [StoryEntry(1.0, "effect", object())])


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "not a story"),
        ("[]", "not a story"),
        ("{}", "not a story"),
        (json.dumps({"format": FORMAT + 1}), "is not the one that this version reads"),
        (json.dumps({"format": FORMAT, "call": "c", "values": [], "story": [{"at": 1}]}), "not a story"),
        (
            json.dumps({"format": FORMAT, "call": "c", "values": [], "story": [
                {"at": 1, "kind": "effect", "detail": {"$": "Popen", "args": "ls"}, "before": None}]}),
            "Popen is nothing that this version knows",
        ),
        (
            json.dumps({"format": FORMAT, "call": "c", "values": [], "story": [
                {"at": 1, "kind": "effect", "detail": [], "before": None}]}),
            "is nothing that a story has",
        ),
    ],
)  # fmt: skip
def test_what_is_no_story_is_refused_with_the_reason(text: str, why: str) -> None:
    with pytest.raises(StoryUnreadable, match=why):
        read(text)


def test_support_sees_each_step_and_that_all_are_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call, story = _story()
    file = tmp_path / "story.json"
    file.write_text(write(call, story))
    assert main(["replay", str(file)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("13:46:40.000  ChannelArrived leg=in1 endpoint=carrier entry_verb=agent")
    assert any(line.strip().startswith("JoinBridge leg=in1") for line in lines)
    assert lines[-1].endswith("0 have other effects now")
    heard = [line.strip().removeprefix("hearing  ") for line in lines if line.startswith("        hearing")]
    assert heard[:3] == ["in1 hears music", "in1 hears alice", "alice hears in1"]
    at = next(place for place, line in enumerate(lines) if "SingleStepTransfer" in line)
    assert not any("hearing" in line for line in lines[at : at + 2])
    assert heard[-4:-2] == ["in1 hears music", "alice hears ringing"]
    assert heard[-2:] == ["in1 hears bob", "bob hears in1"]


def test_a_step_that_would_go_otherwise_today_is_shown_both_ways(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call, story = _story()
    file = tmp_path / "story.json"
    file.write_text(write(call, [x for x in story if x.kind == "stimulus" or x.what != "StartMusic"]))
    assert main(["replay", str(file)]) == 1
    out = capsys.readouterr().out
    assert "  then  " in out
    assert "  now  " in out


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", str(tmp_path / "none.json")]) == 2
    assert "none.json" in capsys.readouterr().err
