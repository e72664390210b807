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
from typing import Any, Literal, Protocol, get_args

from pydantic import BaseModel, ConfigDict, ValidationError

from ari_app.ari.messages import CHANNELS, Channel

GRACE = 1.0
_TECHNOLOGY = "PJSIP/"
# What a channel does that the dialplan connects with another.
_DIALLING = frozenset({"Dial", "AppDial"})

# The context of extensions.conf that emergency calls go through.
EMERGENCY = "emergency"

type _Kind = Literal["StasisStart", "ChannelStateChange", "Dial", "ChannelDestroyed"]
_EVENTS = frozenset(get_args(_Kind.__value__))

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


class _Event(BaseModel):
    """What is looked at of an event: a `Dial` has both ends, where there is somebody who dials; others a channel."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    type: _Kind
    dialstatus: str = ""
    caller: Channel | None = None
    peer: Channel | None = None
    channel: Channel | None = None


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
        """Take note of one event. What is no such event, or malformed, says nothing of a phone."""
        if str(event.get("type")) not in _EVENTS:
            return
        try:
            reported = _Event.model_validate(event)
        except ValidationError:
            return
        if reported.type == "Dial":
            # Its end may come after that of a channel, which would then never be heard of again.
            if not reported.dialstatus:
                self._in_emergency(reported.caller)
                for end in (reported.caller, reported.peer):
                    self._dials(end)
        elif (channel := reported.channel) is None:
            return
        elif reported.type == "StasisStart":
            self._entered(channel)
        elif reported.type == "ChannelDestroyed":
            self._gone(channel.id)
        elif channel.state == "Ringing":
            self._dials(channel)
        elif channel.state == "Up":
            self._is_up(channel)

    def listed(self, channels: Iterable[Json]) -> None:
        """All channels there are, after a new connection: what happened meanwhile was not reported."""
        there = {channel.id: channel for channel in CHANNELS.validate_python(list(channels))}
        self._ours &= there.keys()
        for gone in (self._users.keys() | self._undecided.keys()) - there.keys():
            self._gone(gone)
        for channel in there.values():
            if self._is_ours(channel.id):
                self._entered(channel)
            elif channel.state in ("Up", "Ring") and channel.dialplan.app_name not in _DIALLING:
                self._is_up(channel)
            else:
                self._dials(channel)

    def close(self) -> None:
        """Tell nothing any more."""
        for timer in self._undecided.values():
            timer.cancel()
        self._undecided.clear()

    def _in_emergency(self, caller: Channel | None) -> None:
        if caller is not None and caller.dialplan.context == EMERGENCY:
            self._on_emergency(caller.endpoint, caller.dialplan.exten)

    def _known(self, channel: Channel) -> bool:
        """Whether nothing is to be learnt about it: it is no phone, or decided."""
        if channel.id in self._ours or channel.id in self._users or channel.id.startswith(self._prefix):
            return True
        return not channel.name.startswith(_TECHNOLOGY)

    def _entered(self, channel: Channel) -> None:
        if not self._known(channel):
            self._decide_no_more(channel.id)
            self._ours.add(channel.id)

    def _dials(self, channel: Channel | None) -> None:
        """It dials, or is dialled, and not by us."""
        if channel is not None and not self._known(channel):
            self._decide_no_more(channel.id)
            self._is_in_use(channel)

    def _is_up(self, channel: Channel) -> None:
        if channel.id not in self._undecided and not self._known(channel):
            self._undecided[channel.id] = self._later(GRACE, lambda: self._dials(channel))

    def _decide_no_more(self, channel: str) -> None:
        timer = self._undecided.pop(channel, None)
        if timer is not None:
            timer.cancel()

    def _is_in_use(self, channel: Channel) -> None:
        user = channel.endpoint
        self._users[channel.id] = user
        self._uses[user] += 1
        if self._uses[user] == 1:
            self._on_phone(user, True)

    def _gone(self, channel: str) -> None:
        self._ours.discard(channel)
        self._decide_no_more(channel)
        user = self._users.pop(channel, None)
        if user is None:
            return
        self._uses[user] -= 1
        if not self._uses[user]:
            del self._uses[user]
            self._on_phone(user, False)
