"""What `docker/bench` is to do, and what it says of itself."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest

from tests.bench.__main__ import ALONE, OTHERS, REPORT, measured, parse, report
from tests.bench.bench_agents import Machine
from tests.bench.bench_calls import Ladder
from tests.bench.bench_search import people
from tests.bench.results import Result, keep
from tests.runner.steps import ROOT, commands


def test_without_names_all_of_the_report_is_measured_and_rounds_are_each_benchs_own() -> None:
    found = parse([])
    assert (found.names, found.rounds) == (list(REPORT), None)


@pytest.mark.parametrize("given", [["serve", "--rounds", "3", "audio"], ["--rounds", "3", "serve", "audio"]])
def test_names_and_rounds_may_stand_in_any_order(given: list[str]) -> None:
    found = parse(given)
    assert (found.names, found.rounds) == (["serve", "audio"], 3)


def test_an_unknown_bench_is_refused_before_anything_is_measured(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse(["serves"])
    assert "there is no bench serves" in capsys.readouterr().err


def test_every_bench_has_a_module_and_is_listed_in_the_usage_of_docker_bench() -> None:
    usage = (ROOT / "docker" / "bench").read_text().split("\nset ")[0]
    listed = [line for line in usage.splitlines() if line.startswith("#   ")]
    names = {name for line in listed for name in re.split(r", +| +", line[4:].split("   ")[0]) if name}
    assert names == {*REPORT, *OTHERS, ALONE}
    assert [name for name in (*REPORT, *OTHERS) if not (ROOT / f"tests/bench/bench_{name}.py").exists()] == []


def test_the_step_of_docker_test_is_the_same_thing() -> None:
    wanted = ("python", "-m", "tests.bench", "--reports", "/reports", "serve", "--rounds", "3")
    assert commands("bench", ("serve", "--rounds", "3")) == [wanted]


def test_the_report_is_that_of_the_documents_only_where_all_of_it_was_measured(tmp_path: Path) -> None:
    said = {"cores": 2, "load_before": 0.0, "figures": [], "curves": [], "values": []}
    results = [Result(name, "abc", "2026-01-02", 1.0, said) for name in REPORT]
    for result in results[1:]:
        keep(tmp_path / "bench", result)
    report(tmp_path, "abc")
    assert not (tmp_path / "benchmarks.page").exists()
    assert (tmp_path / "benchmarks.part").exists()
    keep(tmp_path / "bench", results[0])
    report(tmp_path, "abc")
    assert f"abc: {len(REPORT)} benches" in (tmp_path / "benchmarks.page").read_text()
    assert (tmp_path / "benchmarks.svg").exists()


def test_a_bench_that_says_nothing_has_no_result_and_one_that_misses_goals_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "python"
    monkeypatch.setattr(sys, "executable", str(program))

    def does(script: str) -> None:
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)

    does("exit 1")
    assert measured("serve", None, "abc") is None
    said = json.dumps({"figures": [], "cores": 2})
    does(f"echo '{said}' >> \"$4\"; exit 1")
    result = measured("serve", 3, "abc")
    assert result is not None
    assert (result.bench, result.commit, result.said["cores"]) == ("serve", "abc", 2)


def test_the_rate_at_which_a_verb_takes_twice_as_long_lies_between_two_steps() -> None:
    assert Ladder(2.0, [(10.0, 2.0), (20.0, 6.0)]).doubles_at == 15.0
    assert Ladder(2.0, [(10.0, 5.0)]).doubles_at == pytest.approx(20 / 3)
    highest = Ladder(2.0, [(10.0, 3.0), (20.0, 3.5)])
    assert (highest.doubles_at, highest.over) == (20.0, False)


def test_a_call_of_the_machine_that_is_timed_comes_and_goes_and_leaves_the_others() -> None:
    machine = Machine(people(10, 1))
    machine.comes("agent1")
    assert machine.serve("agent0") > 0.0
    assert len(machine.switch.state.calls) == 1
