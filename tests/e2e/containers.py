"""Parts of the running system taken away and brought back, by their containers' names (`CC_COMPOSE_PROJECT`).

Docker is driven by its SDK in a thread of its own, so that the bots' audio goes on meanwhile. What was taken away is
back, and `/readyz` says so, when a block ends, however it ends.
"""

from __future__ import annotations

import asyncio
import io
import json
import tarfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from typing import Any, Literal, cast

import aiohttp
import docker
from docker.errors import APIError, DockerException
from docker.models.containers import Container

from tests.e2e.stack import Stack

_COMMAND_WITHIN = 30
_READY_WITHIN = 40.0
_POLL_SECONDS = 0.05
_KILLED = 128 + 9
"""The exit status of a container that was killed."""
_READS, _PAUSES = 5, 5

type Name = Literal[
    "asterisk", "controller", "controller-2", "redis",
    "edge", "api", "asterisk-a", "asterisk-b", "controller-1", "controller-3", "redis-1", "redis-2", "redis-3",
    "history",
]  # fmt: skip

type Made = dict[str, Any]
"""How a container is made, as Docker describes it."""

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


async def ask_docker[T](question: Callable[[docker.DockerClient], T]) -> T:
    """What Docker answers. Raises AssertionError with its complaint."""

    def ask() -> T:
        with closing(docker.from_env(timeout=_COMMAND_WITHIN)) as client:
            try:
                return question(client)
            except DockerException as complaint:
                raise AssertionError(f"Docker: {complaint}") from complaint

    return await asyncio.to_thread(ask)


async def with_container[T](name: str, do: Callable[[Container], T]) -> T:
    """Do something with one container. Raises AssertionError with Docker's complaint."""
    return await ask_docker(lambda client: do(client.containers.get(name)))


async def read_in(name: str, path: str) -> bytes:
    """A file of a container. (Of a `cat` in it, Docker loses what is printed now and then on a busy machine.)"""

    def read(container: Container) -> bytes:
        chunks, _ = container.get_archive(path)
        with tarfile.open(fileobj=io.BytesIO(b"".join(chunks))) as archive:
            file = archive.extractfile(archive.next() or path)
            assert file is not None, f"{path} in {name} is no file"
            return file.read()

    return await with_container(name, read)


async def run_in(name: str, *command: str) -> bytes:
    """What a command prints that is run in a container. Raises AssertionError with its complaint where it fails."""
    done = await with_container(name, lambda container: container.exec_run(list(command), demux=True))
    out, complaint = cast("tuple[bytes | None, bytes | None]", done.output)
    assert done.exit_code == 0, f"{' '.join(command)} in {name}: {(complaint or out or b'').decode().strip()}"
    return out or b""


async def said_in(name: str, *command: str) -> bytes:
    """What a command prints that changes nothing and has something to print: Docker loses that now and then, so it is
    run again. Raises AssertionError.
    """
    for _ in range(_READS):
        if said := await run_in(name, *command):
            return said
    raise AssertionError(f"{' '.join(command)} in {name} prints nothing")


async def asterisk_console(stack: Stack, command: str) -> str:
    """What Asterisk's console answers to a command."""
    return (await run_in(f"{stack.project}-asterisk", "asterisk", "-rx", command)).decode().strip()


async def logged(stack: Stack, event: str, controller: Name = "controller") -> list[dict[str, Any]]:
    """A controller's log lines of this name."""
    text = await with_container(f"{stack.project}-{controller}", lambda container: container.logs().decode())
    lines = (json.loads(line) for line in text.splitlines() if f'"{event}"' in line)
    return [line for line in lines if line["event"] == event]


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
    """Polled, for nothing reports it by itself."""
    found: tuple[int, str] = (0, "")
    try:
        async with asyncio.timeout(within):
            while not holds(found := await readiness(stack)):
                await asyncio.wait([asyncio.get_running_loop().create_future()], timeout=_POLL_SECONDS)
    except TimeoutError:
        raise AssertionError(f"/readyz says {found}: not {what} within {within:g} s") from None


