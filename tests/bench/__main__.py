"""`python -m tests.bench [NAME…] [--rounds N]`, as `docker/bench` calls it: one bench after the other, and
the report."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from tests.bench import notes
from tests.bench.page import CURVES, RATIOS, all_curves, all_figures, page
from tests.bench.picture import curves, ratios
from tests.bench.results import Result, keep, kept, last_line

REPORT = (
    *("cpu", "busy", "audio", "verbs", "serve", "calls", "agents"),
    *("reservations", "targets", "overseers", "live", "search", "announcement", "flood"),
)
"""What the report is made of, in this order: what Asterisk needs is measured before it is given more modules."""
OTHERS = ("desk",)
"""Which take long, and are about something else: only when they are named."""
ALONE = "report"
"""Nothing is measured."""
_WITHIN = 900.0
"""Seconds after which a bench is ended."""


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """`names` (all of the report, where none is named), `rounds`, `reports`, `commit`."""
    parser = argparse.ArgumentParser("docker/bench")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join((*REPORT, *OTHERS, ALONE))}")
    parser.add_argument("--rounds", type=int, help="in place of each bench's own number")
    parser.add_argument("--reports", type=Path, default=Path("reports"), help="where results are kept")
    parser.add_argument("--commit", default=os.environ.get("CC_COMMIT", "unknown"))
    found = parser.parse_intermixed_args(arguments)
    for name in found.names:
        if name not in (*REPORT, *OTHERS, ALONE):
            parser.error(f"there is no bench {name}")
    found.names = found.names or list(REPORT)
    return found


def measured(name: str, rounds: int | None, commit: str) -> Result | None:
    """Run one, which prints what it does; None where it did not come to a result."""
    print(f"── {name}", flush=True)
    chosen = () if rounds is None else ("--rounds", str(rounds))
    began = time.monotonic()
    with tempfile.NamedTemporaryFile() as file:
        command = (sys.executable, "-m", f"tests.bench.bench_{name}", "--json", file.name, *chosen)
        try:
            subprocess.run(command, check=False, timeout=_WITHIN)  # noqa: S603 - missed goals are no fault
        except subprocess.TimeoutExpired:
            print(f"{name} takes longer than {_WITHIN:.0f} s", flush=True)
            return None
        said = last_line(Path(file.name).read_text())
    seconds = time.monotonic() - began
    print(f"   {seconds:.0f} s", flush=True)
    return None if said is None else Result(name, commit, datetime.now(UTC).date().isoformat(), round(seconds, 1), said)


def report(reports: Path, commit: str) -> None:
    """Write it from all that is kept of the commit; for docs/benchmarks.md (`.page`) only where it is whole."""
    results = [result for result in kept(reports / "bench", commit) if result.bench in REPORT]
    text = page(results, notes.read())
    whole = {result.bench for result in results} == set(REPORT)
    (reports / f"benchmarks.{'page' if whole else 'part'}").write_text(text)
    (reports / RATIOS).write_text(ratios(all_figures(results)))
    (reports / CURVES).write_text(curves(all_curves(results)))
    print(text.partition("## All figures")[0])


def main(arguments: Sequence[str]) -> int:
    """Returns 1 where a bench came to no result."""
    wanted = parse(arguments)
    failed = []
    for name in sorted(set(wanted.names) - {ALONE}, key=(*REPORT, *OTHERS).index):
        result = measured(name, wanted.rounds, wanted.commit)
        if result is None:
            failed.append(name)
        else:
            keep(wanted.reports / "bench", result)
    report(wanted.reports, wanted.commit)
    if failed:
        print(f"no result: {', '.join(failed)}")
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
