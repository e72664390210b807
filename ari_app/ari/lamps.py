"""Agents' states, the numbers of the call centre, and whether a queue, group or routing point is open, as device states
of an Asterisk: lamps (BLF keys) show them, and the dialplan finds by them which numbers there are.

`Stasis:<number>@<application>` is that of the number: the agent's whom it reaches, or that it is there. A pattern in
the dialplan watches it (`[lamps]` in extensions.conf). `Stasis:<agent>` is for hints that somebody wrote by hand:
`exten => 1001,hint,Stasis:alice`; and `Stasis:queue:sales`; `Stasis:voicemail:support` is on while messages wait there.
"""

import re
from collections.abc import Mapping

from ari_app.ari.client import AriClient
from ari_app.ari.device_states import DeviceStates
from ari_app.ari.waits import Wait, at_once
from ari_app.routing.targets import Target

_LAMPS = {
    "logged_out": "UNAVAILABLE",
    "not_ready": "BUSY",
    "ready": "NOT_INUSE",
    "reserved": "RINGING",
    "ringing": "RINGING",
    "on_call": "INUSE",
    "wrap_up": "BUSY",
}
_REACHED = "NOT_INUSE"
"""Of a number that reaches no single agent, unless that is closed."""
WRITTEN = "numbers"
"""Its device state tells the dialplan that all numbers have been written since this Asterisk forgot them."""
_DIALLED = re.compile(r"\+?[0-9*#]{1,32}")


def lamp_of(state: str, *, reachable: bool, in_use: bool = False) -> str:
    """Asterisk's device state for an agent's state, and for their phone's where they are ready and it can't ring."""
    if in_use:
        return "INUSE" if state == "ready" else _LAMPS[state]
    return _LAMPS[state] if reachable else "UNAVAILABLE"


class Lamps:
    """Shows the newest state of each agent, and which numbers there are; what could not be shown is shown when Asterisk
    is back (`show_all`). What is over within a `pause` is shown on none."""

    def __init__(self, client: AriClient, application: str, pause: Wait = at_once) -> None:
        self._at = f"@{application}"
        self._states = DeviceStates(client, ours=self._is_ours, pause=pause)
        self._lamps: dict[str, str] = {}
        self._numbers: Mapping[str, str] = {}
        self._number_of: dict[str, str] = {}

    def _is_ours(self, name: str) -> bool:
        number, at, _ = name.partition(self._at)
        return name.endswith(self._at) and at != "" and _DIALLED.fullmatch(number) is not None

    def numbers(self, numbers: Mapping[str, str]) -> None:
        """From now on these are dialled inside, each with the agent, or the target, that it reaches."""
        before, self._numbers = self._numbers, {n: a for n, a in numbers.items() if _DIALLED.fullmatch(n)}
        self._number_of = {whose: number for number, whose in self._numbers.items()}
        for number in before.keys() - self._numbers.keys():
            self._states.drop(f"{number}{self._at}")
        for number, whose in self._numbers.items():
            otherwise = _REACHED if ":" in whose else None
            self._states.keep(f"{number}{self._at}", self._lamps.get(whose, otherwise))
        self._states.keep(f"{WRITTEN}{self._at}", _REACHED)

    def show(self, agent: str, lamp: str) -> None:
        """From now on this agent's lamp is so."""
        self._lamps[agent] = lamp
        if (number := self._number_of.get(agent)) is not None:
            self._states.keep(f"{number}{self._at}", lamp)
        self._states.keep(agent, lamp)

    def show_opening(self, target: Target, opened: bool) -> None:
        """From now on the lamp of what may be closed is so: on where it is."""
        self.show(str(target), "NOT_INUSE" if opened else "INUSE")

    def show_messages(self, unheard: Mapping[str, int]) -> None:
        """From now on so many messages in each box are unheard: its lamp is on where there are any."""
        for box, number in unheard.items():
            self._states.keep(f"voicemail:{box}", "INUSE" if number else "NOT_INUSE")

    def show_all(self) -> None:
        """Asterisk has been connected anew: it may know nothing of them."""
        self._states.connected()

    def close(self) -> None:
        """Show nothing any more."""
        self._states.close()
