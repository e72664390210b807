/** Calls as the server tells them, for tests. */
import type { Call, Day, Me, Party, PastCall, ServerEvent, Target } from "./model";

export const AT = "2026-11-28T12:00:00.000Z";
export const NOW = Date.parse(AT);

export function party(more: Partial<Party> = {}): Party {
  return {
    id: "p1", role: "contact", agent: null, name: "Zoé Caller", number: "+33612345678", anonymous: false, state: "connected",
    muted: false, deaf: false, talking: false, you: false, actions: [], joined_at: AT, held_since: null, ...more,
  };
}

export const alice = (more: Partial<Party> = {}): Party =>
  party({ id: "p2", role: "agent", agent: "alice", name: "Alice Martin", number: "1001", you: true, ...more });

export const bob = (more: Partial<Party> = {}): Party =>
  party({ id: "p3", role: "agent", agent: "bob", name: "Bob Lefèvre", number: "1002", ...more });

export function call(more: Partial<Call> = {}): Call {
  return {
    id: "c1", type: "inbound", state: "established", owner: "alice", parent: null, user_data: {}, caller_id: null,
    started_at: AT, answered_at: AT, held_since: null, parties: [party(), alice()], offer: null, actions: [],
    recording: null, monitors: [], dialled: null, queue: null, queued_at: null, ended_at: null, ended_by: null,
    end_reason: null, callback: null, voicemail: null, ...more,
  };
}

export function me(more: Partial<Me> = {}): Me {
  return {
    agent: "alice", name: "Alice Martin", role: "agent", state: "ready", reason: null, since: AT, phone: "1001",
    phone_device: "desk", phone_state: "reachable", wrap_up_until: null, wrap_up_call: null, next_state: null, next_reason: null,
    caller_ids: [{ id: "support", name: "Support", number: "+33140000001" }], default_caller_id: null,
    reasons: [{ id: "break", label: "break" }, { id: "audit", label: "Audit annuel" }], groups: [],
    features: {
      conferences: true, recording: false, monitoring: false, talk_detection: false, phone_in_page: true, passwords: true, hear_recordings: true,
      caller_id_for: ["call", "transfer"], max_hold: null, dispositions: [], disposition_required: false,
    },
    ...more,
  };
}

export function target(more: Partial<Target> = {}): Target {
  return {
    target: "group:support", type: "group", name: "Support", state: null, available: 2, as_of: AT,
    actions: ["call", "single_step_transfer", "single_step_conference", "initiate_transfer"], ...more,
  };
}

/** A call that is over. */
export function over(more: Partial<PastCall> = {}): PastCall {
  return {
    id: "c1", type: "inbound", outcome: "answered", started_at: AT, answered_at: AT, ended_at: AT, ended_by: "contact",
    end_reason: "hangup", dialled: "2000", queue: null, queued_at: null, agents: ["alice"], missed_by: [], caller_id: null,
    contact: { name: "Zoé Caller", number: "+33612345678", anonymous: false }, dispositions: [],
    parent: null, transfers: 0, conferences: 0, segments: [], ...more,
  };
}

/** The agent's own day, on which they did this. */
export function day(figures: Partial<Day["figures"]> = {}, more: Partial<Day> = {}): Day {
  const none = { numerator: 0, denominator: 0, value: null };
  return {
    begins_at: "2026-11-28T00:00:00.000Z", ends_at: "2026-11-29T00:00:00.000Z", tz: "UTC", as_of: AT, missed_unseen: 0, history_at: AT,
    figures: {
      agent: "alice", name: "Alice Martin", begins_at: "2026-11-28T00:00:00.000Z", ends_at: "2026-11-29T00:00:00.000Z", rung: 0,
      answered: 0, missed: 0, declined: 0, busy: 0, unavailable: 0, withdrawn: 0, calls: 0, talk: 0, hold: 0, wrap_up: 0, transfers: 0,
      conferences: 0, logged_in: 0, states: [], occupancy: none, handle_time: none, ...figures,
    },
    ...more,
  };
}

type Bare<E> = E extends ServerEvent ? Omit<E, "seq" | "at"> : never;

/** Events numbered from 1, all at `AT`. */
export function events(...bare: Bare<ServerEvent>[]): ServerEvent[] {
  return bare.map((event, index) => ({ ...event, seq: index + 1, at: AT }) as ServerEvent);
}
