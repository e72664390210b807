"""Effects become requests: what Asterisk must be sent for each, and which of its refusals mean "done".

Owns what was requested of each leg as far as a request depends on it: its muting, whether it was dialled, what it
plays. Order and parallelism are the executor's. Measured on Asterisk 22.10.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import assert_never

from ari_app.ari.bridge_media import BridgeMedia
from ari_app.ari.client import AriClient
from ari_app.ari.failures import AriError, ChannelGone, Conflict, NotFound, Unprocessable, Unreachable
from ari_app.ari.following import is_one, keeps_order
from ari_app.ari.joins import Joins
from ari_app.ari.leg_sounds import LegSounds
from ari_app.ari.messages import CREATED, FAR_HALF
from ari_app.ari.places import Places
from ari_app.ari.unsent import Unsent
from ari_app.ari.variables import PROGRESS, TRANSFER_KEY, created_with, detection, shown_now, switches
from ari_app.ari.voicemail import Messages
from ari_app.ari.waits import Wait, at_once
from ari_app.calls.effects import (
    Announce,
    AnswerLeg,
    AsteriskEffect,
    CreateBridge,
    CreateLeg,
    CreateSnoop,
    DestroyBridge,
    DetectTalk,
    DialLeg,
    HangUp,
    JoinBridge,
    LeaveBridge,
    OnRecording,
    PlayDtmf,
    PlayToBridge,
    PromptStopper,
    RecordMessage,
    SetMute,
    ShowIdentity,
    StartMusic,
    StartRinging,
    StartSilence,
    StopMusic,
    StopRinging,
    StopSilence,
    StopsPrompts,
    TakeTransferKey,
    TellTransfer,
)
from ari_app.calls.model import BridgeId, Destination, DialplanEntry, LegId, Outside, Phone

_TRUE = frozenset({"yes", "true"})
# DTMF events don't come from a two-party bridge without it.
BRIDGE_TYPE = "mixing,dtmf_events"
_DIGIT_SENT = "CALL_CONTROL_DIGIT"
DTMF_MS = 100
DTMF_GAP_MS = 100
RINGS_WITHIN = 1.0
"""Seconds in which a phone that was dialled rings: whether it was can be read nowhere, and a second dial before that
ends the first, as if nobody could be reached. A network that takes longer is not waited for."""
STOPS = 10
STOP_AGAIN = 0.02


@dataclass(slots=True)
class _Requested:
    """What was last requested of a leg. `muted` (nobody hears, hears nobody) is None when that is unknown; `perhaps`
    it was dialled, and is to be dialled again."""

    muted: tuple[bool, bool] | None = None
    dialled: bool = False
    perhaps: bool = False
    playing: set[str] = field(default_factory=set)
    announced: set[str] = field(default_factory=set)


class Requests:
    """Carries effects out, one at a time per leg. `routing_context` holds the administrator's routing points.

    `endpoint(user)` is what is dialled to ring an agent's phone. `on_place(leg, place)` is called before a leg is
    created to whose account another phone has registered, at `place`; `on_recorded(recording)` of a message that was
    over before it was requested again.
    """

    def __init__(
        self,
        client: AriClient,
        application: str,
        routing_context: str = "routing-points",
        on_place: Callable[[LegId, str], None] = lambda leg, place: None,
        endpoint: Callable[[str], str] = lambda user: user,
        on_recorded: Callable[[str], None] = lambda recording: None,
        kept: Wait = at_once,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._sleep = sleep
        self._client = client
        self._messages = Messages(client, on_recorded)
        self._places = Places(client, on_place, endpoint)
        self._endpoint_of = endpoint
        self._application = application
        self._routing_context = routing_context
        self._requested: dict[LegId, _Requested] = {}
        self._bridge_media = BridgeMedia(client, kept)
        self.joins = Joins()
        self.unsent = Unsent(self.joins, self._is_deaf)
        self._sounds = LegSounds(client, self.joins)

    async def perform(self, effect: AsteriskEffect) -> None:
        """Do it; returns when Asterisk has answered.

        Raises:
            AriError: Asterisk refused. ChannelGone where the leg isn't there any more.
        """
        match effect:
            case CreateBridge(bridge=bridge):
                await self._create_bridge(bridge)
            case DestroyBridge(bridge=bridge):
                await self._unless_gone("bridges", "destroy", bridgeId=bridge)
                self._bridge_media.forget(bridge)
            case OnRecording() | PlayToBridge():
                await self._bridge_media.perform(effect)
            case CreateLeg():
                await self._create_leg(effect)
            case CreateSnoop():
                await self._create_snoop(effect)
            case HangUp(leg=leg, answered_elsewhere=elsewhere):
                reason = "answered_elsewhere" if elsewhere else "normal"
                await self._unless_gone("channels", "hangup", channelId=leg, reason=reason)
            case DialLeg(leg=leg):
                await self._dial(leg)
            case Announce(leg=leg, announcement=announcement, sounds=sounds):
                await self._announce(leg, announcement, sounds)
            case PlayDtmf(leg=leg, digits=digits):
                await self._play_dtmf(leg, digits)
            case TakeTransferKey(leg=leg):
                await self._set_variables(leg, TRANSFER_KEY)
            case TellTransfer(leg=leg, state=state):
                await self._tell_transfer(leg, PROGRESS[state])
            case StopsPrompts():
                await self.stop_playing(effect.leg)
                await self._on_leg(effect)
            case _:
                assert_never(effect)

    def may_follow(self, effect: AsteriskEffect, unanswered: Sequence[AsteriskEffect]) -> bool:
        """Whether it may be sent before these of the same leg are answered. See `following`."""
        if not isinstance(effect, StopsPrompts | DialLeg) or not keeps_order(effect, unanswered):
            return False
        requested = self._requested.get(effect.leg) or _Requested()
        return not requested.playing and is_one(effect, requested.muted, self._sets_all, self._sounds.may_be_lost)

    async def _on_leg(self, effect: PromptStopper) -> None:
        leg = effect.leg
        match effect:
            case AnswerLeg():
                await self._channel(leg, "answer")
            case JoinBridge(bridge=bridge):
                self.joins.moves(leg)
                # Out of any other bridge Asterisk takes it itself. Without the inhibition each party's identity is
                # written over what we want shown to the others: pre-bridged legs are rung as "Anonymous".
                await self._client.call(
                    "bridges", "addChannel", bridgeId=bridge, channel=leg, inhibitConnectedLineUpdates=True
                )
                self.joins.joined(leg, bridge)
                self.unsent.came_in(leg, bridge)
            case LeaveBridge(bridge=bridge):
                self.joins.moves(leg)
                await self._leave(leg, bridge)
            case SetMute(nobody_hears=nobody_hears, hears_nobody=hears_nobody):
                await self._mute(leg, nobody_hears, hears_nobody)
                self.unsent.hears(leg)
            case StartMusic() | StopMusic() | StartRinging() | StopRinging() | StartSilence() | StopSilence():
                await self._sounds.perform(effect)
            case ShowIdentity(identity=identity):
                await self._set_variables(leg, shown_now(identity))
            case DetectTalk(pause=pause):
                await self._set_variables(leg, detection(pause))
            case RecordMessage():
                await self._messages.record(effect)
            case _:
                assert_never(effect)

    # -- bridges ------------------------------------------------------------------------------------------------------

    async def _create_bridge(self, bridge: str) -> None:
        try:
            await self._client.call("bridges", "createWithId", bridgeId=bridge, type=BRIDGE_TYPE)
        except Conflict:
            # Run a second time, or refused for another reason after some 409: only looking tells.
            await self._client.call("bridges", "get", bridgeId=bridge)

    async def _leave(self, leg: LegId, bridge: str) -> None:
        try:
            await self._client.call("bridges", "removeChannel", bridgeId=bridge, channel=leg)
        except ChannelGone:
            raise
        except (NotFound, Unprocessable):
            return  # no such bridge, or the leg isn't in it

    # -- legs ---------------------------------------------------------------------------------------------------------

    async def _create_leg(self, effect: CreateLeg) -> None:
        other = {"otherChannelId": effect.leg + FAR_HALF} if isinstance(effect.destination, DialplanEntry) else {}
        variables = created_with(
            effect.destination,
            effect.identity,
            auto_answer=effect.auto_answer,
            transfer_key=effect.transfer_key,
            asserted=await self._asserted(effect),
        )
        try:
            async with self._places.first(effect, list(reversed(self._requested))) as destination:
                await self._client.call(
                    "channels",
                    "create",
                    endpoint=self._endpoint(destination),
                    app=self._application,
                    appArgs=f"{CREATED},{effect.call}",
                    channelId=effect.leg,
                    variables=variables,
                    **other,
                )
        except Conflict as conflict:
            # After one 409 Asterisk answers later failures with 409 too: only looking tells.
            try:
                await self._client.call("channels", "get", channelId=effect.leg)
            except NotFound:
                raise AriError(conflict.status, "the channel could not be created") from conflict
            return
        self._requested[effect.leg] = _Requested(muted=(False, False))

    async def _asserted(self, effect: CreateLeg) -> str:
        """The number that the trunk gets of somebody who is not to be shown; none where it is not trusted with it.

        Asterisk then leaves out `Privacy: id` along with the number, and twice it must not be: RFC 3323.
        """
        if not effect.asserted or not isinstance(effect.destination, Outside):
            return effect.asserted
        trunk = await self._client.configured("endpoint", effect.destination.trunk)
        return effect.asserted if trunk.get("trust_id_outbound") in _TRUE else ""

    async def _create_snoop(self, effect: CreateSnoop) -> None:
        """Both directions of what `of` hears and says. A second one of the same id is refused with 500."""
        try:
            await self._client.call(
                "channels",
                "snoopChannelWithId",
                channelId=effect.of,
                snoopId=effect.leg,
                spy="both",
                whisper="out" if effect.whisper else "none",
                app=self._application,
                appArgs=f"{CREATED},{effect.call}",
            )
        except AriError as error:
            try:
                await self._client.call("channels", "get", channelId=effect.leg)
            except NotFound:
                # Not gone: no event would ever tell the end of a channel that never was.
                raise AriError(error.status, f"no snoop: {error.message}") from error
        self._requested[effect.leg] = _Requested(muted=(False, False))

    def _endpoint(self, destination: Destination) -> str:
        match destination:
            case Phone(user=user, place=place):
                endpoint = self._endpoint_of(user)
                return f"PJSIP/{endpoint}" if place is None else f"PJSIP/{endpoint}/{place}"
            case Outside(number=number, trunk=trunk):
                return f"PJSIP/{number}@{trunk}"
            case DialplanEntry(number=number):
                return f"Local/{number}@{self._routing_context}/n"
            case _:
                assert_never(destination)

    async def _dial(self, leg: LegId) -> None:
        """Without `timeout`: with one Asterisk sets a timer each time that the leg is dialled or joins a bridge, and
        dies where the leg leaves that just then (22.10.1: `set_interval_hook` of res/stasis/control.c takes a lock of
        what `bridge_channel_depart_thread` has just given back).
        """
        requested = self._requested.setdefault(leg, _Requested())
        if requested.dialled:
            return  # a second dial before the phone rings would hang it up
        if requested.perhaps:
            await self._sleep(RINGS_WITHIN)  # once it rings, a second one is refused
        try:
            await self._channel(leg, "dial")
        except (Unreachable, asyncio.CancelledError):
            requested.perhaps = True
            raise
        except Conflict as conflict:
            if "down" not in conflict.message.lower():
                raise
            # It rings or is up: dialled before, by a process that is no more.
        # Only now: what was lost on the way to Asterisk has to be requested again, or nobody is ever rung.
        requested.dialled = True

    async def _mute(self, leg: LegId, nobody_hears: bool, hears_nobody: bool) -> None:
        """Asterisk has two switches, `in` (nobody hears) and `out` (hears nobody). First on, then off: while it
        changes nobody hears more than they may. One request where it is known what was before.
        """
        requested = self._requested.setdefault(leg, _Requested())
        before, requested.muted = requested.muted, None
        wanted = (nobody_hears, hears_nobody)
        on, off = switches(before, wanted)
        if on is not None:
            await self._channel(leg, "mute", direction=on)
        if off is not None:
            await self._channel(leg, "unmute", direction=off)
        requested.muted = wanted

    async def _announce(self, leg: LegId, announcement: str, sounds: tuple[str, ...]) -> None:
        requested = self._requested.setdefault(leg, _Requested())
        if announcement in requested.announced:
            return  # Asterisk would play it twice
        await self.stop_playing(leg)  # it would wait for the end of the one before
        requested.announced.add(announcement)
        requested.playing.add(announcement)
        try:
            await self._channel(leg, "playWithId", playbackId=announcement, media=list(sounds))
        except AriError:
            requested.playing.discard(announcement)
            requested.announced.discard(announcement)
            raise

    async def _play_dtmf(self, leg: LegId, digits: str) -> None:
        """One by one: Asterisk does nothing else with the channel while it sends, and hold and mute shall not wait for
        the last digit.
        """
        await self.stop_playing(leg)
        for digit in digits:
            await self._channel(leg, "sendDTMF", dtmf=digit, duration=DTMF_MS, between=DTMF_GAP_MS)
            # That only queues the digit. To set a variable waits for its turn after it, and harms nothing: to answer a
            # leg that is up would as well, but ends any music (main/channel.c: ast_raw_answer indicates -1).
            await self._channel(leg, "setChannelVar", variable=_DIGIT_SENT, value="yes")

    async def stop_playing(self, leg: LegId) -> None:
        """End the announcements of a leg, if any; AnnouncementFinished follows for each."""
        requested = self._requested.get(leg)
        while requested is not None and requested.playing:
            await self._stop(requested.playing.pop())

    async def _stop(self, playback: str) -> None:
        """Some microseconds after it has begun one can't be stopped yet (res_stasis_playback.c: controllable)."""
        for attempt in range(STOPS):
            try:
                await self._unless_gone("playbacks", "stop", playbackId=playback)
            except AriError as error:
                if error.status != 500 or attempt + 1 == STOPS:
                    raise
                await asyncio.sleep(STOP_AGAIN)
            else:
                return

    async def _tell_transfer(self, leg: LegId, progress: str) -> None:
        """Asterisk crashes where that reaches it before the thread that has just sent ChannelTransfer has gone on
        (res_pjsip_refer.c: progress->ari_state). What is read of the SIP dialogue waits for that thread.
        """
        await self._channel(leg, "getChannelVar", variable="CHANNEL(pjsip,call-id)")
        await self._channel(leg, "transfer_progress", states=progress)

    async def _set_variables(self, leg: LegId, variables: Mapping[str, str]) -> None:
        """In this order."""
        if self._sets_all:
            await self._channel(leg, "setChannelVars", variables=dict(variables))
            return
        for name, value in variables.items():  # Asterisk before 22.10
            await self._channel(leg, "setChannelVar", variable=name, value=value)

    @property
    def _sets_all(self) -> bool:
        return self._client.has("channels", "setChannelVars")

    async def _channel(self, leg: LegId, operation: str, **arguments: object) -> None:
        await self._client.call("channels", operation, channelId=leg, **arguments)

    async def _unless_gone(self, repository: str, operation: str, **arguments: object) -> None:
        try:
            await self._client.call(repository, operation, **arguments)
        except NotFound:
            return

    # -- what is known of a leg ---------------------------------------------------------------------------------------

    def arrived(self, leg: LegId) -> None:
        """A channel came into the application: nothing was requested of it yet."""
        self._requested[leg] = _Requested(muted=(False, False))

    def finished(self, leg: LegId, announcement: str) -> None:
        """An announcement ended."""
        if (requested := self._requested.get(leg)) is not None:
            requested.playing.discard(announcement)

    def _is_deaf(self, leg: LegId) -> bool:
        muted = requested.muted if (requested := self._requested.get(leg)) is not None else None
        return muted is None or muted[1]

    def forget(self, leg: LegId) -> None:
        """The leg is gone."""
        self._requested.pop(leg, None)
        self.joins.moves(leg)

    def cut_off(self) -> None:
        """The connection was lost: how a request under way ended isn't known."""
        for requested in self._requested.values():
            requested.muted = None

    def keep(self, legs: Set[LegId], bridges: Set[BridgeId]) -> None:
        """After reconciliation: only these are still there."""
        self._bridge_media.keep(bridges)
        self.joins.keep(legs)
        # What is not known here was there before this process: the one before it may have had it dialled.
        self._requested = {leg: self._requested.get(leg) or _Requested(perhaps=True) for leg in legs}
