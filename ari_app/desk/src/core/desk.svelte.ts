/**
 * The page's one object: the store that the event stream fills, and the commands. What is requested of the server is never
 * assumed: the page changes when the event comes.
 */
import { answer, type Api, connect, Refused } from "../api/client";
import { EventStream } from "../api/events";
import type { components } from "../api/schema";
import type { OpeningChoice, PastCall, ServerEvent } from "./model";
import { forget, keep, kept, readSession, type Session } from "./kept";
import { Keys, requestKeys, type Keypad } from "./keys.svelte";
import { PARTY_PATHS, PLAIN_PATHS } from "./paths";
import { OwnPhone } from "./own_phone.svelte";
import { Known } from "./known";
import { Notes, NOTES_LEFT, type Noted } from "./notes.svelte";
import { phoneState } from "./people";
import { Pictures } from "./pictures";
import { aboutAgent, aboutCall, aboutOpening, complained, done, standing, type Complaints } from "./problems";
import { handOver } from "./own_window";
import { wayOut, type FromIssuer } from "./signing_in";
import { Shown } from "./shown.svelte";
import type { State } from "./store";
import { Team } from "./team.svelte";
import { interactions, isConference, isThere, transferredTo, type PartyVerb, type PlainVerb } from "./views";

export type NewState = components["schemas"]["NewState"]["state"];

/** Milliseconds between two looks at the clock. */
const TICK = 500;
const SESSION = "desk.session";
/** Kept in place of a session that has ended without anybody here having logged out. */
const ENDED = "ended";
const LEAVING = "desk.leaving";
/** Milliseconds; another is requested then. */
const TICKET_WITHIN = 10_000;

export class Desk {
  /** What is shown. */
  readonly state = new Shown();
  connection = $state<"connecting" | "open" | "lost">("connecting");
  session = $state.raw<Session | null>(readSession(kept(SESSION)));
  sessionLost = $state(false);
  problems = $state.raw<Complaints>([]);
  keypad = $state.raw<Keypad | null>(null);
  readonly api: Api = connect(
    () => this.session?.token ?? null,
    () => this.#lost(),
  );
  /** The phone in this window, and which of the agent's phones is theirs. */
  readonly phone: OwnPhone = new OwnPhone(this);
  /** What is written of the call that wrap-up is about. */
  readonly notes: Notes = new Notes(this);
  /** Team Communicator. */
  readonly team: Team = new Team(this);
  /** Called for each event after the page knows it. */
  readonly listeners = new Set<(event: ServerEvent) => void>();
  readonly #known = new Known();
  readonly #pictures = new Pictures(() => this.#draw());
  #ticking = $state(Date.now());
  #stream: EventStream | null = null;
  #problem = 0;
  /** When the last event came, by our clock. */
  #heard = 0;
  #keying: Promise<unknown> = Promise.resolve();

  /** What is known, to the last event: to be read at once. */
  get latest(): State {
    return this.#known.now;
  }

  /** The server's time in milliseconds. */
  readonly now = $derived(this.#ticking + this.state.skew);
  readonly calls = $derived(interactions(this.state, this.now));
  /** How the phone is on which the agent's calls come. */
  readonly phoneState = $derived(this.state.me === null ? null : phoneState(this.state.me, this.phone.state));

  constructor() {
    setInterval(() => this.#pictures.changed(), TICK);
    // Another window of the same browser logged in or out, or was the first to hear that the session has ended.
    addEventListener("storage", (event) => {
      const text = kept(SESSION);
      const session = readSession(text);
      if (event.key !== SESSION || (session === null && this.session === null)) return; // known, and why
      this.#become(session);
      this.sessionLost = text === ENDED;
    });
    if (this.session !== null) this.#follow();
  }

  // -- the session ---------------------------------------------------------------------------------------------------

  async logIn(agent: string, password: string): Promise<void> {
    await this.begin(await answer(this.api.POST("/v1/login", { body: { agent, password } })));
  }

  /** With what the issuer sent the browser back with. Throws `Refused`. */
  async logInFrom(issuer: FromIssuer): Promise<void> {
    const session = await answer(this.api.POST("/v1/login/oidc", { body: issuer }));
    if (!handOver(session)) await this.begin(session);
  }

  async begin({ token, agent }: Session): Promise<void> {
    const session = { token, agent };
    keep(SESSION, JSON.stringify(session));
    this.#become(session);
    const me = await answer(this.api.GET("/v1/me"));
    if (me.state === "logged_out" && me.phone !== null) await this.setState("not_ready", null);
  }

  /** Logged out is what comes after the call, as was chosen in this window; also when its page is loaded again meanwhile. */
  get #leaving(): boolean {
    return this.session !== null && kept(LEAVING, "sessionStorage") === this.session.agent;
  }

  set #leaving(wished: boolean) {
    if (wished && this.session !== null) keep(LEAVING, this.session.agent, "sessionStorage");
    else forget(LEAVING, "sessionStorage");
  }

