"""`python -m tests.costs`: what the core costs, beside its limits; `--write` makes what it costs now the limits.

Ends with 1 where something has become dearer than its limit allows, or grows with the calls that are up.
"""

import argparse
import json
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.costs.counting import Cost, costs, growth
from tests.costs.plays import PLAYS

LIMITS = Path(__file__).with_name("limits.json")
VERSION = ".".join(map(str, sys.version_info[:2]))
"""Other versions of Python have other instructions."""
DEARER = 1.10
"""Of one stimulus: a feature may cost this much before somebody has to say so, by new limits in their commit."""
DEARER_IN_ALL = 1.05
FEW, MANY = 10, 1500
ROOM = 4096
"""Bytes that a step may take more with `MANY` calls up than with `FEW`: a table of Python's that just grows, say. A
list of all calls has 12 kB."""
HOW = "python -m tests.costs --write"


def dearer(found: Mapping[str, Cost], limits: Mapping[str, float]) -> Iterator[str]:
    """What costs more than it may, and what has no limit."""
    for kind, cost in found.items():
        limit = limits.get(kind)
        if limit is None:
            yield f"{kind} has no limit: {HOW}"
        elif cost.each > limit * DEARER:
            times = cost.each / limit
            yield f"{kind} takes {cost.each:.0f} instructions, {times:.2f} times as many as the {limit:.0f} it took"
    known = {kind: cost for kind, cost in found.items() if kind in limits}
    now, then = sum(cost.total for cost in known.values()), sum(limits[k] * cost.times for k, cost in known.items())
    if now > then * DEARER_IN_ALL:
        yield f"all together takes {now / then:.2f} times as many as it took"


def grown() -> Iterator[str]:
    """What costs more the more calls are up."""
    for name in PLAYS:
        instructions, room = growth(name, FEW, MANY)
        for kind, (few, many) in instructions.items():
            if many > few * 1.01:
                yield f"{name}: {kind} takes {few:.0f} instructions with {FEW} other calls up, {many:.0f} with {MANY}"
        for kind, (few, many) in room.items():
            if many > few + ROOM:
                yield f"{name}: {kind} takes {few:.0f} bytes with {FEW} other calls up, {many:.0f} with {MANY}"


def main() -> int:
    """Compare, or write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="make what it costs now the limits")
    given = parser.parse_args()
    if os.environ.get("PYTHONHASHSEED") != "0":  # read once, when Python begins
        arguments = [sys.executable, "-m", "tests.costs", *sys.argv[1:]]
        os.execve(sys.executable, arguments, os.environ | {"PYTHONHASHSEED": "0"})  # noqa: S606
    found, kept = costs(), json.loads(LIMITS.read_text(encoding="utf-8"))
    limits = kept.get(VERSION, {})
    for kind, cost in found.items():
        print(f"{kind:24} {cost.times:5} times {cost.each:9.0f}   limit {limits.get(kind, 0.0) * DEARER:9.0f}")
    if given.write:
        kept[VERSION] = {kind: round(cost.each, 1) for kind, cost in found.items()}
        LIMITS.write_text(json.dumps(kept, indent=2, sort_keys=True) + "\n", encoding="utf-8")
        return 0
    faults = [*(dearer(found, limits) if limits else ()), *grown()]
    if faults:
        print("\n".join((*faults, f"is it worth that? {HOW}")), file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
