"""The story of a call runs again as it did: through a machine of its own, with what each step found."""

from dataclasses import replace

from ari_app.calls import commands as c
from ari_app.calls import effects as e
from ari_app.calls import stimuli as s
from ari_app.calls.replay import replay
from ari_app.calls.story import Before, Stories, StoryEntry
from tests.support import account
from tests.support.callcentre import target
from tests.support.office import Office
from tests.unit.calls.keypad import presses, with_codes


def _said(office: Office, call: str) -> list[str]:
    """What stands in the story, refusals with their code."""
    return [
        f"Refuse {entry.detail.error.code}" if isinstance(entry.detail, e.Refuse) else entry.what
        for entry in _story(office, call)
    ]


def _story(office: Office, call: str) -> tuple[StoryEntry, ...]:
    story = office.switch.stories.of(call)
    assert story is not None
    return story


def test_every_step_of_a_call_that_is_over_has_the_same_effects_again() -> None:
    office = Office()
    call = office.served()
    office.ask(c.Hold, "alice", call=call.id)
    office.ask(c.Retrieve, "alice", call=call.id)
    office.command(c.SingleStepTransfer, "alice", call=call.id, target=target("agent:bob"))
    office.settle()
    office.pass_time()
    office.ask(c.Clear, "alice", call=call.id)
    steps = list(replay(call.id, _story(office, call.id)))
    assert len(steps) == sum(x.kind == "stimulus" for x in _story(office, call.id))
    assert all(step.same for step in steps)
    assert not account.replayed_otherwise(office)


def test_a_machine_that_does_otherwise_is_found_at_the_step() -> None:
    office = Office()
    call = office.served()
    office.ask(c.Hold, "alice", call=call.id)
    story = [x for x in _story(office, call.id) if not isinstance(x.detail, e.StartMusic) or x.kind == "stimulus"]
    otherwise = [step for step in replay(call.id, story) if not step.same]
    assert any(isinstance(step.stimulus, c.Hold) for step in otherwise)


def test_a_story_that_lost_its_beginning_runs_from_where_it_is_whole_again() -> None:
    office = Office()
    call = office.served()
    for _ in range(120):
        office.ask(c.Hold, "alice", call=call.id)
        office.ask(c.Retrieve, "alice", call=call.id)
    story = _story(office, call.id)
    assert not any(x.what == "ChannelArrived" for x in story)
    steps = list(replay(call.id, story))
    assert 0 < len(steps) < sum(x.kind == "stimulus" for x in story)
    assert all(step.same for step in steps)


def test_a_step_that_looked_at_too_many_calls_is_left_out_and_the_next_is_whole() -> None:
    office = Office(ready=())
    for _ in range(60):
        office.arrives("queue", "help")
    office.settle()
    first = next(iter(office.switch.calls))
    office.agents.idle.append("alice")
    office.feed(s.AgentBecameAvailable("alice"))
    office.settle()
    befores = [x.before for x in _story(office, first) if x.kind == "stimulus"]
    assert None in befores
    assert all(step.same for step in replay(first, _story(office, first)))


def test_what_another_call_did_to_its_agent_is_found_in_the_story() -> None:
    office = Office()
    call = office.served()
    office.ask(c.InitiateTransfer, "alice", call=call.id, target=target("agent:bob"))
    office.settle()
    office.picks_up("bob")
    consultation = next(x for x in office.switch.calls.values() if x.parent == call.id)
    office.ask(c.CompleteTransfer, "alice", call=consultation.id)
    assert not account.replayed_otherwise(office)


def test_a_command_under_way_is_found_in_the_story() -> None:
    office = Office()
    name = office.command(c.MakeCall, "alice", target=target("agent:bob"))
    while not office.switch.legs:
        office.step()
    office.feed(s.LegGone(office.leg_of("alice"), 21))
    assert name in office.refusals
    assert not account.replayed_otherwise(office)


def test_a_connection_that_was_lost_and_is_back_runs_again_like_any_other_step() -> None:
    office = Office()
    call = office.served()
    office.ask(c.Hold, "alice", call=call.id)
    office.lose_link()
    office.asterisk.restore_link()
    office.settle()
    assert "AsteriskReconciled" in _said(office, call.id)
    assert not account.replayed_otherwise(office)


def test_the_configuration_of_each_step_is_its_own() -> None:
    office = Office()
    call = office.served()
    settings = replace(office.directory.settings, conferences=False)
    office.feed(s.DirectoryReplaced(replace(office.directory, settings=settings)))
    office.ask(c.Hold, "alice", call=call.id)
    directories = {id(x.before.directory) for x in _story(office, call.id) if x.before is not None}
    assert len(directories) == 2
    assert not account.replayed_otherwise(office)


