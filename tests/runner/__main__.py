"""`python -m tests.runner`, as `docker/test` calls it."""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import NoReturn

from tests.runner.machine import Machine
from tests.runner.results import Style, summary
from tests.runner.run import Run
from tests.runner.steps import ALL, STEPS

_ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """`steps` (all, where none is named), `pytest` (what follows `--`), and what `docker/test` tells."""
    ours, theirs = list(arguments), []
    if "--" in ours:
        split = ours.index("--")
        ours, theirs = ours[:split], ours[split + 1 :]
    parser = argparse.ArgumentParser("python -m tests.runner")
    parser.add_argument("--scratch", type=Path, required=True, help="a new directory; its name is this container's too")
    parser.add_argument("--reports", required=True, help="where docker/test puts in the end what is in there")
    parser.add_argument("--parts", type=int, default=4, help="call centres that share the end-to-end tests")
    parser.add_argument("--images", type=int, default=0, help="how many seconds they took")
    parser.add_argument("--colours", action="store_true")
    parser.add_argument("steps", nargs="*")
    found = parser.parse_args(ours)
    for step in found.steps:
        if step not in STEPS:
            parser.error(f"unknown step {step}")
    found.steps = list(dict.fromkeys(found.steps or ALL))
    found.pytest = theirs
    return found


def main(arguments: Sequence[str]) -> int:
    """Returns 0 where nothing failed, else 1."""
    wanted = parse(arguments)
    began = time.monotonic()
    style = Style(wanted.colours)
    images = {name: value for name, value in os.environ.items() if name.endswith("_TAG")}
    if "CC_ARI_LANES" in os.environ:
        images["ARI_LANES"] = os.environ["CC_ARI_LANES"]  # what else the compose file reads
    machine = Machine(wanted.scratch.name)
    run = Run(machine, wanted.scratch, images, wanted.parts, wanted.pytest, style, sys.stdout.buffer)
    for number in _ENDS:
        signal.signal(number, _end)
    try:
        machine.sweep()
        outcomes = run.steps(wanted.steps)
        run.close()
    finally:
        machine.end()
        run.leave()
        _give_away(wanted.scratch)
    total = wanted.images + round(time.monotonic() - began)
    print(summary(outcomes, wanted.images, total, wanted.reports, style))
    return int(any(each.failed for each in outcomes))


def _end(number: int, _: FrameType | None) -> NoReturn:
    """Leave by way of `finally`, once: a Ctrl-C comes from the terminal and from `docker/test`."""
    for each in _ENDS:
        signal.signal(each, signal.SIG_IGN)
    raise SystemExit(128 + number)


def _give_away(scratch: Path) -> None:
    """To whom the directory belongs; what is written from within containers is root's."""
    owner = scratch.stat()
    for file in scratch.rglob("*"):
        shutil.chown(file, owner.st_uid, owner.st_gid)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
