import { expect, it } from "vitest";
import { alice, bob, call, me } from "./examples";
import type { AgentDocument } from "./model";
import { callsByAgent, shown, tally } from "./people";

const person = (name: string, state: AgentDocument["state"] = "ready", phone: string | null = "1"): AgentDocument => ({
  ...me(),
  agent: name,
  name,
  state,
  phone,
});

it("counts the states that somebody is in, the busiest first", () => {
  expect(tally([person("a"), person("b", "on_call"), person("c")])).toEqual([
    { state: "on_call", count: 1 },
    { state: "ready", count: 2 },
  ]);
});

it("finds people as they are typed, and only who has a phone", () => {
  const all = [person("Zoé"), person("Bob Lefèvre", "on_call"), person("Administrator", "logged_out", null)];
  expect(shown(all, "LEFE", new Set()).map((a) => a.name)).toEqual(["Bob Lefèvre"]);
  expect(shown(all, "", new Set()).map((a) => a.name)).toEqual(["Bob Lefèvre", "Zoé"]);
  expect(shown(all, "", new Set(["ready" as const])).map((a) => a.name)).toEqual(["Zoé"]);
});

it("knows in which calls somebody is, and forgets who left", () => {
  const all = [call({ parties: [alice(), bob({ state: "left" })] }), call({ id: "c2" }), call({ id: "c3", state: "released" })];
  expect([...callsByAgent(all)].map(([agent, calls]) => [agent, calls.map((c) => c.id)])).toEqual([["alice", ["c1", "c2"]]]);
});
