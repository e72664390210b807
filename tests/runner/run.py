"""One run of `docker/test`: its steps, and the call centres that they share."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from docker.errors import DockerException

from tests.e2e.turns import all_places_but_one
from tests.runner.callcentre import CallCentre, Cluster, NotReady, WithDatabase
from tests.runner.compose import Options
from tests.runner.machine import Machine
from tests.runner.network import Network
from tests.runner.places import Place, choose
from tests.runner.results import Outcome, Style, outcome
from tests.runner.steps import (
    IN_CALL_CENTRE,
    IN_CLUSTER,
    ON_NETWORK,
    WITH_DATABASE,
    WITH_DOCKER,
    Command,
    apart,
    commands,
)

# Where each of several call centres writes which tests it has taken: tests/e2e/conftest.py.
_TAKEN = "/taken"
_LOOKS_EVERY = 0.2  # seconds, for what a step has printed meanwhile
# Variables of whoever calls docker/test that tests look at: how long random ones go on.
_PASSED_ON = ("CC_EXAMPLES", "CC_ARI_LANES")
# A step that meets one of these has failed, and the next is run.
_COMPLAINTS = (NotReady, DockerException, LookupError)


@dataclass
class Run:
    """`scratch` is a directory of the host's that becomes reports/; `parts` call centres share the end-to-end tests."""

    machine: Machine
    scratch: Path
    images: Mapping[str, str]
    parts: int
    arguments: Sequence[str]
    style: Style
    output: BinaryIO
    centres: dict[type[CallCentre], CallCentre] = field(default_factory=dict)
    places: list[Place] = field(default_factory=list)
    others: dict[int, Future[bool]] = field(default_factory=dict)
    wanted: Sequence[str] = ()
    beside: list[Future[Outcome]] = field(default_factory=list)

    def steps(self, names: Sequence[str]) -> list[Outcome]:
        """Run them; what they print goes to `output`, one after the other.

        Those with a call centre wait for calls most of the time: the others are done beside them, and so are end-to-end
        tests that several call centres share, of those that take much of the machine one at a time; all call centres
        but the first do not wait for its steps.
        """
        self.wanted = names
        logs = {name: self.scratch / f"{name}.log" for name in names}
        # Not waited for where this run is interrupted.
        # Two without calls at once, for some of them use one processor alone.
        lanes = {False: ThreadPoolExecutor(2), True: ThreadPoolExecutor(1)}
        alone = [name for name in names if name not in IN_CALL_CENTRE]
        begun = {name: lanes[False].submit(self._logged, name, logs[name]) for name in alone}
        self.beside = list(begun.values())
        for name in filter(self._is_shared, names):
            self._begin_others(name)
        begun |= {name: lanes[True].submit(self._logged, name, logs[name]) for name in names if name not in alone}
        return [self._follow(logs[name], begun[name]) for name in names]

    def _logged(self, name: str, log: Path) -> Outcome:
        with log.open("wb") as output:
            return self.step(name, output)

    def _follow(self, log: Path, step: Future[Outcome]) -> Outcome:
        """Print what is in the file until the step is done."""
        log.touch()
        with log.open("rb") as written:
            over = False
            while not over:
                over = bool(wait([step], _LOOKS_EVERY).done)
                self.output.write(written.read())
                self.output.flush()
        return step.result()

    def step(self, name: str, output: BinaryIO) -> Outcome:
        """Run one step; what it prints goes to `output`."""
        _say(output, "\n" + self.style.heading(name))
        began = time.monotonic()
        good = self._shared(name, output) if self._is_shared(name) else self._run(name, self.arguments, output)
        files = sorted(self.scratch.glob(f"{name}.xml")) + sorted(self.scratch.glob(f"{name}.*.xml"))
        return outcome(name, round(time.monotonic() - began), files, good=good)

    def close(self) -> None:
        """Keep the logs of the call centre that the steps have shared, and of the cluster, and remove them."""
        for centre in self.centres.values():
            centre.close()

    def leave(self) -> None:
        """Let others have the places."""
        for place in self.places:
            place.leave()

    def _run(self, name: str, arguments: Sequence[str], output: BinaryIO, mounted: Sequence[str] = ()) -> bool:
        try:
            with_calls = name in IN_CALL_CENTRE
            options = self._centre_of(name, output).bots() if with_calls else self._alone(name)
            reporting = _reporting(options, self.scratch, mounted)
            beside = self._begin_apart(name, arguments, reporting)
            good = self._all(commands(name, arguments, self.wanted), reporting, output)
            return self._finish_apart(beside, output) and good
        except _COMPLAINTS as complaint:
            _say(output, str(complaint))
            return False

    def _begin_apart(self, step: str, arguments: Sequence[str], options: Options) -> dict[str, Future[bool]]:
        """What a step does beside its other commands; what that prints is kept until it is done."""
        wanted = apart(step, arguments)
        if not wanted:
            return {}
        # Not waited for where this run is interrupted.
        pool = ThreadPoolExecutor(len(wanted))
        begun = {
            name: pool.submit(self._one_apart, name, command, {**options, "name": f"{options['name']}-{name}"})
            for name, command in wanted.items()
        }
        pool.shutdown(wait=False)
        return begun

    def _one_apart(self, name: str, command: Command, options: Options) -> bool:
        with (self.scratch / f"apart.{name}.log").open("wb") as output:
            return self._all([command], options, output)

    def _finish_apart(self, begun: Mapping[str, Future[bool]], output: BinaryIO) -> bool:
        good = True
        for name, other in begun.items():
            good = other.result() and good
            output.write((self.scratch / f"apart.{name}.log").read_bytes())
            output.flush()
        return good

    def _is_shared(self, name: str) -> bool:
        return name == "e2e" and not self.arguments and self.parts > 1

    def _shared(self, name: str, output: BinaryIO) -> bool:
        """Calls take their time and little of the machine's: several call centres are done in a fraction of it.

        Each takes the next test that none has taken.
        """
        if not self.others:
            self._begin_others(name)
        good = self._run(name, ("--taken", _TAKEN), output, [f"{self._taken}:{_TAKEN}"])
        for number, other in self.others.items():
            good = self._finished(name, number, other, output) and good
        return good

    @property
    def _taken(self) -> Path:
        return self.scratch / "taken"

    def _begin_others(self, name: str) -> None:
        """All call centres but the first, which has other steps too."""
        self._taken.mkdir()
        held = ExitStack()
        held.enter_context(all_places_but_one(self._taken))
        # Not waited for where this run is interrupted: they end when their containers are taken away.
        pool = ThreadPoolExecutor(self.parts)
        self.others = {number: pool.submit(self._part, name, number) for number in range(2, self.parts + 1)}
        pool.submit(self._leave_the_machine, held)
        pool.shutdown(wait=False)

    def _leave_the_machine(self, held: ExitStack) -> None:
        """To the tests that take much of it, when the steps without calls are over."""
        wait(self.beside)
        held.close()

    def _part(self, name: str, number: int) -> bool:
        """Take tests in a call centre more. What it prints is kept until it is done."""
        reports = self.scratch / f"part.{number}"
        reports.mkdir()
        with (self.scratch / f"part.{number}.log").open("wb") as output:
            try:
                centre = self._call_centre(reports, output, CallCentre)
                options = _reporting(centre.bots(), reports, [f"{self._taken}:{_TAKEN}"])
                good = self._all(commands(name, ("--taken", _TAKEN)), options, output)
                centre.close()
            except _COMPLAINTS as complaint:
                _say(output, str(complaint))
                return False
        return good

    def _finished(self, name: str, number: int, part: Future[bool], output: BinaryIO) -> bool:
        good = part.result()
        output.write((self.scratch / f"part.{number}.log").read_bytes())
        output.flush()
        written = self.scratch / f"part.{number}" / f"{name}.xml"
        if not written.exists():
            return False
        shutil.copy(written, self.scratch / f"{name}.{number}.xml")
        return good

    def _centre_of(self, step: str, output: BinaryIO) -> CallCentre:
        """The one that all steps of its kind share; made for the first of them."""
        kind, reports = CallCentre, self.scratch
        if step in IN_CLUSTER:
            kind, reports = Cluster, self.scratch / "cluster"
        elif step in ON_NETWORK:
            kind, reports = Network, self.scratch / "network"
        elif step in WITH_DATABASE:
            kind, reports = WithDatabase, self.scratch / "database"
        if kind not in self.centres:
            reports.mkdir(exist_ok=True)
            self.centres[kind] = self._call_centre(reports, output, kind)
        return self.centres[kind]

    def _call_centre(self, reports: Path, output: BinaryIO, kind: type[CallCentre]) -> CallCentre:
        began = time.monotonic()
        self.places.append(place := choose(self.scratch.parent))
        centre = kind(self.machine, place, self.images, reports)
        try:
            centre.start()
        except (NotReady, DockerException):
            centre.close()
            raise
        took = round(time.monotonic() - began)
        ready = f"{kind.called} are ready on {centre.place.address} ({took} s)"
        _say(output, self.style.note(ready))
        return centre

    def _alone(self, name: str) -> Options:
        image = f"callcontrol-bots:{self.images['BOTS_TAG']}"
        # Calls come first.
        options = {"image": image, "name": f"{self.machine.run_name}-{name}", "network_mode": "none", "cpu_shares": 256}
        if name in WITH_DOCKER:
            socket = "/var/run/docker.sock"
            options |= {"volumes": [f"{socket}:{socket}"], "environment": dict(self.images)}
        return options

    def _all(self, wanted: Sequence[Command], options: Options, output: BinaryIO) -> bool:
        """Run commands in containers one after the other; whether all of them went well."""
        codes = []
        for command in wanted:
            if len(wanted) > 1:
                _say(output, self.style.note(" ".join(command[:3])))
            codes.append(self.machine.run({**options, "command": list(command)}, output))
        return not any(codes)


def _reporting(options: Options, reports: Path, mounted: Sequence[str]) -> Options:
    volumes = [*options.get("volumes", ()), f"{reports}:/reports", *mounted]
    environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return {**options, "volumes": volumes, "environment": options.get("environment", {}) | environment}


def _say(output: BinaryIO, text: str) -> None:
    output.write(f"{text}\n".encode())
    output.flush()
