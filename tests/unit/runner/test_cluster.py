"""The services of docker/cluster/compose.yaml, for the Docker SDK."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import cast

import pytest

from tests.e2e import crowd
from tests.runner import compose
from tests.runner.callcentre import BEFORE, EARLIER, Cluster, NotReady, cluster_settings
from tests.runner.compose import Options
from tests.runner.machine import Machine
from tests.runner.places import Place

IMAGES = {f"{name}_TAG": name.lower() for name in ("ASTERISK", "CONTROLLER", "BOTS", "EDGE", "API", "HISTORY")}
SETTINGS = cluster_settings(Place(70, Path("lock"), 0), IMAGES, Path("/tmp/files"))
NETWORK = "127.0.70."
ADDRESSES = {
    "edge": ("EDGE_ADDRESS", 1), "api": ("API_ADDRESS", 1),
    "controller-1": ("ARI_APP_API_HOST", 11), "controller-2": ("ARI_APP_API_HOST", 12),
    "controller-3": ("ARI_APP_API_HOST", 13),
    "asterisk-a": ("AST_ADDRESS", 21), "asterisk-b": ("AST_ADDRESS", 22),
    "history": ("HISTORY_ADDRESS", 41),
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
    assert found == (BEFORE if earlier else None)


# Of a version that had its secrets in its environment.
_DESCRIBED = """
services:
""" + "".join(f"""
  controller-{n}:
    image: callcontrol-controller:${{CONTROLLER_TAG:-latest}}
    container_name: ${{COMPOSE_PROJECT_NAME:-callcontrol-cluster}}-controller-{n}
    environment:
      ARI_APP_API_HOST: ${{CLUSTER_NETWORK:-127.0.2}}.1{n}
      ARI_APP_ARI_PASSWORD: ${{ARI_PASSWORD:-ari-demo}}
    volumes:
      - ${{ASTERISK_CONFIG:-../../asterisk}}:/etc/ari_app:ro
""" for n in (1, 2, 3))  # fmt: skip


class Docker:
    """What is to be made."""

    def __init__(self) -> None:
        self.made: list[Options] = []

    def make(self, options: Options) -> None:
        self.made.append(options)


def test_an_earlier_controller_has_the_files_and_the_environment_of_its_own_version(tmp_path: Path) -> None:
    earlier, reports = tmp_path / EARLIER, tmp_path / "cluster"
    (earlier / "docker" / "cluster").mkdir(parents=True)
    (earlier / "docker" / "cluster" / "compose.yaml").write_text(_DESCRIBED)
    shutil.copytree(crowd.ORIGINAL, earlier / "asterisk")
    of_then = earlier / "asterisk" / "callcentre.yaml"
    of_then.write_text(of_then.read_text() + "# as it was then\n")
    reports.mkdir()
    docker = Docker()
    images = {**IMAGES, "CONTROLLER_BEFORE_TAG": "old"}
    cluster = Cluster(cast("Machine", docker), Place(70, Path("lock"), 0), images, reports)
    cluster._make_earlier()
    assert [made["name"] for made in docker.made] == [f"cctest-70-controller-{n}{BEFORE}" for n in (1, 2, 3)]
    for number, made in enumerate(docker.made, 1):
        assert made["image"] == "callcontrol-controller:old"
        assert made["environment"]["ARI_APP_API_HOST"] == f"{NETWORK}1{number}"
        assert made["environment"]["ARI_APP_ARI_PASSWORD"] == cluster._settings["ARI_PASSWORD"]
        assert "ARI_APP_ARI_PASSWORD_FILE" not in made["environment"]
        (files,) = (Path(volume.split(":")[0]) for volume in made["volumes"] if volume.endswith(":/etc/ari_app:ro"))
        text = (files / "callcentre.yaml").read_text()
        assert "# as it was then" in text
        assert crowd.CROWD[0] in text


def test_files_of_an_earlier_version_in_which_nobody_can_be_put_are_no_cluster(tmp_path: Path) -> None:
    earlier = tmp_path / EARLIER
    (earlier / "asterisk").mkdir(parents=True)
    (earlier / "asterisk" / "callcentre.yaml").write_text("agents: {}\n")
    reports = tmp_path / "cluster"
    reports.mkdir()
    images = {**IMAGES, "CONTROLLER_BEFORE_TAG": "old"}
    cluster = Cluster(cast("Machine", Docker()), Place(70, Path("lock"), 0), images, reports)
    with pytest.raises(NotReady, match="the earlier version"):
        cluster._make_earlier()
