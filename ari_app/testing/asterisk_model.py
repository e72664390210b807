"""What the fake Asterisk holds: channels and bridges, what an effect makes of them, and who then hears whom.

The refusals are the real one's, word for word where the controller could care.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import assert_never

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
    OnSound,
    PauseRecorder,
    PlayDtmf,
    PlayToBridge,
    PromptStopper,
    RecorderEffect,
    RecordMessage,
    SetMute,
    ShowIdentity,
    SoundEffect,
    StartMusic,
    StartRecorder,
    StartRinging,
    StartSilence,
    StopMusic,
    StopRecorder,
    StopRinging,
    StopSilence,
    TakeTransferKey,
    TellTransfer,
)
from ari_app.calls.model import BridgeId, Destination, Identity, LegId, Phone, TransferState
from ari_app.calls.stimuli import (
    AnnouncementFinished,
    AsteriskFact,
    ChannelArrived,
    EffectDone,
    EffectFailed,
    LegCreated,
    LegTalking,
    RecorderEnded,
)

type _Sounding = SoundEffect | Announce | PlayDtmf
type _OnChannel = PromptStopper | Announce | PlayDtmf | DialLeg | TakeTransferKey | TellTransfer


class Behaviour(StrEnum):
    """What a phone does when it is dialled."""

    ANSWER = "answer"
    DECLINE = "decline"
    REFUSE = "refuse"  # by itself, before it rings: it does not disturb
    BUSY = "busy"
    NO_ANSWER = "no_answer"  # rings until the network gives up, which may be at once
    RING = "ring"  # rings until the test decides
    NEVER = "never"  # not even that
    UNREACHABLE = "unreachable"  # not registered, or no such endpoint: the channel can't be created


class State(StrEnum):
    """A channel's state; WAITING is one that arrived and was not answered yet."""

    WAITING = "waiting"
    CREATED = "created"
    DIALLING = "dialling"
    RINGING = "ringing"
    UP = "up"


@dataclass(slots=True)
class Channel:
    """A channel. `muted_in`: nobody hears it; `muted_out`: it hears nobody; `held`: neither, by the phone's own key.

    `adrift`: its bridge was ended with it inside, and the move that comes now is answered and lost (measured).
    `transfer_key`: it is ours; `transfers` is what the phone was sent of the transfers that it requested. `snoops`:
    the one that it is a snoop of.
    """

    id: LegId
    state: State = State.CREATED
    destination: Destination | None = None
    arrived: ChannelArrived | None = None
    bridge: BridgeId | None = None
    adrift: bool = False
    muted_in: bool = False
    muted_out: bool = False
    held_by_phone: bool = False
    music: str | None = None
    ringback: bool = False
    silence: bool = False
    snoops: LegId | None = None
    whispers: bool = False
    shown: Identity | None = None
    auto_answer: bool = False
    digits: str = ""
    playing: list[str] = field(default_factory=list)
    announced: set[str] = field(default_factory=set)
    detecting: bool = False
    speaking: bool = True
    transfer_key: bool = False
    transfers: list[TransferState] = field(default_factory=list)


@dataclass(slots=True)
class Tape:
    """What is being written of a bridge, or of what one leg says (`of`)."""

    bridge: BridgeId | None
    paused: bool = False
    of: LegId | None = None


@dataclass(slots=True)
class Outcome:
    """What an effect led to: its answer, the events of legs, and the announcements now playing."""

    answer: EffectDone | EffectFailed
    facts: list[tuple[LegId, AsteriskFact]] = field(default_factory=list)
    playing: list[tuple[LegId, str]] = field(default_factory=list)


