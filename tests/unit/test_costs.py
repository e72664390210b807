"""A step of the core costs what it did, and no more with many calls up: counted, so a busy machine changes nothing.

What each kind of stimulus may cost stands in tests/costs/limits.json; `python -m tests.costs --write` writes it anew.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from ari_app.calls import switch
from ari_app.calls.step import Step
from tests.costs.__main__ import LIMITS, dearer
from tests.costs.counting import Cost, costs, growth

ROOT = Path(__file__).resolve().parents[2]


def test_no_stimulus_has_become_dearer_and_none_costs_more_with_more_calls() -> None:
    done = subprocess.run([sys.executable, "-m", "tests.costs"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_stimulus_that_has_become_dearer_is_named() -> None:
    now = {"Hold": Cost(2, 250), "Retrieve": Cost(1, 100), "New": Cost(1, 1)}
    assert list(dearer(now, {"Hold": 100.0, "Retrieve": 100.0})) == [
        "Hold takes 125 instructions, 1.25 times as many as the 100 it took",
        "New has no limit: python -m tests.costs --write",
        "all together takes 1.17 times as many as it took",
    ]
    assert list(dearer({"Hold": Cost(2, 218)}, {"Hold": 105.0})) == []


def _slow(step: Step) -> None:
    for _ in range(len(step.calls) * 2000):
        pass


def _looks_at_all(step: Step) -> None:
    list(step.live_calls())


def _copies_all(step: Step) -> None:
    list(step.state.calls)


def _counted() -> dict[str, float]:
    return {kind: cost.each for kind, cost in costs().items()}


def test_what_is_slowed_on_purpose_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    before = _counted()
    monkeypatch.setattr(switch, "_DERIVED", (*switch._DERIVED, _slow))
    found = list(dearer(costs(), before))
    assert any(fault.startswith("Hold takes ") for fault in found)
    assert any(fault.startswith("LegGone takes ") for fault in found)
    assert not any(fault.startswith("EffectDone takes ") for fault in found)  # most of them touch no call


def test_what_looks_at_all_calls_is_seen_also_where_a_built_in_does_it(monkeypatch: pytest.MonkeyPatch) -> None:
    derived = switch._DERIVED
    monkeypatch.setattr(switch, "_DERIVED", (*derived, _looks_at_all))
    instructions, _ = growth("declined", 10, 1500)
    assert instructions["Retrieve"][1] > 2 * instructions["Retrieve"][0]
    monkeypatch.setattr(switch, "_DERIVED", (*derived, _copies_all))
    instructions, room = growth("declined", 10, 1500)
    assert instructions["Retrieve"][1] == pytest.approx(instructions["Retrieve"][0], rel=0.01)
    assert room["Retrieve"][1] > room["Retrieve"][0] + 4096


def test_the_limits_are_of_what_is_played() -> None:
    for limits in json.loads(LIMITS.read_text(encoding="utf-8")).values():
        assert limits.keys() == _counted().keys()
