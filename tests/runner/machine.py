"""What a run starts on this machine, by the Docker SDK; all of it goes when the run ends, however it ends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from threading import Lock
from typing import BinaryIO

import docker
from docker.errors import APIError
from docker.models.containers import Container
from docker.models.networks import Network
from docker.types import EndpointConfig, IPAMConfig, IPAMPool, LogConfig

from tests.runner.compose import Options, named_volumes

# On everything that a run starts: the name of the runner's own container.
_LABEL = "callcontrol.test"
# On a network: the call centre that `docker/up` makes in it, whose parts have labels of compose's alone.
_PROJECT = "callcontrol.test.project"
_OF_COMPOSE = "com.docker.compose.project"
# What recordings go to: a disk of its own, which a test can fill up without filling the host's.
_RECORDINGS = "_recordings"
_SMALL_DISK = {"type": "tmpfs", "device": "tmpfs", "o": "size=64m,uid=999,gid=999,mode=0750"}


class Over(Exception):
    """The run is over: nothing is started any more."""


@dataclass(frozen=True)
class _Started:
    """A container or a volume, and the run that has started it."""

    name: str
    run: str
    take_away: Callable[[], object]

    def remove(self) -> None:
        """Gone, or about to be: by somebody else's doing, for all we know."""
        try:
            self.take_away()
        except APIError as complaint:
            if complaint.status_code not in (404, 409):
                raise


class Machine:
    """Docker, for one run. Safe to use from several threads."""

    def __init__(self, run: str, client: docker.DockerClient | None = None) -> None:
        self.run_name = run
        self._docker = client or docker.from_env(timeout=120)
        self._over = False
        self._starting = Lock()

    def start(self, options: Options) -> Container:
        """A new container, running. Raises Over, or DockerException with Docker's complaint."""
        container = self.make(options)
        with self._starting:
            if self._over:
                raise Over
            container.start()
        return container

    def make(self, options: Options) -> Container:
        """A new container, which does not run. Raises as `start`."""
        labels = {_LABEL: self.run_name}
        with self._starting:
            if self._over:
                raise Over
            for volume in named_volumes(options):
                disk = _SMALL_DISK if volume.endswith(_RECORDINGS) else None
                self._docker.volumes.create(volume, driver="local", driver_opts=disk, labels=labels)
            container: Container = self._docker.containers.create(**options, labels=labels)
        return container

    def run(self, options: Options, output: BinaryIO) -> int:
        """Run a container to its end, and return its exit code; what it prints goes to `output` as it comes."""
        container = self.start({"log_config": LogConfig(type="json-file", config={}), "init": True, **options})
        try:
            for printed in container.logs(stream=True, follow=True):
                output.write(printed)
                output.flush()
            return int(container.wait()["StatusCode"])
        finally:
            container.remove(force=True)

    def network(self, name: str, subnet: str, project: str) -> None:
        """A network that leads nowhere else. With it goes all that compose has made in it as `project`."""
        pools = IPAMConfig(pool_configs=[IPAMPool(subnet=subnet)])
        labels = {_LABEL: self.run_name, _PROJECT: project}
        with self._starting:
            if self._over:
                raise Over
            self._docker.networks.create(name, driver="bridge", internal=True, ipam=pools, labels=labels)

    @staticmethod
    def at(network: str, address: str) -> Options:
        """What a container needs to be at that address of such a network."""
        endpoint = EndpointConfig("1.41", ipv4_address=address)
        return {"network": network, "networking_config": {network: endpoint}}

    def said_in(self, project: str) -> dict[str, bytes]:
        """The logs of all that compose has made as `project`, by the names of services."""
        made = self._docker.containers.list(all=True, filters={"label": f"{_OF_COMPOSE}={project}"})
        return {each.labels["com.docker.compose.service"]: each.logs() for each in made}

    def logs(self, container: Container) -> bytes:
        """Of the container that has its name now: a test may have made another. Raises NotFound."""
        logs: bytes = self._docker.containers.get(str(container.name)).logs()
        return logs

    def remove(self, project: str) -> None:
        """The containers and volumes of this run whose names begin with it."""
        for each in self._started():
            if each.run == self.run_name and each.name.startswith((f"{project}-", f"{project}_")):
                each.remove()

    def end(self) -> None:
        """Remove everything that this run has started, and start nothing more."""
        with self._starting:
            self._over = True
        for each in self._started():
            if each.run == self.run_name:
                each.remove()

    def sweep(self) -> None:
        """Remove what runs have left behind that were killed: whose runner is gone."""
        # In this order: a run that begins meanwhile is not among those that have started something.
        started = self._started()
        running = {container.name for container in self._docker.containers.list(ignore_removed=True)}
        for each in started:
            if each.run not in running:
                each.remove()

    def _started(self) -> list[_Started]:
        """What runs have started, this one and others: containers, then the volumes that they hold, then networks."""
        labelled: dict[str, str | list[str] | bool] = {"label": _LABEL}
        containers = self._docker.containers.list(all=True, filters=labelled, ignore_removed=True)
        return [
            *(_Started(str(each.name), each.labels[_LABEL], partial(each.remove, force=True)) for each in containers),
            *(
                _Started(str(each.name), each.attrs["Labels"][_LABEL], partial(each.remove, force=True))
                for each in self._docker.volumes.list(filters=labelled)
            ),
            *(
                _Started(str(each.name), each.attrs["Labels"][_LABEL], partial(self._take_away, each))
                for each in self._docker.networks.list(filters=labelled)
            ),
        ]

    def _take_away(self, network: Network) -> None:
        """With all that compose has made in it."""
        made: dict[str, str | list[str] | bool] = {"label": f"{_OF_COMPOSE}={network.attrs['Labels'][_PROJECT]}"}
        for container in self._docker.containers.list(all=True, filters=made, ignore_removed=True):
            container.remove(force=True, v=True)
        for volume in self._docker.volumes.list(filters=made):
            volume.remove(force=True)
        network.remove()
