"""A real issuer of OpenID Connect (`tests/issuer`: oidc-provider, certified by the OpenID Foundation) as a process."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

PROGRAM = Path(__file__).parents[1] / "issuer" / "issuer.mjs"
ISSUER_PORT = 9044


@asynccontextmanager
async def issuing(address: str, **about: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """The issuer, as long as it is needed."""
    process = await asyncio.create_subprocess_exec(
        "node", PROGRAM, address, str(ISSUER_PORT), json.dumps(about),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        said: list[str] = []
        async with asyncio.timeout(30):
            while not said or said[-1] != "ready\n":
                said.append((await process.stdout.readline()).decode())
                assert said[-1], "".join(said)
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
