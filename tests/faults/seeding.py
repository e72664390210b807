"""Faults put into the controllers of a running cluster, to see that the row `history` finds each."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping
from pathlib import Path

from docker.models.containers import Container

from tests.e2e.cluster import CONTROLLERS, Cluster
from tests.e2e.containers import with_container
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

    def put(container: Container) -> None:
        container.put_archive(_INSTALLED, packed.getvalue())
        container.restart(timeout=10)

    for name in CONTROLLERS:
        await with_container(cluster.controller(name).container, put)