def test_a_call_that_was_over_when_a_step_looked_for_it_is_over_in_the_replay_too() -> None:
    office = Office()
    call = office.served()
    gone = Before(False, "cc-1", 1, True, office.directory, {("calls", call.id): None}, {})
    office.switch.stand_before(gone)
    office.switch.stand_before(gone)
    assert call.id not in office.switch.calls


def test_after_each_step_it_is_known_who_hears_whom() -> None:
    office = Office()
    call = office.served()
    office.ask(c.Hold, "alice", call=call.id)
    office.ask(c.Retrieve, "alice", call=call.id)
    office.hangs_up("in1")
    steps = list(replay(call.id, _story(office, call.id)))
    heard = {
        type(step.stimulus).__name__: {ear.sound for ear in step.hearing} if step.hearing is not None else None
        for step in steps
    }
    assert (heard["ChannelArrived"], heard["Hold"], heard["Retrieve"]) == ({"music"}, {"music", "silence"}, {"talk"})
    assert heard["LegGone"] is None, "the call is over"


def test_who_hears_whom_is_not_guessed_before_all_legs_are_known() -> None:
    office = Office()
    call = office.served()
    office.switch.stories = Stories(call.id)
    office.command(c.Retrieve, "alice", call=call.id)
    (refused,) = replay(call.id, _story(office, call.id))
    assert refused.call is not None
    assert refused.hearing is None


# -- commands that change nothing of their call -----------------------------------------------------------------------


def test_a_command_stands_in_the_story_of_its_call_before_anybody_is_reserved_for_it() -> None:
    office = Office()
    call = office.served().id
    office.command(c.SendDtmf, "alice", call=call, digits="4711")
    office.command(c.SingleStepTransfer, "alice", call=call, target=target("agent:bob"))
    office.settle()
    said = _said(office, call)
    at = said.index("SendDtmf")
    assert said[at : at + 5] == ["SendDtmf", "PlayDtmf", "SingleStepTransfer", "ReserveAgent", "AgentReserved"]
    assert not account.replayed_otherwise(office)


def test_a_command_that_is_refused_stands_in_the_story_with_its_code() -> None:
    office = Office()
    call = office.served().id
    before = office.switch.calls[call]
    wrong: list[tuple[type[c.BaseCommand], dict[str, object]]] = [
        (c.Retrieve, {}),
        (c.CompleteTransfer, {}),
        (c.SendDtmf, {"digits": "x"}),
        (c.SingleStepTransfer, {"target": target("agent:nobody")}),
    ]
    for kind, fields in wrong:
        code = office.refused(kind, "alice", call=call, **fields)
        assert _said(office, call)[-2:] == [kind.__name__, f"Refuse {code}"]
    errors = [x.detail.error for x in _story(office, call) if isinstance(x.detail, e.Refuse)]
    assert [error.__traceback__ for error in errors] == [None] * 4, "a story keeps all that a traceback has"
    assert office.switch.calls[call] == before
    assert not account.replayed_otherwise(office)


def test_that_nobody_was_available_for_a_command_stands_in_the_story_of_its_call() -> None:
    office = Office(ready=("alice",))
    call = office.served().id
    office.command(c.SingleStepTransfer, "alice", call=call, target=target("agent:bob"))
    office.settle()
    assert _said(office, call)[-4:] == [
        "SingleStepTransfer",
        "ReserveAgent",
        "NobodyAvailable",
        "Refuse no_agent_available",
    ]
    assert not account.replayed_otherwise(office)


def test_a_command_on_a_call_that_was_over_stands_in_its_story_and_one_on_no_call_nowhere() -> None:
    office = Office()
    call = office.served().id
    office.hangs_up("in1")
    office.command(c.Hold, "alice", call=call)
    assert _said(office, call)[-2:] == ["Hold", "Refuse not_found"]
    office.command(c.Hold, "alice", call="c99")
    assert office.switch.stories.of("c99") is None
    assert not account.replayed_otherwise(office)


def test_a_transfer_key_pressed_in_vain_stands_in_the_story_of_the_call_that_the_phone_speaks_in() -> None:
    office = Office()
    call = office.served().id
    office.feed(s.TransferRequested(office.leg_of("alice"), "1001"))
    office.settle()
    assert _said(office, call)[-2:] == ["TransferRequested", "TellTransfer"]
    assert not account.replayed_otherwise(office)


def test_a_feature_code_that_has_nothing_to_do_stands_in_the_story() -> None:
    office = with_codes()
    call = office.served().id
    presses(office, "*0")
    assert _said(office, call)[-2:] == ["LegDigit", "LegDigit"]
    presses(office, "9*7")
    assert _said(office, call)[-3:] == ["LegDigit", "LegDigit", "LegDigit"]
    assert not account.replayed_otherwise(office)
