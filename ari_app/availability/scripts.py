"""The Lua scripts: read once, run by their SHA-1, sent whole where Redis does not know them (restart, failover)."""

import hashlib
from importlib.resources import files
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import NoScriptError

from ari_app.availability import lua

NAMES = (
    "configure",
    "count_missed",
    "counts",
    "expire",
    "extend",
    "read",
    "recompute",
    "reconcile",
    "reserve",
    "set_activity",
    "set_reachable",
    "set_state",
)


class Scripts:
    """The scripts of one namespace.

    Every key begins with `{<prefix>}`, which is declared as the one key: it alone decides the slot in a cluster.
    """

    def __init__(self, client: Redis, prefix: str) -> None:
        self._client = client
        self.tag = f"{{{prefix}}}"
        folder = files(lua)
        common = (folder / "common.lua").read_text(encoding="utf-8")
        self._source = {name: f"{common}\n{(folder / f'{name}.lua').read_text(encoding='utf-8')}" for name in NAMES}
        self._sha = {
            name: hashlib.sha1(source.encode(), usedforsecurity=False).hexdigest()
            for name, source in self._source.items()
        }

    async def run(self, name: str, *args: str | int) -> Any:
        """Run one; its answer as redis-py gives it (bytes, int, list, None).

        Raises:
            RedisError: to be translated by the caller.
        """
        try:
            return await self._client.evalsha(self._sha[name], 1, self.tag, *args)
        except NoScriptError:
            # EVAL keeps the script, so this happens once for each after a restart
            return await self._client.eval(self._source[name], 1, self.tag, *args)
