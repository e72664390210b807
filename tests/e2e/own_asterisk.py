"""An Asterisk of a test's own, beside the one under test: with other settings, other files, or a network of its own."""

from __future__ import annotations

import asyncio
import io
import tarfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from docker.models.containers import Container

from tests.e2e.containers import ask_docker
from tests.e2e.stack import Stack

FILES = Path(__file__).parents[2] / "asterisk"
SECRET = "of-this-test-alone-0123456789abcdef"
_WITHIN = 30.0
_POLL_SECONDS = 0.1


def packed(files: Mapping[str, str]) -> bytes:
    """The demonstration's files of Asterisk, with these in place of those of the same name, as Docker takes them."""
    texts = {file.name: file.read_text() for file in FILES.glob("*.conf")} | dict(files)
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for name, text in texts.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(text.encode()), 0o644
            tar.addfile(entry, io.BytesIO(text.encode()))
    return archive.getvalue()


async def made(
    stack: Stack, environment: Mapping[str, str], files: Mapping[str, str] | None = None, network: str = "host"
) -> Container:
    """Not started yet. Its name is free again once it is removed; the run removes it in any case."""

    def create(client: Any) -> Container:
        beside = client.containers.get(f"{stack.project}-asterisk")
        container: Container = client.containers.create(
            beside.attrs["Image"],
            name=f"{stack.project}-own-asterisk",
            network_mode=network,
            cap_drop=["ALL"],
            environment={"ARI_PASSWORD": SECRET, **environment},
            labels={name: value for name, value in beside.labels.items() if name == "callcontrol.test"},
        )
        container.put_archive("/srv/asterisk", packed(files or {}))
        return container

    return await ask_docker(create)


async def ended(container: Container) -> tuple[int, str]:
    """Start it and wait for its end: the exit status and all that it said."""

    def run(_: Any) -> tuple[int, str]:
        try:
            container.start()
            status = int(container.wait(timeout=_WITHIN)["StatusCode"])
            return status, container.logs().decode()
        finally:
            container.remove(force=True, v=True)

    return await ask_docker(run)


@asynccontextmanager
async def running(container: Container) -> AsyncIterator[Container]:
    """Started and ready while the block lasts, then gone."""
    try:
        await ask_docker(lambda _: container.start())
        async with asyncio.timeout(_WITHIN):
            while "Asterisk Ready." not in (said := await ask_docker(lambda _: container.logs().decode())):
                await ask_docker(lambda _: container.reload())
                assert container.status == "running", said
                await asyncio.wait([asyncio.get_running_loop().create_future()], timeout=_POLL_SECONDS)
        yield container
    finally:
        await ask_docker(lambda _: container.remove(force=True, v=True))
