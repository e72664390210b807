"""What a page hears and says: a microphone that hums, the page's own ear, and what bots hear of a page."""

from __future__ import annotations

import asyncio
import io
import wave

import numpy as np

from tests.bots.sound import QUIET_RMS
from tests.bots.station import Station
from tests.bots.tones import FRAME, RATE, decode, frequency

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
  const spectra = () => {
    const found = [];
    for (const line of lines) {
      if (line.connectionState !== "connected") continue;
      for (const { track } of line.getReceivers()) {
        const analyser = ear(track);
        const bins = new Float32Array(analyser.frequencyBinCount);
        analyser.getFloatFrequencyData(bins);
        found.push([bins, analyser.context.sampleRate / analyser.fftSize]);
      }
    }
    return found;
  };
  window.heardInHertz = () => {
    let best = [-70, 0];
    for (const [bins, width] of spectra()) {
      bins.forEach((level, bin) => {
        if (level > best[0]) best = [level, bin * width];
      });
    }
    return best[1];
  };
  // Which of these tones are heard: those that stick out, and are not much softer than the loudest.
  window.heardAmong = (tones) => {
    const heard = new Set();
    for (const [bins, width] of spectra()) {
      const floor = Math.max(-70, Math.max(...bins) - 26);
      for (const tone of tones) {
        const at = Math.round(tone / width);
        if (Math.max(...bins.slice(at - 1, at + 2)) > floor) heard.add(tone);
      }
    }
    return [...heard];
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


def tone_of(bot: Station) -> int:
    """What that bot says, in Hz."""
    return int(frequency(next(index for index, owner in bot.studio.owners.items() if owner == bot.name)))


async def hears_exactly(bot: Station, wanted: set[int], among: set[int], within: float = 5.0) -> None:
    """Wait until the bot hears these of some tones, and no other of them, over half a second."""
    bot.tape = bytearray()
    heard: set[int] = set()
    try:
        async with asyncio.timeout(within):
            while len(bot.tape) < RATE // 2 or heard != wanted:
                await asyncio.sleep(FRAME / RATE)
                heard = tones_in(bytes(bot.tape[-RATE // 2 :]), among)
    except TimeoutError:
        raise AssertionError(f"{bot.name} hears {sorted(heard)} Hz, not {sorted(wanted)} Hz") from None
    finally:
        bot.tape = None


def tones_in(payload: bytes, among: set[int]) -> set[int]:
    """Those of some tones that stick out of half a second of PCMU, and are not much softer than the loudest."""
    samples = decode(payload)
    if len(samples) < RATE // 2 or float(np.sqrt(np.mean(samples * samples))) < QUIET_RMS:
        return set()
    levels = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    per_bin = RATE / len(samples)
    return {tone for tone in among if levels[round(tone / per_bin)] > levels.max() / 20}


def strongest(payload: bytes) -> float:
    """The strongest frequency in half a second of PCMU, 0 where there is less, or silence."""
    if len(payload) < RATE // 2:
        return 0.0
    samples = decode(payload)
    if float(np.sqrt(np.mean(samples * samples))) < QUIET_RMS:
        return 0.0
    return float(np.argmax(np.abs(np.fft.rfft(samples * np.hanning(len(samples))))) * RATE / len(samples))
