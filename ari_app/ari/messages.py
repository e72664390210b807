"""Asterisk's events and channels as they come, typed: only the fields that are used; others are ignored."""

import re
import unicodedata
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter

from ari_app.calls.model import Identity, Withheld

DATA_PREFIX = "CALL_DATA_"
ENTRY = "CALL_ENTRY"
"""Where the dialplan handed a caller over, as `context extension`; the subroutines of extensions.conf set it."""
DIALLED = "CALL_DIALLED"
"""What the caller dialled, if the dialplan says so: after a menu the extension is what they pressed there."""
CREATED = "_leg"
"""First Stasis argument of the channels that we create: `_leg,<call>`. No verb of a dialplan starts so."""
FAR_HALF = "-2"
"""A Local channel's other half, which runs the dialplan and arrives by itself, has the leg's id with this suffix."""

PRESENTATION = "CALLERID(pres)"
"""Comes with every channel (`channelvars` in ari.conf): of itself Asterisk tells name and number and not that they are
withheld, which `prohib…` says.
"""

_CONTROLS = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_QUOTED = re.compile(r"\\(.)")
_HIDDEN = frozenset({"", "anonymous", "restricted", "unavailable", "unknown"})
# AST_SOFTHANGUP_DEV: of the modules that we load only res_pjsip_sdp_rtp.c (rtp_check_timeout) hangs up with it softly.
_LOST = 1
_UNANSWERED = frozenset({408, 481})
_RESOURCE = re.compile(r"[^/]+/(?P<resource>.+?)(?:-[0-9a-f]{8})?(?:;[12])?")


def endpoint_of(name: str) -> str:
    """The SIP user or trunk of a channel: `PJSIP/1001-0000002a` is `1001`."""
    match = _RESOURCE.fullmatch(name)
    return match["resource"] if match is not None else name


def local_name_of(name: str) -> str:
    """What both halves of a Local channel are named: `Local/1001@phones-0000002a;2` is `Local/1001@phones-0000002a`."""
    return name.partition(";")[0]


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


