/**
 * What the page knows, to the last event, while it is being written.
 *
 * A thousand events may come in a second, about five hundred people, and a picture is made of them ten times: a part of
 * the state is copied once for each picture in which something of it is new, and never for an event. So nothing waits
 * to be taken in, however long nobody looks: what is kept is as much as there is to know.
 */
import type { AgentDocument, AgentRow, Call, Day, Ear, LiveTarget, Me, Raised, ServerEvent, Target } from "./model";
import { initial, isIn, type Emergency, type State } from "./store";

/** Milliseconds by which two events may differ in their way here without the clocks being set anew. */
const STEADY = 100;
/** Emergencies that are shown at once. */
const SHOWN = 4;
const COLLATOR = new Intl.Collator(undefined, { numeric: true });

type Written = { -readonly [K in keyof State]: State[K] };
type Records = "calls" | "ended" | "alarms" | "hearing" | "names" | "agents" | "raised" | "live";
type TargetUpdated = Extract<ServerEvent, { type: "target.updated" }>;

export class Known {
  #state: Written;
  /** The parts that no picture has yet: they may be written to. */
  readonly #own = new Set<keyof State>();
  /** Where in `found` a target is. */
  #places = new Map<string, number>();
  #unordered = false;

  constructor(state: State = initial) {
    this.#state = { ...state };
    this.#index();
  }

  /** To be read at once; what is to be kept is a `picture`. */
  get now(): State {
    return this.#state;
  }

