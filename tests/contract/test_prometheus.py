"""Prometheus' own tool reads docker/monitoring, and its rules alert when they should and at no other time."""

import asyncio
from pathlib import Path

import yaml

from tests.support.monitoring import FOLDER, RULES, queries

ALERTS = Path(__file__).parent / "alerts.yml"


async def promtool(*arguments: str | Path) -> str:
    """What it says; it must be content."""
    process = await asyncio.create_subprocess_exec(
        "promtool", *map(str, arguments), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said, _ = await process.communicate()
    assert process.returncode == 0, said.decode()
    return said.decode()


async def test_the_rules_and_what_fetches_the_figures_are_read() -> None:
    assert f"{len(RULES)} rules found" in await promtool("check", "rules", FOLDER / "rules.yml")
    assert "SUCCESS" in await promtool("check", "config", FOLDER / "prometheus.yml")


async def test_the_rules_alert_when_they_should_and_at_no_other_time() -> None:
    assert "SUCCESS" in await promtool("test", "rules", ALERTS)
    cases = [case for test in yaml.safe_load(ALERTS.read_text())["tests"] for case in test["alert_rule_test"]]
    tried = {(case["alertname"], bool(case["exp_alerts"])) for case in cases}
    assert tried == {(rule["alert"], alerts) for rule in RULES if "alert" in rule for alerts in (True, False)}


async def test_every_query_of_the_dashboard_is_one_that_prometheus_understands(tmp_path: Path) -> None:
    wanted = [{"record": f"dashboard:{number}", "expr": query} for number, query in enumerate(queries())]
    (tmp_path / "rules.yml").write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": wanted}]}))
    assert f"{len(wanted)} rules found" in await promtool("check", "rules", tmp_path / "rules.yml")