def _plain(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(c for c in text if unicodedata.category(c) not in _CONTROLS)


type Plain = Annotated[str, AfterValidator(_plain)]
"""What a stranger wrote and people read: without characters that turn the text around them (U+202E) or break it."""


class Party(_Message):
    """Who calls, as the channel has it: whatever they withhold stands here too."""

    name: Plain = Field("", repr=False)
    number: Plain = Field("", repr=False)

    @property
    def plain_name(self) -> str:
        r"""Without the backslashes of SIP's quoted strings, which Asterisk leaves in (res_pjsip.c: set_id_from_hdr)."""
        return _QUOTED.sub(r"\1", self.name)


class Dialplan(_Message):
    """What the channel executes, and where: `app_data` of Stasis is `<application>,<verb>,<args...>`."""

    context: str = ""
    exten: Plain = ""
    app_name: str = ""
    app_data: Plain = ""


class Channel(_Message):
    """A channel; `state` is Down, Ring, Ringing, Up and others."""

    id: str
    name: str = ""
    state: str = "Down"
    caller: Party = Party()
    dialplan: Dialplan = Dialplan()
    channelvars: Mapping[str, Plain] = {}

    @property
    def endpoint(self) -> str:
        """The SIP user or trunk."""
        return endpoint_of(self.name)

    @property
    def identity(self) -> Identity:
        """The caller; anonymous where they withhold who they are, or have no number."""
        if self.withheld is not None or self.caller.number.lower() in _HIDDEN:
            return Identity(anonymous=True)
        return Identity(self.caller.plain_name, self.caller.number)

    @property
    def withheld(self) -> Withheld | None:
        """Name and number that the caller's carrier gave us and that are not to be shown."""
        if not self.channelvars.get(PRESENTATION, "").startswith("prohib") or self.caller.number.lower() in _HIDDEN:
            return None
        return Withheld(self.caller.plain_name, self.caller.number)

    def stasis_arguments(self, application: str) -> tuple[str, ...] | None:
        """The arguments with which it is in our application now, None if it isn't there."""
        if self.dialplan.app_name != "Stasis":
            return None
        name, _, rest = self.dialplan.app_data.partition(",")
        if name != application:
            return None
        return tuple(rest.split(",")) if rest else ()


class StasisStart(_Message):
    """A channel entered the application; `replace_channel` had its place before (Asterisk itself transferred)."""

    type: Literal["StasisStart"]
    args: tuple[Plain, ...] = ()
    channel: Channel
    replace_channel: Channel | None = None


class StasisEnd(_Message):
    """A channel left the application."""

    type: Literal["StasisEnd"]
    channel: Channel


class ChannelStateChange(_Message):
    """A channel rings, or is up."""

    type: Literal["ChannelStateChange"]
    channel: Channel


class Dial(_Message):
    """Progress of dialling `peer`."""

    type: Literal["Dial"]
    peer: Channel
    dialstatus: str = ""


class ChannelHangupRequest(_Message):
    """A channel is about to go. With `soft`, `cause` is a flag of Asterisk's own (AST_SOFTHANGUP_*) and no cause;
    `tech_cause` is the SIP status that ended the dialogue, where one did.
    """

    type: Literal["ChannelHangupRequest"]
    channel: Channel
    cause: int = 0
    soft: bool = False
    tech_cause: int = 0

    @property
    def dead(self) -> bool:
        """Whether nobody hung up, but the far end is there no more: RTP has stopped (`rtp_timeout`), or a request in
        the dialogue (a session timer's, a new display's) was not answered, or by a phone that knows no such call.
        """
        return (self.soft and self.cause == _LOST) or self.tech_cause in _UNANSWERED


class ChannelDestroyed(_Message):
    """A channel is gone."""

    type: Literal["ChannelDestroyed"]
    channel: Channel
    cause: int = 0


class ChannelHold(_Message):
    """The phone's hold key; see `Translator` for those that HOLD_INTERCEPT makes up."""

    type: Literal["ChannelHold"]
    channel: Channel
    musicclass: str = "N/A"


class ChannelUnhold(_Message):
    """The phone's hold key again."""

    type: Literal["ChannelUnhold"]
    channel: Channel


class ChannelCallerId(_Message):
    """The name or number at the other end has changed: a re-INVITE or UPDATE with another P-Asserted-Identity."""

    type: Literal["ChannelCallerId"]
    channel: Channel


class ChannelDtmfReceived(_Message):
    """A key was pressed on a phone; what we send ourselves is never reported."""

    type: Literal["ChannelDtmfReceived"]
    channel: Channel
    digit: str


class ChannelTalkingStarted(_Message):
    """Somebody speaks (TALK_DETECT)."""

    type: Literal["ChannelTalkingStarted"]
    channel: Channel


class ChannelTalkingFinished(_Message):
    """They were silent for a while."""

    type: Literal["ChannelTalkingFinished"]
    channel: Channel


class Requested(_Message):
    """What a REFER names: the number, and `protocol_id` where it means another dialog (Replaces)."""

    destination: Plain = ""
    protocol_id: str | None = None


class ReferTo(_Message):
    """Where a transfer is to go; `destination_channel` is the phone's own channel in its other call."""

    requested_destination: Requested = Requested()
    destination_channel: Channel | None = None


class ReferredBy(_Message):
    """Whose phone asks for the transfer."""

    source_channel: Channel


class ChannelTransfer(_Message):
    """A REFER to a channel with PJSIP_TRANSFER_HANDLING=ari-only; with a `state`, an echo of what we sent the phone."""

    type: Literal["ChannelTransfer"]
    refer_to: ReferTo
    referred_by: ReferredBy
    state: str | None = None


class ChannelVarset(_Message):
    """A variable was set, here or in the dialplan."""

    type: Literal["ChannelVarset"]
    variable: str
    value: Plain = ""
    channel: Channel | None = None


class Playback(_Message):
    """An announcement; `target_uri` is `channel:<id>`."""

    id: str
    target_uri: str


class PlaybackFinished(_Message):
    """Played to its end, stopped, or failed."""

    type: Literal["PlaybackFinished"]
    playback: Playback


class LiveRecording(_Message):
    """What is written into a file: of a channel or of a bridge. Of a channel, in the end, whole seconds: how many there
    are, and in how many of them somebody spoke.
    """

    name: str
    target_uri: str = ""
    duration: int | None = None
    talking_duration: int | None = None


class RecordingStarted(_Message):
    """Something is written into the file from now on."""

    type: Literal["RecordingStarted"]
    recording: LiveRecording


class RecordingFinished(_Message):
    """The file is complete. A file that cannot be opened or written any more comes to this end too (app.c)."""

    type: Literal["RecordingFinished"]
    recording: LiveRecording


class RecordingFailed(_Message):
    """It did not even begin."""

    type: Literal["RecordingFailed"]
    recording: LiveRecording


type Event = Annotated[
    StasisStart
    | StasisEnd
    | ChannelStateChange
    | Dial
    | ChannelHangupRequest
    | ChannelDestroyed
    | ChannelHold
    | ChannelUnhold
    | ChannelCallerId
    | ChannelDtmfReceived
    | ChannelTalkingStarted
    | ChannelTalkingFinished
    | ChannelTransfer
    | ChannelVarset
    | PlaybackFinished
    | RecordingStarted
    | RecordingFinished
    | RecordingFailed,
    Field(discriminator="type"),
]

EVENT: TypeAdapter[Event] = TypeAdapter(Event)
CHANNELS: TypeAdapter[list[Channel]] = TypeAdapter(list[Channel])

VARIABLE_SET = "ChannelVarset"
_OURS = "CALL_"
"""What the names of all variables begin with that the dialplan sets for us."""


def sets_none_of_ours(text: str) -> bool:
    """Whether the event, as it came, says that a variable was set that is none of ours: four of five events do, some
    sixty a call, and Asterisk filters events by their type alone.

    A quotation mark inside of a text is written with a backslash, so nobody's name is taken for a type.
    """
    return f'"type":"{VARIABLE_SET}"' in text and _OURS not in text


REPLACED = "ApplicationReplaced"
USER_EVENT = "ChannelUserevent"
USED = (
    "StasisStart",
    "StasisEnd",
    "ChannelStateChange",
    "Dial",
    "ChannelHangupRequest",
    "ChannelDestroyed",
    "ChannelHold",
    "ChannelUnhold",
    "ChannelCallerId",
    "ChannelDtmfReceived",
    "ChannelTalkingStarted",
    "ChannelTalkingFinished",
    "ChannelTransfer",
    "ChannelVarset",
    "PlaybackFinished",
    "RecordingStarted",
    "RecordingFinished",
    "RecordingFailed",
)
"""All events that we want of Asterisk; it filters the rest away itself (`applications/<app>/eventFilter`)."""
