"""A call centre of its own for the tests: Asterisk, Redis and the controller, and the bots that call it."""

from __future__ import annotations

import os
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
from tests.runner import compose
from tests.runner.compose import Options
from tests.runner.machine import Machine
from tests.runner.places import Place

_FIRST = 8192
"""Shares of the processor: what is tested comes before the browsers, bots and pure tests on the same machine."""
_ASTERISKS, _CONTROLLERS = 52060, 52080
"""The groups that read the files of each, as in docker/lib.sh."""
_READY_WITHIN = 60
WRITABLE = "/callcentre"
"""Where bots find the directory of the administrator's file, in call centres whose file they may change."""
_POLL_SECONDS = 0.2
_RESTARTS = 4  # of a controller that only dies
EARLIER = "earlier"
"""Where docker/test puts what describes an earlier version, beside the reports of the call centres."""
BEFORE = "-before"
"""What the names of its containers end in."""


class NotReady(Exception):
    """Says what the controller said before."""


def settings(place: Place, images: Mapping[str, str], files: Path) -> dict[str, str]:
    """What the variables of docker/compose.yaml stand for; `images` are those that end in `_TAG`."""
    return {
        **images,
        "COMPOSE_PROJECT_NAME": place.project,
        "AST_ADDRESS": place.address,
        "AST_ARI_ADDRESS": place.address,
        "API_ADDRESS": place.address,
        "REDIS_ADDRESS": place.address,
        "AST_CARRIER": place.carrier,
        "ARI_USER": "callcontrol",
        "ARI_PASSWORD": secrets.token_hex(24),
        "REDIS_PASSWORD": secrets.token_hex(24),
        "ASTERISK_CONFIG": str(files),
        "SECRETS_DIR": str(files.parent / "secrets"),
    }


def settings_with_database(place: Place, images: Mapping[str, str], files: Path) -> dict[str, str]:
    """The same, with the history where that of a cluster at this place would be."""
    network = place.address.rpartition(".")[0]
    return {
        **settings(place, images, files),
        "CLUSTER_NETWORK": network,
        "HISTORY_URL": f"postgresql://callcontrol@{network}.41:5432/callcontrol",
        "HISTORY_PASSWORD": secrets.token_hex(24),
        "HISTORY_PASSWORD_INSIDE": "/run/secrets/history_password",
    }


def cluster_settings(place: Place, images: Mapping[str, str], files: Path) -> dict[str, str]:
    """The same for docker/cluster/compose.yaml."""
    return {
        **images,
        "COMPOSE_PROJECT_NAME": place.project,
        "CLUSTER_NETWORK": place.address.rpartition(".")[0],
        "CLUSTER_CARRIER": place.carrier,
        "ARI_PASSWORD": secrets.token_hex(24),
        "REDIS_PASSWORD": secrets.token_hex(24),
        "SENTINEL_PASSWORD": secrets.token_hex(24),
        "HISTORY_PASSWORD": secrets.token_hex(24),
        "ASTERISK_CONFIG": str(files),
        "SECRETS_DIR": str(files.parent / "secrets"),
    }


