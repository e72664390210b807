/**
 * What the agent writes about the call that wrap-up is about.
 *
 * The browser keeps it with every key, and the server has it a moment later, as it takes nothing after wrap-up, which may
 * end by itself, by a supervisor or by another window. It does not end by itself in the middle of a word: what is written
 * near its end makes it longer, as the agent's own "more time" does, up to the administrator's bound. Whoever ends it here
 * waits until it is saved.
 */
import { readDraft, type Draft } from "./draft";
import { forget, keep, kept } from "./kept";

const KEY = "desk.notes";
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
  dispose(call: string, code: string | null, notes: string): Promise<boolean>;
  complain(about: string, code: string): void;
}

export class Notes {
  /** Null outside of wrap-up. */
  draft = $state.raw<Draft | null>(null);
  #timer: ReturnType<typeof setTimeout> | undefined;
  #holding = false;
  #sending: Promise<boolean> = Promise.resolve(true);

  constructor(private readonly page: NotesPage) {
    addEventListener("pagehide", () => void this.save());
    // Written in another window of the same browser.
    addEventListener("storage", ({ key }) => {
      const draft = this.draft;
      if (key === KEY && draft?.saved) this.draft = readDraft(kept(KEY), draft.agent, draft.call);
    });
  }

  /** The call that wrap-up is about now, if any. */
  follow(agent: string, call: string | null): void {
    if (call === (this.draft?.call ?? null)) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.draft?.saved === false) this.page.complain("notes", "notes_not_saved");
    // The next at this window may be somebody else.
    else if (this.draft !== null) forget(KEY);
    this.draft = call === null ? null : readDraft(kept(KEY), agent, call);
    if (this.draft?.saved === false) void this.save();
  }

  /** Nobody is logged in here any more; what was not saved stays for when they are back. */
  leave(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.draft = null;
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
    const sent = this.draft;
    if (sent === null || sent.saved) return true;
    const done = await this.page.dispose(sent.call, sent.code, sent.notes);
    if (done && this.draft === sent) this.#keep({ ...sent, saved: true });
    if (!done && this.draft !== null) this.#saveIn(AGAIN);
    return done;
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
