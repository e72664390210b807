"""Each agent's state as an Asterisk device state, `Stasis:<agent>`, so that lamps (BLF keys) show it; and whether a
queue, group or routing point is open, as `Stasis:queue:sales`.

The administrator's dialplan names it in a hint: `exten => 1001,hint,Stasis:alice`.
"""

import asyncio

import structlog

from ari_app.ari.client import AriClient
from ari_app.ari.failures import AriError
from ari_app.routing.targets import Target

log = structlog.get_logger(__name__)

_LAMPS = {
    "logged_out": "UNAVAILABLE",
    "not_ready": "BUSY",
    "ready": "NOT_INUSE",
    "reserved": "RINGING",
    "ringing": "RINGING",
    "on_call": "INUSE",
    "wrap_up": "BUSY",
}


def lamp_of(state: str, *, reachable: bool, in_use: bool = False) -> str:
    """Asterisk's device state for an agent's state, and for their phone's where they are ready and it can't ring."""
    if in_use:
        return "INUSE" if state == "ready" else _LAMPS[state]
    return _LAMPS[state] if reachable else "UNAVAILABLE"


class Lamps:
    """Shows the newest state of each agent; what could not be shown is shown when Asterisk is back (`show_all`)."""

    def __init__(self, client: AriClient) -> None:
        self._client = client
        self._wanted: dict[str, str] = {}
        self._shown: dict[str, str] = {}
        self._work: asyncio.Task[None] | None = None

    def show(self, agent: str, lamp: str) -> None:
        """From now on this agent's lamp is so."""
        self._wanted[agent] = lamp
        self._begin()

    def show_opening(self, target: Target, opened: bool) -> None:
        """From now on the lamp of what may be closed is so: on where it is."""
        self.show(str(target), "NOT_INUSE" if opened else "INUSE")

    def show_all(self) -> None:
        """Asterisk has been connected anew: it may know nothing of them."""
        self._shown.clear()
        self._begin()

    def close(self) -> None:
        """Show nothing any more."""
        if self._work is not None:
            self._work.cancel()

    def _begin(self) -> None:
        if self._work is None or self._work.done():
            self._work = asyncio.get_running_loop().create_task(self._show_differences(), name="lamps")

    async def _show_differences(self) -> None:
        while different := {a: lamp for a, lamp in self._wanted.items() if self._shown.get(a) != lamp}:
            for agent, lamp in different.items():
                try:
                    await self._client.call("deviceStates", "update", deviceName=f"Stasis:{agent}", deviceState=lamp)
                except AriError as error:
                    log.warning("lamps_not_shown", reason=str(error))
                    return
                self._shown[agent] = lamp
