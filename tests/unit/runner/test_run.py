"""Steps, the call centre that they have in common, and end-to-end tests that several share."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from io import BytesIO
from pathlib import Path
from threading import Barrier, Event
from typing import BinaryIO, cast

import pytest

from tests.e2e.turns import Turn, Turns
from tests.runner import run
from tests.runner.callcentre import NotReady
from tests.runner.compose import Options
from tests.runner.machine import Machine
from tests.runner.places import Place, choose
from tests.runner.results import Outcome, Style
from tests.runner.run import Run

FAILING = "cctest-65-bots"  # in one of the call centres, one test fails


class FakeMachine:
    """Runs nothing; containers of pytest leave a file of JUnit behind, with two tests."""

    run_name = "run-1"

    def __init__(self) -> None:
        self.ran: list[str] = []

    def run(self, options: Options, output: BinaryIO) -> int:
        name, command = options["name"], options["command"]
        self.ran.append(name)
        output.write(f"{name} says this\n".encode())
        bad = int(name == FAILING)
        wanted = [word.removeprefix("--junit-xml=/reports/") for word in command if word.startswith("--junit-xml=")]
        reports = next(volume.split(":")[0] for volume in options["volumes"] if volume.endswith(":/reports"))
        for file in wanted:
            Path(reports, file).write_text(f'<testsuites><testsuite tests="2" failures="{bad}" /></testsuites>')
        return bad


class FakeCentre:
    """Ready at once, or never."""

    ready = True
    called = "The parts"

    def __init__(self, _: Machine, place: Place, __: Mapping[str, str], reports: Path) -> None:
        self.place, self.reports = place, reports

    def start(self) -> None:
        if not self.ready:
            raise NotReady("the controller does not become ready")

    def bots(self) -> Options:
        return {"name": f"{self.place.project}-bots"}

    def close(self) -> None:
        (self.reports / "controller.log").write_text("")


@pytest.fixture
def machine() -> FakeMachine:
    """Nothing runs yet."""
    return FakeMachine()


@pytest.fixture
def three(tmp_path: Path, machine: FakeMachine, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A run with three call centres."""
    # Whatever else is tested on this machine meanwhile.
    monkeypatch.setattr(run, "choose", partial(choose, free=lambda _: True))
    monkeypatch.setattr(run, "CallCentre", FakeCentre)
    monkeypatch.setattr(run, "Cluster", type("FakeCluster", (FakeCentre,), {}))
    monkeypatch.setattr(FakeCentre, "ready", True)
    (scratch := tmp_path / "scratch").mkdir()
    return Run(cast("Machine", machine), scratch, {"BOTS_TAG": "b"}, 3, (), Style(colours=False), BytesIO())


def printed(of: Run) -> str:
    """What it has printed until now."""
    return cast("BytesIO", of.output).getvalue().decode()


def counts(outcome: Outcome) -> tuple[int, int]:
    """Passed and failed."""
    return outcome.passed, outcome.failed


def test_end_to_end_tests_are_shared_and_counted_together(three: Run, machine: FakeMachine) -> None:
    assert counts(three.step("e2e", three.output)) == (5, 1)
    assert sorted(machine.ran) == ["cctest-64-bots", "cctest-65-bots", "cctest-66-bots"]
    assert all(f"{name} says this" in printed(three) for name in machine.ran)
    assert {file.name for file in three.scratch.glob("*.xml")} == {"e2e.xml", "e2e.2.xml", "e2e.3.xml"}
    assert (three.scratch / "part.3" / "controller.log").exists()
    three.leave()


def test_some_tests_of_a_step_need_no_more_than_one_call_centre(three: Run, machine: FakeMachine) -> None:
    three.arguments = ("-k", "hold")
    assert counts(three.step("e2e", three.output)) == (2, 0)
    assert machine.ran == ["cctest-64-bots"]
    three.leave()


def test_steps_have_one_call_centre_in_common_whose_logs_are_kept(three: Run, machine: FakeMachine) -> None:
    three.arguments = ("-x",)
    three.step("contract", three.output)
    three.step("e2e", three.output)
    assert machine.ran == ["cctest-64-bots"] * 2
    assert not (three.scratch / "controller.log").exists()
    three.close()
    assert (three.scratch / "controller.log").exists()
    three.leave()
    assert list(three.scratch.parent.glob("*.lock")) == []


