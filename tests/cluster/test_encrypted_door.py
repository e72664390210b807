"""The proxy before a cluster's controllers, with a certificate: it speaks TLS, and nothing else."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.e2e.cluster import CONTROLLERS, Cluster
from tests.e2e.containers import ask_docker
from tests.e2e.own_asterisk import packed
from tests.support.certificates import make_authority, make_certificate
from tests.support.polling import until

PORT = 8443


@asynccontextmanager
async def encrypted(cluster: Cluster, certificate: Path, key: Path) -> AsyncIterator[str]:
    """Another proxy beside the cluster's, with these files; its address."""
    stack, address = cluster.stack, cluster.address("api")
    controllers = " ".join(f"{name}={cluster.address(name)}:8080" for name in CONTROLLERS)
    surroundings = {
        "API_ADDRESS": address, "API_PORT": str(PORT), "API_CONTROLLERS": controllers,
        "API_CERTIFICATE": "/tmp/tls.pem", "API_KEY": "/tmp/tls.key",
    }  # fmt: skip

    def begin(client: Any) -> Any:
        beside = client.containers.get(f"{stack.project}-api")
        labels = {name: value for name, value in beside.labels.items() if name == "callcontrol.test"}
        container = client.containers.create(
            beside.attrs["Image"], name=f"{stack.project}-api-tls", environment=surroundings, network_mode="host",
            cap_drop=["ALL"], labels=labels,
        )  # fmt: skip
        container.put_archive("/tmp", packed({"tls.pem": certificate.read_text(), "tls.key": key.read_text()}))
        container.start()
        return container

    container = await ask_docker(begin)

    async def listens() -> bool:
        try:
            _, writer = await asyncio.open_connection(address, PORT)
        except OSError:
            return False
        writer.close()
        return True

    try:
        await until(listens, "the proxy listens", 20)
        yield f"https://{address}:{PORT}"
    except AssertionError as failed:
        failed.add_note(await ask_docker(lambda _: container.logs().decode()))
        raise
    finally:
        await ask_docker(lambda _: container.remove(force=True, v=True))


async def test_the_proxy_of_a_cluster_serves_the_api_and_its_sockets_by_tls_and_nothing_in_clear(
    cluster: Cluster, tmp_path: Path
) -> None:
    authority = await make_authority(tmp_path)
    certificate, key = await make_certificate(tmp_path, cluster.address("api"))
    known = ssl.create_default_context(cafile=authority)
    async with encrypted(cluster, certificate, key) as url, aiohttp.ClientSession() as session:

        async def leads() -> bool:
            async with session.get(f"{url}/healthz", ssl=known) as answer:
                return answer.status == 200 and (await answer.json())["role"] == "leader"

        await until(leads, "the leader answers by TLS", 20)
        async with session.post(
            f"{url}/v1/login", json={"agent": "alice", "password": "alice-demo"}, ssl=known
        ) as answer:
            token = (await answer.json())["token"]
        headers = {"Authorization": f"Bearer {token}"}
        async with session.ws_connect(f"{url}/v1/events", headers=headers, ssl=known) as events:
            assert (await events.receive_json(timeout=5))["type"] == "snapshot"
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await session.get(f"{url}/healthz")
        with pytest.raises(aiohttp.ClientError):  # it is no HTTP for who wants TLS
            await session.get(url.replace("https", "http") + "/healthz")
