"""The one way to change what Redis keeps: Lua scripts, each of which begins by looking at the fence (`lua/fence.lua`).

Read once, run by their SHA-1, sent whole where Redis does not know them (restart, fail-over).
"""

import hashlib
from collections.abc import Iterable, Mapping
from importlib.resources import files
from types import ModuleType
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import NoScriptError, ResponseError

from ari_app.store import lua
from ari_app.store.leases import Fence
from ari_app.store.pool import Silent


def sources(folder: ModuleType, names: Iterable[str], beginning: str = "") -> Mapping[str, str]:
    """Scripts out of a package, by name; with `beginning`, the script that goes before each."""
    kept = files(folder)

    def read(name: str) -> str:
        return (kept / f"{name}.lua").read_text(encoding="utf-8")

    before = f"{read(beginning)}\n" if beginning else ""
    return {name: before + read(name) for name in names}


class Scripts:
    """Scripts of one namespace; without a `fence` nothing is refused. With one, what was not answered is not done after
    what is requested later by this one: of each `room` and fence there is to be one alone.

    Every key begins with `{<prefix>}`, which is declared as the one key: it alone decides the slot in a cluster.
    """

    def __init__(
        self, client: Redis, prefix: str, scripts: Mapping[str, str], fence: Fence | None = None, room: str = "store"
    ) -> None:
        self._client = client
        self._room = room
        self._unanswered = 0
        self._fence = "" if fence is None else str(fence)
        self.tag = f"{{{prefix}}}"
        check = sources(lua, ["fence"])["fence"]
        self._source = {name: f"{check}\n{source}" for name, source in scripts.items()}
        self._sha = {
            name: hashlib.sha1(source.encode(), usedforsecurity=False).hexdigest()
            for name, source in self._source.items()
        }

    async def run(self, name: str, *args: str | int | float | bytes) -> Any:
        """Run one; its answer as redis-py gives it (bytes, int, list, None).

        Raises:
            RedisError: to be translated by the caller.
        """
        try:
            return await self._once(name, *args)
        except ResponseError as refusal:
            if not str(refusal).startswith("LATE"):
                raise
            # Overtaken by what was requested after another had no answer: this one was not done, and is waited for yet.
            return await self._once(name, *args)

    async def _once(self, name: str, *args: str | int | float | bytes) -> Any:
        turn = f"{self._room} {self._unanswered}"
        try:
            try:
                return await self._client.evalsha(self._sha[name], 1, self.tag, *args, self._fence, turn)
            except NoScriptError:
                # EVAL keeps the script, so this happens once for each after a restart
                return await self._client.eval(self._source[name], 1, self.tag, *args, self._fence, turn)
        except (ResponseError, Silent):
            raise  # it was not done
        except BaseException:  # also of whoever waits for it no longer
            self._unanswered += 1
            raise
