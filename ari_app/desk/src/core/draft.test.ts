import { describe, expect, it } from "vitest";
import { blank, merged, newer, readDraft, type Draft } from "./draft";

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

describe("what another window of the browser has written", () => {
  const unsaved = { ...written, notes: "long", saved: false };
  const kept = (draft: Draft): string => JSON.stringify(draft);

  it("is taken over, also where what it wrote before is not saved yet", () => {
    const later = { ...unsaved, notes: "longer" };
    expect(newer(unsaved, kept(later))).toEqual(later);
    expect(newer({ ...unsaved, saved: true }, kept(later))).toEqual(later);
    expect(newer(unsaved, kept({ ...unsaved, saved: true }))).toEqual({ ...unsaved, saved: true });
  });

  it("is not, where it is older than what is not saved here, or about something else", () => {
    for (const other of [kept({ ...unsaved, notes: "lon", saved: true }), kept({ ...unsaved, call: "c2" }), "", null])
      expect(newer(unsaved, other)).toBe(unsaved);
  });
});

describe("what the server has from another browser", () => {
  const nothing = blank("alice", "c1");
  const noted = { code: "solved", notes: "theirs" };

  it("is shown where nothing was typed, and stays before what was", () => {
    expect(merged(nothing, nothing, noted)).toEqual({ ...nothing, ...noted });
    expect(merged(nothing, { ...nothing, notes: "mine", saved: false }, noted)).toMatchObject({ code: "solved", notes: "theirs\nmine", saved: false });
    expect(merged(nothing, { ...nothing, code: "other", saved: false }, noted)).toMatchObject({ code: "other", notes: "theirs" });
  });

  it("takes nothing away that was kept here and not saved, nor where there is none", () => {
    expect(merged(written, written, noted)).toBe(written);
    expect(merged(nothing, nothing, { code: null, notes: "" })).toBe(nothing);
  });
});
