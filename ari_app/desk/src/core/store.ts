/**
 * What the page knows: all of it is what the server has sent (`known.ts`), and everything that is shown is read from
 * here. Nothing here comes from a button.
 */
import type { AgentDocument, Alarm, Call, Day, Ear, LiveTarget, Me, PhoneDocument, Raised, Target } from "./model";

/** A number for emergencies that somebody dialled. `agent` is null where the phone is nobody's; `at`: the server's milliseconds. */
export interface Emergency {
  readonly id: number;
  readonly agent: string | null;
  readonly phone: string;
  readonly number: string;
  readonly at: number;
}

export interface State {
  /** The last event's number; null before the first snapshot. */
  readonly seq: number | null;
  /** The server's clock minus ours, in milliseconds. */
  readonly skew: number;
  readonly me: Me | null;
  /** By id, in the order in which they began. Of those that ended the last one stays, of the own and of others. */
  readonly calls: Readonly<Record<string, Call>>;
  /** Calls that the agent is or was in: overseers get all others too. */
  readonly mine: ReadonlySet<string>;
  /** When a call of `calls` ended, in the server's milliseconds. */
  readonly ended: Readonly<Record<string, number>>;
  readonly alarms: Readonly<Record<string, Alarm>>;
  readonly hearing: Readonly<Record<string, readonly Ear[]>>;
  /** What the search has found; null before it has. */
  readonly found: readonly Target[] | null;
  /** How many searches of this connection have been answered: `found` is the answer to the last of these. */
  readonly answered: number;
  /** A target of `found` may now allow other actions than it says: ask again. */
  readonly stale: boolean;
  /** The agent's own phones, as they were last reported. */
  readonly phone: PhoneDocument | null;
  /** What the agent did today, as it was last reported; null until it was. */
  readonly day: Day | null;
  /** What targets and agents are called, as far as they were seen. */
  readonly names: Readonly<Record<string, string>>;
  /** Overseers: all agents and all queues are known, so that none is there where none is seen. */
  readonly overseen: boolean;
  /** All agents, for overseers. */
  readonly agents: Readonly<Record<string, AgentDocument>>;
  /** Those of `agents` who have a phone, by name. */
  readonly roll: readonly string[];
  /** Overseers: the last ones that nobody here has taken note of, the newest first. */
  readonly emergencies: readonly Emergency[];
  /** What is wrong now, for overseers, by the alarm's id. */
  readonly raised: Readonly<Record<string, Raised>>;
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
  answered: 0,
  stale: false,
  phone: null,
  day: null,
  names: {},
  overseen: false,
  agents: {},
  roll: [],
  emergencies: [],
  raised: {},
  live: {},
};

/** Whether the agent who looks is a party of the call now. */
export function isIn(call: Call): boolean {
  return call.parties.some((party) => party.you && party.state !== "left");
}
