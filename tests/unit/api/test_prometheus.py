"""What docker/monitoring gives to operators fits what /metrics has, and its dashboard is one that Grafana takes.

Prometheus' own tool looks at it too: tests/contract/test_prometheus.py.
"""

import re

from ari_app.api.metrics import Metrics
from tests.support.monitoring import DASHBOARD, PANELS, RULES, exposed, expressions, metrics_of, queries, recorded_in
from tests.unit.api.fakes import World

LABELS = {
    "asterisk", "box", "command", "instance", "job", "kind", "le", "operation", "outcome", "reason", "receiver",
    "state", "target", "type",
}  # fmt: skip


async def test_every_figure_that_a_rule_or_the_dashboard_names_is_one_that_is_fetched(world: World) -> None:
    there = exposed((await world.ask("GET", "/metrics")).text)
    named = set().union(*map(metrics_of, expressions()))
    assert len(named) > 25
    assert named <= there


def test_what_is_taken_of_other_rules_is_recorded_and_what_is_recorded_is_used() -> None:
    records = {rule["record"] for rule in RULES if "record" in rule}
    assert set().union(*map(recorded_in, expressions())) == records


def test_labels_are_those_that_figures_have() -> None:
    grouped = [
        name for text in expressions() for by in re.findall(r"\bby \(([^)]*)\)", text) for name in by.split(", ")
    ]
    chosen = [name for text in expressions() for name in re.findall(r'[{,](\w+)(?:=~|!~|!=|=)"', text)]
    legends = [
        name
        for panel in PANELS
        for target in panel["targets"]
        for name in re.findall(r"{{(\w+)}}", target["legendFormat"])
    ]
    assert len(grouped) > 10
    assert len(chosen) > 10
    assert {*grouped, *chosen, *legends} <= LABELS


def test_every_alert_says_how_bad_it_is_and_what_to_do() -> None:
    alerts = [rule for rule in RULES if "alert" in rule]
    assert len(alerts) > 10
    assert len({rule["alert"] for rule in alerts}) == len(alerts)
    for rule in alerts:
        assert rule["labels"]["severity"] in ("warning", "critical")
        assert rule["annotations"].keys() == {"summary", "description"}
        named = re.findall(r"\$labels\.(\w+)", rule["annotations"]["summary"])
        assert set(named) <= LABELS


def test_panels_stand_beside_each_other_and_each_has_its_own_id() -> None:
    panels = DASHBOARD["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        place = panel["gridPos"]
        cells = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
        assert place["x"] + place["w"] <= 24
        assert not cells & taken, panel["title"]
        taken |= cells


def test_panels_are_of_kinds_that_grafana_has_and_ask_the_prometheus_that_was_chosen() -> None:
    assert {"uid", "title", "panels", "schemaVersion", "templating", "time"} <= DASHBOARD.keys()
    variables = {variable["name"]: variable for variable in DASHBOARD["templating"]["list"]}
    assert variables["datasource"]["type"] == "datasource"
    assert metrics_of(variables["target"]["query"]["query"]) == {"callcontrol_callers_waiting"}
    chosen = {"type": "prometheus", "uid": "${datasource}"}
    for panel in PANELS:
        assert panel["type"] in ("stat", "timeseries", "heatmap")
        assert panel["description"]
        assert panel["title"]
        assert panel["datasource"] == chosen
        assert [target["refId"] for target in panel["targets"]] == ["A", "B", "C"][: len(panel["targets"])]
        assert all(target["datasource"] == chosen and target["expr"] for target in panel["targets"])
    used = {name for text in (str(panel) for panel in PANELS) for name in re.findall(r"\$\{?(\w+)", text)}
    assert used == {"datasource", "target", "__rate_interval"}
    assert "$" not in "".join(queries())


def test_events_are_counted_once_however_often_the_figures_are_read() -> None:
    metrics = Metrics()

    def counted() -> str:
        lines = metrics.exposition().decode().splitlines()
        return next(line for line in lines if line.startswith("callcontrol_api_events_total"))

    metrics.events += 3
    assert counted() == counted() == "callcontrol_api_events_total 3.0"
    metrics.events += 1
    assert counted() == "callcontrol_api_events_total 4.0"
