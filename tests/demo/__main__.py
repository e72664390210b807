"""Runs the demonstration against the running call centre that the environment names (`docker/up` sets it).

    python -m tests.demo [cluster]

Exit code 0: all of it was shown. 1: something was not as it should be. 2: it can't be run now. 3: the call centre is
somebody's own, with other people than the story's; said in one sentence, and nothing was touched.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import sys
from collections.abc import Awaitable, Callable

import aiohttp

from tests.bots import Lab, RegistrationFailed
from tests.demo import cluster, ending, render, scenes
from tests.demo.scenes import AtWork, NotTheDemos
from tests.demo.stage import Stage
from tests.e2e.office import Office
from tests.e2e.stack import Stack

NOT_THE_DEMOS = 3

type Story = Callable[[Stage, render.Ink], Awaitable[None]]

LONGEST = 60.0
"""Seconds after which even a demonstration whose every wait keeps its deadline is given up."""


async def perform(stack: Stack, ink: render.Ink, play: Story = scenes.play) -> int:
    """Play a story once; everybody goes home in the end, whatever happened."""
    office = Office(Lab(stack.asterisk, bind=stack.bind, carrier=stack.carrier), stack, {})
    stage = Stage(office, sys.stdout, ink)
    try:
        async with asyncio.timeout(LONGEST):
            await play(stage, ink)
    except NotTheDemos as error:
        stage.write([f"· no demonstration: it is a story of alice, bob and carol, and {error}"])
        return NOT_THE_DEMOS
    except AtWork as error:
        stage.write(render.refusal(str(error), ink))
        return 2
    except (AssertionError, TimeoutError) as error:
        stage.write(render.failure(stage.scene, str(error) or "it took too long", ink))
        return 1
    except (OSError, aiohttp.ClientError, RegistrationFailed) as error:
        stage.write(render.failure(stage.scene, _advice(error, stack), ink))
        return 1
    finally:
        # What is left behind has been said, or is not what failed.
        with contextlib.suppress(AssertionError, TimeoutError, OSError, aiohttp.ClientError):
            await office.close()
    return 0


def _advice(error: Exception, stack: Stack) -> str:
    where = {
        aiohttp.ClientError: f"the API at {stack.api} does not answer",
        RegistrationFailed: f"a phone can't register at {stack.asterisk[0]}:{stack.asterisk[1]}",
        OSError: f"no sockets for phones on {stack.bind}, or for the carrier on {stack.carrier[0]}:{stack.carrier[1]}",
    }
    what = next(text for kind, text in where.items() if isinstance(error, kind))
    return f"{what}: {error}"


def main() -> int:
    """The command."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")
    try:
        stack = Stack.from_environment()
    except (KeyError, ValueError) as error:
        print(f"the environment does not say where the call centre is ({error}): docker/up runs this", file=sys.stderr)
        return 2
    ink = render.Ink(render.wants_colour(is_terminal=sys.stdout.isatty(), environment=os.environ))
    ended = ending.run(perform(stack, ink, cluster.play if sys.argv[1:] == ["cluster"] else scenes.play))
    return 130 if ended is None else ended


if __name__ == "__main__":
    sys.exit(main())
