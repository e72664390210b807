import { expect, it } from "vitest";
import { alice, bob, call, me } from "./examples";
import type { AgentDocument } from "./model";
import { callsByAgent, named, tally } from "./people";

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

it("finds people as they are typed, accents and case apart", () => {
  const all = [person("Zoé"), person("Bob Lefèvre", "on_call")];
  expect([...(named(all, "LEFE") ?? [])]).toEqual(["Bob Lefèvre"]);
  expect(named(all, " ")).toBeNull();
});

it("knows in which calls somebody is, and forgets who left", () => {
  const all = [call({ parties: [alice(), bob({ state: "left" })] }), call({ id: "c2" }), call({ id: "c3", state: "released" })];
  expect([...callsByAgent(all)].map(([agent, calls]) => [agent, calls.map((c) => c.id)])).toEqual([["alice", ["c1", "c2"]]]);
});
