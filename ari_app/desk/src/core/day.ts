/** The agent's own day, as the page shows it: pure. */
import type { Day, Me, PastCall, Recording } from "./model";

/** So long they were in a state; with a reason, where it has one. */
export interface Spent {
  readonly state: string;
  readonly reason: string | null;
  readonly milliseconds: number;
}

/** How long the agent has been in each state until now (the server's milliseconds), the longest first: the last goes on. */
export function spent(day: Day, me: Pick<Me, "state" | "reason">, now: number): Spent[] {
  // Whoever is ready and can't be reached has that as a reason, which no report knows.
  const reason = me.state === "not_ready" ? me.reason : null;
  const since = Math.max(0, now - Date.parse(day.as_of));
  const all = day.figures.states.map((each) => ({
    state: each.state,
    reason: each.reason,
    milliseconds: 1000 * each.seconds + (each.state === me.state && each.reason === reason ? since : 0),
  }));
  return all.filter((each) => each.state !== "logged_out").sort((a, b) => b.milliseconds - a.milliseconds);
}

/** Milliseconds for each; null where there is none. */
export function average(seconds: number, of: number): number | null {
  return of === 0 ? null : (1000 * seconds) / of;
}

/** How long the agent was in a call that is over, on hold or not, in milliseconds. */
export function lasted(call: PastCall, agent: string): number {
  const theirs = call.segments.filter((each) => each.agent === agent && (each.kind === "talk" || each.kind === "hold"));
  return theirs.reduce((sum, each) => sum + Date.parse(each.ends_at) - Date.parse(each.begins_at), 0);
}

/** What the agent noted of a call: the result as the administrator calls it, and their words; null where they noted nothing. */
export function noted(call: PastCall, agent: string, me: Pick<Me, "features"> | null): { result: string; notes: string } | null {
  const theirs = call.dispositions.find((each) => each.agent === agent);
  if (theirs === undefined) return null;
  const listed = me?.features.dispositions.find((each) => each.code === theirs.code);
  const found = { result: listed?.label ?? theirs.code ?? "", notes: theirs.notes };
  return found.result === "" && found.notes === "" ? null : found;
}

/** The recordings of a call that can be heard, the first that was begun first. */
export function heard(call: PastCall, recordings: readonly Recording[]): Recording[] {
  const whole = recordings.filter((each) => each.call_id === call.id && each.state === "complete");
  return whole.sort((a, b) => a.started_at.localeCompare(b.started_at));
}

/** Whether a missed call is news to them: times are the server's, as it writes them. */
export function isNew(call: PastCall, seen: string | null): boolean {
  return seen === null || call.ended_at > seen;
}
