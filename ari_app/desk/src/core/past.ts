/** A call that is over, as one of those who were in it sees it: pure. */
import type { PastCall } from "./model";

export interface Past {
  /** Whether the agent called, or was called. */
  readonly outgoing: boolean;
  /** The colleague who was the other side, where nobody outside was. */
  readonly colleague: string | null;
  /** Empty where it is not known. */
  readonly name: string;
  /** Empty where it is withheld, or not known. */
  readonly number: string;
  readonly withheld: boolean;
  /** What is called to reach them again; null where nothing is known of them. */
  readonly target: string | null;
}

export function past(call: PastCall, agent: string): Past {
  const outgoing = call.type === "outbound" || (call.type !== "inbound" && call.agents[0] === agent);
  const dialled = outgoing ? (call.dialled ?? "") : "";
  if (call.contact !== null) {
    const { name, number, anonymous } = call.contact;
    const target = number === "" ? null : `number:${number}`;
    return { outgoing, colleague: null, name, number, withheld: anonymous, target };
  }
  const colleague = [...call.agents, ...call.missed_by].find((each) => each !== agent) ?? null;
  const target = colleague === null ? null : `agent:${colleague}`;
  return { outgoing, colleague, name: "", number: dialled, withheld: false, target };
}
