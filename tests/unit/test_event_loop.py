"""What the controller runs on, and that it stops there when it is to."""

import asyncio
import os
import signal

import pytest

from ari_app import __main__ as command_line
from ari_app.config.settings import ProcessSettings

WAIT = 10.0


class Runs:
    """A controller that notes on what it runs, and is stopped by whoever runs the container."""

    loops: list[str] = []  # noqa: RUF012

    def __init__(self, settings: ProcessSettings) -> None:
        self._stopped = asyncio.Event()

    def stop(self) -> None:
        self._stopped.set()

    async def run(self) -> None:
        self.loops.append(type(asyncio.get_running_loop()).__module__)
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.wait_for(self._stopped.wait(), WAIT)


@pytest.mark.parametrize(("chosen", "module"), [("", "uvloop"), ("uvloop", "uvloop"), ("asyncio", "asyncio")])
def test_the_controller_runs_on_the_loop_that_is_chosen_and_stops_when_it_is_to(
    monkeypatch: pytest.MonkeyPatch, chosen: str, module: str
) -> None:
    monkeypatch.setattr(command_line, "Controller", Runs)
    monkeypatch.setenv("ARI_APP_ARI_PASSWORD", "secret")
    if chosen:
        monkeypatch.setenv("ARI_APP_EVENT_LOOP", chosen)
    Runs.loops.clear()
    assert command_line.main(["run"]) == 0
    (loop,) = Runs.loops
    assert loop.partition(".")[0] == module
