"""Parts of the running system taken away and brought back, by their containers' names (`CC_COMPOSE_PROJECT`).

Docker's client runs as a process of its own, so that the bots' audio goes on meanwhile. What was taken away is back,
and `/readyz` says so, when a block ends, however it ends.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Literal

import aiohttp

from tests.e2e.stack import Stack

_COMMAND_WITHIN = 30.0
_READY_WITHIN = 40.0
_ASKED_AGAIN_AFTER = 0.05

type Name = Literal["asterisk", "controller", "redis"]

# Runs beside the controller's process, in its process namespace: takes its sockets to a port, and shuts them down.
# 438 is pidfd_getfd(2). Prints how many there were.
_CUT = """
import ctypes, os, socket, sys
port, cut = int(sys.argv[1]), 0
libc = ctypes.CDLL(None, use_errno=True)
for pid in (int(name) for name in os.listdir("/proc") if name.isdigit() and int(name) != os.getpid()):
    handle = os.pidfd_open(pid)
    for fd in os.listdir(f"/proc/{pid}/fd"):
        try:
            if not os.readlink(f"/proc/{pid}/fd/{fd}").startswith("socket:"):
                continue
            copy = libc.syscall(438, handle, int(fd), 0)
            if copy < 0:
                raise OSError(ctypes.get_errno(), "pidfd_getfd")
            connection = socket.socket(fileno=copy)
            peer = connection.getpeername()
        except FileNotFoundError:
            continue
        except OSError as error:
            if error.strerror == "pidfd_getfd":
                raise
            continue
        if isinstance(peer, tuple) and peer[1] == port:
            connection.shutdown(socket.SHUT_RDWR)
            cut += 1
print(cut)
"""


async def docker(*arguments: str, stdin: str = "") -> str:
    """What Docker's client prints. Raises AssertionError with its complaint where it fails."""
    process = await asyncio.create_subprocess_exec(
        "docker",
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(_COMMAND_WITHIN):
        out, complaint = await process.communicate(stdin.encode())
    assert process.returncode == 0, f"docker {' '.join(arguments)}: {complaint.decode().strip()}"
    return out.decode().strip()


async def readiness(stack: Stack) -> tuple[int, str]:
    """The status of `/readyz`, and its problem's code; (0, "") where nobody listens."""
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=2)) as session,
            session.get(f"{stack.api}/readyz") as response,
        ):
            answer = await response.json(content_type=None)
            return response.status, str(answer.get("code", ""))
    except (aiohttp.ClientError, TimeoutError):
        return 0, ""


async def until_ready(stack: Stack, within: float = _READY_WITHIN) -> None:
    """Wait until the controller reaches Asterisk and Redis."""
    await _until(stack, lambda found: found == (200, ""), "ready", within)


async def until_away(stack: Stack, code: str = "", within: float = _READY_WITHIN) -> None:
    """Wait until the controller says this code, or is itself not there."""
    await _until(stack, lambda found: found[0] != 200 and code in ("", found[1]), code or "not ready", within)


async def _until(stack: Stack, holds: Callable[[tuple[int, str]], bool], what: str, within: float) -> None:
    """Asked again and again, for nothing tells it by itself."""
    found: tuple[int, str] = (0, "")
    try:
        async with asyncio.timeout(within):
            while not holds(found := await readiness(stack)):
                await asyncio.wait([asyncio.get_running_loop().create_future()], timeout=_ASKED_AGAIN_AFTER)
    except TimeoutError:
        raise AssertionError(f"/readyz says {found}: not {what} within {within:g} s") from None


class Part:
    """One container of the system."""

    def __init__(self, stack: Stack, name: Name) -> None:
        assert stack.project, "CC_COMPOSE_PROJECT does not say which containers these are"
        self.stack = stack
        self.container = f"{stack.project}-{name}"

    @asynccontextmanager
    async def killed(self) -> AsyncIterator[None]:
        """Dead, without a chance to say goodbye, while the block lasts; then started and ready."""
        await docker("kill", "--signal", "KILL", self.container)
        try:
            yield
        finally:
            await docker("start", self.container)
            await until_ready(self.stack)

    @asynccontextmanager
    async def frozen(self) -> AsyncIterator[None]:
        """Standing still while the block lasts, with all sockets open; then going on and ready."""
        await docker("pause", self.container)
        try:
            yield
        finally:
            await docker("unpause", self.container)
            await until_ready(self.stack)

    async def die_and_come_back(self) -> None:
        """Killed and started at once; nobody waits for the system to be ready."""
        await docker("kill", "--signal", "KILL", self.container)
        await docker("start", self.container)

    async def restart(self) -> None:
        """Stopped in order and started; returns when ready."""
        await docker("restart", "--timeout", "5", self.container)
        await until_ready(self.stack)

    async def cut_connections(self, port: int) -> int:
        """Shut down every TCP connection that this container's processes have to `port`; returns how many."""
        image = await docker("inspect", "--format", "{{.Image}}", self.container)
        cut = await docker(
            *("run", "--rm", "--interactive", "--pid", f"container:{self.container}", "--network", "none"),
            *("--user", "root", "--cap-add", "SYS_PTRACE", "--entrypoint", "python3", image, "-", str(port)),
            stdin=_CUT,
        )
        return int(cut)
