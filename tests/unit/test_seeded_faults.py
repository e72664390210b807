"""The table of seeded faults holds for the core as it is."""

from pathlib import Path

import pytest

from tests.seeded.faults import FAULTS, Fault

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_what_a_seeded_fault_replaces_stands_once(fault: Fault) -> None:
    assert (ROOT / fault.file).read_text(encoding="utf-8").count(fault.lines) == 1
    assert fault.instead != fault.lines


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_seeded_fault_is_of_a_situation(fault: Fault) -> None:
    assert f"\n| {fault.row} |" in (ROOT / "tests" / "SCENARIOS.md").read_text(encoding="utf-8")
