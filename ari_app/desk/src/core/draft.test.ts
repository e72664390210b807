import { describe, expect, it } from "vitest";
import { blank, readDraft, type Draft } from "./draft";

const written: Draft = { agent: "alice", call: "c1", code: "solved", notes: "wants a letter", saved: false };

describe("what an agent has written of a call", () => {
  it("is there again for the same agent and call alone", () => {
    const kept = JSON.stringify(written);
    expect(readDraft(kept, "alice", "c1")).toEqual(written);
    expect(readDraft(kept, "bob", "c1")).toEqual(blank("bob", "c1"));
    expect(readDraft(kept, "alice", "c2")).toEqual(blank("alice", "c2"));
  });

  it("is nothing where the browser has something else", () => {
    const others = [null, "", "rubbish", "5", "null", "{}", JSON.stringify({ ...written, notes: 1 }), JSON.stringify({ ...written, code: 1 })];
    for (const text of others) expect(readDraft(text, "alice", "c1")).toEqual(blank("alice", "c1"));
  });

  it("has nothing to save while nothing is written", () => {
    expect(blank("alice", "c1")).toMatchObject({ code: null, notes: "", saved: true });
  });
});
