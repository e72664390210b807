import { expect, it } from "vitest";
import { understood } from "./frame";

it("understands what the contract has", () => {
  expect(understood({ desk: "hello" })).toBe(true);
  expect(understood({ desk: "do", id: 1, verb: "call", target: "number:+33" })).toBe(true);
  expect(understood({ desk: "do", id: "x", verb: "hold", call: "c1" })).toBe(true);
  expect(understood({ desk: "do", id: "x", verb: "single_step_transfer", call: "c1", target: "agent:bob" })).toBe(true);
  expect(understood({ desk: "do", id: 2, verb: "set_state", state: "ready" })).toBe(true);
});

it("passes over all else that a page may post", () => {
  for (const other of [
    null, "hello", 7, {}, { desk: "event" }, { desk: "do" }, { desk: "do", id: 1 }, { desk: "do", id: {}, verb: "hold", call: "c1" },
    { desk: "do", id: 1, verb: "hold" }, { desk: "do", id: 1, verb: "call" }, { desk: "do", id: 1, verb: "toString", call: 3 },
    { desk: "do", id: 1, verb: "single_step_transfer", call: "c1" }, { desk: "do", id: 1, verb: "login", call: "c1" },
    { desk: "do", id: 1, verb: "toString", call: "c1" },
  ])
    expect(understood(other), JSON.stringify(other)).toBe(false);
});
