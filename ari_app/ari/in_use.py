"""Which phones are in use past call control: dialled directly or by the dialplan, in an emergency, in an echo test.

Read from the events that come anyway, of which `Dial` names both ends: a subscription to device states may lock
Asterisk up (issue 2170), one to endpoints sends every event again. A channel is call control's own if we created it or
if it came into our application, and then for good: what is left of it when it goes back to the dialplan is its end.

A phone that dials is answered by the dialplan some time before it is handed to us (0.5 s while it sends no audio):
GRACE passes before that is taken for a use past us. What was taken for one and comes to us later (an announcement was
played first) stays one until it ends, so that nobody is reported as free in between.

Not seen is a phone that hears something of the dialplan without being answered.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from ari_app.ari.messages import endpoint_of

GRACE = 1.0
_EVENTS = frozenset({"StasisStart", "ChannelStateChange", "Dial", "ChannelDestroyed"})
_TECHNOLOGY = "PJSIP/"
# What a channel does that the dialplan connects with another.
_DIALLING = frozenset({"Dial", "AppDial"})

# The context of extensions.conf that emergency calls go through.
EMERGENCY = "emergency"

type OnPhoneInUse = Callable[[str, bool], None]
type OnEmergency = Callable[[str, str], None]
type Json = Mapping[str, Any]


class Timer(Protocol):
    """What can be called off."""

    def cancel(self) -> None:
        """Call it off."""


def later(seconds: float, do: Callable[[], None]) -> Timer:
    """Do it after so many seconds, in the running loop."""
    return asyncio.get_running_loop().call_later(seconds, do)


def _application(channel: Json) -> str:
    return str((channel.get("dialplan") or {}).get("app_name", ""))


class PhonesInUse:
    """Tells `on_phone(user, in_use)` of each change, and `on_emergency(user, number)` of each that is dialled.

    `prefix` begins the ids of what we create; `is_ours` says whether a channel is in our application now.
    """

    def __init__(
        self,
        prefix: str,
        is_ours: Callable[[str], bool],
        on_phone: OnPhoneInUse,
        later: Callable[[float, Callable[[], None]], Timer] = later,
        on_emergency: OnEmergency = lambda user, number: None,
    ) -> None:
        self._on_emergency = on_emergency
        self._prefix = prefix
        self._is_ours = is_ours
        self._on_phone = on_phone
        self._later = later
        self._ours: set[str] = set()
        self._undecided: dict[str, Timer] = {}
        # the phones of the channels that are past us, and how many each has
        self._users: dict[str, str] = {}
        self._uses: Counter[str] = Counter()

    def event(self, event: Json) -> None:
        """Take note of one event."""
        kind = event.get("type")
        if kind not in _EVENTS:
            return
        if kind == "Dial":
            # Its end may come after that of a channel, which would then never be heard of again.
            if not event.get("dialstatus"):
                self._in_emergency(event.get("caller") or {})
                for end in ("caller", "peer"):
                    self._dials(event.get(end) or {})
            return
        channel = event.get("channel") or {}
        if kind == "StasisStart":
            self._entered(channel)
        elif kind == "ChannelDestroyed":
            self._gone(channel)
        elif channel.get("state") == "Ringing":
            self._dials(channel)
        elif channel.get("state") == "Up":
            self._is_up(channel)

    def listed(self, channels: Iterable[Json]) -> None:
        """All channels there are, after a new connection: what happened meanwhile was not reported."""
        there = {str(channel["id"]): channel for channel in channels}
        self._ours &= there.keys()
        for gone in (self._users.keys() | self._undecided.keys()) - there.keys():
            self._gone({"id": gone})
        for channel in there.values():
            if self._is_ours(str(channel["id"])):
                self._entered(channel)
            elif channel.get("state") in ("Up", "Ring") and _application(channel) not in _DIALLING:
                self._is_up(channel)
            else:
                self._dials(channel)

    def close(self) -> None:
        """Tell nothing any more."""
        for timer in self._undecided.values():
            timer.cancel()
        self._undecided.clear()

    def _in_emergency(self, caller: Json) -> None:
        dialled = caller.get("dialplan") or {}
        if dialled.get("context") == EMERGENCY:
            self._on_emergency(endpoint_of(str(caller.get("name", ""))), str(dialled.get("exten", "")))

    def _known(self, channel: Json) -> bool:
        """Whether nothing is to be learnt about it: it is no phone, or decided."""
        name = str(channel.get("id", ""))
        if name in self._ours or name in self._users or name.startswith(self._prefix):
            return True
        return not str(channel.get("name", "")).startswith(_TECHNOLOGY)

    def _entered(self, channel: Json) -> None:
        if not self._known(channel):
            self._decide_no_more(channel)
            self._ours.add(str(channel["id"]))

    def _dials(self, channel: Json) -> None:
        """It dials, or is dialled, and not by us."""
        if not self._known(channel):
            self._decide_no_more(channel)
            self._is_in_use(channel)

    def _is_up(self, channel: Json) -> None:
        name = str(channel.get("id", ""))
        if name not in self._undecided and not self._known(channel):
            self._undecided[name] = self._later(GRACE, lambda: self._dials(channel))

    def _decide_no_more(self, channel: Json) -> None:
        timer = self._undecided.pop(str(channel["id"]), None)
        if timer is not None:
            timer.cancel()

    def _is_in_use(self, channel: Json) -> None:
        user = endpoint_of(str(channel["name"]))
        self._users[str(channel["id"])] = user
        self._uses[user] += 1
        if self._uses[user] == 1:
            self._on_phone(user, True)

    def _gone(self, channel: Json) -> None:
        name = str(channel.get("id", ""))
        self._ours.discard(name)
        self._decide_no_more({"id": name})
        user = self._users.pop(name, None)
        if user is None:
            return
        self._uses[user] -= 1
        if not self._uses[user]:
            del self._uses[user]
            self._on_phone(user, False)
