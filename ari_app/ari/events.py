"""Asterisk's events become facts: each of a leg once, in order.

Owns what was already reported of each leg. No I/O.

How a leg's end is known: `ChannelDestroyed` carries the true cause. A leg that was up is reported gone at its
`StasisEnd`, some milliseconds earlier (and the only one, should Asterisk keep the channel in the dialplan); one that
never was up waits for the cause, for what becomes of the call depends on it.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, assert_never

import structlog
from pydantic import ValidationError

from ari_app.ari.devices import user_of
from ari_app.ari.messages import (
    CHANNELS,
    CREATED,
    DATA_PREFIX,
    DIALLED,
    ENTRY,
    EVENT,
    FAR_HALF,
    PRESENTATION,
    USED,
    Channel,
    ChannelCallerId,
    ChannelDestroyed,
    ChannelDtmfReceived,
    ChannelHangupRequest,
    ChannelHold,
    ChannelStateChange,
    ChannelTalkingFinished,
    ChannelTalkingStarted,
    ChannelTransfer,
    ChannelUnhold,
    ChannelVarset,
    Dial,
    Event,
    LiveRecording,
    PlaybackFinished,
    RecordingFailed,
    RecordingFinished,
    RecordingStarted,
    StasisEnd,
    StasisStart,
    local_name_of,
)
from ari_app.calls.model import DEAD, LegId
from ari_app.calls.stimuli import (
    AnnouncementFinished,
    AsteriskFact,
    ChannelArrived,
    ChannelFact,
    LegAnswered,
    LegCreated,
    LegDigit,
    LegGone,
    LegHeldByPhone,
    LegIdentified,
    LegRetrievedByPhone,
    LegRinging,
    LegTalking,
    RecorderEnded,
    TransferRequested,
)

log = structlog.get_logger(__name__)

NORMAL = 16
_NOTES = (ENTRY, DIALLED)
ENDED = 64
REPLACING = "replaced"
"""Verb of a channel that Asterisk itself put in a leg's place (a phone's REFER); its arguments are that leg, and what
the two halves of such a channel share: where two legs are replaced at once, they belong together."""


@dataclass(slots=True)
class _Seen:
    """What was reported of a leg. `ours`: we created it. `held_by_phone`: None until that is known."""

    ours: bool
    entered: bool = True
    ringing: bool = False
    up: bool = False
    held_by_phone: bool | None = False
    cause: int = 0
    endpoint: str = ""


class Translator:
    """Facts of one application's events.

    `created`: how the names of channels that we make begin. `dropped` counts events that are not used, by type.
    """

    def __init__(self, application: str, created: str = "cc-") -> None:
        self._application = application
        self._created = created
        self._legs: dict[LegId, _Seen] = {}
        self._data: dict[LegId, dict[str, str]] = {}
        self._notes: dict[LegId, dict[str, str]] = {}
        self._ended: dict[str, None] = {}
        self.dropped: Counter[str] = Counter()
        self._warned = False

    def expect(self, leg: LegId) -> None:
        """We are about to create this leg: its end is reported even if it never enters the application."""
        self._legs.setdefault(leg, _Seen(ours=True, entered=False))

    def forget(self, leg: LegId) -> None:
        """It could not be created."""
        self._legs.pop(leg, None)

    def endpoint(self, leg: LegId) -> str:
        """The account through which it speaks; empty where that is not known."""
        return self._legs[leg].endpoint if leg in self._legs else ""

    def has(self, leg: LegId) -> bool:
        """Whether it is in our application, or created by us."""
        return leg in self._legs

    def facts(self, event: Mapping[str, Any]) -> list[AsteriskFact]:
        """What one event says; mostly one fact or none."""
        kind = str(event.get("type"))
        if kind not in USED:
            self.dropped[kind] += 1
            return []
        if kind == "ChannelVarset" and not str(event.get("variable")).startswith((DATA_PREFIX, *_NOTES)):
            return []
        try:
            return self._translate(EVENT.validate_python(event))
        except ValidationError as error:
            self.dropped[kind] += 1
            log.warning("asterisk_event_malformed", type=kind, errors=error.error_count())
            return []

    def _translate(self, event: Event) -> list[AsteriskFact]:  # noqa: C901 - a flat table of all events
        match event:
            case StasisStart():
                return self._entered(event)
            case StasisEnd(channel=channel):
                seen = self._legs.get(channel.id)
                # One that never was up: its ChannelDestroyed brings the cause.
                return [] if seen is None or (seen.ours and not seen.up) else self._gone(channel.id, 0)
            case ChannelDestroyed(channel=channel, cause=cause):
                self._data.pop(channel.id, None)
                self._notes.pop(channel.id, None)
                return self._gone(channel.id, cause)
            case ChannelHangupRequest(channel=channel):
                if (seen := self._legs.get(channel.id)) is not None:
                    seen.cause = DEAD if event.dead else seen.cause if event.soft else event.cause
                return []
            case ChannelStateChange(channel=channel):
                return self._state(channel.id, ringing=channel.state == "Ringing", up=channel.state == "Up")
            case Dial(peer=peer, dialstatus=status):
                return self._state(peer.id, ringing=status in ("RINGING", "PROGRESS"), up=status == "ANSWER")
            case ChannelHold() | ChannelUnhold():
                return self._hold_key(event)
            case ChannelCallerId(channel=channel):
                return (
                    [LegIdentified(channel.id, channel.identity, channel.withheld)] if channel.id in self._legs else []
                )
            case ChannelDtmfReceived(channel=channel, digit=digit):
                return [LegDigit(channel.id, digit)] if channel.id in self._legs else []
            case ChannelTalkingStarted(channel=channel) | ChannelTalkingFinished(channel=channel):
                started = isinstance(event, ChannelTalkingStarted)
                return [LegTalking(channel.id, started)] if channel.id in self._legs else []
            case ChannelTransfer():
                return self._transfer(event)
            case PlaybackFinished(playback=playback):
                kind, _, target = playback.target_uri.partition(":")
                return [AnnouncementFinished(target, playback.id)] if kind == "channel" else []
            case RecordingFinished(recording=recording) | RecordingFailed(recording=recording):
                return self._recorder_ended(recording, failed=isinstance(event, RecordingFailed))
            case RecordingStarted(recording=recording):
                self._ended.pop(recording.name, None)
                return []
            case ChannelVarset(variable=variable, value=value, channel=target):
                if target is not None and variable in _NOTES:
                    self._notes.setdefault(target.id, {})[variable] = value
                elif target is not None:
                    self._data.setdefault(target.id, {})[_key(variable)] = value
                return []
            case _:
                assert_never(event)

    def _entered(self, event: StasisStart) -> list[AsteriskFact]:
        leg = event.channel.id
        seen = self._legs.get(leg)
        if seen is not None and seen.entered:
            return []
        if event.replace_channel is not None:
            # Its arguments are those of the channel whose place it took.
            self._legs[leg] = _Seen(ours=False, up=True, endpoint=event.channel.endpoint)
            return [
                self._arrived(event.channel, (REPLACING, event.replace_channel.id, local_name_of(event.channel.name)))
            ]
        if event.args[:1] == (CREATED,):
            self._legs[leg] = _Seen(ours=True, endpoint=event.channel.endpoint)
            return [LegCreated(leg)]
        self._legs[leg] = _Seen(ours=False, endpoint=event.channel.endpoint)
        return [self._arrived(event.channel, event.args)]

    def _arrived(self, channel: Channel, arguments: tuple[str, ...]) -> ChannelArrived:
        listed = {
            _key(name): value for name, value in channel.channelvars.items() if name.startswith(DATA_PREFIX) and value
        }
        if PRESENTATION not in channel.channelvars and not self._warned:
            self._warned = True
            log.warning("withheld_identities_unknown", advice=f"ari.conf: channelvars = {PRESENTATION}")
        notes = self._notes.get(channel.id, {})
        return ChannelArrived(
            leg=channel.id,
            endpoint=user_of(channel.endpoint),
            entry_verb=arguments[0] if arguments else "",
            args=arguments[1:],
            caller=channel.identity,
            withheld=channel.withheld,
            user_data={**listed, **self._data.get(channel.id, {})},
            dialled=notes.get(DIALLED, ""),
            entry=notes.get(ENTRY) or f"{channel.dialplan.context} {channel.dialplan.exten}".strip(),
            via=channel.id.removesuffix(FAR_HALF) if channel.id.endswith(FAR_HALF) else None,
        )

    def _state(self, leg: LegId, *, ringing: bool, up: bool) -> list[AsteriskFact]:
        """Ringing and answered come twice, by ChannelStateChange and by Dial, in either order."""
        seen = self._legs.get(leg)
        if seen is None or seen.up:
            return []
        if up:
            seen.up = True
            return [LegAnswered(leg)] if seen.ours else []
        if ringing and seen.ours and not seen.ringing:
            seen.ringing = True
            return [LegRinging(leg)]
        return []

    def _recorder_ended(self, recording: LiveRecording, *, failed: bool) -> list[AsteriskFact]:
        """Reported twice, of the recorder's channel and of its bridge, before the same file can be begun again."""
        if recording.name in self._ended:
            return []
        self._ended[recording.name] = None
        while len(self._ended) > ENDED:
            del self._ended[next(iter(self._ended))]
        if not recording.target_uri.startswith("channel:"):
            return [RecorderEnded(recording.name)]
        seconds = recording.duration
        return [RecorderEnded(recording.name, seconds, recording.talking_duration, failed or seconds is None)]

    def holds(self, leg: LegId, held: bool) -> list[AsteriskFact]:
        """Whether this leg's phone has it on hold, as queried after a listing; what was reported since is newer."""
        seen = self._legs.get(leg)
        if seen is None or seen.held_by_phone is not None:
            return []
        seen.held_by_phone = held
        return [LegHeldByPhone(leg) if held else LegRetrievedByPhone(leg)]

    def _hold_key(self, event: ChannelHold | ChannelUnhold) -> list[AsteriskFact]:
        """HOLD_INTERCEPT on a leg tells of its PEER's key as if it were its own, but without a class of music
        (func_holdintercept.c). A release has none either; it counts only after a hold of that very leg.
        """
        leg = event.channel.id
        seen = self._legs.get(leg)
        if seen is None:
            return []
        if isinstance(event, ChannelHold):
            if seen.held_by_phone or event.musicclass == "N/A":
                return []
            seen.held_by_phone = True
            return [LegHeldByPhone(leg)]
        if seen.held_by_phone is False:
            return []
        seen.held_by_phone = False
        return [LegRetrievedByPhone(leg)]

    def _transfer(self, event: ChannelTransfer) -> list[AsteriskFact]:
        leg, to = event.referred_by.source_channel.id, event.refer_to
        if leg not in self._legs or event.state is not None:
            return []
        other = to.destination_channel.id if to.destination_channel is not None else None
        wanted = to.requested_destination
        return [TransferRequested(leg, wanted.destination, wanted.protocol_id is not None, other)]

    def _gone(self, leg: LegId, cause: int) -> list[AsteriskFact]:
        seen = self._legs.pop(leg, None)
        if seen is None:
            return []
        return [LegGone(leg, cause or seen.cause or NORMAL)]

    def listed(self, channels: Iterable[Mapping[str, Any]]) -> tuple[ChannelFact, ...]:
        """All channels of Asterisk, requested after a new connection; what was known before counts no more."""
        self._legs = {}
        self._ended.clear()  # whether it runs again, and ends again, was not reported
        facts = []
        for channel in CHANNELS.validate_python(list(channels)):
            arguments = channel.stasis_arguments(self._application)
            arrived = None
            if arguments is not None:
                ours = arguments[:1] == (CREATED,)
                up, ringing = channel.state == "Up", channel.state == "Ringing"
                self._legs[channel.id] = _Seen(ours=ours, ringing=ringing, up=up, held_by_phone=None if up else False)
                self._legs[channel.id].endpoint = channel.endpoint
                arrived = None if ours else self._arrived(channel, arguments)
            elif channel.id.startswith(self._created) and not channel.id.endswith(FAR_HALF):
                self.expect(channel.id)  # it has not entered yet, or left: either way it will end
            facts.append(
                ChannelFact(
                    leg=channel.id,
                    up=channel.state == "Up",
                    ringing=channel.state == "Ringing",
                    in_app=arguments is not None,
                    arrived=arrived,
                )
            )
        there = {fact.leg for fact in facts}
        self._data = {leg: data for leg, data in self._data.items() if leg in there}
        self._notes = {leg: notes for leg, notes in self._notes.items() if leg in there}
        return tuple(facts)


def _key(variable: str) -> str:
    return variable.removeprefix(DATA_PREFIX).lower()
