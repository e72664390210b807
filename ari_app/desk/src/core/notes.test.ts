import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Refused } from "../api/client";
import { forget, kept } from "./kept";
import { Notes, type Noted, type NotesPage } from "./notes.svelte";

let left: number | null;
let refuses: boolean;
let listed: (code: string | null) => boolean;
let elsewhere: Noted | null;
let answers: (noted: Noted) => void;
let codes: (string | null)[];
let saved: string[];
let held: number[];
let complaints: string[];
let notes: Notes;

const page: NotesPage = {
  wrapUpLeft: () => left,
  holdWrapUp: async (seconds) => void held.push(seconds),
  noted: async () => {
    if (refuses) throw new Refused("store_unavailable", "");
    return elsewhere ?? new Promise((resolve) => (answers = resolve));
  },
  dispose: async (_call, code, text) => {
    if (refuses) return "store_unavailable";
    if (!listed(code)) return "invalid";
    saved.push(text);
    codes.push(code);
    return null;
  },
  complain: (_about, code) => void complaints.push(code),
};

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("addEventListener", () => undefined);
  [left, refuses, saved, held, complaints] = [30_000, false, [], [], []];
  [listed, elsewhere, codes] = [() => true, { code: null, notes: "" }, []];
  forget("desk.notes");
  notes = new Notes(page);
  notes.follow("alice", "c1");
});

afterEach(() => {
  notes.follow("alice", null);
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test("what is written is saved a moment later, all of it at once", async () => {
  notes.write({ notes: "w" });
  notes.write({ notes: "wa" });
  await vi.advanceTimersByTimeAsync(999);
  expect(saved).toEqual([]);
  await vi.advanceTimersByTimeAsync(1);
  expect(saved).toEqual(["wa"]);
  expect(held).toEqual([]);
});

test("the last words before wrap-up ends by itself are saved at once, and hold it up", async () => {
  left = 3_200;
  notes.write({ notes: "Tuesd" });
  notes.write({ notes: "Tuesda" });
  await vi.advanceTimersByTimeAsync(0);
  expect(saved).toEqual(["Tuesda"]);
  expect(held).toEqual([2]);
  await vi.advanceTimersByTimeAsync(1000);
  notes.write({ notes: "Tuesday" });
  await vi.advanceTimersByTimeAsync(0);
  notes.follow("alice", null);
  expect(saved).toEqual(["Tuesda", "Tuesday"]);
  expect(held).toEqual([2, 2]);
  expect(complaints).toEqual([]);
});

test("where wrap-up does not end by itself nothing holds it up", async () => {
  left = null;
  notes.write({ notes: "w" });
  await vi.advanceTimersByTimeAsync(1000);
  expect([saved, held]).toEqual([["w"], []]);
});

test("what could not be saved is saved as soon as the server can, without another key", async () => {
  refuses = true;
  notes.write({ notes: "w" });
  await vi.advanceTimersByTimeAsync(1000);
  expect(saved).toEqual([]);
  refuses = false;
  await vi.advanceTimersByTimeAsync(5000);
  expect(saved).toEqual(["w"]);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(saved).toEqual(["w"]);
});

test("who loses words reads so", async () => {
  refuses = true;
  notes.write({ notes: "w" });
  await vi.advanceTimersByTimeAsync(1000);
  notes.follow("alice", null);
  expect(complaints).toEqual(["notes_not_saved"]);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(saved).toEqual([]);
});

test("a result that was taken out of the list is given up, the words are saved, and it is said", async () => {
  listed = (code) => code !== "gone";
  notes.write({ code: "gone", notes: "w" });
  expect(await notes.save()).toBe(true);
  expect([saved, codes, complaints]).toEqual([["w"], [null], ["code_gone"]]);
  expect(notes.draft).toMatchObject({ code: null, notes: "w", saved: true });
});

test("what another browser has saved is shown, and nothing is saved over it", async () => {
  notes.follow("alice", null);
  elsewhere = { code: "solved", notes: "from the other" };
  notes.follow("alice", "c2");
  await vi.advanceTimersByTimeAsync(0);
  expect(notes.draft).toMatchObject({ code: "solved", notes: "from the other", saved: true });
  expect(saved).toEqual([]);
});

test("what is typed before that is known comes after it, and is saved only then", async () => {
  notes.follow("alice", null);
  elsewhere = null;
  notes.follow("alice", "c2");
  await vi.advanceTimersByTimeAsync(0);
  notes.write({ notes: "mine" });
  await vi.advanceTimersByTimeAsync(20_000);
  expect(saved).toEqual([]);
  answers({ code: "solved", notes: "theirs" });
  await vi.advanceTimersByTimeAsync(0);
  expect([saved, codes]).toEqual([["theirs\nmine"], ["solved"]]);
});

test("while it can't be read what is typed is not saved over it", async () => {
  notes.follow("alice", null);
  refuses = true;
  notes.follow("alice", "c2");
  notes.write({ notes: "mine" });
  expect(await notes.save()).toBe(false);
  expect(notes.refused).toBe("store_unavailable");
  [refuses, elsewhere] = [false, { code: null, notes: "theirs" }];
  await vi.advanceTimersByTimeAsync(5000);
  expect(saved).toEqual(["theirs\nmine"]);
});

test("words that were not saved when they left are there to be read when they are back, until they are read", async () => {
  refuses = true;
  notes.write({ notes: "w" });
  await vi.advanceTimersByTimeAsync(1000);
  notes.leave();
  notes.follow("bob", null);
  expect(complaints).toEqual([]);
  notes.leave();
  notes.follow("alice", null);
  notes.follow("alice", null);
  expect(complaints).toEqual(["notes_left"]);
  notes.forgetLeft();
  expect(kept("desk.notes")).toBeNull();
});
