"""The network between two parts of a cluster cut, and healed: packets of each to the other are dropped.

All parts are on this machine's loopback. Redis, Sentinels, the edge and Asterisk's SIP send from the address where they
listen; whoever connects to another part from elsewhere (controllers, the proxy) sends from 127.0.0.1.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import docker

from tests.e2e.cluster import NODES, Cluster, Node
from tests.e2e.containers import ask_docker

CONNECTS = "127.0.0.1"
_HEALS_BY_ITSELF = 60
"""Seconds after which a cut heals, whatever became of who made it."""

# Drops what goes from one address to another, both ways, until it is stopped. Arguments: a protocol, then pairs.
_CUT = """
set -e
protocol=$1; shift
rules() { for pair in "$@"; do
    iptables "$action" INPUT -i lo -p "$protocol" -s "${pair%>*}" -d "${pair#*>}" -j DROP
done; }
trap 'set +e; action=-D; rules "$@"; exit 0' TERM INT
action=-I; rules "$@"
echo cut
sleep "$seconds" & wait $! || true
action=-D; rules "$@"
"""


@dataclass(frozen=True)
class Cut:
    """Between whom, by their addresses."""

    name: str
    pairs: Sequence[tuple[str, str]]
    protocol: str = "tcp"


async def cuts(cluster: Cluster) -> list[Cut]:
    """Every two parts between which something goes, as things are now."""
    primary, leader = await cluster.primary(), await cluster.leader()
    return [
        Cut("controllers and Redis' primary", [(CONNECTS, cluster.address(primary))]),
        Cut("controllers and asterisk-a", [(CONNECTS, cluster.address("asterisk-a"))]),
        Cut("controllers and asterisk-b", [(CONNECTS, cluster.address("asterisk-b"))]),
        Cut("who serves the call centre and the others", [(CONNECTS, cluster.address(leader))]),
        between_nodes("Redis' primary and its replicas", cluster, primary),
        Cut("the edge and asterisk-a", [(cluster.address("edge"), cluster.address("asterisk-a"))], "udp"),
    ]


def between_nodes(name: str, cluster: Cluster, one: Node) -> Cut:
    """Between a Redis with its Sentinel and the two others."""
    return Cut(name, [(cluster.address(one), cluster.address(other)) for other in NODES if other != one])


@asynccontextmanager
async def made(cluster: Cluster, cut: Cut) -> AsyncIterator[None]:
    """The network is cut so while the block lasts."""
    both = [f"{a}>{b}" for one, other in cut.pairs for a, b in ((one, other), (other, one))]
    name = f"{cluster.stack.project}-cut"

    def begin(client: docker.DockerClient) -> None:
        own = client.containers.get(f"{cluster.stack.project}-bots")
        container = client.containers.run(
            own.attrs["Image"],
            ["-c", _CUT, "cut", cut.protocol, *both],
            entrypoint="bash",
            environment={"seconds": str(_HEALS_BY_ITSELF)},
            network_mode="host",
            cap_add=["NET_ADMIN"],
            name=name,
            labels={label: value for label, value in own.labels.items() if label.startswith("callcontrol.")},
            detach=True,
        )
        for line in container.logs(stream=True, follow=True):
            assert line.strip() == b"cut", f"iptables: {line.decode()}"
            return
        raise AssertionError("iptables says nothing")

    def end(client: docker.DockerClient) -> None:
        container = client.containers.get(name)
        container.stop(timeout=5)
        container.remove(force=True)

    await ask_docker(begin)
    try:
        yield
    finally:
        await ask_docker(end)
