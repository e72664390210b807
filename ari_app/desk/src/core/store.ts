/**
 * What the page knows: a pure function of what the server has sent. Everything that is shown is read from here, and
 * nothing here comes from a button.
 */
import type { AgentDocument, AgentRow, Alarm, Call, Ear, LiveTarget, Me, PhoneDocument, ServerEvent, Target } from "./model";

export interface State {
  /** The last event's number; null before the first snapshot. */
  readonly seq: number | null;
  /** The server's clock minus ours, in milliseconds. */
  readonly skew: number;
  readonly me: Me | null;
  /** By id, in the order in which they began. Those that ended stay until the next one ends. */
  readonly calls: Readonly<Record<string, Call>>;
  /** Calls that the agent is or was in: overseers get all others too. */
  readonly mine: ReadonlySet<string>;
  /** When a call of `calls` ended, in the server's milliseconds. */
  readonly ended: Readonly<Record<string, number>>;
  readonly alarms: Readonly<Record<string, Alarm>>;
  readonly hearing: Readonly<Record<string, readonly Ear[]>>;
  /** What the search has found; null before it has. */
  readonly found: readonly Target[] | null;
  /** A target of `found` may now allow other actions than it says: ask again. */
  readonly stale: boolean;
  /** The agent's own phones, as they were last reported. */
  readonly phone: PhoneDocument | null;
  /** What targets and agents are called, as far as they were seen. */
  readonly names: Readonly<Record<string, string>>;
  /** All agents, for overseers. */
  readonly agents: Readonly<Record<string, AgentDocument>>;
  /** Queues and groups, for overseers. */
  readonly live: Readonly<Record<string, LiveTarget>>;
}

export const initial: State = {
  seq: null,
  skew: 0,
  me: null,
  calls: {},
  mine: new Set(),
  ended: {},
  alarms: {},
  hearing: {},
  found: null,
  stale: false,
  phone: null,
  names: {},
  agents: {},
  live: {},
};

/** The state after an event that came at `now` (our clock, milliseconds). */
export function reduce(state: State, event: ServerEvent, now: number): State {
  const at = Date.parse(event.at);
  const next: State = { ...state, seq: event.seq, skew: at - now };
  switch (event.type) {
    case "snapshot":
      return {
        ...next,
        me: event.me,
        calls: Object.fromEntries(event.calls.map((call) => [call.id, call])),
        mine: new Set(event.calls.filter(isIn).map((call) => call.id)),
        ended: {},
        alarms: {},
        hearing: {},
        found: null,
        stale: false,
      };
    case "call.created":
    case "call.updated":
      return withCall(next, event.call);
    case "call.ended":
      return ended(next, event.call, at);
    case "call.alarm":
      return { ...next, alarms: { ...next.alarms, [event.call_id]: event.alarm } };
    case "call.hearing":
      return withHearing(next, event.call_id, event.matrix);
    case "offer.updated": {
      const call = next.calls[event.call_id];
      return call === undefined ? next : withCall(next, { ...call, offer: event.offer });
    }
    case "phone.updated":
      return { ...next, phone: event.phone };
    case "agent.updated":
      return withAgent(next, event.agent);
    case "target.updated":
      return withTarget(next, event);
    case "subscribed":
      return { ...withNames(next, event.targets ?? []), found: event.targets, stale: false };
    case "queue.updated":
      return withLive(next, [event.queue]);
    case "error":
      return next;
    default:
      return next; // an event of a newer server
  }
}

/** Who hears whom in a call, as it was last reported or fetched. */
export function withHearing(state: State, call: string, matrix: readonly Ear[]): State {
  return { ...state, hearing: { ...state.hearing, [call]: matrix } };
}

/** Overseers ask once for everybody; afterwards each change is an event. */
export function withAgents(state: State, rows: readonly AgentRow[]): State {
  const agents = Object.fromEntries(rows.map(({ calls: _, groups: __, ...agent }) => [agent.agent, agent]));
  return { ...state, agents: { ...state.agents, ...agents } };
}

export function withLive(state: State, targets: readonly LiveTarget[]): State {
  return { ...state, live: { ...state.live, ...Object.fromEntries(targets.map((target) => [target.target, target])) } };
}

function withNames(state: State, targets: readonly Target[]): State {
  return { ...state, names: { ...state.names, ...Object.fromEntries(targets.map(({ target, name }) => [target, name])) } };
}

/** Whether the agent who looks is a party of the call now. */
export function isIn(call: Call): boolean {
  return call.parties.some((party) => party.you);
}

function withCall(state: State, call: Call): State {
  const mine = isIn(call) ? new Set([...state.mine, call.id]) : new Set([...state.mine].filter((id) => id !== call.id));
  const held = call.state === "held" || call.parties.some((party) => party.state === "held");
  const people = call.parties.filter((party) => party.agent !== null).map((party) => [`agent:${party.agent}`, party.name]);
  return {
    ...state,
    names: { ...state.names, ...Object.fromEntries(people) },
    calls: { ...state.calls, [call.id]: call },
    mine,
    alarms: held ? state.alarms : without(state.alarms, call.id),
  };
}

function ended(state: State, call: Call, at: number): State {
  const last: Call = { ...call, state: "released", actions: [], parties: call.parties.map((each) => ({ ...each, actions: [] })) };
  const gone = Object.keys(state.ended).filter((id) => id !== call.id);
  return {
    ...state,
    calls: { ...without(state.calls, ...gone), [call.id]: last },
    mine: new Set([...state.mine].filter((id) => !gone.includes(id))),
    ended: { [call.id]: at },
    alarms: without(state.alarms, call.id),
    hearing: without(state.hearing, call.id),
  };
}

function withAgent(state: State, agent: AgentDocument): State {
  const agents = { ...state.agents, [agent.agent]: agent };
  return state.me?.agent === agent.agent ? { ...state, agents, me: { ...state.me, ...agent } } : { ...state, agents };
}

type TargetUpdated = Extract<ServerEvent, { type: "target.updated" }>;

function withTarget(state: State, event: TargetUpdated): State {
  const shown = state.found?.find((target) => target.target === event.target);
  if (state.found === null || shown === undefined) return state;
  const { available, as_of, state: of_agent } = event;
  const found = state.found.map((target) => (target === shown ? { ...target, available, as_of, state: of_agent } : target));
  return { ...state, found, stale: true };
}

function without<T>(record: Readonly<Record<string, T>>, ...keys: string[]): Record<string, T> {
  return Object.fromEntries(Object.entries(record).filter(([key]) => !keys.includes(key)));
}
