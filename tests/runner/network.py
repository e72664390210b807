"""A machine on a network, with nothing on it, and a stranger's beside it, where the tests run.

Both are containers of a network of Docker's that leads nowhere else. In the machine `docker/up` is run, as by whoever
operates it; the parts that it starts have that machine's network in place of the host's.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from tests.runner.callcentre import CallCentre
from tests.runner.compose import Options
from tests.runner.machine import Machine
from tests.runner.places import Place

_SOCKET = "/var/run/docker.sock"


class Network(CallCentre):
    """Of networks for tests of networks alone (RFC 2544), by the number of its place."""

    called = "A machine on a network"

    def __init__(self, machine: Machine, place: Place, images: Mapping[str, str], reports: Path) -> None:
        super().__init__(machine, place, images, reports)
        self._image = f"callcontrol-bots:{images['BOTS_TAG']}"
        self._name = f"{place.project}-network"
        self._beginning = f"198.18.{place.number}"
        # At the same path in all of them: the parts mount files by their paths of the host.
        self._files = reports / "machine"

    @property
    def address(self) -> str:
        """The machine's."""
        return f"{self._beginning}.2"

    def start(self) -> None:
        """Return when the machine is there; nothing runs on it."""
        self._files.mkdir(parents=True, exist_ok=True)
        self._machine.network(self._name, f"{self._beginning}.0/28", self.place.project)
        operator = {"name": f"{self.place.project}-machine", "command": ["sleep", "infinity"], "init": True}
        operator["cap_add"] = ["NET_ADMIN"]  # whoever operates a machine has a firewall
        self._machine.start({**self._beside(self.address), **operator})

    def bots(self) -> Options:
        """The stranger's: pytest runs there, and operates the machine by Docker."""
        environment = {
            "CC_COMPOSE_PROJECT": self.place.project,
            "CC_MACHINE": self.address,
            "CC_MACHINE_FILES": str(self._files),
            "CC_STRANGER": f"{self._beginning}.3",
        }
        options = self._beside(f"{self._beginning}.3")
        return {**options, "name": f"{self.place.project}-bots", "environment": environment}

    def close(self) -> None:
        """Keep what the parts have said, and remove all that `docker/up` has started."""
        for name, said in self._machine.said_in(self.place.project).items():
            (self._files.parent / f"{name}.log").write_bytes(said)
        self._machine.remove(self.place.project)
        shutil.rmtree(self._files, ignore_errors=True)  # secrets are in there, and the reports are for everybody

    def _beside(self, address: str) -> Options:
        volumes = [f"{_SOCKET}:{_SOCKET}", f"{self._files}:{self._files}"]
        return {"image": self._image, "volumes": volumes, **self._machine.at(self._name, address)}
