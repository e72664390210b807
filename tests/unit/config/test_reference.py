"""docs/configuration.md and its JSON Schema tell what the administrator may write, all of it and nothing else."""

import json
import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from jsonschema.exceptions import best_match  # type: ignore[import-untyped]

from ari_app.config.document import read_document
from ari_app.config.reference import PAGE, SCHEMA, Everything, json_schema, main, page
from ari_app.config.references import Sections, section_of
from ari_app.routing.targets import TargetType
from tests.support.documents import ROOT

DOCS = ROOT / "docs"
DEMO = (ROOT / "asterisk" / "callcentre.yaml").read_text()
AGAIN = "out of date; write it anew: python -m ari_app.config.reference docs"


def faults(text: str) -> list[str]:
    """Where an editor with the schema would underline something first."""
    worst = best_match(Draft202012Validator(json.loads(json_schema())).iter_errors(read_document(text, "").value))
    return [] if worst is None else [".".join(map(str, worst.absolute_path))]


def test_the_page_is_that_of_the_code() -> None:
    assert page((DOCS / PAGE).read_text()) == (DOCS / PAGE).read_text(), AGAIN


def test_the_json_schema_is_that_of_the_code() -> None:
    assert json_schema() == (DOCS / SCHEMA).read_text(), AGAIN


def test_both_are_written_by_one_command(tmp_path: Path) -> None:
    (tmp_path / PAGE).write_text("# Mine\n<!-- generated: sections -->\nstale text\n<!-- end -->\nmine\n")
    assert main([str(tmp_path)]) == 0
    assert (tmp_path / SCHEMA).read_text() == json_schema()
    written = (tmp_path / PAGE).read_text()
    assert written.startswith("# Mine\n")
    assert written.endswith("\nmine\n")
    assert "### queues" in written
    assert "stale" not in written


def test_every_field_says_what_it_is() -> None:
    def silent(schema: dict[str, Any], at: str) -> list[str]:
        within = [silent(value, f"{name}.") for name, value in schema.get("$defs", {}).items()]
        own = [at + name for name, value in schema.get("properties", {}).items() if "description" not in value]
        return sum(within, own)

    assert silent(Everything.model_json_schema(), "") == []


def test_an_editor_finds_no_fault_in_the_demos_file() -> None:
    assert faults(DEMO) == []


@pytest.mark.parametrize(
    ("before", "after", "at"),
    [
        ("groups: [support]", "groups: support", "agents.alice.groups"),
        ("offer_timeout: 15", "offer_timeout: soon", "settings.offer_timeout"),
        ("offer_timeout: 15", "offer_timeuot: 15", "settings"),
        ('number: "2000"', "number: reception", "groups.support.number"),
        ("queue_next:", "queue_nxt:", "announcements"),
    ],
)
def test_an_editor_finds_what_the_controller_would_refuse(before: str, after: str, at: str) -> None:
    assert faults(DEMO.replace(before, after, 1)) == [at]


def test_the_environment_is_that_of_the_compose_file() -> None:
    compose = (ROOT / "docker" / "compose.yaml").read_text()
    used = dict(re.findall(r"\$\{([A-Z_]+):-([^}]*)\}", compose))
    reported = dict(re.findall(r"^\| `([A-Z_]+)` \| (.*?) \|", (DOCS / PAGE).read_text(), re.MULTILINE))
    reported = {name: default for name, default in reported.items() if not name.startswith("ARI_APP_")}
    made = {name for name, default in reported.items() if default == "made by `docker/up`"}
    tags = {"ASTERISK_TAG", "CONTROLLER_TAG", "BOTS_TAG", "COMMIT_TAG"}  # which images, of what: `docker/up` knows
    # of these `docker/up` makes what the compose file reads
    scripts = "".join((ROOT / "docker" / name).read_text() for name in ("up", "lib.sh"))
    own = {name for name in reported.keys() - used.keys() if re.search(rf"\b{name}\b", scripts)}
    assert reported.keys() - own == used.keys() - tags
    assert made == {"ARI_PASSWORD", "REDIS_PASSWORD"}
    assert {name: used[name] for name in reported.keys() - made - own} == {
        name: reported[name] for name in reported.keys() - made - own
    }


_OF_SEVERAL = {
    "REDIS_SENTINELS", "REDIS_SERVICE", "REDIS_SENTINEL_PASSWORD", "REDIS_SENTINEL_PASSWORD_FILE",
    "REDIS_CONFIRM", "REDIS_PREFIX", "ASTERISK_ID", "ASTERISKS", "ADVERTISE", "EDGE",
}  # fmt: skip
"""Settings of a controller that is one of several: those start otherwise."""


def test_each_setting_of_the_controller_has_a_way_through_the_compose_file() -> None:
    compose = (ROOT / "docker" / "compose.yaml").read_text()
    listed = set(re.findall(r"^\| `ARI_APP_([A-Z_]+)`", (DOCS / PAGE).read_text(), re.MULTILINE))
    given = set(re.findall(r"^ +ARI_APP_([A-Z_]+?)(?:_FILE)?:", compose, re.MULTILINE))
    assert {name for name in listed if name.removesuffix("_FILE") not in given} == _OF_SEVERAL
    assert re.search(r"^ +SSL_CERT_FILE: ", compose, re.MULTILINE), "authorities of one's own"


def test_prometheus_looks_where_a_call_centre_on_a_network_has_its_figures() -> None:
    scraped = re.findall(r"targets: \[\"([^\"]+)\"\]", (ROOT / "docker" / "monitoring" / "prometheus.yml").read_text())
    assert scraped[-1] in re.findall(r"METRICS_ADDRESS:-([^}]+)\}", (ROOT / "docker" / "lib.sh").read_text())


@pytest.mark.parametrize("kind", TargetType)
def test_every_kind_of_target_has_a_section_or_none(kind: TargetType) -> None:
    listed = Everything.model_fields.keys() & {f.name for f in fields(Sections)}
    assert section_of(kind) in (None, *listed)