class CallCentre:
    """At a place of its own. Its logs, and what the tests in it report, are kept in `reports`."""

    parts: tuple[str, ...] = ("asterisk", "redis", "controller")
    called = "Asterisk, Redis and the controller"
    _file = compose.FILE
    _settings_of = staticmethod(settings)
    _speaks_for_all = "controller"
    """The one whose log says why it does not become ready."""

    def __init__(self, machine: Machine, place: Place, images: Mapping[str, str], reports: Path) -> None:
        self.place = place
        self._machine = machine
        self._reports = reports
        self._settings = self._settings_of(place, images, reports / "asterisk")
        self._running: dict[str, Container] = {}

    def start(self) -> None:
        """Return when the controller says that it is ready. Raises NotReady."""
        # The demo's files with more people, whom some tests need. Services read them as users of their own.
        files = self._reports / "asterisk"
        shutil.rmtree(files, ignore_errors=True)  # of an attempt before
        crowd.gather(files)
        for file in (files, *files.rglob("*")):
            file.chmod(0o750 if file.is_dir() else 0o640)
            os.chown(file, -1, _CONTROLLERS if file.name == "callcentre.yaml" else _ASTERISKS)
        self._hand_over_secrets()
        for name in self.parts:
            self._running[name] = self._machine.start({**self._service(name), "cpu_shares": _FIRST})
        self._make_earlier()
        self._wait_until_ready()

    def _make_earlier(self) -> None:
        """What tests may put in the place of a part."""

    def _hand_over_secrets(self) -> None:
        """As docker/up does: in files that each part reads by its group."""
        place = Path(self._settings["SECRETS_DIR"])
        place.mkdir(exist_ok=True)
        controllers = ("REDIS_PASSWORD", "SENTINEL_PASSWORD", "OIDC_CLIENT_SECRET", "HISTORY_PASSWORD")
        for name in (*controllers, "ARI_PASSWORD", "TLS_CERTIFICATE", "TLS_KEY"):
            file = place / name.lower()
            file.write_text(self._settings.get(name, ""))
            file.chmod(0o640)
            os.chown(file, -1, _CONTROLLERS if name in controllers else _ASTERISKS)

    def bots(self) -> Options:
        """A container of the bots in it, who may take its parts away."""
        options = self._service("bots")
        socket = "/var/run/docker.sock"
        return {**options, "name": f"{self.place.project}-bots", "volumes": [f"{socket}:{socket}"]}

    def close(self) -> None:
        """Keep the logs of its parts, as far as they are still there, and remove them."""
        for name, container in self._running.items():
            with suppress(NotFound):
                (self._reports / f"{name}.log").write_bytes(self._machine.logs(container))
        self._machine.remove(self.place.project)
        shutil.rmtree(self._settings["SECRETS_DIR"], ignore_errors=True)  # the reports are for everybody

    def _service(self, name: str) -> Options:
        return compose.service(name, self._settings, self._file.read_text())

    def _wait_until_ready(self) -> None:
        controller = self._running[self._speaks_for_all]
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


class WithDatabase(CallCentre):
    """Its history is in PostgreSQL, which can be taken away; the bots may change the administrator's file."""

    parts = ("history", *CallCentre.parts)
    called = "Asterisk, Redis, PostgreSQL and the controller"
    _settings_of = staticmethod(settings_with_database)

    def bots(self) -> Options:
        options = super().bots()
        return {**options, "volumes": [*options["volumes"], f"{self._settings['ASTERISK_CONFIG']}:{WRITABLE}"]}

    def _service(self, name: str) -> Options:
        if name == "history":
            options = compose.service(name, self._settings, compose.CLUSTER.read_text())
            # What the controller has under that name is the file of a history without PostgreSQL.
            return {**options, "volumes": [each.replace("_history:", "_database:") for each in options["volumes"]]}
        return super()._service(name)


class Cluster(CallCentre):
    """A cluster: its edge and its proxy are where a call centre has its Asterisk and its controller."""

    parts = (
        *("redis-1", "redis-2", "redis-3", "history", "asterisk-a", "asterisk-b", "edge"),
        *("controller-1", "controller-2", "controller-3", "api"),
    )
    called = "The cluster's parts"
    _file = compose.CLUSTER
    _settings_of = staticmethod(cluster_settings)
    _speaks_for_all = "controller-1"

    def bots(self) -> Options:
        """They may replace controllers by those of an earlier version, where there is one."""
        options = super().bots()
        if self._settings.get("CONTROLLER_BEFORE_TAG"):
            options["environment"]["CC_CONTROLLER_BEFORE"] = BEFORE
        return options

    def _make_earlier(self) -> None:
        """Controllers of the earlier version, as its own files describe them: made, and not started."""
        tag = self._settings.get("CONTROLLER_BEFORE_TAG")
        if not tag:
            return
        earlier = self._reports.parent / EARLIER
        files = self._reports / "asterisk-before"
        shutil.rmtree(files, ignore_errors=True)  # of an attempt before
        shutil.copytree(earlier / "asterisk", files)
        centre = files / "callcentre.yaml"
        try:
            centre.write_text(crowd.with_crowd(centre.read_text()))
        except ValueError as complaint:
            raise NotReady(f"the earlier version: {complaint}") from complaint
        for file in (files, *files.rglob("*")):  # it may know no group of its own
            file.chmod(0o755 if file.is_dir() else 0o644)
        settings = {**self._settings, "CONTROLLER_TAG": tag, "ASTERISK_CONFIG": str(files)}
        described = (earlier / "docker" / "cluster" / "compose.yaml").read_text()
        for name in ("controller-1", "controller-2", "controller-3"):
            options = compose.service(name, settings, described)
            self._machine.make({**options, "name": f"{options['name']}{BEFORE}", "cpu_shares": _FIRST})
