"""What an effect is about. Those who carry effects out go by these, and name single effects only where they differ."""

from dataclasses import dataclass

from ari_app.calls.model import BridgeId, LegId


@dataclass(frozen=True, slots=True)
class OnAsterisk:
    """Ends in `EffectDone` or `EffectFailed` with its `number`. May be run twice: ids are ours, chosen before."""

    number: int


@dataclass(frozen=True, slots=True)
class OnLeg(OnAsterisk):
    """On one channel; those of one leg are run one after the other."""

    leg: LegId


@dataclass(frozen=True, slots=True)
class StopsPrompts(OnLeg):
    """Ends what is being played to the leg: Asterisk does a channel's requests in turn, and this must not wait."""


@dataclass(frozen=True, slots=True)
class OnSound(StopsPrompts):
    """What the leg hears, and who hears it."""


@dataclass(frozen=True, slots=True)
class StopsSound(OnSound):
    """Ends what Asterisk itself makes for the leg."""


@dataclass(frozen=True, slots=True)
class OnBridge(OnAsterisk):
    """On a bridge as a whole."""

    bridge: BridgeId


@dataclass(frozen=True, slots=True)
class OnRecording(OnBridge):
    """On the file `recording` of all that is heard in a bridge."""

    recording: str


@dataclass(frozen=True, slots=True)
class OnAgents:
    """For availability: whom calls have, and who may be rung."""


@dataclass(frozen=True, slots=True)
class Notification:
    """What others are notified of after a step, in order among themselves, once its requests are on their way."""
