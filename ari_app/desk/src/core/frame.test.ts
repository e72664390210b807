import { expect, it } from "vitest";
import { read } from "./frame";

it("understands what the contract has", () => {
  for (const message of [
    { desk: "hello" },
    { desk: "do", id: 1, verb: "call", target: "number:+33" },
    { desk: "do", id: "x", verb: "hold", call: "c1" },
    { desk: "do", id: "x", verb: "single_step_transfer", call: "c1", target: "agent:bob" },
    { desk: "do", id: 2, verb: "set_state", state: "ready" },
  ])
    expect(read(message)).toEqual(message);
});

it("has an answer for who wants what there is not, or leaves out a field", () => {
  for (const wish of [
    {}, { verb: 7 }, { verb: "hold" }, { verb: "hold", call: 3 }, { verb: "call" }, { verb: "set_state" }, { verb: "fly", call: "c1" },
    { verb: "single_step_transfer", call: "c1" }, { verb: "login", call: "c1" }, { verb: "toString", call: "c1" },
  ])
    expect(read({ desk: "do", id: 1, ...wish }), JSON.stringify(wish)).toEqual({ desk: "do", id: 1, verb: null });
});

it("passes over all else that a page may post", () => {
  for (const other of [null, "hello", 7, {}, { desk: "event" }, { desk: "do" }, { desk: "do", verb: "hold", call: "c1" }, { desk: "do", id: {}, verb: "hold" }])
    expect(read(other), JSON.stringify(other)).toBeNull();
});
