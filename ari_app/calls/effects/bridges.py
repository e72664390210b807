"""Effects on a bridge as a whole: that it is there, what is played to it, and what is recorded of it."""

from dataclasses import dataclass

from ari_app.calls.effects.bases import OnBridge, OnRecording


@dataclass(frozen=True, slots=True)
class CreateBridge(OnBridge):
    """A mixing bridge with DTMF events."""


@dataclass(frozen=True, slots=True)
class DestroyBridge(OnBridge):
    """Destroy a bridge; one that is not there counts as done."""


@dataclass(frozen=True, slots=True)
class PlayToBridge(OnBridge):
    """Play a prompt of the administrator's announcements over what is said in a bridge: nobody misses a word by it."""

    announcement: str
    prompt: str
    sounds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StartRecorder(OnRecording):
    """Record all that is heard in a bridge into the file `recording`, after what is in it.

    One that runs already counts as done. Asterisk ends it by itself when the last leg leaves the bridge.
    """


@dataclass(frozen=True, slots=True)
class PauseRecorder(OnRecording):
    """Write nothing until further notice. It fails where the recording is over."""


@dataclass(frozen=True, slots=True)
class ResumeRecorder(OnRecording):
    """Write again. It fails where the recording is over."""


@dataclass(frozen=True, slots=True)
class StopRecorder(OnRecording):
    """Complete the file; a recording that is over counts as done. `tries` counts those before that failed."""

    tries: int = 0


type RecorderEffect = StartRecorder | PauseRecorder | ResumeRecorder | StopRecorder
type BridgeEffect = CreateBridge | DestroyBridge | PlayToBridge | RecorderEffect
