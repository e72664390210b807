"""What benches have found, kept in a file each, so that a report is put together from several runs of one commit."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Result:
    """One bench of one run. `said` is its last line (`figures.tell`)."""

    bench: str
    commit: str
    day: str
    seconds: float
    said: Mapping[str, Any]

    @property
    def figures(self) -> Sequence[Mapping[str, Any]]:
        """Comparisons, as `Figure.json` has them."""
        return list(self.said.get("figures", ()))

    @property
    def curves(self) -> Sequence[Mapping[str, Any]]:
        """As `Curve.json` has them."""
        return list(self.said.get("curves", ()))

    @property
    def values(self) -> Sequence[Mapping[str, Any]]:
        """As `Value.json` has them."""
        return list(self.said.get("values", ()))


def keep(directory: Path, result: Result) -> None:
    """In place of what the same bench has found before."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / f"{result.bench}.json").write_text(json.dumps(vars(result), indent=1) + "\n")


def kept(directory: Path, commit: str) -> list[Result]:
    """What is there of that commit, by name; what others have found is left out."""
    found = [Result(**json.loads(file.read_text())) for file in sorted(directory.glob("*.json"))]
    return [result for result in found if result.commit == commit]


def last_line(text: str) -> Mapping[str, Any] | None:
    """What a bench wrote as its result; None where it wrote none."""
    lines = text.splitlines()
    return json.loads(lines[-1]) if lines else None
