import { expect, test } from "vitest";
import { listeners } from "./hearing";
import type { Ear } from "./model";

const ear = (id: string, hears: string[], sound: Ear["sound"] = "talk"): Ear => ({ ear: id, hears, sound });
const all = new Set(["a", "b", "c"]);

test("each says whom they hear: everybody, nobody, or whom", () => {
  const matrix = [ear("a", ["b", "c"]), ear("b", [], "music"), ear("c", ["a"])];
  expect(listeners(matrix, all)).toEqual([
    { id: "a", heard: "everybody", sound: "talk" },
    { id: "b", heard: "nobody", sound: "music" },
    { id: "c", heard: ["a"], sound: "talk" },
  ]);
});

test("of two the other is said by name", () => {
  expect(listeners([ear("a", ["b"]), ear("b", ["a"])], all).map(({ heard }) => heard)).toEqual([["b"], ["a"]]);
});

test("whom the page does not know neither hears nor is heard", () => {
  const matrix = [ear("a", ["b", "x"]), ear("x", ["a"]), ear("b", ["x"]), ear("c", ["a", "b"])];
  expect(listeners(matrix, all).map(({ id, heard }) => [id, heard])).toEqual([
    ["a", ["b"]],
    ["b", "nobody"],
    ["c", "everybody"],
  ]);
});
