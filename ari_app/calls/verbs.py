"""The verbs: all that may be requested of a call or of one party of it, one line each.

Each has a command of its own (`commands`), is allowed at some times (`actions`) and has a way in (`api/calls_api.py`).
Whoever knows verbs goes over all of them, so that mypy, or `tests/properties/test_verbs.py`, names the place that does
not know a new one yet.
"""

from enum import StrEnum
from typing import Self


class _Verb(StrEnum):
    """A name, as clients see it in `actions`, and what it does to somebody who reads OpenAPI."""

    summary: str

    def __new__(cls, name: str, summary: str) -> Self:
        verb = str.__new__(cls, name)
        verb._value_ = name
        verb.summary = summary
        return verb


class CallAction(_Verb):
    """What may be requested of a call."""

    UPDATE_USER_DATA = "update_user_data", "Set keys of the attached data; null removes one"
    MERGE = "merge", "My other call joins this one: a conference"
    SEND_DTMF = "send_dtmf", "Digits to one party, or to all outside"
    MONITOR = "monitor", "A supervisor listens in, whispers or barges in"
    TAKE_OVER = "take_over", "A supervisor takes an agent's place in the call"
    ANSWER = "answer", "Answer the call that rings my phone"
    HOLD = "hold", "All others hear music"
    RETRIEVE = "retrieve", "Bring back everybody who is on hold"
    RELEASE = "release", "I leave; a ringing call is declined"
    CLEAR = "clear", "All leave"
    CANCEL = "cancel", "Give the ringing offer up"
    COMPLETE_TRANSFER = "complete_transfer", "The contact goes to the one consulted"
    COMPLETE_CONFERENCE = "complete_conference", "All talk together"
    ALTERNATE = "alternate", "Talk to the other side"
    RECONNECT = "reconnect", "Give the consultation up, back to the first call"
    STOP_MONITORING = "stop_monitoring", "I listen no longer"
    START_RECORDING = "start_recording", "Record both sides into a file"
    PAUSE_RECORDING = "pause_recording", "What is said from now on is not in the file"
    RESUME_RECORDING = "resume_recording", "Undo pause-recording"
    STOP_RECORDING = "stop_recording", "The file is complete"
    SINGLE_STEP_TRANSFER = "single_step_transfer", "Instant transfer"
    SINGLE_STEP_CONFERENCE = "single_step_conference", "Instant conference"
    INITIATE_TRANSFER = "initiate_transfer", "Begin a consultation; answers with the new call"


class PartyAction(_Verb):
    """What may be requested of one party of a call."""

    SEND_DTMF = "send_dtmf", "Digits to this party"
    REMOVE = "remove", "This party leaves, the others go on"
    MUTE = "mute", "Nobody hears this party"
    UNMUTE = "unmute", "Undo mute"
    DEAFEN = "deafen", "This party hears nobody"
    UNDEAFEN = "undeafen", "Undo deafen"
    HOLD = "hold", "This party hears music and nobody"
    RETRIEVE = "retrieve", "Bring this party back"
