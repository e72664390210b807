"""The audio of one call: its RTP stream, its SDP, its ear, and who holds it.

Knows nothing of SIP; the call gives it each SDP that it agrees on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.bots import sdp
from tests.bots.hearing import Ear
from tests.bots.keys import KeyEar
from tests.bots.rtp import RtpStream
from tests.bots.sound import Sound
from tests.bots.tones import decode, ringing_cadence

if TYPE_CHECKING:
    from tests.bots.station import Station


class Audio:
    """Speaks with the station's voice as far as the SDP and the hold key allow, and listens.

    `on_hold` is this phone's own hold key; `held_by_other` is what the other side's SDP says.
    """

    def __init__(self, station: Station, call: str) -> None:
        self._station = station
        self._call = call
        host = station.line.agent.address[0]
        self.ear = Ear(station.heard, station.level)
        self.stream = RtpStream(host, self._frame, self._digit, self.ear.lost)
        self.stream.keys_as_tones = station.keys_as_tones
        self.session = sdp.Session(host, self.stream.port, events=not station.keys_as_tones)
        self._keys = KeyEar() if station.keys_as_tones else None
        self.on_hold = False
        self.held_by_other = False
        self.digits = ""
        self.closed = False
        self.tape: bytearray | None = None
        """As the station's tape, of this call alone."""
        self._remote: sdp.Remote | None = None
        station.clock.add(self.stream)

    def agree(self, remote: sdp.Remote | None) -> None:
        """The other side's SDP is in force; None (no SDP, or none with audio) changes nothing."""
        if remote is None or self.closed:
            return
        self._remote = remote
        self.stream.remote = (remote.host, remote.port) if remote.port else None
        self.stream.dtmf_payload = remote.dtmf if self.session.events else None
        held, self.held_by_other = self.held_by_other, remote.held
        if held != remote.held:
            self._station.note("held by the other side" if remote.held else "taken off hold", call=self._call)
        self.speak()

    def speak(self) -> None:
        """Send the station's voice from the next frame on, or nothing, where the call is held."""
        silenced = self.on_hold or self._remote is None or self._remote.held
        self.stream.speaks = None if silenced else self._station.voice

    def hold(self) -> None:
        """The hold key: the person hears and says nothing in this call."""
        self.on_hold = True
        self.ear.lost()
        self.speak()

    def resume(self) -> None:
        """The hold key again."""
        self.on_hold = False
        self.speak()

    def play_ringing(self, playing: bool) -> None:
        """Send a network's ringing tone instead of the voice (early media)."""
        self.stream.program = ringing_cadence() if playing else None

    def plug(self, plugged: bool) -> None:
        """Pull the cable, or put it in again."""
        self.stream.plugged = plugged

    @property
    def hears(self) -> tuple[frozenset[int], Sound] | None:
        """(tones, sound) of this call; None while the phone itself holds it."""
        return None if self.on_hold else (self.ear.heard, self.ear.sound)

    def close(self) -> None:
        """The call is over."""
        self.closed = True
        self.stream.speaks = None
        self._station.clock.remove(self.stream)
        self.stream.close()

    def _frame(self, at: float, payload: bytes) -> None:
        if not self.on_hold:
            self.ear.feed(at, payload)
            if self._keys is not None and (key := self._keys.feed(decode(payload))):
                self._digit(at, key)
            for tape in (self.tape, self._station.tape):
                if tape is not None:
                    tape.extend(payload)
            if self._station.on_frame is not None:
                self._station.on_frame(at, payload)

    def _digit(self, at: float, key: str) -> None:
        self.digits += key
        self._station.digit(at, key, self._call)
