"""Offers and answers of a phone that speaks PCMU and telephone-event (RFC 3264, 4733)."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Literal

from aiosipua import parse_sdp

Direction = Literal["sendrecv", "sendonly", "recvonly", "inactive"]

DTMF_PAYLOAD = 101

_ANSWERED: dict[Direction, Direction] = {
    "sendrecv": "sendrecv",
    "sendonly": "recvonly",
    "recvonly": "sendonly",
    "inactive": "inactive",
}
_NO_HOST = "0.0.0.0"  # noqa: S104 - compared with, never bound
_sessions = itertools.count(1000)


@dataclass(frozen=True, slots=True)
class Remote:
    """What the other side's SDP says about its audio. `direction` is from ITS point of view."""

    host: str
    port: int
    direction: Direction
    pcmu: bool
    dtmf: int | None

    @property
    def held(self) -> bool:
        """Whether the other side doesn't want to hear us (RFC 3264 hold, or the old 0.0.0.0)."""
        return self.direction in ("sendonly", "inactive") or self.host == _NO_HOST


def read(body: str) -> Remote | None:
    """The audio of an SDP, or None where there is none."""
    sdp = parse_sdp(body)
    audio, address = sdp.audio, sdp.rtp_address
    if audio is None or address is None:
        return None
    direction: Direction = "sendrecv"
    for attributes in (sdp.attributes, audio.attributes):
        for known in _ANSWERED:
            if known in attributes:
                direction = known
    dtmf = next((c.payload_type for c in audio.codecs if c.encoding_name.lower() == "telephone-event"), None)
    pcmu = any(codec.encoding_name.upper() == "PCMU" for codec in audio.codecs)
    return Remote(address[0], address[1], direction, pcmu, dtmf)


class Session:
    """Our half of a call's SDP; the version rises with each description sent. Without `events`, no telephone-event."""

    def __init__(self, host: str, port: int, *, events: bool = True) -> None:
        self.events = events
        self._host = host
        self._port = port
        self._id = next(_sessions)
        self._version = 0

    def describe(self, direction: Direction = "sendrecv", dtmf: int = DTMF_PAYLOAD) -> bytes:
        """An SDP body with PCMU and, unless it has none, telephone-event in that direction."""
        self._version += 1
        events = (f"a=rtpmap:{dtmf} telephone-event/8000", f"a=fmtp:{dtmf} 0-16") if self.events else ()
        lines = (
            "v=0",
            f"o=bot {self._id} {self._version} IN IP4 {self._host}",
            "s=call",
            f"c=IN IP4 {self._host}",
            "t=0 0",
            f"m=audio {self._port} RTP/AVP 0" + (f" {dtmf}" if events else ""),
            "a=rtpmap:0 PCMU/8000",
            *events,
            "a=ptime:20",
            f"a={direction}",
        )
        return ("\r\n".join(lines) + "\r\n").encode()

    def answer(self, offer: Remote, wanted: Direction = "sendrecv") -> bytes:
        """The answer to an offer; we never take more than the offer gives nor more than `wanted`."""
        return self.describe(answer_direction(offer.direction, wanted), offer.dtmf or DTMF_PAYLOAD)


def answer_direction(offered: Direction, wanted: Direction = "sendrecv") -> Direction:
    """Our direction in the answer to an offer of that direction (RFC 3264, 6.1)."""
    allowed = _ANSWERED[offered]
    sends = allowed in ("sendrecv", "sendonly") and wanted in ("sendrecv", "sendonly")
    receives = allowed in ("sendrecv", "recvonly") and wanted in ("sendrecv", "recvonly")
    if sends:
        return "sendrecv" if receives else "sendonly"
    return "recvonly" if receives else "inactive"