  /** Who has logged out needs no session. As long as a call has them they need its page, and the phone in it. */
  async #leave(): Promise<void> {
    this.#leaving = false;
    const onward = await wayOut(this.api);
    await this.run("state", () => answer(this.api.POST("/v1/logout")));
    this.#forget();
    if (onward !== null) location.assign(onward);
  }

  /** All other sessions of the agent end. Throws `Refused`. */
  async changePassword(current_password: string, new_password: string): Promise<void> {
    await answer(this.api.PUT("/v1/me/password", { body: { current_password, new_password } }));
  }

  /** Whoever oversees has seen that somebody dialled for help. */
  note(emergency: number): void {
    this.#known.noted(emergency);
    this.#pictures.changed();
  }

  #become(session: Session | null): void {
    this.#stream?.close();
    this.#stream = null;
    this.phone.follow(null);
    this.session = session;
    this.#known.forget();
    this.#pictures.changed();
    this.sessionLost = this.#leaving = false;
    // The next at this window may be somebody else.
    this.team.forget();
    this.keypad = null;
    this.problems = [];
    this.notes.leave();
    if (session !== null) this.#follow();
  }

  #forget(): void {
    forget(SESSION);
    this.#become(null);
  }

  #lost(): void {
    if (this.session === null) return;
    keep(SESSION, ENDED);
    this.#become(null);
    this.sessionLost = true;
  }

  #draw(): void {
    this.state.show(this.#known.picture());
    // All clocks move together, and not with every picture.
    const now = Date.now();
    if (Math.abs(now - this.#ticking) >= TICK / 2) this.#ticking = now;
    this.problems = standing(this.problems, this.latest, this.now, this.#heard + this.latest.skew);
  }

  #follow(): void {
    this.connection = "connecting";
    this.#stream = new EventStream(() => this.ticket(), {
      event: (event) => {
        this.#heard = Date.now();
        this.#known.take(event, this.#heard);
        this.#pictures.changed();
        const me = this.latest.me;
        this.phone.follow(me?.features.phone_in_page ? me.phone_device : null);
        if (me !== null) this.notes.follow(me.agent, me.wrap_up_call ?? null);
        if (event.type === "snapshot") {
          this.team.begin();
          if (me?.phone != null) void this.#askDay();
          for (const call of interactions(this.latest, this.now)) if (isConference(call)) void this.askHearing(call.id);
        }
        const configured = event.type === "subscribed" && this.team.unrequested;
        if (me?.role !== "agent" && (event.type === "snapshot" || configured)) void this.#askOverview();
        if (event.type === "error" && event.operation !== "subscribe") this.complain(event.operation, event.problem.code);
        if (event.type === "call.ended" && this.#handedOver(event.call.id)) this.team.transferred();
        if (this.latest.stale) this.team.askAgain();
        this.phone.back();
        this.#tidy();
        if (me?.state === "logged_out" && this.#leaving) void this.#leave();
        for (const listener of this.listeners) listener(event);
      },
      connection: (state) => {
        this.connection = state;
        if (state === "open") {
          this.problems = done(this.problems, "connection");
          this.team.searchAgain();
          void this.notes.save();
        }
      },
      sessionEnded: () => this.#lost(),
      quiet: () => this.team.search(this.team.query),
    });
  }

  /** What opens one WebSocket, for its address. Throws `Refused`. */
  async ticket(): Promise<string> {
    const { ticket } = await answer(this.api.POST("/v1/events/ticket", { signal: AbortSignal.timeout(TICKET_WITHIN) }));
    return `ticket=${encodeURIComponent(ticket)}`;
  }

  /** To the server, by the event stream; lost where there is no connection. */
  send(message: object): void {
    this.#stream?.send(message);
  }

  /** Oneself, as the server has it. Throws `Refused`. */
  async askMe(): Promise<void> {
    this.#known.me(await answer(this.api.GET("/v1/me")));
    this.#pictures.changed();
  }

  /** A snapshot does not tell it; afterwards each change is an event. */
  async askHearing(call: string): Promise<void> {
    const params = { path: { call } };
    const reported = await answer(this.api.GET("/v1/calls/{call}/hearing", { params })).catch(() => null); // over meanwhile
    if (reported === null || call in this.latest.hearing) return;
    this.#known.hearing(call, reported.matrix);
    this.#pictures.changed();
  }

  /** Once; each change is an event. Where the history is away, the first of these brings it. */
  async #askDay(): Promise<void> {
    const day = await answer(this.api.GET("/v1/me/day")).catch(() => null);
    if (day === null) return;
    this.#known.day(day);
    this.#pictures.changed();
  }

  /** Everybody and every queue, for who oversees them. */
  async #askOverview(): Promise<void> {
    const before = this.#known.picture();
    await this.run("overview", async () => {
      const [rows, live, alarms] = await Promise.all([
        answer(this.api.GET("/v1/agents")),
        answer(this.api.GET("/v1/live")),
        answer(this.api.GET("/v1/alarms")),
      ]);
      this.#known.overview(rows.agents, live.targets, before);
      this.#known.boxes(live.voicemails);
      this.#known.alarms(alarms.alarms, before);
      this.#pictures.changed();
    });
  }

  #handedOver(id: string): boolean {
    const call = this.latest.calls[id];
    return call !== undefined && this.latest.mine.has(id) && transferredTo(call) !== null;
  }

  /** What was open about a call that is no more, or no longer takes it, is closed. */
  #tidy(): void {
    const open = (id: string | null): boolean => id === null || (id in this.latest.calls && !(id in this.latest.ended));
    this.team.tidy(open);
    if (this.keypad === null) return;
    const { call, party } = this.keypad;
    const there = open(call) && (party === null || isThere(this.latest.calls[call], party));
    if (!there) {
      this.keypad = null;
      this.complain("keypad", "keypad_closed");
    }
  }

  // -- commands ------------------------------------------------------------------------------------------------------

  /**
   * Run a command; what the server refuses is shown, until one about the same is done. Whether it was done.
   *
   * `about`: what it is for, as `problems.ts` has it.
   */
  async run(about: string, command: () => Promise<unknown>): Promise<boolean> {
    try {
      await command();
      this.problems = done(this.problems, about);
      return true;
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      // In after-call work one thing alone is not possible: to leave it without a result that is wanted.
      const wanted = about === "state" && error.code === "not_allowed_now" && this.latest.me?.state === "wrap_up";
      this.complain(about, wanted ? "result_wanted" : error.code);
      return false;
    }
  }

  complain(about: string, code: string, detail?: string): void {
    this.#problem += 1;
    this.problems = complained(this.problems, { id: this.#problem, about, code, detail, at: this.now });
  }

  dismiss(id: number): void {
    if (this.problems.some((problem) => problem.id === id && problem.about === NOTES_LEFT)) this.notes.forgetLeft();
    this.problems = this.problems.filter((problem) => problem.id !== id);
  }

  /** What is written of the last call is saved first: it can't be once wrap-up is over. */
  async setState(state: NewState, reason: string | null): Promise<boolean> {
    return this.run("state", () => this.changeState(state, reason));
  }

  /** The same, for who says themselves what was refused. Whoever leaves may: what is not saved stays in the browser. Throws `Refused`. */
  async changeState(state: NewState, reason: string | null): Promise<void> {
    if (!(await this.notes.save()) && state !== "logged_out") throw new Refused(this.notes.refused ?? "internal", "");
    const me = await this.#putState(state, reason);
    this.#leaving = state === "logged_out";
    // The event that tells it may have come before this answer.
    if (this.#leaving && [me.state, this.latest.me?.state].includes("logged_out")) await this.#leave();
  }

  wrapUpLeft(): number | null {
    const until = this.latest.me?.wrap_up_until;
    return until == null ? null : Date.parse(until) - this.now;
  }

  extendWrapUp(seconds: number): Promise<boolean> {
    return this.run("state", () => this.#putState("wrap_up", null, seconds));
  }

  async holdWrapUp(seconds: number): Promise<void> {
    await this.#putState("wrap_up", null, seconds).catch(() => null); // over meanwhile
  }

  #putState(state: NewState, reason: string | null, extend: number | null = null): Promise<components["schemas"]["Me"]> {
    return answer(this.api.PUT("/v1/me/state", { body: { state, reason, extend } }));
  }

  plain(call: string, verb: keyof typeof PLAIN_PATHS): Promise<boolean> {
    return this.run(aboutCall(call), () => answer(this.api.POST(PLAIN_PATHS[verb], { params: { path: { call } } })));
  }

  verb(call: string, verb: PlainVerb): Promise<boolean> {
    if (verb !== "merge") return this.plain(call, verb);
    const body = { call_id: null };
    return this.run(aboutCall(call), () => answer(this.api.POST("/v1/calls/{call}/merge", { params: { path: { call } }, body })));
  }

  async dispose(call: string, code: string | null, notes: string): Promise<string | null> {
    const params = { path: { call } };
    // Also from a page that is being closed.
    const request = { params, body: { code, notes }, keepalive: true };
    try {
      await answer(this.api.PATCH("/v1/calls/{call}/disposition", request));
      this.problems = done(this.problems, aboutCall(call));
      if (code !== null) this.problems = done(this.problems, "notes");
      return null;
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      // A code that was taken out of the list is to be gone from the page's, too.
      if (error.code === "invalid" && code !== null) await this.askMe().catch(() => null);
      else this.complain(aboutCall(call), error.code);
      return error.code;
    }
  }

  /** What the agent has noted of a call that is over. Throws `Refused`. */
  async noted(call: string): Promise<Noted> {
    const past = (await this.history()).find((each) => each.id === call);
    return past?.dispositions.find((each) => each.agent === this.session?.agent) ?? { code: null, notes: "" };
  }

  /** The agent's last calls, the newest first. */
  async history(): Promise<readonly PastCall[]> {
    const agent = this.session?.agent ?? "";
    return (await answer(this.api.GET("/v1/history", { params: { query: { agent, limit: 20 } } }))).calls;
  }

  party(call: string, party: string, verb: Exclude<PartyVerb, "send_dtmf">): Promise<boolean> {
    const params = { path: { call, party } };
    if (verb === "remove") return this.run(aboutCall(call), () => answer(this.api.DELETE("/v1/calls/{call}/parties/{party}", { params })));
    return this.run(aboutCall(call), () => answer(this.api.POST(PARTY_PATHS[verb], { params })));
  }

  /** What a keypad sends; one that is opened before the last is done waits for it. */
  keysFor(to: Keypad): Keys {
    const { session } = this;
    return new Keys({
      send: (digits) => {
        const sent = this.#keying.then(() => this.run(aboutCall(to.call), () => requestKeys(this.api, to, digits)));
        this.#keying = sent.catch(() => null);
        return sent;
      },
      lost: (digits) => {
        if (this.session === session) this.complain(`keys:${this.#problem}`, "keys_not_sent", digits);
      },
    });
  }

  // -- what supervisors do ---------------------------------------------------------------------------------------------

  monitor(call: string, mode: "listen" | "whisper" | "barge"): Promise<boolean> {
    const body = { mode, party: null };
    return this.run(aboutCall(call), () => answer(this.api.POST("/v1/calls/{call}/monitor", { params: { path: { call } }, body })));
  }

  stopMonitoring(call: string): Promise<boolean> {
    return this.run(aboutCall(call), () => answer(this.api.POST("/v1/calls/{call}/stop-monitoring", { params: { path: { call } } })));
  }

  takeCallOver(call: string): Promise<boolean> {
    const body = { party: null };
    return this.run(aboutCall(call), () => answer(this.api.POST("/v1/calls/{call}/take-over", { params: { path: { call } }, body })));
  }

  setAgentState(agent: string, state: "ready" | "not_ready" | "logged_out", reason: string | null): Promise<boolean> {
    const body = { state, reason };
    return this.run(aboutAgent(agent), () => answer(this.api.PUT("/v1/agents/{agent}/state", { params: { path: { agent } }, body })));
  }

  /** Whoever oversees opens or closes a queue or group, or leaves it to its hours. */
  setOpening(target: string, opening: OpeningChoice): Promise<boolean> {
    const params = { path: { target } };
    const body = { opening, until: null };
    return this.run(aboutOpening(target), () => answer(this.api.PUT("/v1/targets/{target}/opening", { params, body })));
  }

  endSessions(agent: string): Promise<boolean> {
    return this.run(aboutAgent(agent), () => answer(this.api.DELETE("/v1/agents/{agent}/sessions", { params: { path: { agent } } })));
  }
}

export const desk = new Desk();
