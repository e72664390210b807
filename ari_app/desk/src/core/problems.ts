/**
 * What was refused, as long as it says something: pure.
 *
 * There is one message about each thing (a call, the own state, a search). It goes with the next command about the same
 * that is done, and with its cause. No clock alone takes it away, as somebody may be slow to read.
 */
import type { State } from "./store";
import { LINGER } from "./views";

export interface Complaint {
  readonly id: number;
  /** What it is about: `call:<id>`, `state`, and others; what has the same name is the same. */
  readonly about: string;
  readonly code: string;
  /** What was not sent or saved, where it is about that. */
  readonly detail?: string | undefined;
  /** When it was said, in the server's milliseconds. */
  readonly at: number;
}

export type Complaints = readonly Complaint[];

/** So many are shown. */
export const MOST = 3;
/** Milliseconds for which a message about a call is there at least, when the call is gone. */
export const READ = 8000;

const CALL = "call:";
const AGENT = "agent:";

/** What was refused with `not_found` was about one of these. */
export type Sought = "call" | "agent" | "other";

export const aboutAgent = (id: string): string => AGENT + id;
export const aboutCall = (id: string): string => CALL + id;
export const aboutOpening = (target: string): string => `opening of ${target}`;

export function sought(about: string): Sought {
  return about.startsWith(CALL) || about === "story" ? "call" : about.startsWith(AGENT) ? "agent" : "other";
}

/** With one more; what was said before about the same is replaced. */
export function complained(before: Complaints, complaint: Complaint): Complaints {
  const same = (each: Complaint): boolean => each.about === complaint.about || (each.code === complaint.code && each.detail === complaint.detail);
  return [...before.filter((each) => !same(each)), complaint].slice(-MOST);
}

/** A command about this was done: the server is there, and what was refused before no longer matters. */
export function done(before: Complaints, about: string): Complaints {
  return without(before, (each) => each.about === about || each.code === "network");
}

/** Those whose cause is still there. `heard`: when the server last said something, in its milliseconds. */
export function standing(before: Complaints, state: State, now: number, heard = 0): Complaints {
  return without(before, (each) => {
    if (each.code === "network" && heard > each.at && now - each.at >= READ) return true;
    if (each.code === "phone_unreachable") return state.me?.phone_state === "reachable";
    if (!each.about.startsWith(CALL) || now - each.at < READ) return false;
    const call = each.about.slice(CALL.length);
    const ended = state.ended[call];
    return !(call in state.calls) || (ended !== undefined && now - ended >= LINGER);
  });
}

/** The same list where none goes, so that nothing is drawn anew. */
function without(before: Complaints, goes: (each: Complaint) => boolean): Complaints {
  return before.some(goes) ? before.filter((each) => !goes(each)) : before;
}
