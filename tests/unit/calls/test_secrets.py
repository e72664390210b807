"""Digits may be somebody's secret: logs and stories show that there were some, never which."""

from collections.abc import Iterator
from dataclasses import Field, fields, is_dataclass
from typing import Any, TypeAliasType, get_args

import pytest
from pydantic_core import to_json

from ari_app.__main__ import main
from ari_app.calls import commands as c
from ari_app.calls import effects as e
from ari_app.calls import stimuli as s
from ari_app.calls.discretion import without_keys
from ari_app.calls.model import KeyedNumber, OfferKind
from ari_app.calls.reads import Reads
from ari_app.calls.story import Stories
from ari_app.engine.storyfile import read, write
from ari_app.operations.telling import as_lines, tell
from tests.support import account
from tests.support.callcentre import directory
from tests.support.office import Office
from tests.unit.calls.keypad import presses, with_codes

PIN = "47119"
_DIGITS = ("digit", "key", "dtmf", "pin", "tone")  # what a field that carries some is called


def _members(union: Any) -> Iterator[Any]:
    for member in get_args(union.__value__):
        yield from _members(member) if isinstance(member, TypeAliasType) else (member,)


def _carries_digits(field: Field[Any]) -> bool:
    """By its name, or because it must not be printed: this is how the code says it."""
    words = field.name.split("_")
    return field.type is str and any(word in words or f"{word}s" in words for word in _DIGITS)


EFFECTS = tuple(_members(e.Effect))
CARRIERS: list[Any] = [
    kind
    for kind in (*_members(s.Stimulus), *EFFECTS)
    if is_dataclass(kind) and any(_carries_digits(field) or not field.repr for field in fields(kind))
]


def _with_pin(kind: Any) -> Any:
    secret = {f.name: PIN for f in fields(kind) if _carries_digits(f) or not f.repr}
    return kind(**{f.name: secret.get(f.name) for f in fields(kind) if f.init})


def test_these_carry_digits() -> None:
    assert {kind.__name__ for kind in CARRIERS} == {"LegDigit", "SendDtmf", "PlayDtmf"}


@pytest.mark.parametrize("kind", CARRIERS)
def test_no_digit_is_in_what_a_log_would_show_nor_in_a_story(kind: Any) -> None:
    one = _with_pin(kind)
    assert PIN not in repr(one)
    stories = Stories()
    reads = Reads("c", 1, linked=True)
    if kind in EFFECTS:
        reads.values["in_flight", 1] = one
        stories.add({"c1": False}, 1.0, s.TimePassed(), [one], reads, directory(), {})
    else:
        stories.add({"c1": False}, 1.0, without_keys(one, read=False), [], reads, directory(), {})
    story = stories.of("c1") or ()
    assert one not in [entry.detail for entry in story]
    assert PIN not in write("c1", story)
    assert PIN not in to_json([entry.detail for entry in story], fallback=repr).decode()


def test_a_number_that_is_being_dialled_by_keys_is_in_no_log() -> None:
    assert PIN not in repr(KeyedNumber(OfferKind.TRANSFER, 0.0, digits=PIN))


def test_digits_that_an_agent_sends_are_in_no_output_of_a_story_which_runs_again_without(
    tmp_path: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    office = Office()
    call = office.served().id
    office.do(c.SendDtmf, "alice", call=call, digits=PIN)
    office.settle()
    text = write(call, office.switch.stories.of(call) or ())
    assert "SendDtmf" in text
    assert "PlayDtmf" in text
    (tmp_path / "story.json").write_text(text)
    assert main(["replay", str(tmp_path / "story.json")]) == 0
    printed = capsys.readouterr().out + "\n".join(as_lines(tell(*read(text)), 200))
    assert "SendDtmf" in printed
    assert "send dtmf" in printed
    shown = to_json([entry.detail for entry in office.switch.stories.of(call) or ()], fallback=repr).decode()
    assert not [output for output in (text, printed, shown) if PIN in output]
    assert not account.replayed_otherwise(office)


def _keys(office: Office, call: str) -> list[str]:
    return [x.detail.digit for x in office.switch.stories.of(call) or () if isinstance(x.detail, s.LegDigit)]


def test_a_key_that_is_no_feature_code_stands_in_no_story() -> None:
    """It ends the prompt that the agent hears, so there is a line of it."""
    office = with_codes()
    call = office.served().id
    presses(office, "*1999")
    leg = office.leg_of("alice")
    office.feed(s.LegDigit(leg, "#"))
    assert office.switch.legs[leg].playing is not None
    office.feed(s.LegDigit(leg, "7"))
    assert _keys(office, call) == [*"*1999#", "?"]
    assert not account.replayed_otherwise(office)


def test_keys_to_a_machine_outside_stand_in_no_story() -> None:
    office = with_codes()
    call = office.served().id
    presses(office, PIN)
    presses(office, PIN, "in1")
    assert _keys(office, call) == []
    assert PIN not in write(call, office.switch.stories.of(call) or ())


def test_a_feature_code_and_the_number_after_it_stand_in_the_story_which_runs_again_with_them() -> None:
    office = with_codes()
    call = office.served().id
    presses(office, "*11002")
    assert _keys(office, call) == [*"*11002"]
    assert not account.replayed_otherwise(office)