class World:
    """All channels and bridges."""

    def __init__(self) -> None:
        self.channels: dict[LegId, Channel] = {}
        self.bridges: set[BridgeId] = set()
        self.tapes: dict[str, Tape] = {}
        self.files: set[str] = set()
        self.played: dict[str, tuple[BridgeId, str]] = {}
        self.referred = 0

    def state_of(self, leg: LegId) -> State | None:
        """The channel's state; None: there is none."""
        channel = self.channels.get(leg)
        return None if channel is None else channel.state

    def hears(self) -> set[tuple[LegId, LegId]]:
        """Pairs (a, b): a hears b. Who has music and is heard by nobody hears the music alone (measured)."""
        talk = self._talk()
        return talk | self._overheard(talk) | self._whispered(talk)

    def _overheard(self, talk: set[tuple[LegId, LegId]]) -> set[tuple[LegId, LegId]]:
        """Through a snoop one hears whom its leg hears, and that leg; nobody who is muted (measured)."""
        return {
            (listener.id, heard)
            for snoop, of, listener in self._snoops()
            if not listener.muted_out
            for heard in {b for a, b in talk if a == of.id} | ({of.id} if not of.muted_in else set())
        }

    def _whispered(self, talk: set[tuple[LegId, LegId]]) -> set[tuple[LegId, LegId]]:
        """A whisper is mixed into what its leg is sent: who is sent nothing hears none (measured)."""
        return {
            (of.id, speaker.id)
            for snoop, of, speaker in self._snoops()
            if snoop.whispers and not speaker.muted_in and not of.muted_out
            if of.silence or of.playing or of.music is not None or of.ringback or any(a == of.id for a, _ in talk)
        }

    def _snoops(self) -> list[tuple[Channel, Channel, Channel]]:
        """Each snoop, the channel that it is on, and who is in the snoop's bridge."""
        found = []
        for snoop in self.channels.values():
            of = self.channels.get(snoop.snoops or "")
            if of is not None and snoop.bridge is not None:
                others = [c for c in self.channels.values() if c.bridge == snoop.bridge and c.snoops is None]
                found += [(snoop, of, other) for other in others if other.state is State.UP]
        return found

    def _talk(self) -> set[tuple[LegId, LegId]]:
        up = [c for c in self.channels.values() if c.state is State.UP and c.bridge is not None and c.snoops is None]
        return {
            (a.id, b.id)
            for a in up
            for b in up
            if a is not b
            and a.bridge == b.bridge
            and not a.muted_out
            and not b.muted_in
            and not (a.music is not None and a.muted_in)
            and not (a.held_by_phone or b.held_by_phone)
        }

    def music(self) -> set[LegId]:
        """The legs that hear music: muting `out` silences that too."""
        return {c.id for c in self.channels.values() if c.music is not None and not c.muted_out}

    def ends_with(self, gone: Channel) -> list[LegId]:
        """The channels that go with this one: its snoops, and the other half of one that Asterisk transfers with."""
        local = _local(gone)
        others = self.channels.values()
        return [c.id for c in others if c.snoops == gone.id or (local is not None and _local(c) == local)]

    def may_refer(self, leg: LegId, other: LegId | None) -> bool:
        """Whether Asterisk transfers what the phone asks for (bridge.c): somebody must be beside it in a bridge, or
        each of two calls be in one.
        """
        named = [self.channels.get(name) for name in (leg, other) if name is not None]
        if any(channel is None or channel.state is not State.UP for channel in named):
            return False
        bridged = [channel.bridge for channel in named if channel is not None and channel.bridge is not None]
        members = [channel.bridge for channel in self.channels.values()]
        return len(bridged) == 2 or any(members.count(bridge) > 1 for bridge in bridged)

    def _destroy(self, bridge: BridgeId, done: Outcome) -> None:
        self.bridges.discard(bridge)
        for name in [name for name, tape in self.tapes.items() if tape.bridge == bridge]:
            done.facts.append((name, self.complete(name)))
        for member in self.channels.values():
            if member.bridge == bridge:
                member.bridge = None
                member.adrift = True

    def _snoop(self, effect: CreateSnoop, leg: LegId, of: LegId) -> Outcome:
        done = Outcome(EffectDone(effect.number))
        if leg not in self.channels:
            if self.state_of(of) is None:
                return Outcome(EffectFailed(effect.number, "Channel not found"))
            self.channels[leg] = Channel(leg, State.UP, snoops=of, whispers=effect.whisper)
            done.facts.append((leg, LegCreated(leg)))
        return done

    def apply(self, effect: AsteriskEffect) -> Outcome:  # noqa: C901 - a flat table of all effects
        """Carry an effect out. Hang-ups are left to the caller: phones take part in them."""
        done = Outcome(EffectDone(effect.number))
        match effect:
            case CreateBridge(bridge=bridge):
                self.bridges.add(bridge)
            case DestroyBridge(bridge=bridge):
                self._destroy(bridge, done)
            case CreateLeg(leg=leg):
                if leg not in self.channels:
                    self.channels[leg] = Channel(
                        leg,
                        destination=effect.destination,
                        shown=effect.identity,
                        auto_answer=effect.auto_answer,
                        transfer_key=effect.transfer_key and isinstance(effect.destination, Phone),
                    )
                    done.facts.append((leg, LegCreated(leg)))
            case CreateSnoop(leg=leg, of=of):
                return self._snoop(effect, leg, of)
            case HangUp():
                pass
            case LeaveBridge(bridge=bridge) if bridge not in self.bridges:
                pass
            case JoinBridge(bridge=bridge) if bridge not in self.bridges:
                return Outcome(EffectFailed(effect.number, "Bridge not found"))
            case PlayToBridge() | OnRecording():
                done = self._of_bridge(effect)
            case _:
                channel = self.channels.get(effect.leg)
                if channel is None:
                    return Outcome(EffectFailed(effect.number, "Channel not found", gone=True))
                if _needs_sound(effect) and channel.state not in (State.UP, State.WAITING):
                    return Outcome(EffectFailed(effect.number, "Channel in invalid state"))
                before = channel.bridge
                _on_channel(effect, channel, done)
                if isinstance(effect, RecordMessage):
                    self._message(effect, channel, done)
                if before is not None and channel.bridge != before:
                    done.facts += self.left(before)
        for tape in self.tapes.values():
            if tape.bridge is not None:
                self._frames(tape.bridge)
        return done

    def _message(self, effect: RecordMessage, channel: Channel, done: Outcome) -> None:
        name = effect.recording
        if channel.bridge is not None:
            done.facts.append((name, RecorderEnded(name, failed=True)))
        elif name in self.files and name not in self.tapes:
            done.facts.append((name, RecorderEnded(name)))
        else:
            self.tapes[name] = Tape(None, of=channel.id)
            self.files.add(name)

    def message_of(self, leg: LegId) -> str | None:
        """The file of what this leg says now."""
        return next((name for name, tape in self.tapes.items() if tape.of == leg), None)

    def _frames(self, bridge: BridgeId, *, audio: bool = False) -> None:
        """A ringing tone ends with the first frame that its channel is sent in a bridge: of audio, or of the silence
        that is sent as soon as a recorder has made it one of three (measured).
        """
        members = [channel for channel in self.channels.values() if channel.bridge == bridge]
        for channel in members if audio or len(members) > 1 else ():
            channel.ringback = False

    def _of_bridge(self, effect: RecorderEffect | PlayToBridge) -> Outcome:
        if isinstance(effect, PlayToBridge | StartRecorder) and effect.bridge not in self.bridges:
            return Outcome(EffectFailed(effect.number, "Bridge not found"))
        if not isinstance(effect, PlayToBridge):
            return self._recorder(effect)
        self.played[effect.announcement] = (effect.bridge, effect.prompt)
        self._frames(effect.bridge, audio=True)
        return Outcome(EffectDone(effect.number))

    def _recorder(self, effect: RecorderEffect) -> Outcome:
        done, tape = Outcome(EffectDone(effect.number)), self.tapes.get(effect.recording)
        match effect:
            case StartRecorder(bridge=bridge, recording=name):
                if tape is None:
                    self.tapes[name] = Tape(bridge)
                    self.files.add(name)
            case StopRecorder(recording=name):
                if tape is not None:
                    done.facts.append((name, self.complete(name)))
            case _:
                if tape is None:
                    return Outcome(EffectFailed(effect.number, "Recording not found"))
                tape.paused = isinstance(effect, PauseRecorder)
        return done

    def complete(self, name: str, seconds: float | None = None) -> RecorderEnded:
        """Nothing more is written into this file; of a message, so many seconds were."""
        del self.tapes[name]
        return RecorderEnded(name, seconds, seconds)

    def left(self, bridge: BridgeId | None) -> list[tuple[str, AsteriskFact]]:
        """Somebody has left this bridge: a recorder that is now alone there is thrown out."""
        if any(channel.bridge == bridge for channel in self.channels.values()):
            return []
        return [(name, self.complete(name)) for name, tape in list(self.tapes.items()) if tape.bridge == bridge]


