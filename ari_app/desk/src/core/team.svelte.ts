/**
 * Team Communicator: what is searched for and found, what it was opened for, and reaching whom it shows.
 *
 * What is found is the server's, in the store; here is what somebody is about to do with it.
 */
import { answer, type Api } from "../api/client";
import type { Call, Target, TargetAction } from "./model";
import { TARGET_PATHS } from "./paths";
import { aboutCall } from "./problems";
import { query, SHOWN } from "./search";
import type { State } from "./store";
import { asksCallerId, current, type TargetVerb } from "./views";

/** What Team Communicator was opened for, by a button of a call. */
export interface Purpose {
  readonly verb: TargetVerb;
  readonly call: string;
}

/** What waits for the choice of a caller ID. */
export interface Asking {
  readonly verb: TargetAction;
  readonly target: string;
  readonly call: string | null;
}

/** Milliseconds until what may be done with the targets is requested anew; and, while they go on changing, between two requests. */
const SOON = 40;
const AGAIN = 1000;

/** What Team Communicator needs of the page that it is in. */
export interface TeamPage {
  readonly api: Api;
  /** What is shown, and what is known: to the last event. */
  readonly state: State;
  readonly latest: State;
  readonly calls: readonly Call[];
  run(about: string, command: () => Promise<unknown>): Promise<boolean>;
  send(message: object): void;
  askMe(): Promise<void>;
}

export class Team {
  purpose = $state.raw<Purpose | null>(null);
  asking = $state.raw<Asking | null>(null);
  query = $state("");
  /** How many answers to searches there will be when `found` is what the text finds. */
  #searches = $state(0);
  /** The text by which the last target was found. */
  #reached = "";
  #refreshing: ReturnType<typeof setTimeout> | undefined;
  #refreshed = -AGAIN;

  constructor(private readonly page: TeamPage) {}

  /** What is shown was found for an earlier text. */
  readonly searching = $derived.by(() => this.#searches > this.page.state.answered);
  /** The call that its verbs are about. */
  readonly subject = $derived.by<Call | null>(() => {
    const named = this.purpose === null ? undefined : this.page.calls.find((call) => call.id === this.purpose?.call);
    return named ?? current(this.page.calls);
  });

  /**
   * More answers have come than there were searches: the server searches again when the configuration has changed. One
   * that was requested twice over a break looks the same.
   */
  get unrequested(): boolean {
    return this.page.latest.answered > this.#searches;
  }

  /** The next at this window may be somebody else. */
  forget(): void {
    this.purpose = this.asking = null;
    this.query = "";
  }

  /** What was open for a call that is no more, or no longer allows it, is closed. */
  tidy(open: (call: string | null) => boolean): void {
    const purpose = this.purpose;
    if (purpose !== null && !this.page.latest.calls[purpose.call]?.actions.includes(purpose.verb)) this.purpose = null;
    if (this.asking !== null && !open(this.asking.call)) this.asking = null;
  }

  // -- searching -----------------------------------------------------------------------------------------------------

  open(call: string, verb: TargetVerb): void {
    this.purpose = { call, verb };
    this.query = "";
    this.search("");
  }

  search(text: string): void {
    this.query = text;
    this.#searches = Math.max(this.#searches, this.page.latest.answered) + 1;
    this.page.send({ type: "subscribe", q: query(text), limit: SHOWN + 1 });
  }

  /** The call is with whom it was transferred to: the text that found them has served. */
  transferred(): void {
    if (this.query !== "" && this.query === this.#reached) this.search("");
  }

  /** A connection counts its answers from its beginning. */
  begin(): void {
    this.#searches = 0;
    this.search(this.query);
  }

  /** What was typed while there was no connection has found nothing yet. */
  searchAgain(): void {
    if (this.#searches <= this.page.latest.answered) return;
    this.#searches = this.page.latest.answered;
    this.search(this.query);
  }

  /** Counts change at once; what may be done follows from the server's answer, requested once for many changes. */
  askAgain(): void {
    if (this.#refreshing !== undefined) return;
    const wait = Math.max(SOON, this.#refreshed + AGAIN - performance.now());
    this.#refreshing = setTimeout(() => {
      this.#refreshing = undefined;
      this.#refreshed = performance.now();
      this.search(this.query);
    }, wait);
  }

  // -- reaching somebody ---------------------------------------------------------------------------------------------

  /** Do something with a target; where an identity is to be chosen, the dialog opens first. */
  async reach(verb: TargetAction, target: Pick<Target, "target">): Promise<void> {
    const call = verb === "call" ? null : (this.subject?.id ?? null);
    if (verb !== "call" && call === null) return;
    const { me } = this.page.state;
    if (me !== null && asksCallerId(me, verb, target.target)) this.asking = { verb, target: target.target, call };
    else await this.#reach({ verb, target: target.target, call }, null);
  }

  async chooseCallerId(id: string): Promise<void> {
    const asking = this.asking;
    this.asking = null;
    if (asking === null) return;
    await this.#reach(asking, id);
    // The server keeps the last choice (S52), and tells it.
    await this.page.run("caller ID", () => this.page.askMe());
  }

  async #reach(what: Asking, caller_id: string | null): Promise<void> {
    const { api } = this.page;
    const body = { target: what.target, caller_id, user_data: {} };
    this.purpose = null;
    this.#reached = this.query;
    if (what.verb === "call") await this.page.run("new call", () => answer(api.POST("/v1/calls", { body })));
    else if (what.call !== null) {
      const params = { path: { call: what.call } };
      const path = TARGET_PATHS[what.verb];
      await this.page.run(aboutCall(what.call), () => answer(api.POST(path, { params, body })));
    }
  }
}
