/**
 * The event stream: opened, kept open, resumed where it broke off.
 *
 * A page that was hidden, frozen or without network asks for what it missed (`since`); the server says when that is no
 * longer known by beginning with a snapshot. A network that drops without a word (NAT, VPN) closes no socket: where
 * nothing has come for a while, the page asks for something, and gives the socket up that answers nothing.
 */
import type { components } from "./schema";

export type ServerEvent = components["schemas"]["Event"];

/** Milliseconds until the first attempt after a break, and the longest wait between two. */
const FIRST = 200;
const LONGEST = 5000;
/** Milliseconds without a message until one is requested, and until a socket that brings none is given up. */
export const QUIET = 15_000;
export const ANSWERS = 5000;
const SESSION_ENDED = 4001;
const BEGIN_ANEW = 1012;

export interface Listener {
  event(event: ServerEvent): void;
  connection(state: "connecting" | "open" | "lost"): void;
  sessionEnded(): void;
  /** To send what the server answers at once. */
  quiet(): void;
}

export class EventStream {
  #socket: WebSocket | null = null;
  #since: number | null = null;
  #wait = FIRST;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #silence: ReturnType<typeof setTimeout> | undefined;
  #opening = false;
  #closed = false;
  readonly #again = (): void => this.#hurry();

  readonly #ticket: () => Promise<string>;
  readonly #listener: Listener;
  readonly #server: string;

  /**
   * `ticket` gets what opens one socket, as it stands in the query; it rejects where the server can't be reached. `server` is
   * where it is, such as `https://desk.example.org`; without, it is that of the page.
   */
  constructor(ticket: () => Promise<string>, listener: Listener, server?: string) {
    this.#ticket = ticket;
    this.#listener = listener;
    this.#server = server ?? `${location.protocol}//${location.host}`;
    globalThis.addEventListener?.("online", this.#again);
    globalThis.document?.addEventListener("visibilitychange", this.#again);
    void this.#open();
  }

  send(message: object): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#silence);
    globalThis.removeEventListener?.("online", this.#again);
    globalThis.document?.removeEventListener("visibilitychange", this.#again);
    this.#socket?.close();
  }

  async #open(): Promise<void> {
    if (this.#opening) return;
    this.#opening = true;
    const query = await this.#ticket().catch(() => null);
    this.#opening = false;
    if (this.#closed) return;
    if (query === null) {
      this.#later();
      return;
    }
    const since = this.#since === null ? "" : `&since=${this.#since}`;
    const socket = new WebSocket(`${this.#server.replace(/^http/, "ws")}/v1/events?${query}${since}`);
    this.#socket = socket;
    this.#heard();
    socket.onopen = () => {
      this.#wait = FIRST;
      this.#listener.connection("open");
    };
    socket.onmessage = (message: MessageEvent<string>) => {
      if (this.#socket !== socket) return;
      this.#heard();
      const event = JSON.parse(message.data) as ServerEvent;
      this.#since = event.seq;
      this.#listener.event(event);
    };
    socket.onclose = (close) => {
      if (this.#socket !== socket || this.#closed) return;
      this.#socket = null;
      clearTimeout(this.#silence);
      if (close.code === BEGIN_ANEW) this.#since = null;
      if (close.code === SESSION_ENDED) this.#listener.sessionEnded();
      else this.#later();
    };
  }

  #heard(): void {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => this.#ask(), QUIET);
  }

  #ask(): void {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => this.#giveUp(), ANSWERS);
    this.#listener.quiet();
  }

  #giveUp(): void {
    const silent = this.#socket;
    this.#socket = null;
    silent?.close();
    this.#later();
  }

  #later(): void {
    if (this.#closed) return;
    this.#listener.connection("lost");
    clearTimeout(this.#timer);
    // Spread out, so that a server that was restarted does not meet all pages at once.
    this.#timer = setTimeout(() => void this.#open(), this.#wait * (0.5 + Math.random()));
    this.#wait = Math.min(this.#wait * 2, LONGEST);
  }

  #hurry(): void {
    if (globalThis.document?.hidden || this.#closed) return;
    if (this.#socket !== null) {
      this.#ask();
      return;
    }
    clearTimeout(this.#timer);
    this.#wait = FIRST;
    void this.#open();
  }
}
