/** What is shown of a call, and which buttons: pure readings of the store, by the server's `actions` alone. */
import type { Call, CallAction, Me, Party, PartyAction, Target, TargetAction } from "./model";
import type { State } from "./store";

/** Milliseconds for which a call that has ended is still to be seen. */
export const LINGER = 3000;
/** And one that was transferred: where it went is read. */
export const LINGER_TRANSFERRED = 6000;

/** A verb of the API on a call that needs no more than the call, in the order in which the buttons stand. */
export const PLAIN_VERBS = [
  "retrieve",
  "hold",
  "complete_transfer",
  "complete_conference",
  "alternate",
  "reconnect",
  "merge",
  "start_recording",
  "pause_recording",
  "resume_recording",
  "stop_recording",
  "release",
] as const satisfies readonly CallAction[];
export type PlainVerb = (typeof PLAIN_VERBS)[number];

/** A verb that asks for a target. */
export const TARGET_VERBS = ["single_step_transfer", "single_step_conference", "initiate_transfer"] as const;
export type TargetVerb = (typeof TARGET_VERBS)[number];

/** The agent's own interactions, oldest first: a consultation right after the call that it belongs to. */
export function interactions(state: State, now: number): Call[] {
  const shown = Object.values(state.calls).filter((call) => state.mine.has(call.id) && isShown(state, call, now));
  const ofParent = (id: string): Call[] => shown.filter((call) => call.parent === id);
  const first = shown.filter((call) => call.parent === null || !shown.some((other) => other.id === call.parent));
  return first.flatMap((call) => [call, ...ofParent(call.id)]);
}

function isShown(state: State, call: Call, now: number): boolean {
  const ended = state.ended[call.id];
  const linger = transferredTo(call) === null ? LINGER : LINGER_TRANSFERRED;
  return ended === undefined || now - ended < linger || state.me?.state === "wrap_up";
}

/** Whether the call rings for the agent, who can take it. */
export function ringsForMe(call: Call): boolean {
  return call.state !== "released" && call.actions.includes("answer");
}

/** To whom the agent has transferred a call that goes on without them; null where it ended in another way. */
export function transferredTo(call: Call): string | null {
  const { offer } = call;
  const done = call.state === "released" && call.ended_at === null && offer?.kind === "transfer" && offer.state === "accepted";
  return done ? offer.target : null;
}

/** Whether somebody waits on hold for the agent, whose phone was lost and is rung again. */
export function waitsForMe(call: Call): boolean {
  return call.state === "held" && call.parties.some((party) => party.you && party.state === "ringing");
}

/** Everybody in the call but the one who looks; also those who were in it. */
function others(call: Call): Party[] {
  return call.parties.filter((party) => !party.you);
}

/** Whose call it is, as its heading says: the contact, else the colleague; null where nobody is known yet. */
export function principal(call: Call): Party | null {
  const all = others(call);
  const present = all.filter((party) => party.state !== "left");
  const known = present.length > 0 ? present : all;
  return known.find((party) => party.role === "contact") ?? known[0] ?? null;
}

/** The call that a verb of Team Communicator is about: the one that goes on, else the only one on hold. */
export function current(calls: readonly Call[]): Call | null {
  const live = calls.filter((call) => call.state === "established" || call.state === "held");
  return live.find((call) => call.state === "established") ?? (live.length === 1 ? (live[0] ?? null) : null);
}

/** Whether a party has not left. */
export function isThere(call: Call | undefined, party: string): boolean {
  return call?.parties.some((each) => each.id === party && each.state !== "left") ?? false;
}

export function isConference(call: Call): boolean {
  return call.parties.filter((party) => party.state === "connected" || party.state === "held").length > 2;
}

/** The buttons of a call that need no target, in their order. */
export function plainVerbs(call: Call): PlainVerb[] {
  return PLAIN_VERBS.filter((verb) => call.actions.includes(verb));
}

/** A button keeps its place in the document while its verb turns into the opposite, so that the focus stays on it. */
export function slot(verb: PlainVerb, all: readonly PlainVerb[]): string {
  return verb === "retrieve" && !all.includes("hold") ? "hold" : verb;
}

/** What may be done with a target now: for the purpose for which Team Communicator was opened, or at large. */
export function targetVerbs(target: Target, call: Call | null): TargetAction[] {
  const allowed: readonly string[] = call?.actions ?? [];
  return target.actions.filter((action) => action === "call" || allowed.includes(action));
}

const PARTY_ORDER = ["remove", "deafen", "undeafen", "mute", "unmute", "hold", "retrieve", "send_dtmf"] as const satisfies
  readonly PartyAction[];
export type PartyVerb = (typeof PARTY_ORDER)[number];

export function partyVerbs(party: Party): PartyVerb[] {
  return PARTY_ORDER.filter((verb) => party.actions.includes(verb));
}

/** Whether an identity is to be chosen before this is done (a number outside, where the file enables it). */
export function asksCallerId(me: Me, verb: TargetAction, target: string): boolean {
  if (!target.startsWith("number:") || me.caller_ids.length === 0) return false;
  const enabled: readonly string[] = me.features.caller_id_for;
  switch (verb) {
    case "call":
      return enabled.includes("call");
    case "single_step_transfer":
      return enabled.includes("transfer");
    case "single_step_conference":
      return enabled.includes("conference");
    case "initiate_transfer":
      return enabled.includes("transfer") || enabled.includes("conference");
  }
}

/** `0:07`, `12:30`, `1:02:03`. */
export function clock(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const two = (n: number): string => String(n).padStart(2, "0");
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60), seconds % 60];
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** Milliseconds since a time of the server; `now` is the server's. */
export function since(time: string | null | undefined, now: number): number | null {
  return time == null ? null : now - Date.parse(time);
}
