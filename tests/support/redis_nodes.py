"""Three nodes of a Redis and a Sentinel each (`docker/cluster/redis`), for one test: killed, frozen, and back again.

They are containers of the image that the call centre's Redis runs, at addresses of the test's own loopback.
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from docker.models.containers import Container
from redis.asyncio import Redis
from redis.exceptions import RedisError

from ari_app.store.primary import Sentinels
from tests.e2e.containers import ask_docker
from tests.support.polling import until
from tests.support.sentinels import SENTINEL_PORT, SERVICE, node, primary_known_to, primary_of_all_three

_WHOLE_WITHIN = 30.0
_REDIS_PORT = 6379


@dataclass
class Nodes:
    """By their addresses. `url` is for clients that are given the Sentinels too."""

    containers: dict[str, Container]
    password: str = field(repr=False)
    sentinel_password: str = field(repr=False)

    @property
    def url(self) -> str:
        """No Redis is at its host: whoever reaches one has it from the Sentinels."""
        return f"redis://:{self.password}@127.0.0.1:1/0"

    def sentinels(self, confirm: float = 0.2, **called: Callable[[], None]) -> Sentinels:
        """As clients get them."""
        addresses = tuple((address, SENTINEL_PORT) for address in self.containers)
        return Sentinels(addresses, SERVICE, self.sentinel_password, confirm, **called)

    async def kill(self, address: str) -> None:
        """The machine dies: Redis and its Sentinel."""
        await self._do(address, Container.kill)

    async def start(self, address: str) -> None:
        """With what it had on its disk."""
        await self._do(address, Container.start)

    async def freeze(self, address: str) -> None:
        """Nothing of it goes on; all connections stay."""
        await self._do(address, Container.pause)

    async def thaw(self, address: str) -> None:
        """It goes on as if nothing had been."""
        await self._do(address, Container.unpause)

    async def stop_redis(self, address: str) -> None:
        """Redis alone stands still; the Sentinel beside it goes on."""
        await self._signal(address, _REDIS_PORT, "STOP")

    async def go_on_with_redis(self, address: str) -> None:
        """After `stop_redis`."""
        await self._signal(address, _REDIS_PORT, "CONT")

    async def stop_sentinel(self, address: str) -> None:
        """The Sentinel alone stands still; the Redis beside it goes on."""
        await self._signal(address, SENTINEL_PORT, "STOP")

    async def go_on_with_sentinel(self, address: str) -> None:
        """After `stop_sentinel`."""
        await self._signal(address, SENTINEL_PORT, "CONT")

    async def _signal(self, address: str, port: int, signal: str) -> None:
        # Its process is the one that listens there; it says no number while it stands still. The brackets keep the
        # shell from finding itself.
        listens = f"{address}:[{str(port)[0]}]{str(port)[1:]}"
        find = f"for p in /proc/[0-9]*; do grep -qa '{listens}' $p/cmdline && kill -{signal} ${{p#/proc/}}; done"
        await self._do(address, lambda container: container.exec_run(["bash", "-c", f"{find}; true"]))

    async def promotes(self) -> str | None:
        """The Sentinel that leads a fail-over, once the replica that it has chosen is a primary; None until then."""
        for address in self.containers:
            with suppress(RedisError, OSError):
                async with self.client(address, SENTINEL_PORT) as sentinel:
                    replicas: list[dict[str, Any]] = await sentinel.sentinel_slaves(SERVICE)
                chosen = next((replica["ip"] for replica in replicas if "promoted" in replica["flags"]), None)
                if chosen is not None and await self._is_primary(chosen):
                    return address
        return None

    async def _is_primary(self, address: str) -> bool:
        async with self.client(address, _REDIS_PORT) as redis:
            role: Any = await redis.role()
            return bool(role[0] == b"master")

    async def is_followed(self, address: str) -> bool:
        """Whether the Redis there has a replica that has all."""
        with suppress(RedisError, OSError):
            async with self.client(address, _REDIS_PORT) as redis:
                return bool(_online(await redis.info("replication")))
        return False

    async def _do(self, address: str, what: Callable[[Container], object]) -> None:
        await ask_docker(lambda _: what(self.containers[address]))

    async def primary(self) -> str:
        """Its address, by the first Sentinel that answers. Raises AssertionError where none does."""
        for address in self.containers:
            with suppress(RedisError, OSError):
                async with self.client(address, SENTINEL_PORT) as sentinel:
                    return await primary_known_to(sentinel)
        raise AssertionError("no Sentinel answers")

    async def fail_over(self) -> None:
        """As an administrator requests it."""
        async with self.client(next(iter(self.containers)), SENTINEL_PORT) as sentinel:
            await sentinel.sentinel_failover(SERVICE)

    async def introduce(self) -> None:
        """Have the Sentinels look for replicas as soon as there are two: by themselves they look again after 10 s."""
        first = next(iter(self.containers))

        async def followed() -> bool:
            with suppress(RedisError, OSError):
                async with self.client(first, _REDIS_PORT) as redis:
                    return len(_online(await redis.info("replication"))) == 2
            return False

        await until(followed, "the first has two replicas", _WHOLE_WITHIN)
        for address in self.containers:
            async with self.client(address, SENTINEL_PORT) as sentinel:
                await sentinel.sentinel_reset(SERVICE)

    async def are_whole(self) -> bool:
        """Whether each Sentinel knows the same primary, both others as its replicas, and one another."""
        primaries = set()
        try:
            for address in self.containers:
                async with self.client(address, SENTINEL_PORT) as sentinel:
                    known = await primary_of_all_three(sentinel)
                if known is None:
                    return False
                primaries.add(known)
            async with self.client(primaries.pop(), _REDIS_PORT) as redis:
                return not primaries and len(_online(await redis.info("replication"))) == 2
        except (RedisError, OSError):
            return False

    def client(self, address: str, port: int) -> AbstractAsyncContextManager[Redis]:
        """A client of one of them, whatever its role."""
        return node(address, port, self.sentinel_password if port == SENTINEL_PORT else self.password)


def _online(replication: dict[str, Any]) -> list[object]:
    return [
        value
        for name, value in replication.items()
        if name.startswith("slave") and isinstance(value, dict) and value["state"] == "online"
    ]


@asynccontextmanager
async def redis_nodes(project: str, host: str) -> AsyncIterator[Nodes]:
    """Whole when the block begins, and gone when it ends. `host` is an address of the loopback that is the test's."""
    network = host.rpartition(".")[0]
    addresses = [f"{network}.{last}" for last in (31, 32, 33)]
    secret = {name: secrets.token_hex(16) for name in ("REDIS_PASSWORD", "SENTINEL_PASSWORD")}

    def start(address: str) -> Callable[[Any], Container]:
        def run(docker: Any) -> Container:
            beside = docker.containers.get(f"{project}-redis")
            container: Container = docker.containers.run(
                beside.attrs["Image"],
                entrypoint=["redis-node"],
                name=f"{project}-node-{address.rpartition('.')[2]}",
                user="redis",
                network_mode="host",
                environment={**secret, "REDIS_ADDRESS": address, "REDIS_PRIMARY": addresses[0]},
                healthcheck={"test": ["NONE"]},
                labels={name: value for name, value in beside.labels.items() if name == "callcontrol.test"},
                detach=True,
            )
            return container

        return run

    async with AsyncExitStack() as started:
        containers = {}
        for address in addresses:
            containers[address] = await ask_docker(start(address))
            started.push_async_callback(ask_docker, lambda _, one=containers[address]: one.remove(force=True, v=True))
        nodes = Nodes(containers, secret["REDIS_PASSWORD"], secret["SENTINEL_PASSWORD"])
        await nodes.introduce()
        await until(nodes.are_whole, "the three nodes are whole", _WHOLE_WITHIN)
        yield nodes
