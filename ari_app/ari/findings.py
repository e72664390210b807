"""What an Asterisk must have, and what is said of one that lacks it (see `checks`)."""

from collections.abc import Container, Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

NEEDED_MODULES = (
    "app_stasis.so",
    "bridge_native_rtp.so",
    "bridge_simple.so",
    "bridge_softmix.so",
    "chan_bridge_media.so",
    "chan_pjsip.so",
    "format_wav.so",
    "func_callerid.so",
    "func_config.so",
    "func_dialplan.so",
    "func_holdintercept.so",
    "pbx_config.so",
    "res_ari_applications.so",
    "res_ari_asterisk.so",
    "res_ari_bridges.so",
    "res_ari_channels.so",
    "res_ari_endpoints.so",
    "res_ari_events.so",
    "res_ari_playbacks.so",
    "res_ari_recordings.so",
    "res_ari_sounds.so",
    "res_musiconhold.so",
    "res_mutestream.so",
    "res_pjsip_caller_id.so",
    "res_pjsip_header_funcs.so",
    "res_rtp_asterisk.so",
    "res_stasis.so",
    "res_stasis_answer.so",
    "res_stasis_playback.so",
    "res_stasis_recording.so",
    "res_stasis_snoop.so",
)

PAGE_PHONE_MODULES = (
    "codec_opus_open_source.so",
    "res_format_attr_opus.so",
    "res_pjsip_transport_websocket.so",
    "res_srtp.so",
)
"""What phones in the page need besides."""


class Subject(StrEnum):
    """What a finding is about."""

    MODULE = "module"
    PHONE = "phone"
    TRUNK = "trunk"
    MUSIC = "music"
    DIALPLAN = "dialplan"
    SOUND = "sound"
    SETTING = "setting"
    ARI = "interface"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that Asterisk lacks: `name` of the subject, and what to do about it."""

    subject: Subject
    name: str
    advice: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """What must be there. `entries` are numbers or names in the context of routing points, `sounds` are `sound:...`,
    each in all `languages`, `modules` those that not every file needs. `folder` is where the directory of Asterisk's
    configuration is seen from here.

    With `transfer_progress`, an Asterisk that survives every transfer key; with `page_phones`, one that takes accounts
    of phones in the page; with `accounts`, those of phones on the desk.
    """

    phones: tuple[str, ...] = ()
    trunks: tuple[str, ...] = ()
    music_classes: tuple[str, ...] = ()
    entries: tuple[str, ...] = ()
    sounds: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    folder: Path | None = None
    modules: tuple[str, ...] = ()
    transfer_progress: bool = False
    page_phones: bool = False
    accounts: bool = False

    @property
    def all_modules(self) -> tuple[str, ...]:
        """The modules that must run."""
        return (*NEEDED_MODULES, *self.modules, *(PAGE_PHONE_MODULES if self.page_phones else ()))


def missing_modules(running: Container[str], needed: Iterable[str] = NEEDED_MODULES) -> list[Finding]:
    """Those that are needed and don't run."""
    return [
        Finding(Subject.MODULE, name, f"add `load = {name}` to modules.conf and restart Asterisk")
        for name in needed
        if name not in running
    ]


@dataclass(frozen=True, slots=True)
class Reads:
    """When Asterisk last read its files, in seconds since the epoch: the dialplan (None: it does not say), and others
    by any reload of a module, or its start."""

    dialplan: float | None
    modules: float
