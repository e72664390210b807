/** The browser's sound devices: the microphone and how loud it is, and the ring. */

/** Why there is no microphone: what somebody can do about it follows from it. */
export type Lack = "refused" | "missing" | "busy" | "insecure" | "lost";

export class NoMicrophone extends Error {
  constructor(readonly lack: Lack) {
    super(lack);
  }
}

/** What the browser says when it gives no microphone (`getUserMedia`'s exceptions, by name). */
export function lackOf(name: string): Lack {
  switch (name) {
    case "NotAllowedError":
    case "SecurityError":
      return "refused";
    case "NotReadableError":
    case "AbortError":
      return "busy";
    default:
      return "missing";
  }
}

/** A microphone, the browser's own where `device` is empty or gone. Throws `NoMicrophone`. */
export async function openMicrophone(device: string): Promise<MediaStream> {
  const wanted: MediaTrackConstraints = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
  if (device !== "") wanted.deviceId = { ideal: device };
  // Pages that did not come over TLS have no devices at all.
  if (!("mediaDevices" in navigator)) throw new NoMicrophone("insecure");
  try {
    return await navigator.mediaDevices.getUserMedia({ audio: wanted });
  } catch (error) {
    throw new NoMicrophone(lackOf(error instanceof DOMException ? error.name : ""));
  }
}

/** Call back when the microphone is allowed or refused in the browser; not every browser says so. */
export function whenAllowed(changed: () => void): void {
  void navigator.permissions
    ?.query({ name: "microphone" as PermissionName })
    .then((status) => status.addEventListener("change", changed))
    .catch(() => undefined);
}

export interface Device {
  readonly id: string;
  readonly label: string;
}

export async function devices(kind: "audioinput" | "audiooutput"): Promise<Device[]> {
  const all = await navigator.mediaDevices.enumerateDevices();
  return all.filter((each) => each.kind === kind && each.deviceId !== "").map((each) => ({ id: each.deviceId, label: each.label }));
}

/** How loud a stream is, 0 to 1, each time that it is called. */
export class Level {
  readonly #context = new AudioContext();
  readonly #analyser = this.#context.createAnalyser();
  readonly #samples = new Float32Array(1024);

  constructor(stream: MediaStream) {
    this.#analyser.fftSize = this.#samples.length;
    this.#context.createMediaStreamSource(stream).connect(this.#analyser);
  }

  now(): number {
    this.#analyser.getFloatTimeDomainData(this.#samples);
    const power = this.#samples.reduce((sum, each) => sum + each * each, 0) / this.#samples.length;
    return Math.min(1, Math.sqrt(power) * 4);
  }

  close(): void {
    void this.#context.close();
  }
}

/** Two soft notes, again and again, on a device of their own: the speaker rings while the headset lies on the desk. */
export class Ring {
  #context: AudioContext | null = null;

  set(rings: boolean, device: string): void {
    if (rings === (this.#context !== null)) return;
    if (!rings) {
      void this.#context?.close();
      this.#context = null;
      return;
    }
    const context = new AudioContext();
    this.#context = context;
    // Not in every browser's types, nor in every browser: then the ring comes from where all sound does.
    const routed = context as AudioContext & { setSinkId?: (id: string) => Promise<void> };
    if (device !== "") void routed.setSinkId?.(device).catch(() => undefined);
    const gain = context.createGain();
    gain.gain.value = 0;
    gain.connect(context.destination);
    for (const frequency of [660, 880]) {
      const note = context.createOscillator();
      note.frequency.value = frequency;
      note.connect(gain);
      note.start();
    }
    for (let second = 0; second < 120; second += 3) {
      const at = context.currentTime + second;
      gain.gain.setTargetAtTime(0.08, at, 0.03);
      gain.gain.setTargetAtTime(0, at + 0.9, 0.15);
    }
  }
}
