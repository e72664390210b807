"""What `docker/test` is to do."""

from __future__ import annotations

import pytest

from tests.runner.__main__ import parse
from tests.runner.steps import ALL, IN_CALL_CENTRE, ROOT, STEPS, apart, commands, shell_scripts

GIVEN = ["--scratch", "/tmp/x", "--reports", "reports"]


def test_without_steps_all_are_run_but_for_the_cluster_its_faults_the_soak_and_the_bench() -> None:
    assert parse(GIVEN).steps == ["lint", "types", "imports", "unit", "security", "contract", "e2e"]
    assert set(STEPS) - set(ALL) == {"network", "cluster", "faults", "soak", "day", "bench"}


def test_what_follows_the_dashes_goes_to_pytest_as_it_is() -> None:
    found = parse([*GIVEN, "unit", "e2e", "--", "-k", "hold", "--", "-x"])
    assert found.steps == ["unit", "e2e"]
    assert found.pytest == ["-k", "hold", "--", "-x"]


def test_a_step_that_is_named_twice_is_run_once() -> None:
    assert parse([*GIVEN, "unit", "lint", "unit"]).steps == ["unit", "lint"]


def test_an_unknown_step_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse([*GIVEN, "lynt"])
    assert "unknown step lynt" in capsys.readouterr().err


def test_the_steps_are_those_that_the_usage_of_docker_test_lists() -> None:
    usage = (ROOT / "docker" / "test").read_text().split("\nset ")[0].splitlines()
    assert [line.split()[1] for line in usage if line.startswith("#   ")] == list(STEPS)


def test_the_pure_tests_must_reach_every_branch_only_where_all_of_them_are_run() -> None:
    assert "--cov-fail-under=100" in commands("unit", ())[0]
    assert not [word for word in commands("unit", ("-k", "x"))[0] if word.startswith("--cov")]
    assert commands("unit", ("-k", "x"))[0][-2:] == ("-k", "x")


def test_each_step_with_tests_writes_the_file_that_is_counted() -> None:
    for step in ("unit", "contract", "e2e", "network", "cluster"):
        assert f"--junit-xml=/reports/{step}.xml" in commands(step, ())[0]
    assert {"contract", "e2e", "network", "cluster", "faults", "soak", "day", "bench"} == IN_CALL_CENTRE


def test_what_is_done_apart_is_left_out_of_the_rest_and_where_tests_are_chosen_nothing_is() -> None:
    (rest,), (beside,) = commands("contract", ()), apart("contract", ()).values()
    assert f"--ignore={beside[-1]}" in rest
    assert (ROOT / beside[-1]).is_file()
    assert not apart("contract", ("-k", "x"))
    assert not [word for word in commands("contract", ("-k", "x"))[0] if word.startswith("--ignore")]
    assert not apart("e2e", ())


def test_all_that_is_written_in_shell_is_looked_at() -> None:
    assert {"docker/up", "docker/test", "docker/lib.sh", "docker/asterisk/entrypoint", ".ci/run"} <= {*shell_scripts()}
    assert "docker/compose.yaml" not in shell_scripts()
