"""A call centre of its own for the tests: Asterisk, Redis and the controller, and the bots that call it."""

from __future__ import annotations

import secrets
import shutil
import time
from collections.abc import Mapping
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from docker.errors import NotFound
from docker.models.containers import Container

from tests.e2e import crowd
from tests.runner.compose import Options, service
from tests.runner.machine import Machine
from tests.runner.places import Place

_PARTS = ("asterisk", "redis", "controller")
_READY_WITHIN = 60
_POLL_SECONDS = 0.2
_RESTARTS = 4  # of a controller that only dies


class NotReady(Exception):
    """Says what the controller said before."""


def settings(place: Place, images: Mapping[str, str], files: Path) -> dict[str, str]:
    """What the variables of docker/compose.yaml stand for; `images` are those that end in `_TAG`."""
    return {
        **images,
        "COMPOSE_PROJECT_NAME": place.project,
        "AST_ADDRESS": place.address,
        "API_ADDRESS": place.address,
        "REDIS_ADDRESS": place.address,
        "AST_CARRIER": place.carrier,
        "ARI_USER": "callcontrol",
        "ARI_PASSWORD": secrets.token_hex(24),
        "REDIS_PASSWORD": secrets.token_hex(24),
        "ASTERISK_CONFIG": str(files),
    }


class CallCentre:
    """At a place of its own. Its logs, and what the tests in it report, are kept in `reports`."""

    def __init__(self, machine: Machine, place: Place, images: Mapping[str, str], reports: Path) -> None:
        self.place = place
        self._machine = machine
        self._reports = reports
        self._settings = settings(place, images, reports / "asterisk")
        self._running: dict[str, Container] = {}

    def start(self) -> None:
        """Return when the controller says that it is ready. Raises NotReady."""
        # The demo's files with more people, whom some tests need. Services read them as users of their own.
        files = self._reports / "asterisk"
        shutil.rmtree(files, ignore_errors=True)  # of an attempt before
        crowd.gather(files)
        for file in (files, *files.rglob("*")):
            file.chmod(0o755 if file.is_dir() else 0o644)
        for name in _PARTS:
            self._running[name] = self._machine.start(service(name, self._settings))
        self._wait_until_ready()

    def bots(self) -> Options:
        """A container of the bots in it, who may take its parts away."""
        options = service("bots", self._settings)
        socket = "/var/run/docker.sock"
        return {**options, "name": f"{self.place.project}-bots", "volumes": [f"{socket}:{socket}"]}

    def close(self) -> None:
        """Keep the logs of its parts, as far as they are still there, and remove them."""
        for name, container in self._running.items():
            with suppress(NotFound):
                (self._reports / f"{name}.log").write_bytes(container.logs())
        self._machine.remove(self.place.project)

    def _wait_until_ready(self) -> None:
        controller = self._running["controller"]
        deadline = time.monotonic() + _READY_WITHIN
        while not self._is_ready():
            controller.reload()
            if time.monotonic() > deadline or controller.attrs["RestartCount"] >= _RESTARTS:
                said = controller.logs(tail=25).decode(errors="replace").splitlines()
                lines = [f"  controller: {line}" for line in said]
                raise NotReady("\n".join([*lines, "the controller does not become ready"]))
            time.sleep(_POLL_SECONDS)

    def _is_ready(self) -> bool:
        connection = HTTPConnection(self.place.address, 8080, timeout=5)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()
