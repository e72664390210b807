"""What docker/monitoring asks of Prometheus: its rules and the dashboard's queries."""

import json
import re
from collections.abc import Iterator
from typing import Any

import yaml

from tests.support.documents import ROOT

FOLDER = ROOT / "docker/monitoring"
DASHBOARD: dict[str, Any] = json.loads((FOLDER / "dashboard.json").read_text())
GROUPS: list[dict[str, Any]] = yaml.safe_load((FOLDER / "rules.yml").read_text())["groups"]
RULES: list[dict[str, Any]] = [rule for group in GROUPS for rule in group["rules"]]
PANELS: list[dict[str, Any]] = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]

_METRIC = re.compile(r"\b((?:callcontrol|process)_\w+)")
_RECORDED = re.compile(r"\b(callcontrol:[\w:]+)")


def queries() -> Iterator[str]:
    """The dashboard's, with variables as Grafana puts them in."""
    for panel in PANELS:
        for target in panel["targets"]:
            yield target["expr"].replace("$target", "queue:sales|group:support").replace("$__rate_interval", "5m")


def expressions() -> list[str]:
    """All of PromQL that there is."""
    return [*(rule["expr"] for rule in RULES), *queries()]


def metrics_of(expression: str) -> set[str]:
    """The metrics of ours that it names, as they are exposed."""
    return set(_METRIC.findall(expression))


def recorded_in(expression: str) -> set[str]:
    """What it takes of other rules."""
    return set(_RECORDED.findall(expression))


def exposed(text: str) -> set[str]:
    """The names of all samples that a text of Prometheus' format has or may have."""
    found = set()
    for name, kind in re.findall(r"^# TYPE (\w+) (\w+)$", text, re.MULTILINE):
        found |= {f"{name}_{part}" for part in ("bucket", "count", "sum")} if kind == "histogram" else {name}
    return found
