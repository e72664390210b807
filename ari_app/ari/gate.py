"""Whether an Asterisk takes new calls, as its dialplan finds it before it answers any: the device state
`Stasis:@<application>`. Asterisk keeps it (AstDB) while no controller is connected, and over a reload of the dialplan.
"""

from enum import StrEnum

from ari_app.ari.client import AriClient
from ari_app.ari.device_states import SCHEME, DeviceStates


def device(application: str) -> str:
    """Its name. No agent can have such an id."""
    return f"{SCHEME}{_name(application)}"


def _name(application: str) -> str:
    return f"@{application}"


class Gate(StrEnum):
    """Asterisk's device states, as `gate` in `extensions.conf` reads them."""

    OPEN = "NOT_INUSE"
    NO_CALLERS = "BUSY"
    """Nobody from outside; agents go on to call."""
    DRAINED = "UNAVAILABLE"
    """Nobody but phones that have a call there."""


class GateKeeper:
    """Keeps it so at that Asterisk, on `client`; apart from lamps, of which there may be thousands before it."""

    def __init__(self, client: AriClient, application: str) -> None:
        self._state = DeviceStates(client)
        self._name = _name(application)
        self._gate = Gate.OPEN
        self._connected = False

    def set(self, gate: Gate) -> None:
        """From now on it is so; where Asterisk did not take that it is tried again."""
        self._gate = gate
        if self._connected:
            self._state.keep(self._name, gate)

    def connected(self) -> None:
        """Asterisk has been connected anew: it may know nothing of it."""
        self._connected = True
        self._state.connected()
        self.set(self._gate)

    def close(self) -> None:
        """Set nothing any more."""
        self._state.close()
