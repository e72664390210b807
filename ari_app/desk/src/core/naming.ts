/** What somebody or something is called on the page. */
import type { Messages } from "../i18n/fr";
import type { AgentDocument, Call, Me, Party } from "./model";
import { principal } from "./views";

export function partyName(party: Party, t: Messages): string {
  if (party.name !== "") return party.name;
  if (party.number !== "") return party.number;
  return party.anonymous ? t.call.anonymous : t.call.unknown;
}

/** `agent:bob` where nothing better is known; `names` are those that the page has seen. */
export function targetName(target: string, names: Readonly<Record<string, string>>): string {
  return names[target] ?? target.slice(target.indexOf(":") + 1);
}

export function callName(call: Call, names: Readonly<Record<string, string>>, t: Messages): string {
  const party = principal(call);
  if (party !== null) return partyName(party, t);
  return call.offer !== null ? targetName(call.offer.target, names) : t.call.unknown;
}

export function reasonName(reason: string, me: Pick<Me, "reasons"> | null, t: Messages): string {
  const listed = me?.reasons.find((each) => each.id === reason);
  // A label that is only the id again is none: then the page's own word, where it has one.
  if (listed !== undefined && listed.label !== listed.id) return listed.label;
  return t.status.reasons[reason] ?? reason;
}

/** `Prêt`, `Pas prêt : pause`. */
export function stateName(agent: Pick<AgentDocument, "state" | "reason">, me: Pick<Me, "reasons"> | null, t: Messages): string {
  const state = t.status.states[agent.state] ?? agent.state;
  if (agent.reason === null) return state;
  const reason = reasonName(agent.reason, me, t);
  return agent.state === "not_ready" ? t.status.not_ready_because(reason) : `${state} (${reason})`;
}
