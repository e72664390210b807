"""The testers' example scenarios, run as a tester runs them: one command, a report."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.e2e.stack import Stack

SCENARIOS = sorted((Path(__file__).parents[1] / "bots" / "scenarios").glob("*.yaml"))
HALF = len(SCENARIOS) // 2


@pytest.mark.parametrize("scenarios", [SCENARIOS[:HALF], SCENARIOS[HALF:]], ids=["half", "the other half"])
async def test_every_example_scenario_passes_and_is_reported(
    stack: Stack, tmp_path: Path, scenarios: Sequence[Path]
) -> None:
    """Two halves, which two call centres can run at once."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.bots", "run", *map(str, scenarios)),
        *("--asterisk", f"{stack.asterisk[0]}:{stack.asterisk[1]}", "--api", stack.api),
        *("--bind", stack.bind, "--carrier", f"{stack.carrier[0]}:{stack.carrier[1]}"),
        *("--report-dir", str(tmp_path)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(120):
        output, _ = await process.communicate()
    text = output.decode()
    assert process.returncode == 0, text
    assert len(SCENARIOS) >= 6
    assert f"{len(scenarios)} passed, 0 failed" in text
    assert written(tmp_path) == {"junit.xml", *(f"{path.stem}.svg" for path in scenarios)}
    await stack.no_calls()


def written(directory: Path) -> set[str]:
    """The names of the files of a report."""
    return {path.name for path in directory.iterdir()}