def test_fail_overs_that_are_waited_for_are_done_beside_the_other_contract_tests_and_counted_with_them(
    three: Run, machine: FakeMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs, both = machine.run, Barrier(2)

    def run_at_once(options: Options, output: BinaryIO) -> int:
        both.wait(10)
        return runs(options, output)

    monkeypatch.setattr(machine, "run", run_at_once)
    monkeypatch.setattr(f"{__name__}.FAILING", "cctest-64-bots-failover")
    assert counts(three.step("contract", three.output)) == (3, 1)
    assert sorted(machine.ran) == ["cctest-64-bots", "cctest-64-bots-failover"]
    assert all(f"{name} says this" in printed(three) for name in machine.ran)
    three.leave()


def test_a_cluster_is_another_than_the_call_centre_of_the_other_steps(three: Run, machine: FakeMachine) -> None:
    three.arguments = ("-x",)
    three.step("contract", three.output)
    three.step("cluster", three.output)
    assert machine.ran == ["cctest-64-bots", "cctest-65-bots"]
    three.close()
    assert (three.scratch / "controller.log").exists()
    assert (three.scratch / "cluster" / "controller.log").exists()
    three.leave()


def test_a_call_centre_that_does_not_become_ready_fails_the_step_and_the_next_is_run(
    three: Run, machine: FakeMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FakeCentre, "ready", False)
    assert counts(three.step("contract", three.output)) == (0, 1)
    assert counts(three.step("e2e", three.output)) == (0, 1)
    assert printed(three).count("does not become ready") == 4
    assert counts(three.step("types", three.output)) == (0, 0)
    assert machine.ran == ["run-1-types"]
    three.leave()


def test_all_commands_of_a_step_are_run_whatever_came_of_those_before(three: Run, machine: FakeMachine) -> None:
    assert counts(three.step("lint", three.output)) == (0, 0)
    assert machine.ran == ["run-1-lint"] * 3


def test_a_step_that_looks_into_images_has_docker_and_no_network(
    three: Run, machine: FakeMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Options] = []

    def run_and_keep(options: Options, _: BinaryIO) -> int:
        seen.append(options)
        return 0

    monkeypatch.setattr(machine, "run", run_and_keep)
    monkeypatch.setenv("CC_EXAMPLES", "7")
    three.step("security", three.output)
    assert {each["network_mode"] for each in seen} == {"none"}
    assert all("/var/run/docker.sock:/var/run/docker.sock" in each["volumes"] for each in seen)
    assert all(each["environment"] == {"BOTS_TAG": "b", "CC_EXAMPLES": "7"} for each in seen)
    three.step("types", three.output)
    assert "/var/run/docker.sock:/var/run/docker.sock" not in seen[-1]["volumes"]


def test_steps_without_calls_are_done_beside_those_with_and_printed_in_order(three: Run, machine: FakeMachine) -> None:
    three.arguments = ("-x",)
    names = ["types", "contract", "imports", "e2e"]
    assert [each.step for each in three.steps(names)] == names
    headings = [line.removeprefix("── ") for line in printed(three).splitlines() if line.startswith("── ")]
    assert headings == names
    assert sorted(name for name in machine.ran if name.startswith("run-1")) == ["run-1-imports", "run-1-types"]
    assert "run-1-imports says this" in (three.scratch / "imports.log").read_text()
    three.close()
    three.leave()


def test_end_to_end_tests_begin_at_once_those_that_take_much_of_the_machine_one_at_a_time(
    three: Run, machine: FakeMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs, all_have_begun = machine.run, Event()
    turns, ran = Turns(three.scratch / "taken"), list[str]()
    beside = Turns(three.scratch / "taken")
    second = Turn("as much", partial(ran.append, "as much"), heavy=True)

    def takes_much() -> None:
        ran.append("much of the machine")
        beside.offer(second)

    heavy = Turn("much of the machine", takes_much, heavy=True)

    def run_in_turn(options: Options, output: BinaryIO) -> int:
        if options["name"] == "run-1-types":
            assert all_have_begun.wait(10)
            turns.offer(heavy)
            assert ran == ["much of the machine"]
        result = runs(options, output)
        if len([name for name in machine.ran if name.endswith("-bots")]) == 4:
            all_have_begun.set()
        return result

    monkeypatch.setattr(machine, "run", run_in_turn)
    monkeypatch.setattr(f"{__name__}.FAILING", "nobody")  # which of them has the contract tests, nobody knows
    assert [counts(each) for each in three.steps(["types", "contract", "e2e"])] == [(0, 0), (4, 0), (6, 0)]
    beside.offer(Turn("calls", partial(ran.append, "calls")), last=True)
    assert ran == ["much of the machine", "as much", "calls"]
    shared = [name for name in machine.ran if name.endswith("-bots")]
    shared.remove(next(name.removesuffix("-failover") for name in machine.ran if name.endswith("-failover")))
    assert sorted(shared) == [f"cctest-{number}-bots" for number in (64, 65, 66)]
    three.close()
    three.leave()


def test_a_step_that_breaks_breaks_the_run(three: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(*_: object) -> None:
        raise RuntimeError("as nobody expects")

    monkeypatch.setattr(FakeCentre, "start", breaks)
    with pytest.raises(RuntimeError, match="as nobody expects"):
        three.steps(["contract", "types"])
    three.leave()
