"""Who may read which of the administrator's files once `docker/up` has handed them over."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.support.documents import ROOT

# As docker/up does it, but that each group's files are named and not changed: that is root's to do.
NAMED = """
. "$1/docker/lib.sh"
give_to() { local group=$1; shift; find "$@" -type f -printf "$group %P\\n"; }
ASTERISK_CONFIG=$2
let_services_read_config
"""


async def test_secrets_of_webhooks_and_people_are_the_controllers_and_phones_are_asterisks(tmp_path: Path) -> None:
    for name in ("callcentre.yaml", "callcentre.yaml.orig", "pjsip.conf", "sounds/fr/hello.wav", "secrets/crm"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    process = await asyncio.create_subprocess_exec(
        "bash", "-c", NAMED, "bash", ROOT, tmp_path, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await process.communicate()
    controllers, asterisks = "52080", "52060"
    assert {(group, name) for group, name in map(str.split, said.decode().splitlines())} == {
        (controllers, "callcentre.yaml"),
        (controllers, "callcentre.yaml.orig"),
        (controllers, "secrets/crm"),
        (asterisks, "pjsip.conf"),
        (asterisks, "sounds/fr/hello.wav"),
    }
