/** The server's shapes under their own names, and what comes over the event stream. No logic. */
import type { components } from "../api/schema";

type Schemas = components["schemas"];
export type Me = Schemas["Me"];
/** What events tell of an agent. */
export type AgentDocument = Omit<Me, "caller_ids" | "default_caller_id" | "reasons" | "features" | "groups">;
export type Call = Schemas["CallView"];
export type CallAction = Schemas["CallAction"];
export type Party = Schemas["PartyView"];
export type PartyAction = Schemas["PartyAction"];
export type Offer = Schemas["OfferView"];
export type Target = Schemas["TargetDocument"];
export type TargetAction = Target["actions"][number];
export type Problem = Schemas["Problem"];

export type Alarm = "held_too_long" | "agent_gone";

/** One row of "who hears whom": `ear` and `hears` are parties' ids. */
export interface Ear {
  readonly ear: string;
  readonly hears: readonly string[];
  readonly sound: "talk" | "music" | "ringing" | "silence";
}

interface Numbered {
  readonly seq: number;
  readonly at: string;
}

export type ServerEvent = Numbered &
  (
    | { readonly type: "snapshot"; readonly me: Me; readonly calls: readonly Call[] }
    | { readonly type: "call.created" | "call.updated" | "call.ended"; readonly call: Call }
    | { readonly type: "call.alarm"; readonly call_id: string; readonly alarm: Alarm; readonly since: string }
    | { readonly type: "call.hearing"; readonly call_id: string; readonly matrix: readonly Ear[] }
    | { readonly type: "offer.updated"; readonly call_id: string; readonly offer: Offer | null }
    | { readonly type: "agent.updated"; readonly agent: AgentDocument }
    | {
        readonly type: "target.updated";
        readonly target: string;
        readonly available: number | null;
        readonly state: Target["state"];
        readonly as_of: string | null;
      }
    | { readonly type: "subscribed"; readonly targets: readonly Target[] | null }
    | { readonly type: "error"; readonly operation: string; readonly problem: Problem }
  );