def _pause(container: Container) -> None:
    """Now and then it is refused (runc: "unable to freeze"): the container goes on then, and is paused again."""
    for left in reversed(range(_PAUSES)):
        try:
            container.pause()
        except APIError as refused:
            if "unable to freeze" not in str(refused) or not left:
                raise
        else:
            return


def _stop(container: Container) -> None:
    """Docker kills whoever has not ended by then, and says nothing of it; no controller may need that.

    Asterisk does now and then: it hangs up all channels, and waits up to fifteen seconds for one in nobody's care.
    """
    container.stop(timeout=10)
    container.reload()
    killed = container.attrs["State"]["ExitCode"] == _KILLED
    assert not killed or "-asterisk" in str(container.name), f"{container.name} did not end when it was stopped"


class Part:
    """One container of the system."""

    def __init__(self, stack: Stack, name: Name) -> None:
        assert stack.project, "CC_COMPOSE_PROJECT does not say which containers these are"
        self.stack = stack
        self.container = f"{stack.project}-{name}"

    @asynccontextmanager
    async def killed(self) -> AsyncIterator[None]:
        """Dead, without a chance to say goodbye, while the block lasts; then started and ready."""
        await self._do(Container.kill)
        try:
            yield
        finally:
            await self._do(Container.start)
            await until_ready(self.stack)

    @asynccontextmanager
    async def frozen(self) -> AsyncIterator[None]:
        """Standing still while the block lasts, with all sockets open; then going on and ready."""
        await self._do(_pause)
        try:
            yield
        finally:
            await self._do(Container.unpause)
            await until_ready(self.stack)

    async def die_and_come_back(self) -> None:
        """Killed and started at once; nobody waits for the system to be ready."""
        await self._do(Container.kill)
        await self._do(Container.start)

    async def restart(self) -> None:
        """Stopped in order and started, also where it had to be killed; returns when ready."""
        try:
            await self._do(_stop)
        finally:
            await self._do(Container.start)
            await until_ready(self.stack)

    async def cut_connections(self, port: int) -> int:
        """Shut down every TCP connection that this container's processes have to `port`; returns how many."""

        def cut(client: docker.DockerClient) -> bytes:
            printed: bytes = client.containers.run(
                client.containers.get(self.container).attrs["Image"],
                ["-c", _CUT, str(port)],
                entrypoint="python3",
                pid_mode=f"container:{self.container}",
                network_mode="none",
                user="root",
                cap_add=["SYS_PTRACE"],
                remove=True,
            )
            return printed

        return int(await ask_docker(cut))

    async def kill(self) -> None:
        """Dead at once; it stays so until it is started."""
        await self._do(Container.kill)

    async def start(self) -> None:
        """Nobody waits for it to be ready."""
        await self._do(Container.start)

    async def stop(self) -> None:
        """Stopped in order; returns when it is over."""
        await self._do(_stop)

    async def made_as(self, suffix: str = "") -> Made:
        """How it is made, or another container whose name ends in that."""

        def said(container: Container) -> Made:
            return {**container.attrs["Config"], "HostConfig": container.attrs["HostConfig"]}

        return await with_container(f"{self.container}{suffix}", said)

    async def come_back_as(self, made_as: Made) -> None:
        """Started again, once it was stopped: as a container that is made like this."""
        if await self.made_as() == made_as:
            await self.start()
            return

        def replace(client: docker.DockerClient) -> None:
            client.containers.get(self.container).remove()
            made = client.api.create_container_from_config(made_as, self.container)  # type: ignore[no-untyped-call]
            client.api.start(made["Id"])

        await ask_docker(replace)

    async def freeze(self) -> None:
        """Standing still, with all sockets open, until it is thawed."""
        await self._do(_pause)

    async def thaw(self) -> None:
        """It goes on; nobody waits for it to be ready."""
        await self._do(Container.unpause)

    async def _do(self, what: Callable[[Container], object]) -> None:
        await with_container(self.container, what)
