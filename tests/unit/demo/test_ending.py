"""A command that is ended goes home first."""

import signal
import subprocess
import sys

import pytest

COMMAND = """
import asyncio
from tests.demo import ending

async def command():
    try:
        print("there", flush=True)
        await asyncio.Event().wait()
    finally:
        print("goes", flush=True)
        await asyncio.sleep(0)
        {again}
        await asyncio.sleep(0)
        print("home", flush=True)

print(ending.run(command()), flush=True)
"""


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_whichever_way_it_is_ended_it_goes_home_first(how: signal.Signals) -> None:
    again = "import os, signal; os.kill(os.getpid(), signal.SIGTERM)"
    command = [sys.executable, "-c", COMMAND.format(again=again)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:  # noqa: S603
        assert running.stdout is not None
        assert running.stdout.readline() == "there\n"
        running.send_signal(how)
        assert running.stdout.read().split() == ["goes", "home", "None"]
    assert running.returncode == 0