  /** As it is now, and stays. */
  picture(): State {
    if (this.#unordered) this.#order();
    this.#own.clear();
    const picture = this.#state;
    this.#state = { ...picture };
    return picture;
  }

  forget(): void {
    this.#state = { ...initial };
    this.#own.clear();
    this.#index();
  }

  /** An event that came at `now` (our clock, milliseconds). */
  take(event: ServerEvent, now: number): void {
    const state = this.#state;
    const at = Date.parse(event.at);
    state.seq = event.seq;
    if (Math.abs(at - now - state.skew) > STEADY) state.skew = at - now;
    switch (event.type) {
      case "snapshot":
        return this.#begin(event.me, event.calls);
      case "call.created":
      case "call.updated":
        return this.#call(event.call);
      case "call.ended":
        return this.#end(event.call, at);
      case "call.alarm":
        return this.#goesOn(event.call_id) ? this.#put("alarms", event.call_id, event.alarm) : undefined;
      case "call.hearing":
        return this.hearing(event.call_id, event.matrix);
      case "offer.updated": {
        const call = state.calls[event.call_id];
        if (call !== undefined) this.#call({ ...call, offer: event.offer });
        return;
      }
      case "phone.updated":
        state.phone = event.phone;
        return;
      case "day.updated":
        return this.day(event.day);
      case "agent.updated":
        return this.#agent(event.agent);
      case "target.updated":
        return this.#target(event);
      case "subscribed":
        return this.#found(event.targets);
      case "queue.updated":
        return this.#put("live", event.queue.target, event.queue);
      case "alarm.raised":
        return this.#put("raised", event.alarm.id, event.alarm);
      case "alarm.cleared":
        return this.#drop("raised", event.alarm.id);
      case "emergency.dialled": {
        const { seq: id, agent, phone, number } = event;
        const dialled: Emergency = { id, agent, phone, number, at };
        state.emergencies = [dialled, ...state.emergencies].slice(0, SHOWN);
        return;
      }
      case "error":
        return event.operation === "subscribe" ? this.#found([]) : undefined;
      default:
        return; // an event of a newer server
    }
  }

  /** Who hears whom in a call, as it was last reported or fetched. */
  hearing(call: string, matrix: readonly Ear[]): void {
    if (this.#goesOn(call)) this.#put("hearing", call, matrix);
  }

  /** The agent's own day, as it was reported or fetched: what is older is late. */
  day(day: Day): void {
    if (this.#state.day === null || day.as_of >= this.#state.day.as_of) this.#state.day = day;
  }

  /** Somebody here has taken note of it. */
  noted(emergency: number): void {
    this.#state.emergencies = this.#state.emergencies.filter(({ id }) => id !== emergency);
  }

  /** Oneself, as fetched. */
  me(me: Me): void {
    this.#state.me = me;
  }

  /**
   * Overseers fetch everybody once, and again when the configuration has changed; each other change is an event. `before`
   * is the picture of when it was requested: what an event has changed since then is newer than the answer. Who was there
   * before and is not in the answer is no longer listed.
   */
  overview(rows: readonly AgentRow[], live: readonly LiveTarget[], before: State): void {
    this.#state.overseen = true;
    this.#keepOnly("agents", rows.map((agent) => agent.agent), before);
    this.#keepOnly("live", live.map((target) => target.target), before);
    for (const { calls: _, groups: __, ...agent } of rows) {
      if (this.#state.agents[agent.agent] === before.agents[agent.agent]) this.#person(agent);
    }
    for (const target of live) {
      if (this.#state.live[target.target] === before.live[target.target]) this.#put("live", target.target, target);
    }
  }

  /** Boxes of messages, by the names that the file gives them: alarms are about them. */
  boxes(boxes: readonly { readonly box: string; readonly name: string }[]): void {
    for (const { box, name } of boxes) this.#name(`voicemail:${box}`, name);
  }

  /** What is wrong now, as fetched with the overview; what an event has changed since `before` is newer. */
  alarms(raised: readonly Raised[], before: State): void {
    this.#keepOnly("raised", raised.map((alarm) => alarm.id), before);
    for (const alarm of raised) {
      if (this.#state.raised[alarm.id] === before.raised[alarm.id]) this.#put("raised", alarm.id, alarm);
    }
  }

  // -- inside ----------------------------------------------------------------------------------------------------------

  #keepOnly(part: "agents" | "live" | "raised", listed: readonly string[], before: State): void {
    const kept = new Set(listed);
    for (const key of Object.keys(this.#state[part])) {
      if (kept.has(key) || this.#state[part][key] !== before[part][key]) continue;
      this.#drop(part, key);
      if (part === "agents") this.#unordered = true;
    }
  }

  #begin(me: Me, calls: readonly Call[]): void {
    const nothing = { ended: {}, alarms: {}, hearing: {}, found: null, answered: 0, stale: false };
    Object.assign(this.#state, nothing, {
      me,
      calls: Object.fromEntries(calls.map((call) => [call.id, call])),
      mine: new Set(calls.filter(isIn).map((call) => call.id)),
    });
    this.#index();
  }

  /** What is reported late of a call that is over is not kept. */
  #goesOn(call: string): boolean {
    return call in this.#state.calls && !(call in this.#state.ended);
  }

  #call(call: Call): void {
    for (const { agent, name } of call.parties) if (agent !== null) this.#name(`agent:${agent}`, name);
    this.#put("calls", call.id, call);
    this.#mine(call.id, isIn(call));
    const held = call.state === "held" || call.parties.some((party) => party.state === "held");
    if (!held) this.#drop("alarms", call.id);
  }

  #end(call: Call, at: number): void {
    const mine = this.#state.mine.has(call.id);
    for (const id of Object.keys(this.#state.ended)) {
      if (id === call.id || this.#state.mine.has(id) !== mine) continue; // that others end theirs takes nothing away
      this.#drop("ended", id);
      this.#drop("calls", id);
      this.#mine(id, false);
    }
    const parties = call.parties.map((each) => ({ ...each, actions: [] }));
    this.#put("calls", call.id, { ...call, state: "released", actions: [], parties });
    this.#put("ended", call.id, at);
    this.#drop("alarms", call.id);
    this.#drop("hearing", call.id);
  }

  #agent(agent: AgentDocument): void {
    const { me } = this.#state;
    if (me?.agent === agent.agent) this.#state.me = { ...me, ...agent };
    this.#person(agent);
  }

  #person(agent: AgentDocument): void {
    const before = this.#state.agents[agent.agent];
    if (before?.name !== agent.name || before.phone !== agent.phone) this.#unordered = true;
    this.#put("agents", agent.agent, agent);
  }

  /** Whoever can be called, by name. */
  #order(): void {
    this.#unordered = false;
    const people = Object.values(this.#state.agents).filter((agent) => agent.phone !== null);
    this.#state.roll = people.sort((a, b) => COLLATOR.compare(a.name, b.name)).map((agent) => agent.agent);
  }

  #target({ target, available, as_of, state }: TargetUpdated): void {
    const place = this.#places.get(target);
    const before = place === undefined ? undefined : this.#state.found?.[place];
    if (place === undefined || before === undefined || this.#state.found === null) return;
    const found = this.#own.has("found") ? (this.#state.found as Target[]) : [...this.#state.found];
    found[place] = { ...before, available, as_of, state };
    this.#own.add("found");
    this.#state.found = found;
    this.#state.stale = true;
  }

  #found(targets: readonly Target[] | null): void {
    for (const { target, name } of targets ?? []) this.#name(target, name);
    this.#state.found = targets;
    this.#state.answered += 1;
    this.#state.stale = false;
    this.#index();
  }

  #index(): void {
    this.#own.delete("found");
    this.#places = new Map(this.#state.found?.map(({ target }, place) => [target, place]));
  }

  #name(target: string, name: string): void {
    if (target.endsWith(`:${name}`)) return; // numbers that were typed, letter by letter
    if (this.#state.names[target] !== name) this.#put("names", target, name);
  }

  #mine(call: string, mine: boolean): void {
    if (this.#state.mine.has(call) === mine) return;
    this.#state.mine = mine ? new Set([...this.#state.mine, call]) : new Set([...this.#state.mine].filter((id) => id !== call));
  }

  #put<K extends Records>(part: K, key: string, value: State[K][string]): void {
    this.#written(part)[key] = value;
  }

  #drop(part: Records, key: string): void {
    if (key in this.#state[part]) delete this.#written(part)[key];
  }

  #written<K extends Records>(part: K): Record<string, State[K][string]> {
    if (!this.#own.has(part)) {
      this.#own.add(part);
      this.#state[part] = { ...this.#state[part] };
    }
    return this.#state[part] as Record<string, State[K][string]>;
  }
}
