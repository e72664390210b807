/**
 * The phone in the page: registers, rings, answers what asks to be answered, and plays what it hears.
 *
 * It knows nothing of hold, transfer or conference: these are the server's, and a phone is a line that is open or not.
 * An INVITE that says so (`answer-after=0`) is answered at once: by it the server answers for the agent who pressed
 * Accept, and rings them for a call of their own. All others ring until the server takes them back.
 */
import JsSIP from "jssip";
import type { Socket } from "jssip/lib/Socket";
import type { RTCSession } from "jssip/lib/RTCSession";
import type { IncomingRTCSessionEvent, OutgoingRTCSessionEvent, UA } from "jssip/lib/UA";
import type { Sample } from "./quality";

/** What opens the phone once: the socket's address has a ticket, and the secret ends with the session. */
export interface Access {
  readonly url: string;
  readonly uri: string;
  readonly user: string;
  readonly password: string;
  readonly iceServers: readonly RTCIceServer[];
}

export type LineState = "connecting" | "registered" | "failed";

export interface PhoneListener {
  line(state: LineState): void;
  /** The socket closed by the server, with its code; the phone is over. */
  closed(code: number | undefined): void;
  /** Whether something rings that is to be heard. */
  ringing(rings: boolean): void;
  /** Whether somebody is on the line. */
  talking(talks: boolean): void;
  /** The browser wants a click before it plays sound. */
  silenced(): void;
}

/** Seconds that a registration lasts; renewed before. */
const EXPIRES = 120;

export class Phone {
  readonly #ua: UA;
  readonly #socket: Socket;
  readonly #sessions = new Map<RTCSession, HTMLAudioElement>();
  #stopped = false;

  /** `microphone` is what is heard of the agent; `speaker` the device that plays, empty for the browser's own. */
  constructor(
    private readonly access: Access,
    private microphone: MediaStream,
    private speaker: string,
    private readonly listener: PhoneListener,
  ) {
    this.#socket = new JsSIP.WebSocketInterface(access.url);
    this.#ua = new JsSIP.UA({
      sockets: [this.#socket],
      uri: access.uri,
      authorization_user: access.user,
      password: access.password,
      register_expires: EXPIRES,
    });
    this.#ua.on("registered", () => listener.line("registered"));
    this.#ua.on("registrationFailed", () => listener.line("failed"));
    this.#ua.on("newRTCSession", (event: IncomingRTCSessionEvent | OutgoingRTCSessionEvent) => this.#invited(event));
    // A ticket opens one socket: whoever owns the phone makes another one for the next.
    this.#ua.on("disconnected", (event) => this.#disconnected(event.code));
    listener.line("connecting");
    this.#ua.start();
  }

  /**
   * The phone is gone, as if the page were closed: whoever is on the line has not been hung up on, and is brought to the
   * agent's phone again, wherever that is.
   */
  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#socket.disconnect();
    this.#ua.stop();
  }

  /** Answer whatever rings. */
  answer(): void {
    for (const session of this.#sessions.keys()) if (session.isInProgress()) this.#answer(session);
  }

  get talks(): boolean {
    return [...this.#sessions.keys()].some((session) => session.isEstablished());
  }

  async useMicrophone(stream: MediaStream): Promise<void> {
    this.microphone = stream;
    const [track] = stream.getAudioTracks();
    for (const session of this.#sessions.keys()) {
      for (const sender of session.connection?.getSenders() ?? []) await sender.replaceTrack(track ?? null);
    }
  }

  async useSpeaker(device: string): Promise<void> {
    this.speaker = device;
    for (const audio of this.#sessions.values()) await audio.setSinkId(device);
  }

  /** Play what the browser would not without a click; called in one. */
  async unsilence(): Promise<void> {
    for (const audio of this.#sessions.values()) await audio.play();
  }

  /** What the line is like now; null while nobody is on it. */
  async sample(): Promise<Sample | null> {
    const session = [...this.#sessions.keys()].find((each) => each.isEstablished());
    if (session === undefined) return null;
    let [received, lost, jitter, roundTrip] = [0, 0, 0, 0];
    for (const report of (await session.connection.getStats()).values() as Iterable<RTCStats>) {
      if (report.type === "inbound-rtp") {
        const inbound = report as RTCInboundRtpStreamStats;
        [received, lost, jitter] = [inbound.packetsReceived ?? 0, inbound.packetsLost ?? 0, inbound.jitter ?? 0];
      } else if (report.type === "remote-inbound-rtp") {
        roundTrip = (report as RTCStats & { roundTripTime?: number }).roundTripTime ?? 0;
      }
    }
    return { received, lost, jitter, roundTrip };
  }

  #disconnected(code: number | undefined): void {
    if (this.#stopped) return;
    this.stop();
    this.listener.closed(code);
  }

  #invited(event: IncomingRTCSessionEvent | OutgoingRTCSessionEvent): void {
    const { session, request } = event;
    if (session.direction !== "incoming") return;
    const audio = new Audio();
    this.#sessions.set(session, audio);
    session.on("peerconnection", ({ peerconnection }) => {
      peerconnection.addEventListener("track", (track) => void this.#play(audio, track.streams[0] ?? new MediaStream([track.track])));
    });
    // The first candidate is an address of this machine, and enough: to wait for more only delays the answer.
    session.on("icecandidate", ({ ready }) => ready());
    session.on("accepted", () => this.#changed());
    session.on("ended", () => this.#over(session));
    session.on("failed", () => this.#over(session));
    if (/answer-after=0/i.test(request.getHeader("Call-Info") ?? "")) {
      this.#answer(session);
    }
    this.#changed();
  }

  #answer(session: RTCSession): void {
    session.answer({ mediaStream: this.microphone, pcConfig: { iceServers: [...this.access.iceServers] } });
  }

  async #play(audio: HTMLAudioElement, stream: MediaStream): Promise<void> {
    audio.srcObject = stream;
    if (this.speaker !== "") await audio.setSinkId(this.speaker).catch(() => undefined);
    await audio.play().catch((error: unknown) => {
      if (error instanceof DOMException && error.name === "NotAllowedError") this.listener.silenced();
    });
  }

  #over(session: RTCSession): void {
    const audio = this.#sessions.get(session);
    if (audio !== undefined) audio.srcObject = null;
    this.#sessions.delete(session);
    this.#changed();
  }

  #changed(): void {
    const all = [...this.#sessions.keys()];
    this.listener.ringing(all.some((session) => session.isInProgress()));
    this.listener.talking(all.some((session) => session.isEstablished()));
  }
}
