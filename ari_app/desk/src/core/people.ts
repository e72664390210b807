/** The supervisor's view of many: who is found by name, and how many are in which state. Pure. */
import type { AgentDocument, Call, Me } from "./model";

const ORDER = ["on_call", "ringing", "reserved", "ready", "unreachable", "in_use", "wrap_up", "not_ready", "logged_out"] as const;
/** A state, or why no call comes to somebody who is ready: what is shown of them. */
export type Standing = (typeof ORDER)[number];

export function standing({ state, phone_state }: Pick<AgentDocument, "state" | "phone_state">): Standing {
  return state === "ready" && (phone_state === "unreachable" || phone_state === "in_use") ? phone_state : state;
}

/** How the agent's phone is: of the one in this window the page knows first that it is not there. */
export function phoneState(me: Pick<Me, "phone_device" | "phone_state">, inPage: string): Me["phone_state"] {
  return me.phone_device === "page" && (inPage === "failed" || inPage === "no_microphone") ? "unreachable" : me.phone_state;
}

/** How many stand in each way in which somebody stands, busiest first. */
export function tally(agents: Iterable<AgentDocument>): { state: Standing; count: number }[] {
  const counts = new Map<Standing, number>();
  for (const agent of agents) counts.set(standing(agent), (counts.get(standing(agent)) ?? 0) + 1);
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
