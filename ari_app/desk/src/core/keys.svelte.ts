/**
 * Keys for a call or a party, as they are typed: all that has gathered while a request is under way is the next one, so
 * that none overtakes another. Where one is not sent, none after it is: keys with a gap are another number.
 */

import { answer, type Api } from "../api/client";

/** Where keys go: a call, or one party of it. */
export interface Keypad {
  readonly call: string;
  readonly party: string | null;
}

/** So many go at once, at most. */
const MOST = 64;

export interface KeysLine {
  /** Whether it was done. */
  send(digits: string): Promise<boolean>;
  /** These were typed, nobody looks at the keypad any more, and they will not be sent. */
  lost(digits: string): void;
}

export class Keys {
  /** All that was typed. */
  typed = $state("");
  /** Typed and not sent, from the first that failed; nothing is sent until that is wished. */
  unsent = $state("");
  #waiting = "";
  #sending = false;
  #closed = false;

  constructor(private readonly line: KeysLine) {}

  press(keys: string): void {
    if (keys === "") return;
    this.typed += keys;
    if (this.unsent !== "") this.unsent += keys;
    else {
      this.#waiting += keys;
      void this.#send();
    }
  }

  /** What was not sent, once more. */
  again(): void {
    this.#waiting = this.unsent;
    this.unsent = "";
    void this.#send();
  }

  /** The keypad is closed: what waits is sent all the same. */
  close(): void {
    this.#closed = true;
    this.#report();
  }

  async #send(): Promise<void> {
    if (this.#sending) return;
    this.#sending = true;
    while (this.#waiting !== "") {
      const digits = this.#waiting.slice(0, MOST);
      const done = await this.line.send(digits).catch(() => false);
      this.#waiting = this.#waiting.slice(digits.length);
      if (done) continue;
      this.unsent = digits + this.#waiting;
      this.#waiting = "";
    }
    this.#sending = false;
    this.#report();
  }

  #report(): void {
    if (!this.#closed || this.unsent === "") return;
    this.line.lost(this.unsent);
    this.unsent = "";
  }
}

/** Throws `Refused`. */
export function requestKeys(api: Api, { call, party }: Keypad, digits: string): Promise<unknown> {
  if (party === null) return answer(api.POST("/v1/calls/{call}/send-dtmf", { params: { path: { call } }, body: { digits, party } }));
  return answer(api.POST("/v1/calls/{call}/parties/{party}/send-dtmf", { params: { path: { call, party } }, body: { digits } }));
}
