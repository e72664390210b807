import { expect, it } from "vitest";
import { height, near, usual, type Lie } from "./rows";

/** Of 500 rows in lines of four, each 30 pixels high, these, in a window of 900 pixels that begins `scrolled` into the list. */
function lie(scrolled: number, from: number, to: number, more: Partial<Lie> = {}): Lie {
  const there = (row: number): number => Math.min(row, more.rows ?? 500);
  const y = (row: number): number => Math.ceil(there(row) / 4) * 30 - scrolled;
  return { from, to, start: y(from), end: y(to), view: 900, line: 30, columns: 4, rows: 500, ...more };
}

it("has the rows in view and those near it in the document, in whole lines", () => {
  expect(near(lie(0, 0, 40), 0, null)).toEqual({ from: 0, to: 30 * 4 });
  expect(near(lie(0, 0, 40), 300, null)).toEqual({ from: 0, to: 40 * 4 });
  expect(near(lie(1005, 0, 160), 0, null)).toEqual({ from: 33 * 4, to: 64 * 4 });
  expect(near(lie(0, 33 * 4, 64 * 4), 0, null)).toEqual({ from: 0, to: 30 * 4 });
});

it("comes to rest, and brings more as long as there is less than enough, however high the rows really are", () => {
  const rest = near(lie(1005, 0, 160), 300, null);
  expect(near(lie(1005, rest.from, rest.to), 300, null)).toEqual(rest);
  const low = lie(0, 0, 40 * 4, { end: 40 * 20 });
  expect(near(low, 300, null).to).toBeGreaterThan(low.to);
});

it("ends with the list, wherever it has been scrolled to, and does not grow beyond it", () => {
  const end = near(lie(9000, 0, 40), 300, null);
  expect(end.from).toBe(496);
  expect(near(lie(9000, end.from, end.to), 300, null)).toEqual(end);
  expect(near(lie(-2000, 80, 160), 300, null)).toEqual({ from: 0, to: 4 });
  expect(near(lie(0, 0, 40 * 4, { rows: 3 }), 300, null)).toEqual({ from: 0, to: 40 * 4 });
  expect(near(lie(0, 80, 40 * 4, { rows: 3 }), 300, null)).toEqual({ from: 0, to: 40 * 4 });
  expect(near(lie(0, 0, 40 * 4, { rows: 0 }), 300, null)).toEqual({ from: 0, to: 40 * 4 });
});

it("stands in whole lines again when the window has another width", () => {
  expect(near(lie(1005, 33 * 4, 64 * 4, { columns: 3 }), 0, null).from % 3).toBe(0);
});

it("keeps the row that has the keyboard, and what lies between", () => {
  expect(near(lie(1005, 0, 160), 0, 5)).toEqual({ from: 4, to: 64 * 4 });
  expect(near(lie(0, 0, 40), 0, 400)).toEqual({ from: 0, to: 401 });
  expect(near(lie(0, 0, 40, { rows: 3 }), 0, 400)).toEqual({ from: 0, to: 30 * 4 });
});

it("leaves as much room for the others as they would take", () => {
  expect(height(9, { line: 30, columns: 4 })).toBe(90);
  expect(height(0, { line: 30, columns: 4 })).toBe(0);
});

it("takes the height of most rows for that of all", () => {
  expect(usual([30, 300, 31, 30, 30], 40)).toBe(30);
  expect(usual([], 40)).toBe(40);
});
