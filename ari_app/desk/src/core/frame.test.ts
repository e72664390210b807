import { expect, it, vi } from "vitest";
import type { Desk } from "./desk.svelte";
import { call, me } from "./examples";
import { ask, read, snapshot } from "./frame";
import { CALL_PATHS, TARGET_PATHS } from "./paths";
import { initial } from "./store";

const RUBBISH: readonly unknown[] = [
  null, undefined, true, 0, -1, 1e400, NaN, 10n ** 40n, "", "hello", "__proto__", "constructor", "../../v1/logout", "\u202e\u0000", "x".repeat(70_000),
  [], {}, [[[[]]]], Object.create(null), new Date(0), new Map(), new Uint8Array(3), /x/u, new Error("x"), "do", "call", "hold", "set_state", "ready", "c1",
];

/** Always the same: which of so many is next. */
function dice(seed: number): (sides: number) => number {
  let state = seed;
  return (sides) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * sides);
  };
}

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

it("understands nothing that is no wish, whatever it is, and never breaks", async () => {
  const roll = dice(12);
  const fields = ["desk", "id", "verb", "call", "target", "state", "reason", "caller_id", "user_data", "__proto__", "toString"];
  const verbs = ["call", "set_state", ...Object.keys(CALL_PATHS), ...Object.keys(TARGET_PATHS)];
  let wishes = 0;
  for (let n = 0; n < 20_000; n++) {
    const message: Record<string, unknown> = roll(2) === 0 ? { desk: "do", id: 1, verb: verbs[roll(verbs.length)] } : {};
    for (let more = roll(6); more > 0; more--) {
      const value = RUBBISH[roll(RUBBISH.length)];
      Object.defineProperty(message, fields[roll(fields.length)] ?? "x", { value, enumerable: true, configurable: true, writable: true });
    }
    const data: unknown = roll(10) === 0 ? RUBBISH[roll(RUBBISH.length)] : message;
    const wish = read(data);
    if (wish === null || wish.desk === "hello" || wish.verb === null) continue;
    wishes++;
    expect(["string", "number"]).toContain(typeof wish.id);
    const requests: unknown[] = [];
    const send = vi.fn((path: unknown) => {
      requests.push(path);
      return Promise.resolve({ data: {}, response: { ok: true } });
    });
    await ask({ api: { POST: send }, changeState: () => send("/v1/me/state") } as unknown as Pick<Desk, "api" | "changeState">, wish);
    expect(requests, JSON.stringify(message.verb)).toEqual([expect.stringMatching(/^\/v1\/(calls|me\/state)/u)]);
  }
  expect(wishes).toBeGreaterThan(100);
});

it("begins with the calls that run, where somebody is logged in", () => {
  expect(snapshot(initial)).toBeNull();
  const state = { ...initial, seq: 7, me: me(), calls: { c1: call(), c2: call({ id: "c2" }) }, ended: { c2: 1 } };
  expect(snapshot(state)).toMatchObject({ type: "snapshot", seq: 7, me: { agent: "alice" }, calls: [{ id: "c1" }] });
});
