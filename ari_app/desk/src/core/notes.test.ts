import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Notes, type NotesPage } from "./notes.svelte";

let left: number | null;
let refuses: boolean;
let saved: string[];
let held: number[];
let complaints: string[];
let notes: Notes;

const page: NotesPage = {
  wrapUpLeft: () => left,
  holdWrapUp: async (seconds) => void held.push(seconds),
  dispose: async (_call, _code, text) => {
    if (!refuses) saved.push(text);
    return !refuses;
  },
  complain: (_about, code) => void complaints.push(code),
};

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("addEventListener", () => undefined);
  [left, refuses, saved, held, complaints] = [30_000, false, [], [], []];
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
