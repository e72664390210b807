/** The supervisor's view of many: who is found by name, and how many are in which state. Pure. */
import type { AgentDocument, Call } from "./model";

const ORDER = ["on_call", "ringing", "reserved", "ready", "wrap_up", "not_ready", "logged_out"] as const;
export type AgentState = AgentDocument["state"];

/** How many are in each state that somebody is in, busiest first. */
export function tally(agents: Iterable<AgentDocument>): { state: AgentState; count: number }[] {
  const counts = new Map<AgentState, number>();
  for (const { state } of agents) counts.set(state, (counts.get(state) ?? 0) + 1);
  return ORDER.flatMap((state) => (counts.has(state) ? [{ state, count: counts.get(state) ?? 0 }] : []));
}

/** Those whose name has the text in it, accents and case apart; null without a text: all. */
export function named(agents: Iterable<AgentDocument>, text: string): ReadonlySet<string> | null {
  const wanted = fold(text);
  if (wanted === "") return null;
  return new Set([...agents].filter(({ name }) => fold(name).includes(wanted)).map(({ agent }) => agent));
}

/** Calls that go on, by the agent who is in them. */
export function callsByAgent(calls: Iterable<Call>): Map<string, Call[]> {
  const found = new Map<string, Call[]>();
  for (const call of calls) {
    if (call.state === "released") continue;
    for (const { agent, state } of call.parties) {
      if (agent === null || state === "left") continue;
      const theirs = found.get(agent);
      if (theirs === undefined) found.set(agent, [call]);
      else theirs.push(call);
    }
  }
  return found;
}

function fold(text: string): string {
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toLocaleLowerCase().trim();
}
