"""What a page hears and says: a microphone that hums, the page's own ear, and what bots hear of a page."""

from __future__ import annotations

import asyncio
import io
import wave

import numpy as np

from tests.bots.sound import QUIET_RMS
from tests.bots.station import Station
from tests.bots.tones import FRAME, RATE, decode

MICROPHONE_RATE = 48_000

# What comes out of the page's phone, listened to beside the loudspeaker: the strongest tone in Hz, 0 in silence. And
# the microphones that the page has opened, for who takes them away.
LISTENS = """
(() => {
  const Original = window.RTCPeerConnection;
  const lines = new Set();
  window.RTCPeerConnection = class extends Original {
    constructor(...how) {
      super(...how);
      lines.add(this);
    }
  };
  window.microphones = [];
  const ask = navigator.mediaDevices?.getUserMedia.bind(navigator.mediaDevices);
  if (ask) {
    navigator.mediaDevices.getUserMedia = async (wanted) => {
      const stream = await ask(wanted);
      window.microphones.push(stream);
      return stream;
    };
  }
  const ears = new WeakMap();
  const ear = (track) => {
    if (!ears.has(track)) {
      const context = new AudioContext();
      const analyser = context.createAnalyser();
      analyser.fftSize = 8192;
      analyser.smoothingTimeConstant = 0;
      context.createMediaStreamSource(new MediaStream([track])).connect(analyser);
      ears.set(track, analyser);
    }
    return ears.get(track);
  };
  window.heardInHertz = () => {
    let best = [-70, 0];
    for (const line of lines) {
      if (line.connectionState !== "connected") continue;
      for (const { track } of line.getReceivers()) {
        const analyser = ear(track);
        const bins = new Float32Array(analyser.frequencyBinCount);
        analyser.getFloatFrequencyData(bins);
        bins.forEach((level, bin) => {
          if (level > best[0]) best = [level, (bin * analyser.context.sampleRate) / analyser.fftSize];
        });
      }
    }
    return best[1];
  };
})();
"""


def microphone(hertz: int | None) -> bytes:
    """A second of sound for Chromium's microphone, which plays it again and again."""
    steps = np.arange(MICROPHONE_RATE)
    samples = np.zeros(MICROPHONE_RATE) if hertz is None else np.sin(2 * np.pi * hertz / MICROPHONE_RATE * steps)
    content = io.BytesIO()
    with wave.open(content, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(MICROPHONE_RATE)
        file.writeframes((samples * 12_000).astype("<i2").tobytes())
    return content.getvalue()


async def is_heard_by(bot: Station, hertz: int, within: float = 5.0) -> None:
    """Wait until the bot hears a page that speaks with this tone: its strongest, over half a second.

    What a browser sends has gone through opus: the ear that bots have for each other wants every frame alike.
    """
    bot.tape = bytearray()
    loudest = 0.0
    try:
        async with asyncio.timeout(within):
            while loudest != hertz:
                await asyncio.sleep(FRAME / RATE)
                loudest = strongest(bytes(bot.tape[-RATE // 2 :]))
    except TimeoutError:
        raise AssertionError(f"{bot.name} does not hear {hertz} Hz, but {loudest} Hz loudest") from None
    finally:
        bot.tape = None


def strongest(payload: bytes) -> float:
    """The strongest frequency in half a second of PCMU, 0 where there is less, or silence."""
    if len(payload) < RATE // 2:
        return 0.0
    samples = decode(payload)
    if float(np.sqrt(np.mean(samples * samples))) < QUIET_RMS:
        return 0.0
    return float(np.argmax(np.abs(np.fft.rfft(samples * np.hanning(len(samples))))) * RATE / len(samples))
