"""What a run has started goes when it ends; what killed runs have left goes when the next begins."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any, cast

import docker
import pytest
import requests
from docker.errors import APIError

from tests.runner.machine import Machine, Over


@dataclass
class Thing:
    """A container, a volume or a network."""

    among: list[Thing]
    name: str
    labels: dict[str, str]
    refuses: int = 0
    options: Mapping[str, object] = field(default_factory=dict)

    @property
    def attrs(self) -> dict[str, Any]:
        return {"Labels": self.labels}

    def start(self) -> None:
        """It runs from the beginning."""

    def logs(self, *, stream: bool, follow: bool) -> Iterator[bytes]:
        assert stream
        assert follow
        return iter([b"one\n", b"two\n"])

    def wait(self) -> dict[str, int]:
        return {"StatusCode": 3}

    def remove(self, *, force: bool = True, v: bool = True) -> None:
        assert force
        assert v
        if self.refuses:
            raise APIError("no", response=answer(self.refuses))
        self.among.remove(self)


@dataclass
class Things:
    """All containers, all volumes, or all networks."""

    all: list[Thing] = field(default_factory=list)

    def create(self, name: str, labels: dict[str, str], **options: object) -> Thing:
        self.all.append(thing := Thing(self.all, name, labels, options=options))
        return thing

    def list(self, *, filters: dict[str, str] | None = None, **_: object) -> Sequence[Thing]:
        label, _sign, value = (filters or {}).get("label", "").partition("=")
        return [each for each in self.all if not label or (label in each.labels and value in ("", each.labels[label]))]


@dataclass
class Docker:
    """As much of the SDK's client as a run needs."""

    containers: Things = field(default_factory=Things)
    volumes: Things = field(default_factory=Things)
    networks: Things = field(default_factory=Things)

    @property
    def names(self) -> list[str]:
        return [thing.name for thing in (*self.containers.all, *self.volumes.all, *self.networks.all)]


def answer(status: int) -> requests.Response:
    """Docker's, to what it does not do."""
    found = requests.Response()
    found.status_code = status
    return found


def machine(there: Docker, run: str = "run-1") -> Machine:
    """A run, in whose container it is itself."""
    there.containers.create(run, {})
    return Machine(run, cast("docker.DockerClient", there))


REDIS = {"name": "cctest-64-redis", "volumes": ["cctest-64_redis:/data", "/tmp/files:/srv:ro"]}


def test_containers_and_their_volumes_go_when_the_run_ends_and_nothing_else_does() -> None:
    there = Docker()
    mine, other = machine(there), machine(there, "run-2")
    mine.start(REDIS)
    other.start({"name": "cctest-65-asterisk"})
    there.containers.create("callcontrol-asterisk", {})
    assert {"cctest-64-redis", "cctest-64_redis"} <= {*there.names}
    mine.end()
    assert there.names == ["run-1", "run-2", "cctest-65-asterisk", "callcontrol-asterisk"]


def test_recordings_have_a_small_disk_of_their_own_that_a_test_can_fill_up() -> None:
    there = Docker()
    machine(there).start({**REDIS, "volumes": ["cctest-64_redis:/data", "cctest-64_recordings:/recordings"]})
    opened = {thing.name: thing.options["driver_opts"] for thing in there.volumes.all}
    small = {"type": "tmpfs", "device": "tmpfs", "o": "size=64m,uid=999,gid=999,mode=0750"}
    assert opened == {"cctest-64_redis": None, "cctest-64_recordings": small}


def test_nothing_is_started_once_a_run_is_over() -> None:
    there = Docker()
    mine = machine(there)
    mine.end()
    with pytest.raises(Over):
        mine.start(REDIS)
    assert there.names == ["run-1"]


def test_what_a_killed_run_has_left_goes_and_what_others_use_stays() -> None:
    there = Docker()
    machine(there, "killed").start(REDIS)
    machine(there, "run-2").start({"name": "cctest-65-asterisk"})
    there.containers.all[0].remove(force=True)
    machine(there).sweep()
    assert there.names == ["run-2", "cctest-65-asterisk", "run-1"]


def test_one_call_centre_is_removed_and_another_of_the_run_stays() -> None:
    there = Docker()
    mine = machine(there)
    mine.start(REDIS)
    mine.start({"name": "cctest-65-asterisk"})
    mine.remove("cctest-64")
    assert there.names == ["run-1", "cctest-65-asterisk"]


def test_with_a_network_goes_all_that_compose_has_made_in_it_and_nothing_else() -> None:
    there = Docker()
    mine = machine(there)
    mine.network("cctest-64-network", "198.18.64.0/28", "cctest-64")
    mine.start({"name": "cctest-64-machine", **mine.at("cctest-64-network", "198.18.64.2")})
    for project in ("cctest-64", "callcontrol"):
        labels = {"com.docker.compose.project": project, "com.docker.compose.service": "redis"}
        there.containers.create(f"{project}-redis", labels)
        there.volumes.create(f"{project}_redis", labels)
    assert there.containers.all[1].options["networking_config"] == {
        "cctest-64-network": {"IPAMConfig": {"IPv4Address": "198.18.64.2"}}
    }
    mine.remove("cctest-64")
    assert there.names == ["run-1", "callcontrol-redis", "callcontrol_redis"]


def test_no_network_is_made_once_a_run_is_over() -> None:
    mine = machine(Docker())
    mine.end()
    with pytest.raises(Over):
        mine.network("cctest-64-network", "198.18.64.0/28", "cctest-64")


def test_what_a_container_prints_comes_through_and_it_goes_when_it_has_ended() -> None:
    there, output = Docker(), BytesIO()
    assert machine(there).run({"name": "bots"}, output) == 3
    assert output.getvalue() == b"one\ntwo\n"
    assert there.names == ["run-1"]


@pytest.mark.parametrize("gone", [404, 409])
def test_what_somebody_else_removes_just_then_is_no_fault(gone: int) -> None:
    there = Docker()
    mine = machine(there)
    mine.start({"name": "a"})
    there.containers.all[-1].refuses = gone
    mine.start({"name": "b"})
    mine.end()
    assert "b" not in there.names


def test_what_docker_can_not_remove_is_reported() -> None:
    there = Docker()
    mine = machine(there)
    mine.start({"name": "a"})
    there.containers.all[-1].refuses = 500
    with pytest.raises(APIError):
        mine.end()
