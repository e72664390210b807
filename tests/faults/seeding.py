"""Faults put into the controllers of a running cluster, to see that the row `history` finds each."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import docker

from tests.e2e.cluster import CONTROLLERS, Cluster
from tests.e2e.containers import ask_docker
from tests.seeded.faults import Fault

ROOT = Path(__file__).resolve().parents[2]
_INSTALLED = "/opt/app"
"""Where controllers have `ari_app`."""

SEEDED: Mapping[str, Fault] = {
    fault.name: fault
    for fault in (
        Fault(
            "taken-agents-are-free",
            "",
            "whoever has a call, or is being rung, is reserved for the next one too",
            "ari_app/availability/lua/common.lua",
            "return r.choice == 'ready' and r.activity == '' and r.phone and r.reachable",
            "return r.choice == 'ready' and r.phone and r.reachable",
            "rung for two calls",
        ),
    )
}


async def put_into(cluster: Cluster, fault: Fault) -> None:
    """Each controller runs with it from now on. Raises AssertionError with Docker's complaint."""
    text = (ROOT / fault.file).read_text(encoding="utf-8")
    assert text.count(fault.lines) == 1, f"the lines of {fault.name} do not stand once in {fault.file}"
    changed = text.replace(fault.lines, fault.instead).encode()
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        entry = tarfile.TarInfo(fault.file)
        entry.size, entry.mode = len(changed), 0o644
        archive.addfile(entry, io.BytesIO(changed))

    # Their roots are read-only: the fault is in the image.
    for name in CONTROLLERS:
        controller = cluster.controller(name)
        made_as = await controller.made_as()
        image = await ask_docker(partial(_with_layer, str(made_as["Image"]), packed.getvalue(), fault.file))
        await controller.stop()
        await controller.come_back_as({**made_as, "Image": image})


def _with_layer(image: str, archive: bytes, file: str, client: docker.DockerClient) -> str:
    """The same image with that one file changed."""
    described = f"FROM {image}\nCOPY {file} {_INSTALLED}/{file}\n".encode()
    context = io.BytesIO(archive)
    with tarfile.open(fileobj=context, mode="a") as added:
        entry = tarfile.TarInfo("Dockerfile")
        entry.size = len(described)
        added.addfile(entry, io.BytesIO(described))
    context.seek(0)
    built, _ = client.images.build(fileobj=context, custom_context=True, rm=True)
    return str(built.id)
