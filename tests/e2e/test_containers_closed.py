"""What somebody gets who has broken into one part, or looks at the machine from beside: nothing that is another's."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.e2e.containers import ask_docker, run_in, said_in, with_container
from tests.e2e.stack import Stack

PARTS = ["asterisk", "redis", "controller"]


def secrets_of(stack: Stack) -> set[str]:
    """Those of the services, which nobody may see who is not them."""
    return {stack.ari_password, str(urlsplit(stack.redis).password)}


async def shown_by_docker(name: str) -> dict[str, Any]:
    """What `docker inspect` tells."""
    return await with_container(name, lambda container: dict(container.attrs))


@pytest.mark.parametrize("part", PARTS)
async def test_whoever_breaks_into_a_part_has_no_capability_gains_none_and_changes_no_program(
    stack: Stack, part: str
) -> None:
    name = f"{stack.project}-{part}"
    status = (await said_in(name, "cat", "/proc/1/status")).decode()
    said = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert "CapPrm" in said, status
    assert {int(said[cap], 16) for cap in ("CapPrm", "CapEff", "CapBnd", "CapInh")} == {0}
    assert said["NoNewPrivs"] == "1"
    assert said["Uid"].split()[0] != "0"
    for place in ("/usr/bin/new", "/etc/new", "/opt/new", "/root/new", "/new"):
        with pytest.raises(AssertionError, match=r"^touch "):  # what it says, Docker loses now and then
            await run_in(name, "touch", place)
    host = (await shown_by_docker(name))["HostConfig"]
    assert host["ReadonlyRootfs"]
    assert 0 < host["PidsLimit"] <= 16_384
    assert 0 < host["Memory"] <= 3 << 30


@pytest.mark.parametrize("part", PARTS)
async def test_no_part_would_take_lists_of_packages_that_are_out_of_date(stack: Stack, part: str) -> None:
    name = f"{stack.project}-{part}"
    settings = (await said_in(name, "sh", "-c", "cat /etc/apt/apt.conf.d/*")).decode()
    assert "APT::" in settings
    assert "Check-Valid-Until" not in settings


@pytest.mark.parametrize("part", PARTS)
async def test_no_secret_stands_where_docker_inspect_or_a_list_of_processes_shows_it(stack: Stack, part: str) -> None:
    shown = json.dumps(await shown_by_docker(f"{stack.project}-{part}"))
    processes = await with_container(f"{stack.project}-{part}", lambda container: json.dumps(container.top()))
    for secret in secrets_of(stack):
        assert secret not in shown
        assert secret not in processes


async def test_asterisk_sees_no_password_of_an_agent_and_redis_no_file_at_all(stack: Stack) -> None:
    asterisk, redis = f"{stack.project}-asterisk", f"{stack.project}-redis"
    with pytest.raises(AssertionError, match="Permission denied"):
        await run_in(asterisk, "cat", "/srv/asterisk/callcentre.yaml")
    assert await said_in(asterisk, "cat", "/srv/asterisk/pjsip.conf")
    assert (await said_in(asterisk, "ls", "/run/secrets")).split() == [b"ari_password", b"tls_certificate", b"tls_key"]
    assert (await said_in(redis, "ls", "/run/secrets")).split() == [b"redis_password"]
    assert "/srv/asterisk" not in json.dumps((await shown_by_docker(redis))["Mounts"])


async def test_another_user_of_the_machine_reads_neither_the_phones_secrets_nor_the_services(stack: Stack) -> None:
    """As a stranger who sees the same directories, with a user and a group of their own."""
    mounts = (await shown_by_docker(f"{stack.project}-controller"))["Mounts"]
    files = {m["Source"]: f"/seen/{n}" for n, m in enumerate(mounts) if m["Type"] == "bind"}
    assert len(files) == 7, mounts
    image = (await shown_by_docker(f"{stack.project}-controller"))["Image"]

    def look(client: Any) -> bytes:
        printed: bytes = client.containers.run(
            image,
            ["-c", "find /seen -type f -readable 2>/dev/null || true"],
            entrypoint="bash",
            user="12345:12345",
            network_mode="none",
            volumes=[f"{source}:{seen}:ro" for source, seen in files.items()],
            remove=True,
        )
        return printed

    found = (await ask_docker(look)).decode().split()
    assert found == []
