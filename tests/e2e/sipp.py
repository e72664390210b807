"""SIPp, another program that speaks SIP: started beside a test, and stopped with its block."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from tests.e2e.stack import Stack

OK = """
      SIP/2.0 200 OK
      [last_Via:]
      [last_From:]
      [last_To:]
      [last_Call-ID:]
      [last_CSeq:]
      Content-Length: 0

"""
"""What whoever gets a BYE answers."""


@asynccontextmanager
async def sipp(place: Path, stack: Stack, errors: Path, *arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """SIPp towards the Asterisk of the stack, run in the directory `place`; what fails is written to `errors`."""
    process = await asyncio.create_subprocess_exec(
        *("sipp", f"{stack.asterisk[0]}:{stack.asterisk[1]}", *arguments),
        *("-nostdin", "-trace_err", "-error_file", str(errors)),
        cwd=place,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
