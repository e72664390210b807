import { expect, it } from "vitest";
import { alice, bob, call, me } from "./examples";
import type { AgentDocument } from "./model";
import { callsByAgent, named, phoneState, standing, tally } from "./people";

const person = (name: string, state: AgentDocument["state"] = "ready"): AgentDocument => ({
  ...me(),
  agent: name,
  name,
  state,
});

it("counts the states that somebody is in, the busiest first", () => {
  expect(tally([person("a"), person("b", "on_call"), person("c")])).toEqual([
    { state: "on_call", count: 1 },
    { state: "ready", count: 2 },
  ]);
});

it("tells those who are ready from those of them to whom no call can come", () => {
  const away = { ...person("a"), phone_state: "unreachable" as const };
  const busy = { ...person("b"), phone_state: "in_use" as const };
  expect([away, busy, person("c"), { ...away, state: "on_call" as const }].map(standing)).toEqual(["unreachable", "in_use", "ready", "on_call"]);
  expect(tally([away, person("c"), away])).toEqual([{ state: "ready", count: 1 }, { state: "unreachable", count: 2 }]);
});

it("knows of the phone in this window first that it is not there", () => {
  const here = me({ phone_device: "page" });
  expect(["registered", "failed", "no_microphone", "elsewhere"].map((state) => phoneState(here, state))).toEqual([
    "reachable", "unreachable", "unreachable", "reachable",
  ]);
  expect(phoneState(me(), "failed")).toBe("reachable");
});

it("finds people as they are typed, accents and case apart", () => {
  const all = [person("Zoé"), person("Bob Lefèvre", "on_call")];
  expect([...(named(all, "LEFE") ?? [])]).toEqual(["Bob Lefèvre"]);
  expect(named(all, " ")).toBeNull();
});

it("knows in which calls somebody is, and forgets who left", () => {
  const all = [call({ parties: [alice(), bob({ state: "left" })] }), call({ id: "c2" }), call({ id: "c3", state: "released" })];
  expect([...callsByAgent(all)].map(([agent, calls]) => [agent, calls.map((c) => c.id)])).toEqual([["alice", ["c1", "c2"]]]);
});
