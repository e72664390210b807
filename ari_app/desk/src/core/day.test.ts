import { describe, expect, it } from "vitest";
import { average, heard, isNew, lasted, noted, spent } from "./day";
import { AT, day, me, NOW, over } from "./examples";
import type { PastCall, Recording } from "./model";

type Segment = PastCall["segments"][number];

function segment(kind: Segment["kind"], from: number, to: number, agent: string | null = "alice"): Segment {
  const at = (seconds: number): string => new Date(NOW + 1000 * seconds).toISOString();
  return {
    party: "p2", role: "agent", kind, begins_at: at(from), ends_at: at(to), end: "next", ended_by: null, agent, target: null,
    offer: null, position: null, last_position: null,
  };
}

function recording(id: string, more: Partial<Recording> = {}): Recording {
  return {
    id, call_id: "c1", state: "complete", started_at: AT, started_by: "alice", ended_at: AT, agents: ["alice"], file: `${id}.wav`,
    seconds: 2, size: 32_044, ...more,
  };
}

describe("the agent's own day", () => {
  it("goes on counting the state that they are in, and leaves out when they were not there", () => {
    const states = [
      { state: "ready", reason: null, seconds: 60 },
      { state: "not_ready", reason: "lunch", seconds: 90 },
      { state: "not_ready", reason: "break", seconds: 30 },
      { state: "logged_out", reason: null, seconds: 9000 },
    ];
    const now = NOW + 5000;
    const of = (more: Partial<ReturnType<typeof me>>): [string, number][] =>
      spent(day({ states }), me(more), now).map((each) => [each.reason ?? each.state, each.milliseconds / 1000]);
    expect(of({ state: "not_ready", reason: "break" })).toEqual([["lunch", 90], ["ready", 60], ["break", 35]]);
    expect(of({ state: "ready", reason: "phone_unreachable" })).toEqual([["lunch", 90], ["ready", 65], ["break", 30]]);
  });

  it("has an average where there is something to divide by", () => {
    expect([average(90, 3), average(0, 0)]).toEqual([30_000, null]);
  });

  it("says how long the agent themselves was in a call", () => {
    const segments = [segment("ring", 0, 5), segment("talk", 5, 25), segment("hold", 25, 30), segment("talk", 30, 31, "bob"), segment("talk", 5, 31, null)];
    expect(lasted(over({ segments }), "alice")).toBe(25_000);
  });

  it("says what they noted, as the administrator calls it, and what nobody lists any more by its code", () => {
    const note = { agent: "alice", code: "solved", notes: "wants a letter", at: AT };
    const listed = me({ features: { ...me().features, dispositions: [{ code: "solved", label: "Solved" }] } });
    expect(noted(over({ dispositions: [note] }), "alice", listed)).toEqual({ result: "Solved", notes: "wants a letter" });
    expect(noted(over({ dispositions: [{ ...note, code: "old" }] }), "alice", listed)?.result).toBe("old");
    expect(noted(over({ dispositions: [{ ...note, code: null, notes: "" }] }), "alice", listed)).toBeNull();
    expect(noted(over({ dispositions: [{ ...note, agent: "bob" }] }), "alice", listed)).toBeNull();
  });

  it("lets recordings of the call be heard that are complete, in their order", () => {
    const later = recording("r2", { started_at: "2026-11-28T12:00:09.000Z" });
    const others = [recording("r3", { call_id: "c2" }), recording("r4", { state: "recording", ended_at: null })];
    expect(heard(over(), [later, ...others, recording("r1")]).map((each) => each.id)).toEqual(["r1", "r2"]);
  });

  it("knows which missed calls are news", () => {
    expect([isNew(over(), null), isNew(over(), AT), isNew(over(), "2026-11-28T11:59:59.999Z")]).toEqual([true, false, true]);
  });
});
