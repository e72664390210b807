"""Runs of schemathesis in one process, one after the other: `python -m tests.e2e.sending`.

Each line of the input has the `arguments` of one, and the `report` that they name; each line of the output the `status`
that it ended with, what it `printed`, and what was `answered`: method and path, and status, of each request that was
made of an operation of the document.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

from click.testing import CliRunner
from schemathesis.cli import schemathesis


def answered(report: Path) -> Iterator[tuple[str, int]]:
    """What a report says of each request."""
    with report.open() as lines:
        for line in lines:
            recorder = json.loads(line).get("ScenarioFinished", {}).get("recorder", {})
            cases = recorder.get("cases", {})
            for case, interaction in recorder.get("interactions", {}).items():
                sent, answer = cases[case]["value"], interaction["response"]
                assert answer is not None, f"not answered: {interaction['request']}"
                yield f"{sent['method']} {sent['path']}", int(answer["status_code"])


def main() -> None:
    """Until the input ends."""
    for line in sys.stdin:
        wanted = json.loads(line)
        ran = CliRunner().invoke(schemathesis, wanted["arguments"])
        done = {"status": ran.exit_code, "printed": ran.output, "answered": []}
        if ran.exit_code == 0:
            done["answered"] = list(answered(Path(wanted["report"])))
        print(json.dumps(done), flush=True)


if __name__ == "__main__":
    main()