def _local(channel: Channel) -> str | None:
    arrived = channel.arrived
    return (
        arrived.args[1] if arrived is not None and arrived.entry_verb == "replaced" and len(arrived.args) > 1 else None
    )


def _on_channel(effect: _OnChannel, channel: Channel, done: Outcome) -> None:
    again = isinstance(effect, Announce) and effect.announcement in channel.announced
    if not isinstance(effect, DialLeg | TakeTransferKey | TellTransfer) and not again:
        done.facts += [(channel.id, AnnouncementFinished(channel.id, playing)) for playing in channel.playing]
        channel.playing.clear()
    match effect:
        case DialLeg():
            if channel.state is State.CREATED:
                channel.state = State.DIALLING
        case AnswerLeg():
            channel.state = State.UP
        case JoinBridge(bridge=bridge):
            channel.bridge, channel.adrift = None if channel.adrift else bridge, False
        case LeaveBridge(bridge=bridge):
            channel.bridge = None if channel.bridge == bridge else channel.bridge
        case ShowIdentity(identity=identity):
            channel.shown = identity
        case DetectTalk(pause=pause):
            if pause is not None and not channel.detecting:
                done.facts += [(channel.id, LegTalking(channel.id, talking=True))] if channel.speaking else []
            channel.detecting = pause is not None
        case RecordMessage():
            pass  # see `World._message`
        case TakeTransferKey():
            channel.transfer_key = True
        case TellTransfer(state=state):
            channel.transfers.append(state)
        case _:
            _on_sound(effect, channel, done)


def _on_sound(effect: _Sounding, channel: Channel, done: Outcome) -> None:
    match effect:
        case SetMute(nobody_hears=nobody_hears, hears_nobody=hears_nobody):
            channel.muted_in, channel.muted_out = nobody_hears, hears_nobody
        case StartMusic(music_class=music_class):
            channel.music = music_class
        case StopMusic():
            channel.music = None
        case StartRinging():
            channel.ringback = True
        case StopRinging():
            channel.ringback = False
        case StartSilence():
            channel.silence = True
        case StopSilence():
            channel.silence = False
        case Announce(announcement=announcement):
            if announcement not in channel.announced:
                channel.announced.add(announcement)
                channel.playing.append(announcement)
                done.playing.append((channel.id, announcement))
            if channel.bridge is None:
                channel.music = None
        case PlayDtmf(digits=digits):
            channel.digits += digits
        case _:
            assert_never(effect)


def _needs_sound(effect: AsteriskEffect) -> bool:
    """What Asterisk refuses (412) before the channel is up."""
    return isinstance(effect, AnswerLeg | OnSound | Announce | PlayDtmf | RecordMessage)
