/** The supervisor's view of many: who is shown, in which order, and how many are in which state. Pure. */
import type { AgentDocument, Call } from "./model";

const ORDER = ["on_call", "ringing", "reserved", "ready", "wrap_up", "not_ready", "logged_out"] as const;
export type AgentState = AgentDocument["state"];

const COLLATOR = new Intl.Collator(undefined, { numeric: true });

/** How many are in each state that somebody is in, busiest first. */
export function tally(agents: Iterable<AgentDocument>): { state: AgentState; count: number }[] {
  const counts = new Map<AgentState, number>();
  for (const { state } of agents) counts.set(state, (counts.get(state) ?? 0) + 1);
  return ORDER.flatMap((state) => (counts.has(state) ? [{ state, count: counts.get(state) ?? 0 }] : []));
}

/** Those in one of the states (none: all) whose name has the text in it, accents and case apart; by name. */
export function shown(agents: Iterable<AgentDocument>, text: string, states: ReadonlySet<AgentState>): AgentDocument[] {
  const wanted = fold(text);
  return [...agents]
    .filter((agent) => agent.phone !== null && (states.size === 0 || states.has(agent.state)) && fold(agent.name).includes(wanted))
    .sort((a, b) => COLLATOR.compare(a.name, b.name));
}

/** Calls that go on, by the agent who is in them. */
export function callsByAgent(calls: Iterable<Call>): Map<string, Call[]> {
  const found = new Map<string, Call[]>();
  for (const call of calls) {
    if (call.state === "released") continue;
    for (const { agent, state } of call.parties) {
      if (agent !== null && state !== "left") found.set(agent, [...(found.get(agent) ?? []), call]);
    }
  }
  return found;
}

function fold(text: string): string {
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toLocaleLowerCase().trim();
}
