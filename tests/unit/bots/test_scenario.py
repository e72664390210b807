"""The scenario format: what is understood, and how faults are named."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.bots import behaviour, phrases, runner
from tests.bots.__main__ import main
from tests.bots.scenario import ScenarioError, load, parse

SHIPPED = sorted((Path(__file__).parents[2] / "bots" / "scenarios").glob("*.yaml"))
BOTS = """
name: A test
bots:
  alice: {phone: 1001, secret: s}
  caller: {contact: +33611111111}
steps:
"""


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_scenario_that_is_shipped_is_well_formed(path: Path) -> None:
    scenario = load(path)
    assert all(runner.describe(step) for step in scenario.steps)


def test_numbers_keep_their_plus_and_their_zeros() -> None:
    scenario = parse(BOTS + "  - do: caller dials 0033\n", "x.yaml")
    assert scenario.bots["caller"].contact == "+33611111111"
    assert scenario.steps[0].do == ["caller dials 0033"]


@pytest.mark.parametrize(
    ("steps", "line", "says"),
    [
        ("  - do: alice flies\n", 7, "steps[1].do[1]: 'alice flies' is not understood"),
        ("  - do: alice answers\n  - when: bob rings\n", 8, "there is no bot bob"),
        ("  - expect: {heard: [alice <-> caller, alice ~ bob]}\n", 7, "neither 'a <-> b' nor 'a -> b'"),
        ("  - expect:\n      heard: alice <-> caller\n      misic: alice\n", 9, "steps[1].expect.misic: Extra inputs"),
        ("  - do: alice answers\n    within: -1\n", 8, "steps[1].within: Input should be greater than 0"),
        ("  - api: {agent: alice, post: /x}\n", 7, "there is no agent alice"),
        ("  - {}\n", 7, "an empty step"),
        ("  - do: alice answers\n    do: alice holds\n", 8, "do is given twice"),
        ("  - do: [alice\n", 8, "expected"),
    ],
)
def test_a_fault_is_named_by_file_line_and_field(steps: str, line: int, says: str) -> None:
    with pytest.raises(ScenarioError) as error:
        parse(BOTS + steps, "x.yaml")
    assert str(error.value).startswith(f"x.yaml:{line}: ")
    assert says in str(error.value)


def test_an_empty_file_and_one_that_is_not_there_are_faults_too(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=r"x\.yaml:1: scenario"):
        parse("", "x.yaml")
    with pytest.raises(ScenarioError, match="No such file"):
        load(tmp_path / "none.yaml")


def test_a_bot_is_a_phone_or_a_contact() -> None:
    with pytest.raises(ScenarioError, match="give one of the two"):
        parse(BOTS.replace("contact: +33611111111", "display: x") + "  - do: alice answers\n", "x.yaml")


@given(st.text())
def test_whatever_is_typed_is_understood_or_refused(text: str) -> None:
    for forms in (phrases.ACTIONS, phrases.FACTS):
        try:
            understood = phrases.read(text, forms)
        except ValueError:
            continue
        assert understood.form in forms


@pytest.mark.parametrize(
    ("text", "means"),
    [
        ("rings", behaviour.rings()),
        ("answers after 1.5 with early media", behaviour.answers(1.5, progress="early media")),
        ("rings with 183 without SDP", behaviour.rings(progress="183 without SDP")),
        ("rings with 183 without audio", behaviour.rings(progress="183 without audio")),
        ("answers with 100 alone", behaviour.answers(progress="100 alone")),
        ("forwards to +33555", behaviour.forwards("+33555")),
        ("answers twice", behaviour.answers(habit="answers twice")),
        ("answers and holds", behaviour.answers(habit="holds")),
        ("declines", behaviour.declines()),
        ("is busy", behaviour.is_busy()),
        ("is unreachable 503", behaviour.is_unreachable(503)),
        ("is unplugged", behaviour.is_unplugged()),
    ],
)
def test_behaviours_are_said_as_people_do(text: str, means: behaviour.Behaviour) -> None:
    assert phrases.behaviour(text) == means


@pytest.mark.parametrize(
    "text", ["declines with early media", "is busy with 100 alone", "forwards", "rings with bells"]
)
def test_behaviours_that_make_no_sense_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not understood"):
        phrases.behaviour(text)


def test_several_bots_are_named_with_commas_and_and() -> None:
    assert phrases.read("alice hears bob, carol and dave", phrases.FACTS).bots == ("bob", "carol", "dave")
    assert phrases.read("alice hears music", phrases.FACTS).form == "hears music"


def test_the_command_line_checks_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    broken = tmp_path / "broken.yaml"
    broken.write_text("name: x\n")
    assert main(["check", *map(str, SHIPPED)]) == 0
    assert main(["check", str(broken)]) == 2
    assert f"{broken}:1: bots: Field required" in capsys.readouterr().err
