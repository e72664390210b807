/** What somebody or something is called on the page. */
import type { Messages } from "../i18n/fr";
import type { AgentDocument, Call, Me, Party } from "./model";
import { standing, type Standing } from "./people";
import { principal } from "./views";

/** Controls, and what turns the direction of the text around it: a stranger may have written them into their name. */
const CONTROLS = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** A name or number that stands in a text of ours. */
export function plain(text: string): string {
  return text.replace(CONTROLS, "");
}

export function partyName(party: Pick<Party, "name" | "number" | "anonymous">, t: Messages): string {
  const known = plain(party.name) || plain(party.number);
  if (known !== "") return known;
  return party.anonymous ? t.call.anonymous : t.call.unknown;
}

/** `agent:bob` where nothing better is known; `names` are those that the page has seen. */
export function targetName(target: string, names: Readonly<Record<string, string>>): string {
  return plain(names[target] ?? target.slice(target.indexOf(":") + 1));
}

export function callName(call: Call, names: Readonly<Record<string, string>>, t: Messages): string {
  // Who is called back has left the call, and may have given a number in place of one that they withhold.
  if (call.callback) return partyName({ ...call.callback, anonymous: false }, t);
  const party = principal(call);
  if (party !== null) return partyName(party, t);
  // Whoever hears messages at their phone is alone, and has called nobody.
  return call.offer !== null ? targetName(call.offer.target, names) : (call.dialled ?? t.call.unknown);
}

export function reasonName(reason: string, me: Pick<Me, "reasons"> | null, t: Messages): string {
  const listed = me?.reasons.find((each) => each.id === reason);
  // A label that is only the id again is none: then the page's own word, where it has one.
  if (listed !== undefined && listed.label !== listed.id) return listed.label;
  return t.status.reasons[reason] ?? reason;
}

/** `Prêt`, `Prêt, mais injoignable`. */
export function standingName(shown: Standing, t: Messages): string {
  return shown === "unreachable" || shown === "in_use" ? t.status.no_call_comes[shown] : (t.status.states[shown] ?? shown);
}

/** The same of somebody, with the reason: `Pas prêt : pause`. */
export function stateName(agent: Pick<AgentDocument, "state" | "reason" | "phone_state">, me: Pick<Me, "reasons"> | null, t: Messages): string {
  const shown = standing(agent);
  const state = standingName(shown, t);
  if (agent.reason === null || shown !== agent.state) return state;
  const reason = reasonName(agent.reason, me, t);
  return agent.state === "not_ready" ? t.status.not_ready_because(reason) : `${state} (${reason})`;
}
