"""The services of docker/cluster/compose.yaml, for the Docker SDK."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest

from tests.runner import compose
from tests.runner.callcentre import Cluster, cluster_settings
from tests.runner.compose import Options
from tests.runner.machine import Machine
from tests.runner.places import Place

IMAGES = {f"{name}_TAG": name.lower() for name in ("ASTERISK", "CONTROLLER", "BOTS", "EDGE", "API")}
SETTINGS = cluster_settings(Place(70, Path("lock"), 0), IMAGES, Path("/tmp/files"))
NETWORK = "127.0.70."
ADDRESSES = {
    "edge": ("EDGE_ADDRESS", 1), "api": ("API_ADDRESS", 1),
    "controller-1": ("ARI_APP_API_HOST", 11), "controller-2": ("ARI_APP_API_HOST", 12),
    "controller-3": ("ARI_APP_API_HOST", 13),
    "asterisk-a": ("AST_ADDRESS", 21), "asterisk-b": ("AST_ADDRESS", 22),
    "redis-1": ("REDIS_ADDRESS", 31), "redis-2": ("REDIS_ADDRESS", 32), "redis-3": ("REDIS_ADDRESS", 33),
}  # fmt: skip


def of(name: str) -> Options:
    """As the tests have it."""
    return compose.service(name, SETTINGS, compose.CLUSTER.read_text())


@pytest.mark.parametrize("name", Cluster.parts)
def test_each_part_has_an_address_of_its_own_and_the_name_by_which_it_is_taken_away(name: str) -> None:
    options = of(name)
    variable, last = ADDRESSES[name]
    assert options["environment"][variable] == f"{NETWORK}{last}"
    assert options["name"] == f"cctest-70-{name}"
    assert options["network_mode"] == "host"
    assert options["restart_policy"] == {"Name": "unless-stopped"}
    assert not options["image"].endswith(":latest")


@pytest.mark.parametrize("name", [*Cluster.parts, "bots"])
def test_nothing_of_it_is_elsewhere_and_no_secret_is_the_files_own(name: str) -> None:
    text = str(of(name)["environment"])
    assert "127.0.2." not in text
    assert "-demo" not in text


def test_the_proxy_has_all_controllers_and_asterisks_take_calls_from_the_edge() -> None:
    controllers = of("api")["environment"]["API_CONTROLLERS"].split()
    assert controllers == [f"controller-{n}={NETWORK}1{n}:8080" for n in (1, 2, 3)]
    assert {of(name)["environment"]["AST_EDGE"] for name in ("asterisk-a", "asterisk-b")} == {f"{NETWORK}1"}


@pytest.mark.parametrize("earlier", [{}, {"CONTROLLER_BEFORE_TAG": "old"}])
def test_its_bots_know_the_earlier_controller_where_there_is_one(earlier: dict[str, str], tmp_path: Path) -> None:
    cluster = Cluster(cast("Machine", None), Place(70, Path("lock"), 0), {**IMAGES, **earlier}, tmp_path)
    found = cluster.bots()["environment"].get("CC_CONTROLLER_BEFORE")
    assert found == ("callcontrol-controller:old" if earlier else None)
