/**
 * What the agent writes about the call that wrap-up is about.
 *
 * The browser keeps it with every key, and the server has it a moment later, as it takes nothing after wrap-up, which may
 * end by itself, by a supervisor or by another window. It does not end by itself in the middle of a word: what is written
 * near its end makes it longer, as the agent's own "more time" does, up to the administrator's bound. Whoever ends it here
 * waits until it is saved. What another browser had saved is read before anything is: it would be overwritten.
 */
import { Refused } from "../api/client";
import { keptDraft, merged, newer, readDraft, type Draft } from "./draft";
import { forget, keep, kept } from "./kept";

const KEY = "desk.notes";
/** What the message about words that were left over is about. */
export const NOTES_LEFT = "notes left";
/** Milliseconds from the first key until it is saved; near the end of wrap-up at once. And until what failed is tried again. */
const SOON = 1000;
const AGAIN = 5000;
/** Milliseconds for which wrap-up lasts at least from each key. */
const LAST_WORDS = 5000;

/** What the notes need of the page that they are in. */
export interface NotesPage {
  /** Milliseconds until wrap-up ends by itself; null where it does not. */
  wrapUpLeft(): number | null;
  /** No matter whether it is done: what is written is saved in any case. */
  holdWrapUp(seconds: number): Promise<void>;
  /** What the server has of the call. Throws where that can't be known now. */
  noted(call: string): Promise<Noted>;
  /** The code for which it was refused; null where it was done. */
  dispose(call: string, code: string | null, notes: string): Promise<string | null>;
  complain(about: string, code: string, detail?: string): void;
}

export type Noted = Pick<Draft, "code" | "notes">;

export class Notes {
  /** Null outside of wrap-up. */
  draft = $state.raw<Draft | null>(null);
  #timer: ReturnType<typeof setTimeout> | undefined;
  #holding = false;
  #known = false;
  #sending: Promise<boolean> = Promise.resolve(true);
  /** The draft as it was when what the server has was not yet read; null when it has been. */
  #before: Draft | null = null;
  /** Why the last was not saved. */
  refused: string | null = null;

  constructor(private readonly page: NotesPage) {
    addEventListener("pagehide", () => void this.save());
    // Written in another window of the same browser.
    addEventListener("storage", ({ key }) => {
      if (key === KEY && this.draft !== null) this.draft = newer(this.draft, kept(KEY));
    });
  }

  /** The call that wrap-up is about now, if any. */
  follow(agent: string, call: string | null): void {
    if (call === (this.draft?.call ?? null)) {
      if (call === null) this.#left(agent);
      return;
    }
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.draft?.saved === false) this.page.complain("notes", "notes_not_saved");
    // The next at this window may be somebody else.
    else if (this.draft !== null) forget(KEY);
    this.draft = this.#before = call === null ? null : readDraft(kept(KEY), agent, call);
    if (this.draft !== null) void this.save();
  }

  /** Nobody is logged in here any more; what was not saved stays for when they are back. */
  leave(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.draft = null;
    this.#known = false;
  }

  /** What could not be saved before they left, and can't be any more: they have it to read. */
  #left(agent: string): void {
    if (this.#known) return;
    this.#known = true;
    const draft = keptDraft(kept(KEY));
    if (draft?.agent === agent && !draft.saved && draft.notes !== "") this.page.complain(NOTES_LEFT, "notes_left", draft.notes);
  }

  /** They have read it. */
  forgetLeft(): void {
    if (this.draft === null) forget(KEY);
  }

  write(part: Partial<Pick<Draft, "code" | "notes">>): void {
    if (this.draft === null) return;
    this.#keep({ ...this.draft, ...part, saved: false });
    const left = this.page.wrapUpLeft();
    const short = left === null ? 0 : LAST_WORDS - left;
    if (short > 0) {
      void this.#hold(Math.ceil(short / 1000));
      clearTimeout(this.#timer);
      this.#timer = undefined;
    }
    this.#saveIn(short > 0 ? 0 : SOON);
  }

  /** Have the server know all that is written. Whether it does. */
  save(): Promise<boolean> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#sending = this.#sending.then(() => this.#send());
    return this.#sending;
  }

  async #send(): Promise<boolean> {
    if (!(await this.#read())) return false;
    const sent = this.draft;
    if (sent === null || sent.saved) return true;
    this.refused = await this.page.dispose(sent.call, sent.code, sent.notes);
    if (this.draft === null) return this.refused === null;
    if (this.refused === "invalid" && sent.code !== null) {
      // The administrator took the code out of the list: the words are saved without it.
      if (this.draft.code === sent.code) this.#keep({ ...this.draft, code: null, saved: false });
      this.page.complain("notes", "code_gone");
      return this.#send();
    }
    if (this.refused === null && this.draft === sent) this.#keep({ ...sent, saved: true });
    if (this.refused !== null) this.#saveIn(AGAIN);
    return this.refused === null;
  }

  /** What the server has, before anything is sent. Whether it is known; where nothing is to be saved that is no matter. */
  async #read(): Promise<boolean> {
    const before = this.#before;
    if (before === null) return true;
    try {
      const noted = await this.page.noted(before.call);
      if (this.#before !== before || this.draft === null) return true;
      this.#before = null;
      const now = merged(before, this.draft, noted);
      if (now !== this.draft) this.#keep(now);
      return true;
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.refused = error.code;
      if (this.draft !== null) this.#saveIn(AGAIN);
      return this.draft?.saved ?? true;
    }
  }

  #saveIn(milliseconds: number): void {
    this.#timer ??= setTimeout(() => void this.save(), milliseconds);
  }

  /** Once for all keys until the event has come by which the page knows the new end. */
  async #hold(seconds: number): Promise<void> {
    if (this.#holding) return;
    this.#holding = true;
    await this.page.holdWrapUp(seconds);
    setTimeout(() => (this.#holding = false), SOON);
  }

  #keep(draft: Draft): void {
    this.draft = draft;
    keep(KEY, JSON.stringify(draft));
  }
}
